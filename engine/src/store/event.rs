//! Events. They are written by `publish`; here they are read.

use std::collections::HashSet;

use domain::event::Envelope;
use domain::ids::{EventId, Of, TenantId};
use domain::time::Timestamp;
use entity::event::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, DerivePartialModel, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, Value,
};

use super::{Found, Page, Whose, Window, last_looked_at};
use crate::database::{Row, Sql, one_of, query_all, query_one};

/// Which events a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub types: Vec<String>,
    pub correlation_ids: Vec<String>,
    /// What the data or metadata has in it, as it was posted.
    pub text: Option<String>,
    pub window: Window,
}

/// An event's texts, as its row keeps them: stored from valid UTF-8 and read back leniently, since a delivery is
/// worth more than a panic.
#[derive(Debug)]
pub struct Texts {
    pub event_type: String,
    pub timestamp: String,
    pub data: String,
    pub metadata: String,
    pub correlation_id: Option<String>,
    pub version: Option<String>,
}

impl Texts {
    /// The columns that [`Self::read`] reads, of events called `e`.
    pub(crate) const COLUMNS: &str =
        "e.type, e.timestamp, e.data, e.metadata, e.correlation_id, e.version";

    /// Out of a row in which [`Self::COLUMNS`] begin with the one at `first`.
    pub(crate) fn read(row: &Row, first: usize) -> Result<Self, DbErr> {
        Ok(Self {
            event_type: row.get(first)?,
            timestamp: row.get(first + 1)?,
            data: lossy(row.get(first + 2)?),
            metadata: lossy(row.get(first + 3)?),
            correlation_id: row.get::<Option<_>>(first + 4)?.map(lossy),
            version: row.get::<Option<_>>(first + 5)?.map(lossy),
        })
    }

    /// What the wire shows of the event, whose id this is.
    pub fn envelope(&self, id: EventId) -> Envelope<'_> {
        Envelope {
            id,
            event_type: &self.event_type,
            timestamp: &self.timestamp,
            data: &self.data,
            metadata: &self.metadata,
            correlation_id: self.correlation_id.as_deref(),
            version: self.version.as_deref(),
        }
    }
}

impl From<Model> for Texts {
    fn from(row: Model) -> Self {
        Self {
            event_type: row.event_type,
            timestamp: row.timestamp,
            data: lossy(row.data),
            metadata: lossy(row.metadata),
            correlation_id: row.correlation_id.map(lossy),
            version: row.version.map(lossy),
        }
    }
}

/// Foreign bytes as text.
pub fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The tenant's event of an id.
pub async fn find(db: &impl ConnectionTrait, event: Of<EventId>) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((event.id(), event.tenant())).one(db).await
}

/// Holds an event for the rest of the transaction, which makes a delivery of it: retention leaves it
/// there, or has taken it before (`false`).
pub async fn hold(db: &impl Sql, event: Of<EventId>) -> Result<bool, DbErr> {
    let (tenant, id) = (event.tenant(), event.id());
    let sql = match db.backend() {
        DbBackend::Postgres => "SELECT id FROM events WHERE id = ? AND tenant_id = ? FOR KEY SHARE",
        // One transaction at a time writes.
        _ => "SELECT id FROM events WHERE id = ? AND tenant_id = ?",
    };
    Ok(query_one(db, sql, vec![id.into(), tenant.into()]).await?.is_some())
}

/// Holds several; which of them are there.
pub async fn hold_all(
    db: &impl Sql,
    tenant: TenantId,
    events: impl IntoIterator<Item = EventId>,
) -> Result<HashSet<EventId>, DbErr> {
    let ids: Vec<Value> = events.into_iter().map(Into::into).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let (among, mut values) = one_of(db, "uuid", ids);
    values.push(tenant.into());
    let lock = if db.backend() == DbBackend::Postgres { " FOR KEY SHARE" } else { "" };
    let sql = format!("SELECT id FROM events WHERE id {among} AND tenant_id = ?{lock}");
    query_all(db, &sql, values).await?.iter().map(|row| row.get(0)).collect()
}

/// The tenant's last events, newest first, with their data.
pub async fn last(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    ordered(Whose::Tenant(tenant)).limit(limit).all(db).await
}

/// A tenant's events of a window, oldest first, with their data.
pub async fn next(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    (from, to): (Timestamp, Timestamp),
    after: Option<(Timestamp, EventId)>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::TenantId.eq(tenant))
        .filter(Column::CreatedAt.gte(from))
        .filter(Column::CreatedAt.lt(to))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(limit);
    if let Some((at, id)) = after {
        let same_instant = Condition::all().add(Column::CreatedAt.eq(at)).add(Column::Id.gt(id));
        query = query
            .filter(Column::CreatedAt.gte(at))
            .filter(Condition::any().add(Column::CreatedAt.gt(at)).add(same_instant));
    }
    query.all(db).await
}

/// How many events of a tenant there are in a window; `most` when there are as many or more.
pub async fn count(
    db: &impl Sql,
    tenant: TenantId,
    (from, to): (Timestamp, Timestamp),
    most: usize,
) -> Result<usize, DbErr> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE tenant_id = ? AND created_at >= ? AND created_at < ? LIMIT ?) AS found";
    let values = vec![tenant.into(), from.into(), to.into(), super::delivery::as_limit(most)];
    let count: i64 = query_one(db, sql, values).await?.map_or(Ok(0), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// An event without its data, as lists show it.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Head {
    pub id: EventId,
    pub tenant_id: TenantId,
    pub event_type: String,
    pub timestamp: String,
    pub metadata: Vec<u8>,
    pub correlation_id: Option<Vec<u8>>,
    pub version: Option<Vec<u8>>,
    pub deliver_at: Option<Timestamp>,
    pub delivery_count: i32,
    pub created_at: Timestamp,
}

/// Newest first, without their data: a page of the largest would be 64 MB.
pub async fn page_of_heads(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<(Timestamp, EventId)>,
) -> Result<Found<Head, (Timestamp, EventId)>, DbErr> {
    let mut query = ordered(whose);
    if !filter.correlation_ids.is_empty() {
        query = query.filter(
            Column::CorrelationId
                .is_in(filter.correlation_ids.iter().map(|text| text.as_bytes().to_vec())),
        );
    }
    if let Some(from) = filter.window.from {
        query = query.filter(Column::CreatedAt.gte(from));
    }
    if let Some(to) = filter.window.to {
        query = query.filter(Column::CreatedAt.lt(to));
    }
    if let Some(after) = page.after {
        query = query.filter(behind(whose, after));
    }
    let mut looked_until = None;
    if filter.is_selective(whose) {
        looked_until = last_looked_at(db, &query, [Column::CreatedAt, Column::Id]).await?;
    }
    if let Some(until) = looked_until {
        query = query.filter(behind(whose, until).not());
    }
    if !filter.types.is_empty() {
        query = query.filter(Column::EventType.is_in(&filter.types));
    }
    if let Some(text) = &filter.text {
        query = query.filter(has_text(db.get_database_backend(), text));
    }
    let rows = query.limit(page.limit).into_partial_model().all(db).await?;
    Ok(Found { rows, looked_until })
}

impl Filter {
    /// Whether rows are left out that no index leaves out.
    fn is_selective(&self, whose: Whose) -> bool {
        let is_windowed = self.window.from.is_some() || self.window.to.is_some();
        !self.types.is_empty()
            || self.text.is_some()
            || (whose == Whose::AcrossTenants && (is_windowed || !self.correlation_ids.is_empty()))
    }
}

/// Whether the bytes of data or metadata have the text's in them.
fn has_text(backend: DbBackend, text: &str) -> Condition {
    let found = |column: &str| match backend {
        DbBackend::Postgres => format!("position($1 in \"events\".\"{column}\") > 0"),
        _ => format!("instr(\"events\".\"{column}\", ?) > 0"),
    };
    let columns = ["data", "metadata"];
    columns.into_iter().fold(Condition::any(), |any, column| {
        any.add(Expr::cust_with_values(found(column), [text.as_bytes().to_vec()]))
    })
}

/// Newest first: a tenant's by the instant at which they came; everybody's, which no such index is
/// kept for, by their ids, whose instants are the same unless the caller chose them.
fn ordered(whose: Whose) -> Select<Entity> {
    let query = whose.of(Entity::find(), Column::TenantId);
    match whose {
        Whose::Tenant(_) => query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id),
        Whose::AcrossTenants => query.order_by_desc(Column::Id),
    }
}

/// What stands behind a row in that order.
fn behind(whose: Whose, (created_at, id): (Timestamp, EventId)) -> Condition {
    let lower_id = Column::Id.lt(id);
    match whose {
        Whose::Tenant(_) => {
            let same_instant = Condition::all().add(Column::CreatedAt.eq(created_at)).add(lower_id);
            Condition::any().add(Column::CreatedAt.lt(created_at)).add(same_instant)
        }
        Whose::AcrossTenants => Condition::all().add(lower_id),
    }
}
