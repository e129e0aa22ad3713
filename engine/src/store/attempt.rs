//! Attempts. They are written by `dispatch`; here they are read.

use domain::ids::{BatchId, DeliveryId};
use domain::time::Timestamp;
use entity::attempt::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Page;

/// Under which id a delivery's attempts are kept: those of a batch are all its members'.
pub fn kept_under(delivery: DeliveryId, batch: Option<BatchId>) -> DeliveryId {
    batch.map_or(delivery, |batch| DeliveryId(batch.0))
}

/// Those of some deliveries that had an attempt which ended at an instant or later. What is attempted in a batch is
/// not among them.
pub async fn ended_since(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = DeliveryId>,
    since: Timestamp,
) -> Result<Vec<DeliveryId>, DbErr> {
    let ended_at = Expr::col(Column::StartedAt).add(Expr::col(Column::DurationMs));
    Entity::find()
        .select_only()
        .column(Column::DeliveryId)
        .filter(Column::DeliveryId.is_in(ids))
        .filter(ended_at.gte(since.unix_ms()))
        .into_tuple()
        .all(db)
        .await
}

/// A delivery's attempts, oldest first. The delivery must have been found for its tenant.
pub async fn page(
    db: &impl ConnectionTrait,
    delivery: &entity::delivery::Model,
    page: Page<i16>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::DeliveryId.eq(kept_under(delivery.id, delivery.batch_id)))
        .order_by_asc(Column::Number)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Number.gt(after));
    }
    query.all(db).await
}
