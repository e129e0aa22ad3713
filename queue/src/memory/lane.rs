//! One lane: its windows, its leases, and whether it may be served.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ids::{DeliveryId, TenantId};
use uuid::Uuid;

use super::classes::{CLASSES, Classes};
use super::moment::{Moment, sooner};
use super::rate::Rate;
use super::window::{Offer, Place, Window};
use crate::{
    Breaker, CROWDED_AFTER, Class, Feedback, INITIAL_WORKING_CAP, LaneSettings, LeaseToken,
    SLOW_AFTER, WINDOW,
};

/// The due deliveries of one subscription, and those that are out.
#[derive(Debug, Default)]
pub(super) struct Lane {
    settings: Option<LaneSettings>,
    rate: Option<Box<Rate>>,
    windows: [Window; 3],
    /// The ids that wait here or are leased: pushing one of them changes nothing.
    known: BTreeSet<DeliveryId>,
    /// Of an ordered lane: when its head may be due.
    head: Option<Moment>,
    leases: BTreeMap<LeaseToken, Lease>,
    working_cap: u32,
    classes: Classes,
    /// Whether the last request that was answered took longer than [`SLOW_AFTER`].
    sluggish: bool,
    probe: Probe,
    pub(super) standing: Standing,
}

/// A delivery that is out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// `None` is the head of an ordered lane.
    pub(super) delivery: Option<DeliveryId>,
    pub(super) class: Class,
    /// Where it stood, which it gets back when the lease runs out.
    pub(super) place: Place,
    pub(super) granted: Moment,
    pub(super) expiry: Option<Moment>,
    pub(super) worker: Uuid,
    pub(super) tenant: TenantId,
}

/// What an open circuit still allows.
#[derive(Debug, Default)]
struct Probe {
    at: Moment,
    spent: bool,
    out: Option<LeaseToken>,
}

/// Where the lane stands in rings and timers; kept by `placement`.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Whether its oldest request in flight is older than [`SLOW_AFTER`].
    pub(super) slow: bool,
    /// Whether it is in its tenant's ring, and there among the slow ones.
    pub(super) ring: Option<Pace>,
    pub(super) turn: u64,
    pub(super) alarm: Option<Moment>,
    pub(super) in_refills: bool,
    pub(super) refill_turn: u64,
    pub(super) refill_alarm: Option<Moment>,
    /// Whether statistics look at it; they notice when nothing waits here any more.
    pub(super) occupied: bool,
    /// Whether its tenant knows it.
    pub(super) attached: bool,
}

/// Which of a tenant's rings a lane waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Fast,
    Slow,
}

/// What a lane hands out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    pub(super) delivery: Option<DeliveryId>,
    pub(super) class: Class,
    pub(super) place: Place,
    pub(super) probe: bool,
}

impl Lane {
    pub(super) fn new() -> Self {
        Self { working_cap: INITIAL_WORKING_CAP, ..Self::default() }
    }

    pub(super) fn settings(&self) -> Option<&LaneSettings> {
        self.settings.as_ref()
    }

    pub(super) fn tenant(&self) -> Option<TenantId> {
        self.settings.as_ref().map(|settings| settings.tenant)
    }

    pub(super) fn is_ordered(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.ordered)
    }

    pub(super) fn is_open(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.breaker != Breaker::Closed)
    }

    /// Applies settings, unless they are older than those in force. Returns whether they were
    /// applied.
    pub(super) fn configure(&mut self, settings: LaneSettings, now: Moment) -> bool {
        if self.settings.as_ref().is_some_and(|current| current.revision > settings.revision) {
            return false;
        }
        if settings.ordered != self.is_ordered() {
            self.change_order(settings.ordered, now);
        }
        match settings.breaker {
            Breaker::Open { probe_after } => {
                self.probe.at = now + probe_after;
                self.probe.spent = false;
            }
            Breaker::Closed if self.is_open() => self.working_cap = 1,
            Breaker::Closed => {}
        }
        self.rate =
            Rate::adopt(self.rate.take().map(|rate| *rate), settings.rate_limit, now).map(Box::new);
        self.settings = Some(settings);
        true
    }

    /// Takes a due delivery in, or notes that the database holds it. Whether it was taken in.
    pub(super) fn offer(
        &mut self,
        id: DeliveryId,
        class: Class,
        place: Place,
        now: Moment,
    ) -> bool {
        if self.is_ordered() {
            self.head = sooner(self.head, Some(place.0));
            return false;
        }
        if self.known.contains(&id) {
            return false;
        }
        match self.windows[class as usize].offer(id, place, now) {
            Offer::Left => return false,
            Offer::Held => {}
            Offer::Displaced(displaced) => {
                self.known.remove(&displaced);
            }
        }
        self.known.insert(id)
    }

    /// Whether more is posted into the lane than is delivered: half the room is taken, and the first in line
    /// has waited for a while though the lane is served.
    pub(super) fn is_crowded(&self, class: Class, now: Moment) -> bool {
        let window = &self.windows[class as usize];
        let settings = self.settings.as_ref();
        window.len() > WINDOW / 2
            && window.head().is_some_and(|(due, _)| due + CROWDED_AFTER <= now)
            && !settings.is_some_and(|settings| settings.paused)
            && !self.is_open()
    }

    /// From when on the lane may be served as it is now; `None` until something else changes.
    pub(super) fn ready_at(&self, suspended: bool, now: Moment) -> Option<Moment> {
        let settings = self.settings.as_ref().filter(|settings| !settings.paused && !suspended)?;
        let due = self.next_due()?;
        let cap = match settings.breaker {
            _ if settings.ordered || self.is_head_out() => 1,
            Breaker::Open { .. } if self.probe.spent || self.probe.out.is_some() => 0,
            Breaker::Open { .. } => settings.max_in_flight,
            Breaker::Closed => settings.max_in_flight.min(self.working_cap),
        };
        if self.leases.len() >= cap as usize {
            return None;
        }
        let gate = match settings.breaker {
            Breaker::Open { .. } if self.probe.spent || self.probe.out.is_some() => return None,
            Breaker::Open { .. } => self.probe.at,
            Breaker::Closed => Moment::default(),
        };
        let at = due.max(gate);
        Some(self.rate.as_ref().filter(|_| at <= now).map_or(at, |rate| rate.earliest(now)))
    }

    /// Takes out what is to be served next; the lane is ready.
    pub(super) fn pick(&mut self, now: Moment) -> Option<Pick> {
        let probe = self.is_open();
        let pick = if self.is_ordered() {
            let place = (self.head.take()?, 0);
            Pick { delivery: None, class: Class::First, place, probe }
        } else {
            let class = if probe {
                self.oldest_class()
            } else {
                let heads = CLASSES.map(|class| self.windows[class as usize].head());
                self.classes.next(heads.map(|head| head.is_some_and(|place| place.0 <= now)))
            }?;
            let (place, id) = self.windows[class as usize].pop()?;
            Pick { delivery: Some(id), class, place, probe }
        };
        if let Some(rate) = &self.rate {
            rate.take(now);
        }
        Some(pick)
    }

    /// Notes that a pick is out under a lease.
    pub(super) fn lease(&mut self, token: LeaseToken, lease: Lease, probe: bool) {
        if probe {
            self.probe.spent = true;
            self.probe.out = Some(token);
        }
        self.leases.insert(token, lease);
    }

    /// Ends a lease; `None` when it is not, or no more, one of this lane's.
    pub(super) fn end(&mut self, token: LeaseToken) -> Option<Lease> {
        let lease = self.leases.remove(&token)?;
        if let Some(id) = lease.delivery {
            self.known.remove(&id);
        }
        Some(lease)
    }

    /// Draws the conclusions from what the worker says about the receiver.
    pub(super) fn heed(&mut self, token: LeaseToken, feedback: Feedback, took: Duration) {
        let most = self.settings.as_ref().map_or(1, |settings| settings.max_in_flight);
        let probe = self.probe.out == Some(token);
        match feedback {
            // A probe's success is what closes the circuit, at a cap of 1: it doubles nothing yet.
            Feedback::Success if probe => {}
            Feedback::Success => {
                self.working_cap = self.working_cap.min(most).saturating_mul(2).min(most)
            }
            Feedback::Throttled => self.working_cap = (self.working_cap.min(most) / 2).max(1),
            Feedback::Neutral | Feedback::Unattempted => {}
        }
        if feedback != Feedback::Unattempted {
            self.sluggish = took >= SLOW_AFTER;
        }
        if probe {
            self.probe.out = None;
            // What was not sent has found nothing out.
            self.probe.spent &= feedback != Feedback::Unattempted;
        }
    }

    /// Notes when the head of the lane may be due. When the lane is ordered no more, that says
    /// only that the database holds something, of whatever class.
    pub(super) fn head_due(&mut self, at: Moment) {
        if self.is_ordered() {
            self.head = sooner(self.head, Some(at));
        } else {
            self.windows.iter_mut().for_each(|window| window.leave(at));
        }
    }

    pub(super) fn leases(&self) -> &BTreeMap<LeaseToken, Lease> {
        &self.leases
    }

    pub(super) fn lease_mut(&mut self, token: LeaseToken) -> Option<&mut Lease> {
        self.leases.get_mut(&token)
    }

    /// Whether the lane counts as slow: by its last answer, or by the oldest request that has none.
    pub(super) fn is_slow(&self, now: Moment) -> bool {
        // Tokens grow with time, so the first is the oldest.
        let oldest = self.leases.first_key_value().map(|(_, lease)| lease.granted);
        self.sluggish || oldest.is_some_and(|granted| granted + SLOW_AFTER <= now)
    }

    pub(super) fn window_mut(&mut self, class: Class) -> &mut Window {
        &mut self.windows[class as usize]
    }

    /// From when on a window of this lane wants a refill.
    pub(super) fn refill_at(&self, suspended: bool) -> Option<Moment> {
        CLASSES.into_iter().filter_map(|class| self.class_refill_at(class, suspended)).min()
    }

    /// From when on the window of a class wants a refill; never while the lane is not served. Of
    /// an open circuit's lane one that waits is enough: only probes go out.
    pub(super) fn class_refill_at(&self, class: Class, suspended: bool) -> Option<Moment> {
        let settings = self.settings.as_ref()?;
        let shut = settings.paused || suspended || settings.ordered;
        if shut || (self.is_open() && self.windows.iter().any(|window| window.len() > 0)) {
            return None;
        }
        self.windows[class as usize].wants_refill_at()
    }

    /// Whether anything waits here or in the database.
    pub(super) fn is_occupied(&self) -> bool {
        self.is_behind() || self.next_due().is_some()
    }

    /// Whether the database holds more than waits here.
    pub(super) fn is_behind(&self) -> bool {
        self.windows.iter().any(|window| window.beyond().is_some())
    }

    /// How many wait, and how many of them are due.
    pub(super) fn waiting(&self, now: Moment) -> (usize, usize) {
        let head =
            (usize::from(self.head.is_some()), usize::from(self.head.is_some_and(|at| at <= now)));
        self.windows
            .iter()
            .fold(head, |(all, due), window| (all + window.len(), due + window.due(now)))
    }

    /// When the first one of the lane is due.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.windows
            .iter()
            .filter_map(|window| window.head().map(|place| place.0))
            .chain(self.head)
            .min()
    }

    /// Whether the head of an ordered lane is out. Also of a lane that is ordered no more: nobody here
    /// knows which delivery that is, so nothing else goes out beside it. It went out alone, so it is the
    /// oldest.
    fn is_head_out(&self) -> bool {
        self.leases.first_key_value().is_some_and(|(_, lease)| lease.delivery.is_none())
    }

    fn change_order(&mut self, ordered: bool, now: Moment) {
        if ordered {
            let beyond = self.windows.iter().filter_map(Window::beyond).min();
            self.head = sooner(self.next_due(), beyond);
            self.windows = Default::default();
            self.known = self.leases.values().filter_map(|lease| lease.delivery).collect();
        } else {
            // Which classes the database holds is not known here: its answers will tell.
            let out = (!self.leases.is_empty()).then_some(now);
            if let Some(at) = sooner(self.head.take(), out) {
                self.windows.iter_mut().for_each(|window| window.leave(at));
            }
        }
    }

    fn oldest_class(&self) -> Option<Class> {
        let head = |class: &Class| self.windows[*class as usize].head();
        CLASSES.into_iter().filter(|class| head(class).is_some()).min_by_key(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_lane_takes_less_than_a_kilobyte() {
        // Empty sets allocate nothing; what the maps around a lane add is its id a few times.
        assert!(size_of::<Lane>() <= 768, "{} bytes", size_of::<Lane>());
    }
}
