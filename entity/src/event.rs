//! Events, byte for byte as they were posted.

use sea_orm::entity::prelude::*;

use domain::ids::{EventId, TenantId};
use domain::time::Timestamp;

/// An event.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    /// Part of the key: two tenants may choose the same id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(column_name = "type")]
    pub event_type: String,
    /// RFC 3339 in UTC, with the precision that the caller gave.
    pub timestamp: String,
    pub data: Vec<u8>,
    pub metadata: Vec<u8>,
    pub correlation_id: Option<Vec<u8>>,
    pub version: Option<Vec<u8>>,
    pub traceparent: Option<String>,
    /// When the first attempts are due; `None` means at once.
    pub deliver_at: Option<Timestamp>,
    /// Subscriptions that it matched when it was accepted.
    pub delivery_count: i32,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
