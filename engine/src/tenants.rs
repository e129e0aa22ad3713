//! Tenants: changes that reach further than their own row.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{SubscriptionId, TenantId};
use sea_orm::DbErr;

use crate::context::{Engine, Parts};
use crate::database::{Transaction, execute, query_all};
use crate::error::Error;
use crate::store;

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
    pub fn tenant_deleted(&self, tenant: TenantId) {
        self.address_book.forget(tenant);
        self.fresh.forget();
        start_erasing(self.parts(), tenant);
    }

    /// To be called once a tenant's settings are committed.
    pub async fn tenant_changed(&self, row: &entity::tenant::Model) {
        self.address_book.forget(row.id);
        self.fresh.forget();
        self.targets.forget_all();
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
    // What is still being written for the tenant ends with this.
    let fan_outs = "DELETE FROM fan_outs WHERE tenant_id = ?";
    let transaction = parts.database.begin().await?;
    execute(&transaction, fan_outs, vec![tenant.into()]).await?;
    transaction.commit().await?;
    let chunk = "SELECT id FROM deliveries WHERE tenant_id = ? ORDER BY id LIMIT ?";
    loop {
        let transaction = parts.database.begin().await?;
        let attempts = format!("DELETE FROM attempts WHERE delivery_id IN ({chunk})");
        execute(&transaction, &attempts, vec![tenant.into(), CHUNK_ROWS.into()]).await?;
        let deliveries = format!("DELETE FROM deliveries WHERE id IN ({chunk})");
        let erased =
            execute(&transaction, &deliveries, vec![tenant.into(), CHUNK_ROWS.into()]).await?;
        transaction.commit().await?;
        if erased == 0 {
            break;
        }
    }
    loop {
        let sql = "DELETE FROM events WHERE tenant_id = ? AND id IN \
                   (SELECT id FROM events WHERE tenant_id = ? ORDER BY created_at, id LIMIT ?)";
        let transaction = parts.database.begin().await?;
        let values = vec![tenant.into(), tenant.into(), CHUNK_ROWS.into()];
        let erased = execute(&transaction, sql, values).await?;
        transaction.commit().await?;
        if erased == 0 {
            break;
        }
    }
    let transaction = parts.database.begin().await?;
    // Children before parents: the configuration tables have foreign keys.
    for table in [
        "dead_letters",
        "subscription_secrets",
        "subscription_states",
        "subscriptions",
        "event_type_versions",
        "event_types",
        "api_keys",
    ] {
        execute(
            &transaction,
            &format!("DELETE FROM {table} WHERE tenant_id = ?"),
            vec![tenant.into()],
        )
        .await?;
    }
    execute(&transaction, "DELETE FROM tenants WHERE id = ?", vec![tenant.into()]).await?;
    transaction.commit().await?;
    Ok(())
}
