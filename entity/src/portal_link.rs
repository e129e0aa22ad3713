//! Links into tenants' portals. The token itself is in the link's url, shown once and never stored.

use sea_orm::entity::prelude::*;

use domain::ids::{PortalLinkId, TenantId};
use domain::preferences::Permissions;
use domain::time::Timestamp;

/// A link.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "portal_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PortalLinkId,
    pub tenant_id: TenantId,
    /// Of the token; unique.
    pub hash: Vec<u8>,
    pub permissions: Permissions,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
