//! Events whose deliveries are still being written in chunks.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::time::Timestamp;

/// An event with the list of who gets it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fan_outs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: EventId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub event_type: String,
    /// When the deliveries are due first.
    pub due_at: Timestamp,
    pub recipients: Recipients,
    /// How many of them have their delivery.
    pub written: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who gets an event, in the order of their deliveries' ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Recipients(pub Vec<Recipient>);

/// One subscription that an event goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub delivery_id: DeliveryId,
    pub subscription_id: SubscriptionId,
    /// The subscription's, by which it was matched.
    pub revision: i64,
    pub max_attempts: u32,
    /// Whether the delivery takes a number of its lane.
    pub ordered: bool,
}
