//! Sessions of the dashboard.

use sea_orm::entity::prelude::*;

use domain::time::Timestamp;

/// A session.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Of its cookie.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Of what it was opened with.
    pub kind: SessionKind,
    /// The hash of what it was opened with.
    pub credential: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What a session is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionKind {
    #[sea_orm(string_value = "operator")]
    Operator,
    #[sea_orm(string_value = "key")]
    Key,
    #[sea_orm(string_value = "portal_link")]
    PortalLink,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
