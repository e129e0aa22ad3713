//! Attempts, with what came back. Its id is derived ([`domain::ids::AttemptId::of`]).

use sea_orm::entity::prelude::*;

use domain::ids::DeliveryId;
use domain::outcome::{FailureReason, HttpVersion};
use domain::time::Timestamp;

/// An attempt.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: DeliveryId,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i16,
    /// The state of the subscription that the request was made by.
    pub subscription_revision: i64,
    pub started_at: Timestamp,
    /// The whole exchange.
    pub duration_ms: i32,
    /// From when it was due to its start.
    pub queue_ms: i32,
    pub dns_ms: Option<i32>,
    pub connect_ms: Option<i32>,
    pub tls_ms: Option<i32>,
    pub first_byte_ms: Option<i32>,
    pub remote_ip: Option<String>,
    pub http_version: Option<HttpVersion>,
    pub status_code: Option<i16>,
    pub failure_reason: Option<FailureReason>,
    pub error: Option<Vec<u8>>,
    /// Without `Set-Cookie`.
    pub response_headers: Option<Vec<u8>>,
    /// The first 4 KiB.
    pub response_body: Option<Vec<u8>>,
    pub response_truncated: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
