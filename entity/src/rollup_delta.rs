//! What one commit adds to the figures, until it is added.

use sea_orm::entity::prelude::*;

use domain::ids::DeltaId;

/// One commit's part.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rollup_deltas")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeltaId,
    /// A [`domain::stats::Sums`] for each scope and minute.
    pub sums: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
