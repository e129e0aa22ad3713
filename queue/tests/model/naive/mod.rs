//! The queue as simply as it can be written, and the database behind it.

mod lane;
mod leases;
mod line;
mod rate;
mod refills;

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::memory::moment::Moment;
use queue::{Breaker, Class, Due, LaneSettings, LeaseToken, Stats, TenantSettings};
use uuid::Uuid;

use self::lane::{Item, Lane, sooner};
use self::rate::Rate;

const CLASSES: [Class; 3] = [Class::First, Class::Retry, Class::Replay];

#[derive(Default)]
pub(crate) struct Model {
    lanes: BTreeMap<SubscriptionId, Lane>,
    tenants: BTreeMap<TenantId, Tenant>,
    leases: Vec<Lease>,
    database: BTreeMap<DeliveryId, Row>,
    ended: BTreeSet<DeliveryId>,
    arrivals: u64,
    turns: u64,
    reclaimed: u64,
}

struct Row {
    lane: SubscriptionId,
    class: Class,
    due: Moment,
}

#[derive(Default)]
struct Tenant {
    settings: TenantSettings,
    rate: Rate,
    turn: u64,
}

#[derive(Clone, Copy)]
struct Lease {
    token: LeaseToken,
    lane: SubscriptionId,
    tenant: TenantId,
    worker: Uuid,
    item: Option<Item>,
    due: Moment,
    granted: Moment,
    expires: Moment,
    probe: bool,
    orphan: bool,
}

impl Model {
    /// A delivery that the database has already is pushed again by the reconciler, as it stands
    /// there; one that has come to its end is not pushed any more.
    pub(crate) fn as_stored(&self, due: Due, now: Moment) -> Option<Due> {
        let as_it_stands = |row: &Row| Due { class: row.class, delay: row.due.since(now), ..due };
        let new = !self.ended.contains(&due.delivery);
        new.then(|| self.database.get(&due.delivery).map_or(due, as_it_stands))
    }

    pub(crate) fn push(&mut self, due: &[Due], now: Moment) {
        for due in due {
            let row = Row { lane: due.lane, class: due.class, due: now + due.delay };
            self.database.entry(due.delivery).or_insert(row);
            self.offer(due.lane, due.delivery, due.class, now + due.delay, now);
        }
    }

    pub(crate) fn configure_lane(
        &mut self,
        id: SubscriptionId,
        settings: LaneSettings,
        now: Moment,
    ) {
        let leased = self.leases_of(id).count() > 0;
        let lane = self.lanes.entry(id).or_insert_with(|| Lane { cap: 8, ..Lane::default() });
        if lane.settings.as_ref().is_some_and(|current| current.revision > settings.revision) {
            return;
        }
        if settings.ordered && !lane.ordered() {
            let beyond = lane.marks.values().filter_map(|mark| mark.beyond).min();
            lane.head = sooner(lane.dues().min(), beyond);
            lane.waiting.clear();
            lane.marks.clear();
        }
        let ends_order = !settings.ordered && lane.ordered();
        let head = if ends_order { sooner(lane.head.take(), leased.then_some(now)) } else { None };
        if let Some(at) = head {
            CLASSES.into_iter().for_each(|class| lane.leave(class, at));
        }
        match settings.breaker {
            Breaker::Open { probe_after } => {
                (lane.probe_at, lane.probe_spent) = (now + probe_after, false)
            }
            Breaker::Closed if lane.open() => lane.cap = 1,
            Breaker::Closed => {}
        }
        lane.rate.set(settings.rate_limit, now);
        self.tenants.entry(settings.tenant).or_default();
        lane.settings = Some(settings);
    }

    pub(crate) fn configure_tenant(&mut self, id: TenantId, settings: TenantSettings, now: Moment) {
        let tenant = self.tenants.entry(id).or_default();
        tenant.rate.set(settings.rate_limit, now);
        tenant.settings = settings;
        self.forget_tenant(id);
    }

    pub(crate) fn drop_lane(&mut self, id: SubscriptionId) {
        let lane = self.lanes.remove(&id);
        self.leases
            .iter_mut()
            .filter(|lease| lease.lane == id)
            .for_each(|lease| lease.orphan = true);
        self.ended.extend(self.database.extract_if(.., |_, row| row.lane == id).map(|(id, _)| id));
        if let Some(tenant) = lane.and_then(|lane| lane.settings).map(|settings| settings.tenant) {
            self.forget_tenant(tenant);
        }
    }

    pub(crate) fn stats(&self, now: Moment) -> Stats {
        let lanes = || self.lanes.values();
        let due = || lanes().flat_map(Lane::dues);
        let with = |test: fn(&LaneSettings) -> bool| {
            lanes().filter(|lane| lane.settings.as_ref().is_some_and(test)).count()
        };
        let oldest = self.lanes.iter().filter(|(id, lane)| self.lane_ready(**id, lane, now));
        Stats {
            lanes: self.lanes.len(),
            ready: due().filter(|due| *due <= now).count(),
            delayed: due().filter(|due| *due > now).count(),
            leased: self.leases.iter().filter(|lease| !lease.orphan).count(),
            lanes_paused: with(|settings| settings.paused),
            lanes_open: with(|settings| settings.breaker != Breaker::Closed),
            lanes_behind: lanes()
                .filter(|lane| lane.marks.values().any(|mark| mark.beyond.is_some()))
                .count(),
            oldest_ready: oldest
                .flat_map(|(_, lane)| lane.dues())
                .map(|due| now.since(due))
                .max()
                .unwrap_or_default(),
            leases_reclaimed: self.reclaimed,
        }
    }

    /// How many deliveries have not come to their end.
    pub(crate) fn unfinished(&self) -> usize {
        self.database.len()
    }

    pub(crate) fn describe(&self) -> String {
        let lanes = self.lanes.iter().map(|(id, lane)| {
            let marks: Vec<_> =
                lane.marks.iter().map(|(class, mark)| (class, mark.beyond, mark.asked)).collect();
            format!(
                "{id}: {} wait, {} leased, marks {marks:?}; ",
                lane.waiting.len(),
                self.leases_of(*id).count()
            )
        });
        lanes.collect()
    }

    fn offer(
        &mut self,
        lane: SubscriptionId,
        id: DeliveryId,
        class: Class,
        due: Moment,
        now: Moment,
    ) -> bool {
        self.arrivals += 1;
        let item = Item { due, arrival: self.arrivals, class, id };
        let leased = self.leased(lane);
        self.lanes
            .entry(lane)
            .or_insert_with(|| Lane { cap: 8, ..Lane::default() })
            .offer(item, &leased, now)
    }

    fn leased(&self, lane: SubscriptionId) -> Vec<DeliveryId> {
        self.leases_of(lane).filter_map(|lease| lease.item.map(|item| item.id)).collect()
    }

    fn leases_of(&self, lane: SubscriptionId) -> impl Iterator<Item = &Lease> {
        self.leases.iter().filter(move |lease| lease.lane == lane && !lease.orphan)
    }

    /// A tenant without lanes and limits is not remembered, nor is its turn.
    fn forget_tenant(&mut self, id: TenantId) {
        let has_lanes = self
            .lanes
            .values()
            .any(|lane| lane.settings.as_ref().is_some_and(|settings| settings.tenant == id));
        if !has_lanes
            && self
                .tenants
                .get(&id)
                .is_some_and(|tenant| tenant.settings == TenantSettings::default())
        {
            self.tenants.remove(&id);
        }
    }
}
