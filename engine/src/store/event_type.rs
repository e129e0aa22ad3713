//! Event types of the catalogue.

use domain::catalogue::Versions;
use domain::event_type::EventType;
use domain::ids::TenantId;
use domain::time::Timestamp;
use entity::event_type::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Value,
};

use super::{Page, Whose};
use crate::database::{Sql, execute, one_of, query_all, query_one};

/// Where an event type stands in lists.
pub type Key = (Timestamp, TenantId, EventType);

/// The tenant's event type of this name.
pub async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    name: &EventType,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((tenant, name.as_str().to_owned())).one(db).await
}

/// Newest first; `deprecated` narrows to those that are, or are not.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    deprecated: Option<bool>,
    page: Page<Key>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = whose
        .of(Entity::find(), Column::TenantId)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::TenantId)
        .order_by_desc(Column::Name)
        .limit(page.limit);
    if let Some(deprecated) = deprecated {
        query = query.filter(Column::Deprecated.eq(deprecated));
    }
    if let Some((at, tenant, name)) = page.after {
        let key = [Column::CreatedAt, Column::TenantId, Column::Name].map(Expr::col);
        let after: [Value; 3] = [at.into(), tenant.into(), name.as_str().into()];
        let after = after.map(Expr::val);
        query = query.filter(Expr::tuple(key).lt(Expr::tuple(after)));
    }
    query.all(db).await
}

/// All of a tenant's, by name.
pub async fn all(db: &impl ConnectionTrait, tenant: TenantId) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::TenantId.eq(tenant)).order_by_asc(Column::Name).all(db).await
}

/// How many a tenant has.
pub async fn count(db: &impl Sql, tenant: TenantId) -> Result<i64, DbErr> {
    let sql = "SELECT COUNT(*) FROM event_types WHERE tenant_id = ?";
    query_one(db, sql, vec![tenant.into()]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Stores a new event type.
pub async fn insert(db: &impl ConnectionTrait, event_type: ActiveModel) -> Result<Model, DbErr> {
    event_type.insert(db).await
}

/// Stores changes.
pub async fn update(db: &impl ConnectionTrait, event_type: ActiveModel) -> Result<Model, DbErr> {
    event_type.update(db).await
}

/// Deletes an event type; `false` when the tenant has none of this name.
pub async fn delete(db: &impl Sql, tenant: TenantId, name: &EventType) -> Result<bool, DbErr> {
    let sql = "DELETE FROM event_types WHERE tenant_id = ? AND name = ?";
    Ok(execute(db, sql, vec![tenant.into(), name.as_str().into()]).await? > 0)
}

/// Versions of those of the names that the tenant has, each with the revision that the catalogue has then.
pub async fn versions_of(
    db: &impl Sql,
    tenant: TenantId,
    names: &[&EventType],
) -> Result<Vec<(i64, EventType, Versions)>, DbErr> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (among, names) =
        one_of(db, "text", names.iter().map(|name| name.as_str().into()).collect());
    let sql = format!(
        "SELECT t.catalogue_revision, e.name, e.versions FROM tenants t JOIN event_types e ON e.tenant_id = t.id \
         WHERE t.id = ? AND e.name {among}"
    );
    let values = [vec![tenant.into()], names].concat();
    let rows = query_all(db, &sql, values).await?;
    let read = |row: &crate::database::Row| {
        let versions = serde_json::from_value(row.get(2)?);
        let versions = versions.map_err(|e| DbErr::Json(e.to_string()))?;
        Ok((row.get(0)?, EventType::from_stored(row.get(1)?), versions))
    };
    rows.iter().map(read).collect()
}
