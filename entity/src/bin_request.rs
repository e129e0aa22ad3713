//! Requests that bins have recorded; newest first is by id.

use sea_orm::entity::prelude::*;

use domain::ids::{BinId, BinRequestId, TenantId};
use domain::time::Timestamp;

/// A request.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bin_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BinRequestId,
    pub tenant_id: TenantId,
    pub bin_id: BinId,
    pub method: String,
    /// Path and query, as they came.
    pub url: Vec<u8>,
    /// JSON: a list of `[name, value]`, credentials masked.
    pub headers: Vec<u8>,
    pub body: Vec<u8>,
    /// Whether there was more of the body than is kept.
    pub truncated: bool,
    /// `None` for a delivery, which no connection brought.
    pub remote_ip: Option<String>,
    pub received_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
