//! Answers kept under an `Idempotency-Key`.

use sea_orm::entity::prelude::*;

use domain::time::Timestamp;

/// One answer.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// SHA-256 over scope, method, path and key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub claim: Vec<u8>,
    /// SHA-256 of the request's body.
    pub body_hash: Vec<u8>,
    /// The status that was answered.
    pub status: i16,
    /// What was answered, sealed.
    pub answer: Vec<u8>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
