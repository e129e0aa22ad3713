//! Every state that a subscription has been in, the present one too.

use sea_orm::entity::prelude::*;

use domain::ids::{SubscriptionId, TenantId};
use domain::time::Timestamp;

/// One state.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription_id: SubscriptionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub tenant_id: TenantId,
    /// From when it held; the next revision's `since` ends it.
    pub since: Timestamp,
    /// Whether the subscription was deleted with this revision.
    pub deleted: bool,
    /// What mattered for matching and for the requests made.
    pub document: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
