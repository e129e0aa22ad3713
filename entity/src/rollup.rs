//! Figures of one scope and one stretch of time.

use sea_orm::entity::prelude::*;

use domain::ids::{SubscriptionId, TenantId};
use domain::time::Timestamp;

/// What was counted.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rollups")]
pub struct Model {
    /// Seconds of the stretch: a minute, an hour or a day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub width_s: i32,
    /// Nil for all tenants together.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Nil for all of the tenant's together.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription_id: SubscriptionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub start_at: Timestamp,
    /// A [`domain::stats::Sums`].
    pub sums: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
