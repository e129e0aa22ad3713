//! The audit log: who did what, and when (the instant in the id). Rows are never changed.

use sea_orm::entity::prelude::*;

use domain::ids::{AuditEntryId, TenantId};

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// `None` where it concerns the operator alone.
    pub tenant_id: Option<TenantId>,
    /// What was done ([`domain::audit::Action`]).
    pub action: String,
    /// The kind of who did it ([`domain::audit::Actor`]).
    pub actor: String,
    /// Which one of its kind, where there are several.
    pub actor_id: Option<Uuid>,
    /// Of the noun that the action names.
    pub resource_id: String,
    /// Of an update: each field that changed, with what it was and what it is; what is sealed stays masked.
    pub changes: Option<Json>,
    /// `None` where nobody asked.
    pub request_id: Option<String>,
    /// Where the connection came from.
    pub source_ip: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
