//! Sessions of the dashboard; only the hashes of their cookies are stored.

use domain::time::Timestamp;
use entity::session::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::database::{Sql, execute};

/// Stores a new session.
pub async fn insert(db: &impl ConnectionTrait, session: ActiveModel) -> Result<Model, DbErr> {
    session.insert(db).await
}

/// The session of a cookie's hash, if it lasts beyond `now`.
pub async fn find(
    db: &impl ConnectionTrait,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(hash).filter(Column::ExpiresAt.gt(now)).one(db).await
}

/// Ends a session; `false` when it has ended already.
pub async fn end(db: &impl Sql, hash: &[u8]) -> Result<bool, DbErr> {
    Ok(execute(db, "DELETE FROM sessions WHERE hash = ?", vec![hash.into()]).await? > 0)
}
