//! Replays, and how far they have come.

use sea_orm::entity::prelude::*;

use domain::event_type::EventTypePatterns;
use domain::ids::{ReplayId, SubscriptionId, TenantId};
use domain::replay::{Choice, FailureReasons, PastStatuses, ReplayStatus};
use domain::time::Timestamp;

/// A replay.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "replays")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReplayId,
    pub tenant_id: TenantId,
    pub from_at: Timestamp,
    pub to_at: Timestamp,
    pub subscription_id: Option<SubscriptionId>,
    pub event_types: EventTypePatterns,
    pub statuses: PastStatuses,
    pub failure_reasons: FailureReasons,
    pub rate_per_second: f64,
    /// Whether nobody has asked for it.
    pub automatic: bool,
    pub status: ReplayStatus,
    /// How many there were when it was asked for.
    pub matched: i64,
    /// Deliveries made so far.
    pub enqueued: i64,
    /// Those that needed none, or could have none.
    pub skipped: i64,
    /// As they were last counted; for good once it is completed.
    pub succeeded: i64,
    pub failed: i64,
    /// 0: deliveries are looked through, 1: events, 2: nothing any more.
    pub stage: i16,
    /// The last one that was looked at.
    pub cursor: Option<Vec<u8>>,
    /// Commits made for it.
    pub steps: i64,
    pub created_at: Timestamp,
    /// When all its deliveries were final.
    pub completed_at: Option<Timestamp>,
}

impl Model {
    /// Which deliveries are meant.
    pub fn choice(&self) -> Choice {
        Choice {
            from: self.from_at,
            to: self.to_at,
            subscription: self.subscription_id,
            event_types: self.event_types.clone(),
            statuses: self.statuses.clone(),
            failure_reasons: self.failure_reasons.clone(),
        }
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
