//! Links into tenants' portals; only the hashes of their tokens are stored.

use domain::ids::{Of, PortalLinkId, TenantId};
use domain::time::Timestamp;
use entity::portal_link::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Page;
use crate::database::{Sql, execute};

/// Stores a new link.
pub async fn insert(db: &impl ConnectionTrait, link: ActiveModel) -> Result<Model, DbErr> {
    link.insert(db).await
}

/// The link of a token's hash, whoever's it is, if it can be used at `now`.
pub async fn find_usable_across_tenants(
    db: &impl ConnectionTrait,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    let usable = Entity::find()
        .filter(Column::Hash.eq(hash))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now));
    usable.one(db).await
}

/// The tenant's links that can be used at `now`, newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    now: Timestamp,
    page: Page<PortalLinkId>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::TenantId.eq(tenant))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .order_by_desc(Column::Id)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Revokes a link; `false` when the tenant has no such link, or it has ended.
pub async fn revoke(db: &impl Sql, link: Of<PortalLinkId>, now: Timestamp) -> Result<bool, DbErr> {
    let sql = "UPDATE portal_links SET revoked_at = ? \
               WHERE id = ? AND tenant_id = ? AND revoked_at IS NULL AND expires_at > ?";
    let values = vec![now.into(), link.id().into(), link.tenant().into(), now.into()];
    Ok(execute(db, sql, values).await? > 0)
}
