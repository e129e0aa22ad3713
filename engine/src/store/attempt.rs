//! Attempts. They are written by `dispatch`; here they are read.

use domain::ids::DeliveryId;
use entity::attempt::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Page;

/// A delivery's attempts, oldest first. The delivery must have been found for its tenant.
pub async fn page(
    db: &impl ConnectionTrait,
    delivery: DeliveryId,
    page: Page<i16>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::DeliveryId.eq(delivery))
        .order_by_asc(Column::Number)
        .limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(Column::Number.gt(after));
    }
    query.all(db).await
}
