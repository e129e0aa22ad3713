//! The queries, one file per noun. Each takes a connection or a transaction, so that it works in
//! both. Queries for tenants' data take a [`domain::ids::TenantId`]; the few that can't say
//! `across_tenants` in their name. What a request's path names is an [`domain::ids::Of`]: an id with
//! its tenant. Entities are read nowhere else (clippy.toml); verbs that change many rows have SQL of their own.

#![expect(clippy::disallowed_methods, reason = "this is where rows are read and written")]

pub mod attempt;
pub mod audit;
pub mod batch;
pub mod bin;
pub mod bin_request;
pub mod client_certificate;
pub mod dead_letter;
pub mod delivery;
pub mod event;
pub mod event_type;
pub mod fan_out;
pub mod health;
pub mod instance;
pub mod key;
pub mod lane;
pub mod portal_link;
pub mod replay;
pub mod rollup;
pub mod secret;
pub mod session;
pub mod subscription;
pub mod tenant;

use domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QuerySelect, Select, TryGetableMany};

/// Which rows of a list are wanted: at most `limit` of those behind `after`.
#[derive(Debug, Clone, Copy)]
pub struct Page<K> {
    pub limit: u64,
    /// Key of the last row that the caller has.
    pub after: Option<K>,
}

/// Rows that a page looks through at most for those that a filter without an index of its own lets
/// pass: a page costs milliseconds, whatever has gathered over the years.
pub const LOOKED_THROUGH: u64 = 10_000;

/// A page of a list.
#[derive(Debug)]
pub struct Found<R, K> {
    pub rows: Vec<R>,
    /// Set when more rows stand behind the last one that was looked at: this one. The page may be
    /// short then, or empty, and still have a next one.
    pub looked_until: Option<K>,
}

/// The key of the last row that a page of `query` looks at; `None` when it comes to the end before.
async fn last_looked_at<E: EntityTrait, K: TryGetableMany>(
    db: &impl ConnectionTrait,
    query: &Select<E>,
    key: impl IntoIterator<Item = E::Column>,
) -> Result<Option<K>, DbErr> {
    let keys = query.clone().select_only().columns(key);
    keys.offset(LOOKED_THROUGH - 1).limit(1).into_tuple().one(db).await
}

/// A half-open window of instants: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Whose rows are meant: a tenant's, or (for the operator alone) everybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Tenant(domain::ids::TenantId),
    AcrossTenants,
}

impl Whose {
    /// Narrows a query to the tenant's rows.
    pub fn of<Q: sea_orm::QueryFilter>(self, query: Q, column: impl sea_orm::ColumnTrait) -> Q {
        match self {
            Self::Tenant(tenant) => query.filter(column.eq(tenant)),
            Self::AcrossTenants => query,
        }
    }
}
