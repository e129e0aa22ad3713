//! Deliveries. Made at the time in their id; due while `next_attempt_at` is there, final when
//! `completed_at` is.

use sea_orm::entity::prelude::*;

use domain::delivery::{DeliveryStatus, Trigger};
use domain::ids::{BatchId, DeliveryId, EventId, ReplayId, SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use domain::time::Timestamp;

/// A delivery.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    pub tenant_id: TenantId,
    pub event_id: EventId,
    pub subscription_id: SubscriptionId,
    /// The state of the subscription that the event was matched by.
    pub subscription_revision: i64,
    pub event_type: String,
    pub status: DeliveryStatus,
    pub trigger: Trigger,
    /// Its place in the lane: 0 a first try, 1 a retry, 2 a replay.
    pub class: i16,
    pub attempt_count: i16,
    pub max_attempts: i16,
    pub next_attempt_at: Option<Timestamp>,
    /// Its place in an ordered lane, or among those that wait to be in a batch.
    pub sequence: Option<i64>,
    pub last_status_code: Option<i16>,
    pub failure_reason: Option<FailureReason>,
    pub last_error: Option<Vec<u8>>,
    pub completed_at: Option<Timestamp>,
    pub replay_id: Option<ReplayId>,
    /// The batch that it is in, and its place there.
    pub batch_id: Option<BatchId>,
    pub batch_position: Option<i16>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
