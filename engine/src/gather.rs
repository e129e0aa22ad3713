//! Gathers deliveries into batches, for subscriptions that ask for them.
//!
//! What is due waits with its number, as in an ordered lane, until there is enough of it or the first has waited
//! long enough; then it becomes a batch, in one commit, and stays one: the first of its members leads it, and is
//! what the subscription's lane holds. So a batch is one request to rate, cap and breaker, and its retries are
//! those of one delivery.
//!
//! When to look is the queue's to say, by a lane beside the subscription's own ([`lane_of`]): an ordered one, since
//! its ticket names the lane and the soonest time that it was told counts. Nothing is sent from it, so it has no
//! limits.

use std::time::Duration;

use domain::ids::{BatchId, SubscriptionId, TenantId};
use domain::limits;
use domain::preferences::Delivery;
use domain::subscription::SubscriptionStatus;
use domain::tenant::TenantStatus;
use domain::time::Timestamp;
use entity::subscription::Model;
use queue::{Class, Completion, Due, Feedback, LaneSettings, Next, Ticket};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::context::Parts;
use crate::error::Error;
use crate::publish::rows::first_class;
use crate::reconcile::fill_lane;
use crate::store;
use crate::store::batch::Gathered;
use crate::store::subscription::Standing;

/// How long a lane rests that could not be looked at.
const REST: Duration = Duration::from_secs(1);
/// Deliveries that one look takes at most.
const LOOK_ROWS: usize = 4_000;

/// What a subscription asks of its batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gathering {
    pub max_events: usize,
    pub max_wait: Duration,
}

impl Gathering {
    /// `None` when it asks for single deliveries.
    pub(crate) fn of(row: &Model) -> Option<Self> {
        match row.delivery {
            Delivery::Single => None,
            Delivery::Batch { max_events, max_wait_ms } => Some(Self {
                max_events: usize::try_from(max_events).unwrap_or(usize::MAX),
                max_wait: Duration::from_millis(max_wait_ms.into()),
            }),
        }
    }

    /// How the queue serves the lane in which they are gathered, beside one that is served like this.
    pub(crate) fn lane_settings(beside: &LaneSettings) -> LaneSettings {
        LaneSettings {
            tenant: TenantId(with_version(beside.tenant.0, GATHERING)),
            revision: beside.revision,
            ordered: true,
            paused: beside.paused,
            max_in_flight: 1,
            rate_limit: None,
            breaker: queue::Breaker::Closed,
        }
    }
}

/// Version nibbles of UUIDs: of ids (RFC 9562 section 5.7), and of what is ours alone (section 5.8).
const ID: u8 = 7;
const GATHERING: u8 = 8;

fn with_version(id: Uuid, version: u8) -> Uuid {
    let mut bytes = id.into_bytes();
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    Uuid::from_bytes(bytes)
}

/// The lane in which a subscription's batches are gathered.
pub(crate) fn lane_of(subscription: SubscriptionId) -> SubscriptionId {
    SubscriptionId(with_version(subscription.0, GATHERING))
}

/// Whose batches are gathered in the lane, if any are.
pub(crate) fn subscription_of(lane: SubscriptionId) -> Option<SubscriptionId> {
    let is_gathering = lane.0.as_bytes()[6] >> 4 == GATHERING;
    is_gathering.then(|| SubscriptionId(with_version(lane.0, ID)))
}

/// Has those of the lanes in `due` looked at as soon as something in them is due in which enough waits by now;
/// `largest` is the size of the largest event that has just joined them. To be called once they were told.
pub(crate) async fn hasten(
    parts: &Parts,
    lanes: impl Iterator<Item = (SubscriptionId, Gathering)>,
    largest: usize,
    due: &[Due],
) -> Result<(), Error> {
    let mut sooner = Vec::new();
    for (subscription, gathering) in lanes {
        let count = store::batch::count_gathered(&parts.database.read, subscription).await?;
        let is_enough =
            count >= gathering.max_events || count * largest >= limits::DELIVERY_BATCH_BYTES;
        let lane = lane_of(subscription);
        let first = due.iter().filter(|due| due.lane == lane).min_by_key(|due| due.delay);
        if let Some(first) = first.filter(|_| is_enough) {
            sooner.push(Due { delay: first.delay.saturating_sub(gathering.max_wait), ..*first });
        }
    }
    if !sooner.is_empty() {
        parts.lanes.push(&sooner).await?;
    }
    Ok(())
}

/// Makes batches of what waits in the lane that the ticket names, and says when to look again.
pub(crate) async fn look(parts: &Parts, subscription: SubscriptionId, ticket: &Ticket) {
    let next = match form(parts, subscription).await {
        Ok(next) => next,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, subscription.id = %subscription, "batches.not_gathered");
            again_in(REST)
        }
    };
    let completion = Completion { ticket: *ticket, next, feedback: Feedback::Unattempted };
    if let Err(error) = parts.lanes.complete(&[completion]).await {
        // The lease runs out, and the lane is looked at once more.
        tracing::warn!(error = &error as &dyn std::error::Error, "queue.complete_failed");
    }
}

fn again_in(delay: Duration) -> Next {
    Next::DueIn { delay, class: Class::First }
}

async fn form(parts: &Parts, subscription: SubscriptionId) -> Result<Next, Error> {
    let db = &parts.database.read;
    let row = store::subscription::find_across_tenants(db, subscription).await?;
    let Some(row) = row.filter(|row| !Standing::of(row).has_ended()) else {
        return Ok(Next::Done);
    };
    let Some(gathering) = Gathering::of(&row) else {
        // It asks for single deliveries by now, and what waits is some.
        fill_lane(parts, &row).await?;
        return Ok(Next::Done);
    };
    // Nothing goes out by now, and what waits on may be more than it is.
    if row.status == SubscriptionStatus::Paused || is_suspended(db, row.tenant_id).await? {
        return Ok(again_in(REST));
    }
    let now = parts.clock.now();
    // What is out by itself, since the subscription did not ask for batches or was ordered, is in none.
    let out = parts.lanes.queue().in_flight(subscription).await?;
    if out.contains(&None) {
        return Ok(again_in(REST));
    }
    let mut waiting = store::batch::gathered(db, subscription, now, LOOK_ROWS).await?;
    let is_all = waiting.len() < LOOK_ROWS;
    waiting.retain(|one| !out.contains(&Some(one.id)));
    let Cut { ripe, look_at } = cut(waiting, gathering, now, is_all);
    let due = make(parts, subscription, &ripe, now).await?;
    if !due.is_empty() {
        parts.configure_lane(&row).await?;
        parts.lanes.push(&due).await?;
    }
    if !is_all {
        return Ok(again_in(if due.is_empty() { REST } else { Duration::ZERO }));
    }
    let look_at = match look_at {
        Some(at) => Some(at),
        // What is to be delivered later.
        None => {
            let first = store::batch::first_due(db, subscription).await?;
            first.map(|at| at + gathering.max_wait)
        }
    };
    let Some(at) = look_at else { return Ok(Next::Done) };
    let enough = store::batch::when_due(db, subscription, gathering.max_events).await?;
    let at = enough.filter(|enough| *enough > now).map_or(at, |enough| enough.min(at));
    let wait = at.since(parts.clock.now());
    // What is due and cannot be put into a batch now is looked at again, not at once.
    Ok(again_in(if wait.is_zero() && due.is_empty() { REST } else { wait }))
}

async fn is_suspended(db: &DatabaseConnection, tenant: TenantId) -> Result<bool, Error> {
    let row = store::tenant::find(db, tenant).await?;
    Ok(row.is_none_or(|tenant| tenant.status == TenantStatus::Suspended))
}

/// Commits the batches, and gives what is due of them: their leaders.
async fn make(
    parts: &Parts,
    subscription: SubscriptionId,
    ripe: &[Vec<Gathered>],
    now: Timestamp,
) -> Result<Vec<Due>, Error> {
    if ripe.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = parts.database.begin().await?;
    if !store::subscription::hold_gathering(&transaction, subscription).await? {
        let changed = "the subscription asks for no batches any more".to_owned();
        return Err(Error::Conflict(changed));
    }
    let mut due = Vec::with_capacity(ripe.len());
    for batch in ripe {
        let id = BatchId::generate(now, &mut parts.rng());
        let members: Vec<_> = batch.iter().map(|member| member.id).collect();
        if !store::batch::make(&transaction, id, &members, now).await? {
            let changed = "a delivery changed while it was put into a batch".to_owned();
            return Err(Error::Conflict(changed));
        }
        let leader = batch.first().expect("no batch is empty");
        let class = first_class(leader.like.trigger);
        due.push(Due { lane: subscription, delivery: leader.id, class, delay: Duration::ZERO });
    }
    transaction.commit().await?;
    Ok(due)
}

/// What a look at a lane comes to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cut {
    ripe: Vec<Vec<Gathered>>,
    /// When what waits on has waited long enough.
    look_at: Option<Timestamp>,
}

/// Cuts what waits into batches, in its order. The last one is ripe when it is full or its first has waited long
/// enough; those before it are, since nothing can join them any more. With more to come than is there (`is_all`
/// is false) it waits for the next look.
fn cut(waiting: Vec<Gathered>, gathering: Gathering, now: Timestamp, is_all: bool) -> Cut {
    let mut cut = Cut::default();
    let mut open: Vec<Gathered> = Vec::new();
    let mut bytes = 0;
    for next in waiting {
        let fits = bytes + next.bytes <= limits::DELIVERY_BATCH_BYTES
            && open.len() < gathering.max_events
            && open.first().is_none_or(|first| first.like == next.like);
        if !fits && !open.is_empty() {
            cut.ripe.push(std::mem::take(&mut open));
            bytes = 0;
        }
        bytes += next.bytes;
        open.push(next);
    }
    let Some(oldest) = open.iter().map(|one| one.due_at).min() else {
        return cut;
    };
    let is_full = open.len() >= gathering.max_events || bytes >= limits::DELIVERY_BATCH_BYTES;
    let waits_until = oldest + gathering.max_wait;
    if is_full || (is_all && waits_until <= now) {
        cut.ripe.push(open);
    } else {
        cut.look_at = Some(waits_until);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::delivery::Trigger;
    use domain::ids::DeliveryId;
    use proptest::prelude::*;
    use store::batch::Like;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);
    const WAIT: Duration = Duration::from_secs(10);

    fn gathered(number: u32, waited_s: u64, trigger: Trigger, bytes: usize) -> Gathered {
        Gathered {
            id: DeliveryId::derive(NOW, &[&number.to_be_bytes()]),
            due_at: NOW - Duration::from_secs(waited_s),
            like: Like { trigger, attempt_count: 0, max_attempts: 6 },
            bytes,
        }
    }

    fn any_gathered() -> impl Strategy<Value = Vec<Gathered>> {
        let trigger = prop_oneof![9 => Just(Trigger::Event), 1 => Just(Trigger::Replay)];
        let one = (0_u64..12, trigger, 1_usize..2_000_000);
        proptest::collection::vec(one, 0..60).prop_map(|rows| {
            let rows = (0_u32..).zip(rows);
            rows.map(|(n, (waited, trigger, bytes))| gathered(n, waited, trigger, bytes)).collect()
        })
    }

    proptest! {
        #[test]
        fn batches_keep_order_and_bounds_and_nothing_waits_for_longer_than_it_may(
            waiting in any_gathered(), max_events in 2_usize..20, is_all: bool,
        ) {
            let gathering = Gathering { max_events, max_wait: WAIT };
            let Cut { ripe, look_at } = cut(waiting.clone(), gathering, NOW, is_all);
            let members: Vec<Gathered> = ripe.iter().flatten().cloned().collect();
            prop_assert_eq!(&members[..], &waiting[..members.len()], "in their order");
            for batch in &ripe {
                prop_assert!((1..=max_events).contains(&batch.len()));
                prop_assert!(batch.iter().all(|member| member.like == batch[0].like));
                let bytes: usize = batch.iter().map(|member| member.bytes).sum();
                prop_assert!(batch.len() == 1 || bytes <= limits::DELIVERY_BATCH_BYTES);
            }
            let rest = &waiting[members.len()..];
            prop_assert_eq!(look_at.is_some(), !rest.is_empty());
            prop_assert!(rest.len() < max_events);
            if is_all {
                prop_assert!(rest.iter().all(|one| one.due_at + WAIT > NOW));
            }
            // No batch ends early: what follows it would not have fitted.
            for (batch, next) in ripe.iter().zip(ripe.iter().skip(1)) {
                let bytes: usize = batch.iter().map(|member| member.bytes).sum();
                prop_assert!(
                    batch.len() == max_events
                        || batch[0].like != next[0].like
                        || bytes + next[0].bytes > limits::DELIVERY_BATCH_BYTES
                );
            }
        }
    }

    #[test]
    fn a_gathering_lane_is_the_subscriptions_and_no_subscription() {
        let subscription = SubscriptionId::derive(NOW, &[b"x"]);
        let lane = lane_of(subscription);
        assert_ne!(lane, subscription);
        assert_eq!(subscription_of(lane), Some(subscription));
        assert_eq!(subscription_of(subscription), None);
        assert!(lane.to_string().parse::<SubscriptionId>().is_err(), "nobody can name it");
    }
}
