//! Random scripts of calls.

use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use domain::tenant::RateLimit;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use queue::{Breaker, Class, Due, Feedback, LaneSettings, Next, TenantSettings, WorkerSlots};
use uuid::Uuid;

pub(crate) const TENANTS: [TenantId; 3] =
    [TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)), TenantId(Uuid::from_u128(3))];
/// The first tenant has three lanes, the others one each.
pub(crate) const LANES: [(SubscriptionId, TenantId); 5] = [
    (lane(1), TENANTS[0]),
    (lane(2), TENANTS[0]),
    (lane(3), TENANTS[0]),
    (lane(4), TENANTS[1]),
    (lane(5), TENANTS[2]),
];
pub(crate) const WORKERS: [WorkerSlots; 2] = [
    WorkerSlots { worker: Uuid::from_u128(8), slots: 10 },
    WorkerSlots { worker: Uuid::from_u128(9), slots: 64 },
];

/// One call, or time that passes.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Push(Vec<Due>),
    HandIn(Vec<Due>),
    Fetch {
        worker: usize,
        max: usize,
    },
    Complete {
        which: Index,
        next: Next,
        feedback: Feedback,
    },
    /// With a token that has been used.
    CompleteOld {
        which: Index,
    },
    Extend,
    ConfigureLane {
        lane: SubscriptionId,
        settings: LaneSettings,
    },
    ConfigureTenant {
        tenant: TenantId,
        settings: TenantSettings,
    },
    DropLane {
        lane: SubscriptionId,
    },
    Ask,
    Answer,
    /// An answer that never arrives.
    Forget,
    Wait(Duration),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    (vec(configure_lane(), 5..8), vec(step(), 1..250))
        .prop_map(|(configured, steps)| configured.into_iter().chain(steps).collect())
}

/// Settings under which every lane is served.
pub(crate) fn open_settings() -> impl Iterator<Item = (SubscriptionId, LaneSettings)> {
    LANES.into_iter().map(|(lane, tenant)| {
        let settings = LaneSettings { revision: 9, ..queue::suite::settings(tenant) };
        (lane, settings)
    })
}

const fn lane(number: u128) -> SubscriptionId {
    SubscriptionId(Uuid::from_u128(number))
}

fn step() -> BoxedStrategy<Step> {
    let complete = (any::<Index>(), next(), feedback());
    prop_oneof![
        5 => due().prop_map(Step::Push),
        5 => due().prop_map(Step::HandIn),
        12 => (0..2_usize, 1..20_usize).prop_map(|(worker, max)| Step::Fetch { worker, max }),
        16 => complete.prop_map(|(which, next, feedback)| Step::Complete { which, next, feedback }),
        2 => any::<Index>().prop_map(|which| Step::CompleteOld { which }),
        3 => Just(Step::Extend),
        4 => configure_lane(),
        2 => (select(&TENANTS[..]), tenant_settings()).prop_map(|(tenant, settings)| Step::ConfigureTenant { tenant, settings }),
        1 => select(&LANES[..]).prop_map(|(lane, _)| Step::DropLane { lane }),
        5 => Just(Step::Ask),
        5 => Just(Step::Answer),
        1 => Just(Step::Forget),
        10 => wait().prop_map(Step::Wait),
    ]
    .boxed()
}

/// One delivery, or enough of one lane's to fill its window.
fn due() -> impl Strategy<Value = Vec<Due>> {
    let few = vec((select(&LANES[..]), id(), class(), delay()), 1..6).prop_map(|due| {
        due.into_iter().map(|((lane, _), id, class, delay)| of(lane, id, class, delay)).collect()
    });
    let many = (select(&LANES[..]), 0..40_u128, class(), delay(), 20..180_u128).prop_map(
        |((lane, _), from, class, delay, count)| {
            (0..count)
                .map(|n| {
                    of(lane, from * 60 + n, class, delay + Duration::from_millis(n as u64 % 7))
                })
                .collect()
        },
    );
    prop_oneof![3 => few, 2 => many]
}

/// A delivery belongs to one lane for ever, so its id is made of the lane's.
fn of(lane: SubscriptionId, id: u128, class: Class, delay: Duration) -> Due {
    let delivery = DeliveryId(Uuid::from_u128(lane.0.as_u128() * 10_000 + id));
    Due { lane, delivery, class, delay }
}

fn id() -> impl Strategy<Value = u128> {
    0..2500_u128
}

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![3 => Just(Class::First), 2 => Just(Class::Retry), 1 => Just(Class::Replay)]
}

fn delay() -> impl Strategy<Value = Duration> {
    prop_oneof![
        6 => Just(Duration::ZERO),
        3 => (1..3000_u64).prop_map(Duration::from_millis),
        1 => (600..1800_u64).prop_map(Duration::from_secs),
    ]
}

fn wait() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => (1..1500_u64).prop_map(Duration::from_millis),
        2 => (1..25_u64).prop_map(Duration::from_secs),
        1 => (60..1200_u64).prop_map(Duration::from_secs),
    ]
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![2 => Just(Next::Done), 1 => (delay(), class()).prop_map(|(delay, class)| Next::DueIn { delay, class })]
}

fn feedback() -> impl Strategy<Value = Feedback> {
    prop_oneof![
        4 => Just(Feedback::Success),
        2 => Just(Feedback::Neutral),
        1 => Just(Feedback::Throttled),
        1 => Just(Feedback::Unattempted),
    ]
}

fn rate_limit() -> impl Strategy<Value = Option<RateLimit>> {
    let limit = |per_second, burst| RateLimit::new(per_second, Some(burst)).ok();
    prop_oneof![4 => Just(None), 1 => Just(limit(0.5, 2)), 1 => Just(limit(10.0, 3)), 1 => Just(limit(3.0, 1))]
}

fn configure_lane() -> impl Strategy<Value = Step> {
    let breaker = prop_oneof![
        5 => Just(Breaker::Closed),
        1 => (0..3000_u64).prop_map(|ms| Breaker::Open { probe_after: Duration::from_millis(ms) }),
    ];
    let flag = |weight| proptest::bool::weighted(weight);
    let settings = (0..4_u64, flag(0.15), flag(0.15), 1..30_u32, rate_limit(), breaker);
    (select(&LANES[..]), settings).prop_map(|((lane, tenant), settings)| {
        let (revision, ordered, paused, max_in_flight, rate_limit, breaker) = settings;
        let settings =
            LaneSettings { tenant, revision, ordered, paused, max_in_flight, rate_limit, breaker };
        Step::ConfigureLane { lane, settings }
    })
}

fn tenant_settings() -> impl Strategy<Value = TenantSettings> {
    (proptest::bool::weighted(0.25), rate_limit())
        .prop_map(|(suspended, rate_limit)| TenantSettings { suspended, rate_limit })
}
