//! Keys of tenants. The secret itself is shown once and never stored.

use sea_orm::entity::prelude::*;

use domain::ids::{KeyId, TenantId};
use domain::preferences::{Cidrs, Scopes};
use domain::time::Timestamp;

/// A key.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: KeyId,
    pub tenant_id: TenantId,
    pub name: String,
    /// The first characters of the secret, by which people tell keys apart.
    pub prefix: String,
    /// Of the whole secret; unique.
    pub hash: Vec<u8>,
    pub scopes: Scopes,
    /// Where requests may come from; `None` means anywhere.
    pub source_cidrs: Option<Cidrs>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
