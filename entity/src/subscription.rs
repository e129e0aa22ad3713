//! Subscriptions as they are now. Deleted ones stay.

use sea_orm::entity::prelude::*;

use domain::event_type::EventTypePatterns;
use domain::ids::{SubscriptionId, TenantId};
use domain::preferences::{AutoReplay, Delivery, Format, Kind, Signing};
use domain::retry::RetryPolicy;
use domain::subscription::{DisabledReason, SubscriptionStatus};
use domain::tenant::RateLimit;
use domain::time::Timestamp;

/// A subscription.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SubscriptionId,
    pub tenant_id: TenantId,
    /// Unique among the tenant's that are not deleted.
    pub external_id: Option<String>,
    /// From 1; grows with every change. [`crate::subscription_state`] has what each one was.
    pub revision: i64,
    /// `***` when it is a credential, as that of `kind` `slack` is.
    pub url: String,
    /// The url that is a credential.
    pub url_sealed: Option<Vec<u8>>,
    pub description: String,
    pub event_types: EventTypePatterns,
    /// CEL.
    pub filter: Option<String>,
    pub status: SubscriptionStatus,
    /// Only with the status `disabled`.
    pub disabled_reason: Option<DisabledReason>,
    pub kind: Kind,
    pub delivery: Delivery,
    /// Whether `delivery` asks for batches.
    pub gathers: bool,
    pub ordered: bool,
    pub headers_sealed: Option<Vec<u8>>,
    pub rate_limit: Option<RateLimit>,
    pub max_in_flight: i32,
    pub timeout_ms: i32,
    /// `None` means the deployment's.
    pub retry: Option<RetryPolicy>,
    pub signing: Signing,
    pub format: Format,
    pub template: Option<String>,
    pub auto_replay: Option<AutoReplay>,
    pub client_certificate_sealed: Option<Vec<u8>>,
    pub metadata: Json,
    /// The last sequence number given to a delivery of an ordered subscription.
    pub last_sequence: i64,
    /// From 1; grows with every change that the queue has to know of, those of the circuit included.
    pub lane_revision: i64,
    // The rest of `domain::health::Health`, a column for each field.
    pub consecutive_failures: i32,
    pub circuit_opened_at: Option<Timestamp>,
    pub failed_probes: i32,
    pub probe_at: Option<Timestamp>,
    pub failing_since: Option<Timestamp>,
    pub failing_last_at: Option<Timestamp>,
    pub failing_attempts: i32,
    pub failing_days: i32,
    /// Which change its waiting deliveries still have to follow; `None` when all have.
    pub clearing: Option<Clearing>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether its deliveries get numbers: its lane is ordered, or gathers batches.
    pub fn is_numbered(&self) -> bool {
        self.ordered || self.gathers
    }
}

/// An intention that holds at once and whose rows follow in chunks, resumed after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Clearing {
    /// What waits becomes a dead letter.
    #[sea_orm(string_value = "disabled")]
    Disabled,
    /// What waits is cancelled, and the dead letters are discarded.
    #[sea_orm(string_value = "deleted")]
    Deleted,
}
