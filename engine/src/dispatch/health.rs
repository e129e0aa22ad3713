//! What a group's attempts say about their receivers: opens and closes circuits, and disables
//! subscriptions whose receivers have been failing for days.

use std::collections::{BTreeMap, HashMap};

use domain::audit::Action;
use domain::delivery::DeliveryStatus;
use domain::health::{Circuit, Health, Sign};
use domain::ids::{SubscriptionId, TenantId};
use domain::subscription::{DisabledReason, SubscriptionStatus};
use domain::time::Timestamp;
use serde_json::json;

use super::record::Record;
use crate::audit::{Act, note_unasked};
use crate::database::GroupTransaction;
use crate::error::Error;
use crate::store;
use crate::store::health::Receiver;

/// What became of the receivers.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Subscriptions that have ended: a failure takes the state of the rest instead of being tried again.
    pub ended: HashMap<SubscriptionId, DeliveryStatus>,
    /// Those whose circuit changed: the queue is told.
    pub circuits: Vec<SubscriptionId>,
    /// How many circuits opened.
    pub opened: usize,
    /// Those that were disabled by it: their waiting deliveries are cleared next.
    pub disabled: Vec<Disabled>,
}

/// A subscription that was disabled because of its receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disabled {
    pub id: SubscriptionId,
    pub tenant: TenantId,
    pub reason: DisabledReason,
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
    let (mut told, good): (Vec<_>, Vec<_>) =
        lanes.keys().partition(|lane| has_failed(&lanes[lane]));
    // A success says something only of a receiver that has been failing, and few have.
    told.extend(store::health::failing_across_tenants(db, &good).await?);
    told.sort_unstable();
    let receivers = store::health::take_across_tenants(db, &told).await?;

    let mut noted = Noted::default();
    for receiver in receivers {
        let signs = lanes.get(&receiver.standing.id).map(Vec::as_slice).unwrap_or_default();
        let health = signs
            .iter()
            .fold(receiver.health, |health, (sign, probe)| health.after(*sign, *probe, now));
        keep(db, &receiver, &health, now, &mut noted).await?;
    }
    Ok(noted)
}

async fn keep(
    db: &GroupTransaction,
    receiver: &Receiver,
    health: &Health,
    now: Timestamp,
    noted: &mut Noted,
) -> Result<(), Error> {
    let (id, tenant) = (receiver.standing.id, receiver.tenant);
    if let Some(status) = receiver.standing.ends_in() {
        noted.ended.insert(id, status);
        return Ok(());
    }
    if health.is_given_up(now) {
        let disabled = Disabled { id, tenant, reason: DisabledReason::Failing };
        noted.disabled.extend(disable(db, disabled, now).await?);
        noted.ended.insert(id, DeliveryStatus::Failed);
        return Ok(());
    }
    if *health == receiver.health {
        return Ok(());
    }
    let is_told = health.circuit != receiver.health.circuit;
    store::health::store(db, id, health, is_told).await?;
    if is_told {
        let is_open = |health: &Health| health.circuit != Circuit::Closed;
        noted.opened += usize::from(is_open(health) && !is_open(&receiver.health));
        log(receiver, health);
        noted.circuits.push(id);
    }
    Ok(())
}

/// Disables a subscription because of its receiver; `None` when it has ended already.
pub(super) async fn disable(
    db: &GroupTransaction,
    disabled: Disabled,
    now: Timestamp,
) -> Result<Option<Disabled>, Error> {
    let Disabled { id, tenant, reason } = disabled;
    let Some(former) = store::subscription::disable(db, tenant, id, reason, now).await? else {
        return Ok(None);
    };
    let changes = json!({
        "status": {"from": former, "to": SubscriptionStatus::Disabled},
        "disabled_reason": {"from": null, "to": reason},
    });
    let act = Act::new(Action::SubscriptionDisabled, tenant, id).with_changes(changes);
    note_unasked(db, act, now).await?;
    tracing::warn!(subscription.id = %id, tenant.id = %tenant, reason = reason.as_str(), "subscription.disabled");
    Ok(Some(disabled))
}

fn log(receiver: &Receiver, health: &Health) {
    let (id, tenant) = (receiver.standing.id, receiver.tenant);
    match (receiver.health.circuit, health.circuit) {
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
