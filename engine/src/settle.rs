//! Settles what waits for a subscription that was disabled or deleted.
//!
//! The intention is one commit and holds at once; the rows follow here in chunks, resumed after a
//! crash. A request in flight is finished first: its own outcome decides.

use std::sync::Arc;
use std::time::Duration;

use domain::delivery::DeliveryStatus;
use domain::ids::{SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use entity::subscription::Settling;

use crate::context::Parts;
use crate::database::execute;
use crate::dispatch::number_of;
use crate::error::Error;
use crate::store;

/// Rows of one commit: short enough that nobody waits for it.
const CHUNK_ROWS: u64 = 500;
/// How long to wait for requests in flight, or for a database that is away, before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Starts settling in the background.
pub fn start(parts: Arc<Parts>, tenant: TenantId, subscription: SubscriptionId) {
    tokio::spawn(async move {
        loop {
            match settle(&parts, tenant, subscription).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, subscription.id = %subscription, "settle.failed");
                    tokio::time::sleep(LOOK_AGAIN * 4).await;
                }
            }
        }
    });
}

async fn settle(
    parts: &Parts,
    tenant: TenantId,
    subscription: SubscriptionId,
) -> Result<(), Error> {
    loop {
        let row =
            store::subscription::find_across_tenants(&parts.database.read, subscription).await?;
        // Started again meanwhile: what still waits is delivered.
        let Some(intention) = row.and_then(|row| row.settling) else {
            return Ok(());
        };
        parts.lanes.drop_lane(subscription).await?;
        let in_flight = parts.in_flight.deliveries_of(subscription);
        let settled = settle_chunk(parts, tenant, subscription, intention, &in_flight).await?;
        if settled > 0 {
            continue;
        }
        if parts.in_flight.deliveries_of(subscription).is_empty() && in_flight.is_empty() {
            let transaction = parts.database.begin().await?;
            store::subscription::settled(&transaction, subscription).await?;
            transaction.commit().await?;
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn settle_chunk(
    parts: &Parts,
    tenant: TenantId,
    subscription: SubscriptionId,
    intention: Settling,
    in_flight: &[domain::ids::DeliveryId],
) -> Result<usize, Error> {
    let now = parts.clock.now();
    let transaction = parts.database.begin().await?;
    let rows =
        store::delivery::waiting_page(&transaction, subscription, in_flight, CHUNK_ROWS).await?;
    let (status, reason) = match intention {
        Settling::Disabled => {
            (DeliveryStatus::Failed, Some(number_of(FailureReason::SubscriptionDisabled)))
        }
        Settling::Deleted => (DeliveryStatus::Cancelled, None),
    };
    for row in &rows {
        let sql = "UPDATE deliveries SET status = ?, failure_reason = COALESCE(?, failure_reason), next_attempt_at = NULL, \
                   completed_at = ? WHERE id = ? AND next_attempt_at IS NOT NULL";
        let moved = execute(
            &transaction,
            sql,
            vec![status.into(), reason.into(), now.into(), row.id.into()],
        )
        .await?;
        if intention == Settling::Disabled && moved > 0 {
            let letter = store::dead_letter::New {
                delivery_id: row.id,
                tenant_id: tenant,
                event_id: row.event_id,
                subscription_id: subscription,
                event_type: &row.event_type,
                dead_at: now,
            };
            store::dead_letter::insert(&transaction, &letter).await?;
        }
    }
    if intention == Settling::Deleted {
        store::dead_letter::discard_of_subscription(&transaction, subscription, now).await?;
    }
    transaction.commit().await?;
    Ok(rows.len())
}
