//! Tenants.

use std::collections::HashSet;

use domain::address::TenantEgress;
use domain::ids::TenantId;
use domain::tenant::TenantStatus;
use domain::time::Timestamp;
use entity::tenant::{ActiveModel, Column, Entity, Model};
use queue::TenantSettings;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Page;
use crate::database::{Sql, execute, one_of, query_all, query_one};

/// The tenant, unless it is deleted.
pub async fn find(db: &impl ConnectionTrait, id: TenantId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::DeletedAt.is_null()).one(db).await
}

/// The tenant of an id or external id.
pub async fn find_named(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    match name.parse::<TenantId>() {
        Ok(id) => find(db, id).await,
        Err(_) => {
            Entity::find()
                .filter(Column::ExternalId.eq(name))
                .filter(Column::DeletedAt.is_null())
                .one(db)
                .await
        }
    }
}

/// Those of the tenants that are not deleted.
pub(crate) async fn those_there(
    db: &impl Sql,
    mut ids: Vec<TenantId>,
) -> Result<HashSet<TenantId>, DbErr> {
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let (among, values) = one_of(db, "uuid", ids.into_iter().map(Into::into).collect());
    let sql = format!("SELECT id FROM tenants WHERE deleted_at IS NULL AND id {among}");
    query_all(db, &sql, values).await?.iter().map(|row| row.get(0)).collect()
}

/// Newest first.
pub async fn page(db: &impl ConnectionTrait, page: Page<TenantId>) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::DeletedAt.is_null())
        .order_by_desc(Column::Id)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Stores a new tenant.
pub async fn insert(db: &impl ConnectionTrait, tenant: ActiveModel) -> Result<Model, DbErr> {
    tenant.insert(db).await
}

/// Stores changes.
pub async fn update(db: &impl ConnectionTrait, tenant: ActiveModel) -> Result<Model, DbErr> {
    tenant.update(db).await
}

/// Raises the revision of the tenant's address book: part of every commit that changes what is
/// matched or how it is served. Returns the new one; `None` when the tenant is gone.
pub async fn raise_revision(db: &impl Sql, id: TenantId) -> Result<Option<i64>, DbErr> {
    let sql = "UPDATE tenants SET subscription_revision = subscription_revision + 1 \
               WHERE id = ? AND deleted_at IS NULL RETURNING subscription_revision";
    query_one(db, sql, vec![id.into()]).await?.map(|row| row.get(0)).transpose()
}

/// Raises the revision of the tenant's catalogue, and of the address book which carries it; `false` when the
/// tenant is gone.
pub async fn raise_catalogue(db: &impl Sql, id: TenantId) -> Result<bool, DbErr> {
    let sql = "UPDATE tenants SET catalogue_revision = catalogue_revision + 1, \
               subscription_revision = subscription_revision + 1 WHERE id = ? AND deleted_at IS NULL";
    Ok(execute(db, sql, vec![id.into()]).await? > 0)
}

/// Marks the tenant deleted; `false` when it was already.
pub async fn mark_deleted(db: &impl Sql, id: TenantId, now: Timestamp) -> Result<bool, DbErr> {
    let sql = "UPDATE tenants SET deleted_at = ?, subscription_revision = subscription_revision + 1 \
               WHERE id = ? AND deleted_at IS NULL";
    Ok(execute(db, sql, vec![now.into(), id.into()]).await? > 0)
}

/// The tenant's own address lists, if it has any.
pub async fn egress(
    db: &impl ConnectionTrait,
    id: TenantId,
) -> Result<Option<TenantEgress>, DbErr> {
    Ok(find(db, id).await?.as_ref().and_then(lists))
}

/// The address lists of a tenant, if it has any.
pub fn lists(tenant: &Model) -> Option<TenantEgress> {
    let lists = &tenant.egress;
    (!lists.allow.is_empty() || !lists.deny.is_empty()).then(|| lists.clone())
}

/// What the queue needs to know of a tenant.
pub fn queue_settings(tenant: &Model) -> TenantSettings {
    TenantSettings {
        suspended: tenant.status == TenantStatus::Suspended,
        rate_limit: tenant.rate_limit,
    }
}
