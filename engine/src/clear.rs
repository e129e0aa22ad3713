//! Clears what waits for a subscription that was disabled or deleted.
//!
//! The intention is one commit and holds at once; the rows follow here in chunks, resumed after a
//! crash. A request in flight is finished first: its own outcome decides.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::DeliveryStatus;
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use entity::subscription::Clearing;
use parking_lot::Mutex;

use crate::context::Parts;
use crate::database::execute;
use crate::dispatch::number_of;
use crate::error::Error;
use crate::reconcile::fill_lane;
use crate::rollups::Tally;
use crate::store;
use crate::store::subscription::Standing;

/// Rows of one commit: short enough that nobody waits for it.
const CHUNK_ROWS: usize = 500;
/// How long to wait for requests in flight, or for a database that is away, before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The subscriptions that this process is clearing.
#[derive(Debug, Default)]
pub struct UnderWay(Mutex<HashSet<SubscriptionId>>);

/// Starts clearing in the background, unless it is under way.
pub fn start(parts: Arc<Parts>, tenant: TenantId, subscription: SubscriptionId) {
    if !parts.clearing.0.lock().insert(subscription) {
        return;
    }
    tokio::spawn(async move {
        loop {
            match clear(&parts, tenant, subscription).await {
                Ok(()) => {
                    parts.clearing.0.lock().remove(&subscription);
                    // Whoever found it under way until now had committed an intention before.
                    if !is_wanted(&parts, subscription).await
                        || !parts.clearing.0.lock().insert(subscription)
                    {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, subscription.id = %subscription, "clear.failed");
                    tokio::time::sleep(LOOK_AGAIN * 4).await;
                }
            }
        }
    });
}

/// Whether there is an intention; also when that cannot be said.
async fn is_wanted(parts: &Parts, subscription: SubscriptionId) -> bool {
    let row = store::subscription::find_across_tenants(&parts.database.read, subscription).await;
    row.map_or(true, |row| row.is_some_and(|row| row.clearing.is_some()))
}

async fn clear(parts: &Parts, tenant: TenantId, subscription: SubscriptionId) -> Result<(), Error> {
    let db = &parts.database.read;
    loop {
        let Some(row) = store::subscription::find_across_tenants(db, subscription).await? else {
            return Ok(());
        };
        let Some(intention) = row.clearing else {
            // Started again meanwhile: what still waits is delivered.
            if row.deleted_at.is_none() {
                fill_lane(parts, &row).await?;
            }
            return Ok(());
        };
        // Nothing more is handed out; what is out stays known until its outcome is committed.
        parts.configure_lane(&row).await?;
        let in_flight = in_flight(parts, subscription).await?;
        match clear_chunk(parts, tenant, subscription, intention, &in_flight).await? {
            // Another intention, or none: looked at anew.
            None | Some(1..) => continue,
            Some(0) => {}
        }
        if in_flight.is_empty() && parts.lanes.queue().in_flight(subscription).await?.is_empty() {
            let transaction = parts.database.begin().await?;
            let ended = store::subscription::cleared(&transaction, subscription, intention).await?;
            transaction.commit().await?;
            if ended {
                return drop_lane(parts, subscription).await;
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Forgets the lane; unless the subscription has been started again just now.
async fn drop_lane(parts: &Parts, subscription: SubscriptionId) -> Result<(), Error> {
    parts.lanes.drop_lane(subscription).await?;
    let db = &parts.database.read;
    let row = store::subscription::find_across_tenants(db, subscription).await?;
    match row.filter(|row| !Standing::of(row).has_ended()) {
        Some(row) => fill_lane(parts, &row).await.map(drop),
        None => Ok(()),
    }
}

/// The deliveries that some worker has in flight, with all that are in one batch with one of them.
pub(crate) async fn in_flight(
    parts: &Parts,
    subscription: SubscriptionId,
) -> Result<HashSet<DeliveryId>, Error> {
    let mut in_flight = HashSet::new();
    for delivery in parts.lanes.queue().in_flight(subscription).await? {
        match delivery {
            Some(delivery) => in_flight.extend([delivery]),
            // An ordered lane's ticket stands for its head.
            None => {
                let head = store::delivery::head_of(&parts.database.read, subscription).await?;
                in_flight.extend(head.map(|head| head.id));
            }
        }
    }
    let with_others = store::batch::with_others(&parts.database.read, in_flight.iter().copied());
    in_flight.extend(with_others.await?);
    Ok(in_flight)
}

/// Clears the next rows; how many, or `None` when the intention is another one by now.
async fn clear_chunk(
    parts: &Parts,
    tenant: TenantId,
    subscription: SubscriptionId,
    intention: Clearing,
    in_flight: &HashSet<DeliveryId>,
) -> Result<Option<usize>, Error> {
    let now = parts.clock.now();
    let transaction = parts.database.begin().await?;
    // Held until the commit: whoever starts the subscription again waits, or has been before us.
    if !store::subscription::hold_clearing(&transaction, subscription, intention).await? {
        return Ok(None);
    }
    let rows =
        store::delivery::waiting_page(&transaction, subscription, in_flight, CHUNK_ROWS).await?;
    let (status, reason) = match intention {
        Clearing::Disabled => {
            (DeliveryStatus::Failed, Some(number_of(FailureReason::SubscriptionDisabled)))
        }
        Clearing::Deleted => (DeliveryStatus::Cancelled, None),
    };
    let mut letters = Vec::new();
    for row in &rows {
        let sql = "UPDATE deliveries SET status = ?, failure_reason = COALESCE(?, failure_reason), next_attempt_at = NULL, \
                   completed_at = ? WHERE id = ? AND next_attempt_at IS NOT NULL";
        let moved = execute(
            &transaction,
            sql,
            vec![status.into(), reason.into(), now.into(), row.id.into()],
        )
        .await?;
        if intention == Clearing::Disabled && moved > 0 {
            letters.push(store::dead_letter::New {
                delivery_id: row.id,
                tenant_id: tenant,
                event_id: row.event_id,
                subscription_id: subscription,
                event_type: &row.event_type,
                dead_at: now,
            });
        }
    }
    let mut tally = Tally::default();
    store::dead_letter::insert(&transaction, &letters, &mut tally).await?;
    let mut cleared = rows.len();
    if intention == Clearing::Deleted {
        let rows_max = CHUNK_ROWS - cleared;
        cleared +=
            store::dead_letter::discard_of_subscription(&transaction, subscription, rows_max, now)
                .await?;
    }
    tally.save(&transaction, parts).await?;
    transaction.commit().await?;
    if !letters.is_empty() {
        parts.metrics.died(Some(FailureReason::SubscriptionDisabled), letters.len() as u64);
        tracing::info!(tenant.id = %tenant, subscription.id = %subscription, deliveries = letters.len(), "deliveries.dead");
    }
    Ok(Some(cleared))
}
