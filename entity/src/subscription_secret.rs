//! What signs a subscription's deliveries; several while one is rotated.

use sea_orm::entity::prelude::*;

use domain::ids::{SecretId, SubscriptionId, TenantId};
use domain::time::Timestamp;

/// One secret.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SecretId,
    pub subscription_id: SubscriptionId,
    pub tenant_id: TenantId,
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// From when it signs no more; `None` for the newest.
    pub expires_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
