//! Tenants. A deleted one stays as a tombstone until its data has been erased.

use sea_orm::entity::prelude::*;

use domain::address::TenantEgress;
use domain::ids::TenantId;
use domain::tenant::{RateLimit, TenantStatus};
use domain::time::Timestamp;

/// A tenant.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    pub name: String,
    /// Unique among those that are not deleted.
    pub external_id: Option<String>,
    pub status: TenantStatus,
    pub strict_event_types: bool,
    /// Deliveries over all of its subscriptions.
    pub rate_limit: Option<RateLimit>,
    pub ingest_rate_limit: Option<RateLimit>,
    pub egress: TenantEgress,
    pub sandbox: bool,
    pub metadata: Json,
    /// Grows with every change of a subscription of this tenant; what was matched under an older one
    /// is matched again.
    pub subscription_revision: i64,
    /// Grows with every change of an event type of this tenant.
    pub catalogue_revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
