//! Dead letters, kept until they are replayed or discarded.

use sea_orm::entity::prelude::*;

use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::time::Timestamp;

/// A dead letter.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: DeliveryId,
    pub tenant_id: TenantId,
    pub event_id: EventId,
    pub subscription_id: SubscriptionId,
    pub event_type: String,
    pub dead_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// There exactly when `resolved_at` is.
    pub resolution: Option<Resolution>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How a dead letter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Resolution {
    /// A later delivery of its event at its subscription succeeded.
    #[sea_orm(string_value = "replayed")]
    Replayed,
    #[sea_orm(string_value = "discarded")]
    Discarded,
}

impl Resolution {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
        }
    }
}
