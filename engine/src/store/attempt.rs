//! Attempts. They are written by `dispatch`; here they are read.

use domain::ids::{BatchId, DeliveryId};
use entity::attempt::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Page;

/// Under which id a delivery's attempts are kept: those of a batch are all its members'.
pub fn kept_under(delivery: DeliveryId, batch: Option<BatchId>) -> DeliveryId {
    batch.map_or(delivery, |batch| DeliveryId(batch.0))
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
