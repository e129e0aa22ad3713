//! What bins have recorded.

use domain::ids::{BinId, BinRequestId, Of};
use domain::limits;
use entity::bin_request::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Page;
use crate::database::{Sql, execute};

/// Stores a request.
pub async fn insert(db: &impl ConnectionTrait, request: ActiveModel) -> Result<Model, DbErr> {
    request.insert(db).await
}

/// Erases what the bin has beyond the newest that it keeps.
pub async fn trim(db: &impl Sql, bin: BinId) -> Result<(), DbErr> {
    let sql = "DELETE FROM bin_requests WHERE bin_id = ? AND id <= \
               (SELECT id FROM bin_requests WHERE bin_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)";
    let kept = i64::try_from(limits::BIN_REQUESTS).unwrap_or(i64::MAX);
    execute(db, sql, vec![bin.into(), bin.into(), kept.into()]).await.map(|_| ())
}

/// Newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    bin: Of<BinId>,
    page: Page<BinRequestId>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::BinId.eq(bin.id()))
        .filter(Column::TenantId.eq(bin.tenant()))
        .order_by_desc(Column::Id)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}
