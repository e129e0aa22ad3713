//! Events whose deliveries are still being written.

use entity::fan_out::{Entity, Model};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};

use crate::database::execute;

/// Stores who gets an event.
pub async fn insert(db: &impl ConnectionTrait, row: &Model) -> Result<(), DbErr> {
    row.clone().into_active_model().insert(db).await.map(|_| ())
}

/// Counts `chunk` further deliveries as written, or forgets the list when they are the last. `false`
/// when somebody else has moved it on, or the tenant is gone.
pub async fn advance(
    db: &impl ConnectionTrait,
    row: &Model,
    chunk: usize,
    is_last: bool,
) -> Result<bool, DbErr> {
    let key = [row.event_id.into(), row.tenant_id.into(), row.written.into()];
    let moved = if is_last {
        let sql = "DELETE FROM fan_outs WHERE event_id = ? AND tenant_id = ? AND written = ?";
        execute(db, sql, key.to_vec()).await?
    } else {
        let sql = "UPDATE fan_outs SET written = written + ? WHERE event_id = ? AND tenant_id = ? AND written = ?";
        let chunk = i32::try_from(chunk).unwrap_or(i32::MAX).into();
        execute(db, sql, std::iter::once(chunk).chain(key).collect()).await?
    };
    Ok(moved.rows_affected() > 0)
}

/// All that are not finished.
pub async fn all_across_tenants(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().all(db).await
}
