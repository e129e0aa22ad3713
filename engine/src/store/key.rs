//! API keys; only their hashes are stored.

use domain::ids::{KeyId, Of, TenantId};
use domain::time::Timestamp;
use entity::api_key::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Page;
use crate::database::{Sql, execute, one_of, runs};

/// Stores a new key.
pub async fn insert(db: &impl ConnectionTrait, key: ActiveModel) -> Result<Model, DbErr> {
    key.insert(db).await
}

/// The key of a hash, whoever's it is, if it can be used at `now`.
pub async fn find_usable_across_tenants(
    db: &impl ConnectionTrait,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    let found = Entity::find()
        .filter(Column::Hash.eq(hash))
        .filter(Column::RevokedAt.is_null())
        .one(db)
        .await?;
    Ok(found.filter(|key| key.expires_at.is_none_or(|at| at > now)))
}

/// The tenant's keys that are not revoked, newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    page: Page<KeyId>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::TenantId.eq(tenant))
        .filter(Column::RevokedAt.is_null())
        .order_by_desc(Column::Id)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Revokes a key; `false` when the tenant has no such key.
pub async fn revoke(db: &impl Sql, key: Of<KeyId>, now: Timestamp) -> Result<bool, DbErr> {
    let sql =
        "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND tenant_id = ? AND revoked_at IS NULL";
    Ok(execute(db, sql, vec![now.into(), key.id().into(), key.tenant().into()]).await? > 0)
}

/// Notes that keys were used.
pub async fn touch_across_tenants(
    db: &impl Sql,
    ids: &[KeyId],
    now: Timestamp,
) -> Result<(), DbErr> {
    for run in runs(db, ids) {
        let (among, ids) = one_of(db, "uuid", run.iter().map(|id| (*id).into()).collect());
        let sql = format!("UPDATE api_keys SET last_used_at = ? WHERE id {among}");
        execute(db, &sql, std::iter::once(now.into()).chain(ids).collect()).await?;
    }
    Ok(())
}
