//! What a group's attempts say about their receivers: opens and closes circuits, and disables
//! subscriptions whose receivers have been failing for days.

use std::collections::{BTreeMap, HashMap};

use domain::delivery::DeliveryStatus;
use domain::health::{Circuit, Health, Sign};
use domain::ids::{SubscriptionId, TenantId};
use domain::subscription::DisabledReason;
use domain::time::Timestamp;

use super::record::Record;
use crate::database::GroupTransaction;
use crate::error::Error;
use crate::store;
use crate::store::health::{Standing, Wanted};

/// What became of the receivers.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Subscriptions that have ended: a failure takes the state of the rest instead of being tried again.
    pub ended: HashMap<SubscriptionId, DeliveryStatus>,
    /// Those whose circuit changed: the queue is told.
    pub circuits: Vec<SubscriptionId>,
    /// Those that were disabled by it: their waiting deliveries are cleared next.
    pub disabled: Vec<(SubscriptionId, TenantId)>,
}

/// Notes what the attempts say, in their order. Takes the subscriptions' rows before any delivery's, as
/// everybody does.
pub(super) async fn note(
    db: &GroupTransaction,
    records: &[&Record],
    now: Timestamp,
) -> Result<Noted, Error> {
    let mut lanes: BTreeMap<SubscriptionId, Vec<(Sign, bool)>> = BTreeMap::new();
    for record in records {
        let sign = Sign::of(&record.outcome, now);
        lanes.entry(record.due.ticket.lane).or_default().push((sign, record.due.ticket.probe));
    }
    let has_failed = |signs: &[(Sign, bool)]| signs.iter().any(|(sign, _)| *sign != Sign::Success);
    let (failed, good): (Vec<_>, Vec<_>) = lanes.keys().partition(|lane| has_failed(&lanes[lane]));
    let mut standings = store::health::take_across_tenants(db, &failed, Wanted::All).await?;
    standings.extend(store::health::take_across_tenants(db, &good, Wanted::Failing).await?);

    let mut noted = Noted::default();
    for standing in standings {
        let signs = lanes.get(&standing.id).map(Vec::as_slice).unwrap_or_default();
        let health = signs
            .iter()
            .fold(standing.health, |health, (sign, probe)| health.after(*sign, *probe, now));
        keep(db, &standing, &health, now, &mut noted).await?;
    }
    Ok(noted)
}

async fn keep(
    db: &GroupTransaction,
    standing: &Standing,
    health: &Health,
    now: Timestamp,
    noted: &mut Noted,
) -> Result<(), Error> {
    let id = standing.id;
    if let Some(status) = standing.ends_in() {
        noted.ended.insert(id, status);
        return Ok(());
    }
    if health.is_given_up(now) {
        let reason = DisabledReason::Failing;
        if store::subscription::disable(db, standing.tenant, id, reason, now).await? {
            tracing::warn!(subscription.id = %id, tenant.id = %standing.tenant, reason = "failing", "subscription.disabled");
            noted.disabled.push((id, standing.tenant));
        }
        noted.ended.insert(id, DeliveryStatus::Failed);
        return Ok(());
    }
    if *health == standing.health {
        return Ok(());
    }
    let is_told = health.circuit != standing.health.circuit;
    store::health::store(db, id, health, is_told).await?;
    if is_told {
        log(standing, health);
        noted.circuits.push(id);
    }
    Ok(())
}

fn log(standing: &Standing, health: &Health) {
    let (id, tenant) = (standing.id, standing.tenant);
    match (standing.health.circuit, health.circuit) {
        (Circuit::Closed, Circuit::Open { .. }) => {
            tracing::warn!(subscription.id = %id, tenant.id = %tenant, failures = health.consecutive_failures, "circuit.opened");
        }
        (Circuit::Open { .. }, Circuit::Closed) => {
            tracing::info!(subscription.id = %id, tenant.id = %tenant, "circuit.closed");
        }
        (Circuit::Open { .. } | Circuit::Closed, _) => {
            tracing::debug!(subscription.id = %id, tenant.id = %tenant, "circuit.probe_failed");
        }
    }
}
