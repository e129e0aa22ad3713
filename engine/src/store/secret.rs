//! Subscription secrets, sealed. Rotated ones stay, so that the signatures of past attempts can be
//! shown.

use domain::ids::{SecretId, SubscriptionId, TenantId};
use domain::secret::Secret;
use domain::time::Timestamp;
use entity::subscription_secret::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    QueryFilter, QueryOrder,
};

use crate::database::execute;
use crate::error::Error;
use crate::sealer::Sealer;

/// All secrets that a subscription ever had, newest first.
pub async fn all(
    db: &impl ConnectionTrait,
    subscription: SubscriptionId,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::SubscriptionId.eq(subscription))
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// The secret that signs first.
pub async fn newest(
    db: &impl ConnectionTrait,
    subscription: SubscriptionId,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::SubscriptionId.eq(subscription))
        .order_by_desc(Column::Id)
        .one(db)
        .await
}

/// Opens a secret.
///
/// # Errors
/// When it was sealed with another master key or for another row.
pub fn open(sealer: &Sealer, row: &Model) -> Result<Secret, Error> {
    let text = sealer
        .open(row.id.as_bytes(), &row.sealed)
        .map_err(|e| Error::internal("a sealed secret does not open", e))?;
    let text =
        std::str::from_utf8(&text).map_err(|e| Error::internal("a sealed secret is no text", e))?;
    Secret::from_stored(text).map_err(|e| Error::internal("a sealed secret is malformed", e))
}

/// Stores a new secret, sealed for its row.
pub async fn insert(
    db: &impl ConnectionTrait,
    sealer: &Sealer,
    id: SecretId,
    of: (TenantId, SubscriptionId),
    secret: &Secret,
    now: Timestamp,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(id),
        tenant_id: Set(of.0),
        subscription_id: Set(of.1),
        sealed: Set(sealer.seal(id.as_bytes(), secret.expose().as_bytes())),
        created_at: Set(now),
        expires_at: Set(None),
    };
    row.insert(db).await.map(|_| ())
}

/// Lets the secrets that sign without an end sign until `at` only.
pub async fn expire_present(
    db: &impl ConnectionTrait,
    subscription: SubscriptionId,
    at: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE subscription_secrets SET expires_at = ? WHERE subscription_id = ? AND expires_at IS NULL";
    execute(db, sql, vec![at.into(), subscription.into()]).await.map(|_| ())
}
