//! Tenants: changes that reach further than their own row.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{SubscriptionId, TenantId};
use sea_orm::DbErr;

use crate::context::{Engine, Parts};
use crate::database::{Transaction, execute, query_all};
use crate::error::Error;
use crate::{rollups, store};

/// Rows erased by one commit.
const CHUNK_ROWS: i64 = 500;

impl Engine {
    /// Deletes a tenant within `db`: it is gone for every route once this is committed. The caller
    /// then calls [`Engine::tenant_deleted`].
    ///
    /// # Errors
    /// `NotFound` when there is no such tenant.
    pub async fn delete_tenant(&self, db: &Transaction, tenant: TenantId) -> Result<(), Error> {
        let now = self.clock.now();
        // Subscriptions before their tenant, as every change of one locks them.
        let sql = "UPDATE subscriptions SET deleted_at = ?, revision = revision + 1 \
                   WHERE tenant_id = ? AND deleted_at IS NULL";
        execute(db, sql, vec![now.into(), tenant.into()]).await?;
        if !store::tenant::mark_deleted(db, tenant, now).await? {
            return Err(Error::NotFound("tenant"));
        }
        Ok(())
    }

    /// To be called once a deletion is committed: empties the lanes and erases the rows.
    pub async fn tenant_deleted(&self, tenant: TenantId) {
        self.address_book.forget(tenant);
        self.forget_fresh().await;
        start_erasing(self.parts(), tenant);
    }

    /// To be called once a tenant's settings are committed.
    pub async fn tenant_changed(&self, row: &entity::tenant::Model) {
        self.address_book.forget(row.id);
        self.forget_targets().await;
        if let Err(error) =
            self.lanes.configure_tenant(row.id, &store::tenant::queue_settings(row)).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, tenant.id = %row.id, "tenant.configure_failed");
        }
    }
}

/// Erases a deleted tenant's rows in the background; also called at the start, for what a crash
/// left behind.
pub(crate) fn start_erasing(parts: Arc<Parts>, tenant: TenantId) {
    tokio::spawn(async move {
        while let Err(error) = erase(&parts, tenant).await {
            tracing::warn!(error = &error as &dyn std::error::Error, tenant.id = %tenant, "tenant.erase_failed");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}

/// Tenants that are deleted and not erased yet.
pub(crate) async fn deleted(parts: &Parts) -> Result<Vec<TenantId>, DbErr> {
    let rows = query_all(
        &parts.database.read,
        "SELECT id FROM tenants WHERE deleted_at IS NOT NULL",
        Vec::new(),
    )
    .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

async fn erase(parts: &Parts, tenant: TenantId) -> Result<(), Error> {
    let lanes = query_all(
        &parts.database.read,
        "SELECT id FROM subscriptions WHERE tenant_id = ?",
        vec![tenant.into()],
    )
    .await?;
    for lane in lanes {
        parts.lanes.drop_lane(lane.get::<SubscriptionId>(0)?).await?;
    }
    parts.lanes.forget_tenant(tenant);
    // What is still being written for the tenant ends with this.
    erase_rows(parts, tenant, &FAN_OUTS).await?;
    erase_deliveries(parts, tenant).await?;
    for rows in &REST {
        erase_rows(parts, tenant, rows).await?;
    }
    rollups::erase_of_tenant(parts, tenant).await?;
    let transaction = parts.database.begin().await?;
    execute(&transaction, "DELETE FROM tenants WHERE id = ?", vec![tenant.into()]).await?;
    Ok(transaction.commit().await?)
}

/// Erases deliveries with their attempts, in chunks.
async fn erase_deliveries(parts: &Parts, tenant: TenantId) -> Result<(), Error> {
    let chunk = "SELECT id FROM deliveries WHERE tenant_id = ? ORDER BY id LIMIT ?";
    let values = || vec![tenant.into(), CHUNK_ROWS.into()];
    loop {
        let transaction = parts.database.begin().await?;
        // Those of a batch are kept under its id.
        let kept_under =
            format!("SELECT COALESCE(batch_id, id) FROM deliveries WHERE id IN ({chunk})");
        let attempts = format!("DELETE FROM attempts WHERE delivery_id IN ({kept_under})");
        execute(&transaction, &attempts, values()).await?;
        let deliveries = format!("DELETE FROM deliveries WHERE id IN ({chunk})");
        let erased = execute(&transaction, &deliveries, values()).await?;
        transaction.commit().await?;
        if erased == 0 {
            return Ok(());
        }
    }
}

/// Rows of a table, with the key that names them and an indexed condition that finds a tenant's.
struct Rows {
    table: &'static str,
    key: &'static str,
    of_tenant: &'static str,
}

const fn rows(table: &'static str, key: &'static str, of_tenant: &'static str) -> Rows {
    Rows { table, key, of_tenant }
}

const ITS_OWN: &str = "tenant_id = ?";
const OF_ITS_SUBSCRIPTIONS: &str =
    "subscription_id IN (SELECT id FROM subscriptions WHERE tenant_id = ?)";

const FAN_OUTS: Rows = rows("fan_outs", "event_id, tenant_id", ITS_OWN);

/// Children before parents: the configuration tables have foreign keys.
const REST: [Rows; 13] = [
    rows("bin_requests", "id", ITS_OWN),
    rows("bins", "id", ITS_OWN),
    rows("events", "id, tenant_id", ITS_OWN),
    rows("replays", "id", ITS_OWN),
    rows("dead_letters", "delivery_id", "tenant_id = ? AND resolved_at IS NULL"),
    rows("dead_letters", "delivery_id", "tenant_id = ? AND resolved_at IS NOT NULL"),
    rows("subscription_secrets", "id", OF_ITS_SUBSCRIPTIONS),
    rows("subscription_states", "subscription_id, revision", OF_ITS_SUBSCRIPTIONS),
    rows("subscriptions", "id", ITS_OWN),
    rows("event_types", "tenant_id, name", ITS_OWN),
    rows("api_keys", "id", ITS_OWN),
    rows("portal_links", "id", ITS_OWN),
    rows("audit_log", "id", ITS_OWN),
];

/// Erases a tenant's rows of a table in chunks.
async fn erase_rows(parts: &Parts, tenant: TenantId, rows: &Rows) -> Result<(), Error> {
    let Rows { table, key, of_tenant } = rows;
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {of_tenant} LIMIT ?)"
    );
    loop {
        let transaction = parts.database.begin().await?;
        let erased = execute(&transaction, &sql, vec![tenant.into(), CHUNK_ROWS.into()]).await?;
        transaction.commit().await?;
        if erased == 0 {
            return Ok(());
        }
    }
}
