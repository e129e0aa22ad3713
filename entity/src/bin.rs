//! Bins: they record what is sent to them.

use sea_orm::entity::prelude::*;

use domain::ids::{BinId, TenantId};
use domain::time::Timestamp;

/// A bin.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BinId,
    pub tenant_id: TenantId,
    pub name: String,
    /// What requests are held to that no delivery explains.
    pub secret_sealed: Option<Vec<u8>>,
    pub response_status: i32,
    pub response_delay_ms: i32,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
