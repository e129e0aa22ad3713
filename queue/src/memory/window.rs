//! What a lane holds of one class: a window, and a mark when the database holds more.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::DeliveryId;

use super::moment::{Moment, sooner};
use crate::{HORIZON, WINDOW};

/// A refill that was asked for and not answered is asked for again after this.
const PATIENCE: Duration = Duration::from_secs(5);
/// A refill that brought nothing new is not asked for again before this, so that a database that
/// keeps naming rows which the queue holds already is not asked in a circle.
const FRUITLESS_PAUSE: Duration = Duration::from_secs(1);

/// Where a delivery stands in its window: by due time, then by arrival.
pub(super) type Place = (Moment, u64);

/// The next deliveries of one class in one lane.
#[derive(Debug, Default)]
pub(super) struct Window {
    waiting: BTreeMap<Place, DeliveryId>,
    /// The mark: the database holds more, the first of them due then.
    beyond: Option<Moment>,
    /// The soonest one left to the database since the last request: not in its answer, perhaps.
    left_since_asked: Option<Moment>,
    generation: u64,
    asked: Option<Moment>,
    not_before: Moment,
}

/// What became of a delivery that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// It waits here.
    Held,
    /// It waits here, and this one made room for it and is left to the database.
    Displaced(DeliveryId),
    /// It is left to the database.
    Left,
}

impl Window {
    /// Takes a delivery in, unless it is beyond the horizon or later than a whole window.
    pub(super) fn offer(&mut self, id: DeliveryId, place: Place, now: Moment) -> Offer {
        if place.0 > now + HORIZON {
            self.leave(place.0);
            return Offer::Left;
        }
        if self.waiting.len() < WINDOW {
            self.waiting.insert(place, id);
            return Offer::Held;
        }
        let latest = self.waiting.last_entry().expect("a full window is not empty");
        if *latest.key() < place {
            self.leave(place.0);
            return Offer::Left;
        }
        let (left, displaced) = latest.remove_entry();
        self.waiting.insert(place, id);
        self.leave(left.0);
        Offer::Displaced(displaced)
    }

    /// The first in line.
    pub(super) fn head(&self) -> Option<Place> {
        self.waiting.first_key_value().map(|(place, _)| *place)
    }

    /// Takes the first in line out.
    pub(super) fn pop(&mut self) -> Option<(Place, DeliveryId)> {
        self.waiting.pop_first()
    }

    /// How many wait here.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many of them are due.
    pub(super) fn due(&self, now: Moment) -> usize {
        self.waiting.range(..=(now, u64::MAX)).count()
    }

    /// Marks that the database may hold more, due from `at` on.
    pub(super) fn leave(&mut self, at: Moment) {
        self.beyond = sooner(self.beyond, Some(at));
        self.left_since_asked = sooner(self.left_since_asked, Some(at));
    }

    /// When the first one that only the database holds is due.
    pub(super) fn beyond(&self) -> Option<Moment> {
        self.beyond
    }

    /// From when on a refill is wanted; `None` while there is enough or nothing to be had.
    pub(super) fn wants_refill_at(&self) -> Option<Moment> {
        let beyond = self.beyond.filter(|_| self.waiting.len() <= WINDOW / 2)?;
        let patience = self.asked.map_or(Moment::default(), |asked| asked + PATIENCE);
        Some((beyond - HORIZON).max(patience).max(self.not_before))
    }

    /// Notes that a refill is asked for under `generation`.
    pub(super) fn ask(&mut self, generation: u64, now: Moment) {
        self.generation = generation;
        self.asked = Some(now);
        self.left_since_asked = None;
    }

    /// Notes what the database says it holds beyond its answer. What was left to it after the
    /// question keeps the mark; an answer to an older question can only add to it.
    pub(super) fn answer(&mut self, generation: u64, beyond: Option<Moment>) {
        if generation == self.generation {
            self.asked = None;
            self.beyond = sooner(self.left_since_asked, beyond);
        } else {
            self.beyond = sooner(self.beyond, beyond);
        }
    }

    /// Notes that an answer brought nothing new.
    pub(super) fn rest(&mut self, now: Moment) {
        self.not_before = now + FRUITLESS_PAUSE;
    }
}
