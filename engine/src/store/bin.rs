//! Bins.

use domain::ids::{BinId, Of, TenantId};
use domain::tenant::TenantStatus;
use entity::bin::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::{Page, Whose};
use crate::database::{Sql, execute};

/// Stores a new bin.
pub async fn insert(db: &impl ConnectionTrait, bin: ActiveModel) -> Result<Model, DbErr> {
    bin.insert(db).await
}

/// How many bins a tenant has.
pub async fn count(db: &impl ConnectionTrait, tenant: TenantId) -> Result<u64, DbErr> {
    Entity::find().filter(Column::TenantId.eq(tenant)).count(db).await
}

/// The bin, if the tenant has it.
pub async fn find(db: &impl ConnectionTrait, bin: Of<BinId>) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(bin.id()).filter(Column::TenantId.eq(bin.tenant())).one(db).await
}

/// The bin, whoever's it is, if its tenant is served.
pub async fn find_open_across_tenants(
    db: &impl ConnectionTrait,
    bin: BinId,
) -> Result<Option<Model>, DbErr> {
    let Some(bin) = Entity::find_by_id(bin).one(db).await? else {
        return Ok(None);
    };
    let tenant = super::tenant::find(db, bin.tenant_id).await?;
    let is_served = tenant.is_some_and(|tenant| tenant.status == TenantStatus::Active);
    Ok(is_served.then_some(bin))
}

/// Newest first; those of tenants that are deleted are gone.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    page: Page<BinId>,
) -> Result<Vec<Model>, DbErr> {
    use sea_orm::sea_query::Query;
    let deleted = Query::select()
        .column(entity::tenant::Column::Id)
        .from(entity::tenant::Entity)
        .and_where(entity::tenant::Column::DeletedAt.is_not_null())
        .to_owned();
    let mut query = whose
        .of(Entity::find(), Column::TenantId)
        .filter(Column::TenantId.not_in_subquery(deleted))
        .order_by_desc(Column::Id)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Deletes a bin with what it has recorded; `false` when the tenant has no such bin.
pub async fn delete(db: &impl Sql, bin: Of<BinId>) -> Result<bool, DbErr> {
    let sql = "DELETE FROM bin_requests WHERE bin_id = ? AND tenant_id = ?";
    execute(db, sql, vec![bin.id().into(), bin.tenant().into()]).await?;
    let sql = "DELETE FROM bins WHERE id = ? AND tenant_id = ?";
    Ok(execute(db, sql, vec![bin.id().into(), bin.tenant().into()]).await? > 0)
}
