//! Deletes rows in chunks, found by the primary key: ids carry their time.
//!
//! What may go is read outside of any transaction, a page at a time behind the last one, so that what is
//! held is looked at once in a run and nobody waits for it. Then it is deleted in one short commit. That
//! is safe since nothing that may go is ever held again: a final delivery stays final, a dead
//! letter resolved. Only an event can get another delivery; whoever makes one holds the event's row
//! (`store::event::hold`), and so does the commit that deletes it, before it looks for deliveries.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use domain::ids::{BatchId, DeliveryId, EventId, TenantId};
use domain::time::Timestamp;
use sea_orm::{DbBackend, DbErr, Value};
use tokio::time::Instant;
use uuid::Uuid;

use super::pace::{Pace, rows_max};
use super::{Purged, Span, begin};
use crate::context::Parts;
use crate::database::{Sql, Transaction, execute, one_of, query_all, table};
use crate::error::Error;

// What is asked of each row is a scalar subquery: for `EXISTS` Postgres may choose to read all open
// dead letters, or all deliveries, at once.

/// Whether a dead letter keeps its delivery.
const HAS_OPEN_LETTER: &str = "\
    COALESCE((SELECT l.resolved_at IS NULL FROM dead_letters l WHERE l.delivery_id = d.id), FALSE)";

/// Whether attempts that are kept under a batch's id are nobody's any more.
const NO_MEMBER_LEFT: &str = "\
    AND (SELECT d.id FROM deliveries d WHERE d.batch_id = attempts.delivery_id LIMIT 1) IS NULL";

const LETTER_PAGE: &str = "\
    SELECT l.delivery_id, l.resolved_at IS NULL \
    OR (SELECT d.id FROM deliveries d WHERE d.id = l.delivery_id) IS NOT NULL \
    FROM dead_letters l WHERE l.delivery_id >= ? AND l.delivery_id < ? ORDER BY l.delivery_id LIMIT ?";

/// What was made later of any event of a range.
const MADE_AGAIN: &str = "\
    SELECT d.event_id, d.tenant_id FROM deliveries d \
    WHERE d.event_id >= ? AND d.event_id <= ? AND d.\"trigger\" <> 0";

fn delivery_page(table: &str) -> String {
    format!(
        "SELECT d.id, d.next_attempt_at IS NOT NULL OR {HAS_OPEN_LETTER} FROM {table} d \
         WHERE d.id >= ? AND d.id < ? ORDER BY d.id LIMIT ?"
    )
}

fn event_page(backend: DbBackend, table: &str) -> String {
    // Neither reads the data for it.
    let bytes = match backend {
        DbBackend::Postgres => "pg_column_size(data)",
        _ => "length(data)",
    };
    format!(
        "SELECT id, tenant_id, created_at, {bytes} FROM {table} WHERE (id, tenant_id) > (?, ?) AND id >= ? AND id < ? \
         ORDER BY id, tenant_id LIMIT ?"
    )
}

/// In this order of tables: each instant is one look at the primary key.
fn left_of_instants(bounds: &str) -> String {
    format!(
        "WITH v (low, high) AS ({bounds}) SELECT DISTINCT d.event_id, d.tenant_id FROM v CROSS JOIN deliveries d \
         WHERE d.id >= v.low AND d.id < v.high"
    )
}

fn event_deletion(table: &str, keys: &str) -> String {
    format!(
        "WITH v (id, tenant_id) AS ({keys}) DELETE FROM {table} AS e \
         WHERE (e.id, e.tenant_id) IN (SELECT v.id, v.tenant_id FROM v)"
    )
}

/// Bytes of the events of one commit at most, but for one event that has more.
const CHUNK_BYTES: i64 = 1024 * 1024;

type EventKey = (EventId, TenantId);

/// Deletes, and counts what it has deleted.
#[derive(Debug)]
pub(super) struct Sweep<'a, R> {
    parts: &'a Parts,
    read: &'a R,
    pace: Pace,
    pub purged: &'a mut Purged,
}

impl<'a, R: Sql> Sweep<'a, R> {
    pub(super) fn new(parts: &'a Parts, read: &'a R, purged: &'a mut Purged) -> Self {
        Self { parts, read, pace: Pace::default(), purged }
    }

    /// Deletes the deliveries of a table, or a partition, that are not held, each with its attempts and
    /// its dead letter.
    pub(super) async fn deliveries(&mut self, table: &str, span: Span) -> Result<(), Error> {
        let page = delivery_page(table);
        let mut low = span.low();
        while let Some((ids, next)) = self.free_ids(&page, low, span).await? {
            low = next;
            let mut rest = ids.as_slice();
            while !rest.is_empty() {
                let (chunk, more) = rest.split_at(self.pace.rows().min(rest.len()));
                self.purged.deliveries += self.delete_deliveries(table, chunk).await?;
                rest = more;
            }
        }
        Ok(())
    }

    /// Those of a page, which says of each id whether it is held, that are not; and where the next page
    /// begins. `None` when the page is empty.
    async fn free_ids(
        &self,
        page: &str,
        low: Uuid,
        span: Span,
    ) -> Result<Option<(Vec<DeliveryId>, Uuid)>, Error> {
        let values = vec![low.into(), span.high().into(), rows_max()];
        let rows = query_all(self.read, page, values).await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        let next = successor(last.get::<DeliveryId>(0)?.0);
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            if !row.get::<bool>(1)? {
                ids.push(row.get(0)?);
            }
        }
        Ok(Some((ids, next)))
    }

    async fn delete_deliveries(&mut self, table: &str, ids: &[DeliveryId]) -> Result<u64, Error> {
        let transaction = begin(self.parts).await?;
        let begun = Instant::now();
        let kept_under: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
        let (among, values) = one_of(&transaction, "uuid", kept_under.clone());
        let batches = batches_of(&transaction, table, &among, values.clone()).await?;
        let sql = format!(
            "DELETE FROM {table} AS d WHERE d.id {among} AND d.next_attempt_at IS NULL AND NOT {HAS_OPEN_LETTER}"
        );
        let deleted = execute(&transaction, &sql, values.clone()).await?;
        delete_attempts(&transaction, kept_under, "").await?;
        delete_attempts(&transaction, batches, NO_MEMBER_LEFT).await?;
        delete_letters(&transaction, &among, values).await?;
        self.finish(transaction, begun, ids.len()).await?;
        Ok(deleted)
    }

    /// Deletes resolved dead letters whose delivery went with its partition.
    pub(super) async fn dead_letters(&mut self, span: Span) -> Result<(), Error> {
        let mut low = span.low();
        while let Some((ids, next)) = self.free_ids(LETTER_PAGE, low, span).await? {
            low = next;
            if ids.is_empty() {
                continue;
            }
            let transaction = begin(self.parts).await?;
            let (begun, count) = (Instant::now(), ids.len());
            let ids = ids.into_iter().map(Value::from).collect();
            let (among, values) = one_of(&transaction, "uuid", ids);
            delete_letters(&transaction, &among, values).await?;
            self.finish(transaction, begun, count).await?;
        }
        Ok(())
    }

    /// Deletes the events of a table, or a partition, that have no delivery left. Their deliveries must
    /// have been swept.
    pub(super) async fn events(&mut self, table: &str, span: Span) -> Result<(), Error> {
        let page = event_page(self.read.backend(), table);
        let mut after = (span.low(), Uuid::nil());
        loop {
            let values = vec![
                after.0.into(),
                after.1.into(),
                after.0.into(),
                span.high().into(),
                rows_max(),
            ];
            let (mut events, mut bytes) = (Vec::new(), HashMap::new());
            for row in query_all(self.read, &page, values).await? {
                let key: EventKey = (row.get(0)?, row.get(1)?);
                events.push((key, row.get::<Timestamp>(2)?));
                bytes.insert(key, row.get::<i32>(3)?);
            }
            let Some(((id, tenant), _)) = events.last() else {
                return Ok(());
            };
            after = (id.0, tenant.0);
            let held = self.held_events(&events).await?;
            let keys: Vec<EventKey> =
                events.into_iter().map(|(key, _)| key).filter(|key| !held.contains(key)).collect();
            let mut rest = keys.as_slice();
            while !rest.is_empty() {
                let sizes = rest.iter().map(|key| bytes.get(key).copied().unwrap_or(0));
                let (chunk, more) = rest.split_at(chunk_of(sizes, self.pace.rows()));
                self.purged.events += self.delete_events(table, chunk).await?;
                rest = more;
            }
        }
    }

    /// Which events have a delivery left from when they were posted (it carries that instant in its id),
    /// or one that is still to be written. In this order: who writes the last of them forgets the list.
    async fn held_events(
        &self,
        events: &[(EventKey, Timestamp)],
    ) -> Result<HashSet<EventKey>, Error> {
        let mut held = HashSet::new();
        let ids = [events.first(), events.last()].into_iter().flatten();
        let unwritten =
            "SELECT event_id, tenant_id FROM fan_outs WHERE event_id >= ? AND event_id <= ?";
        for row in
            query_all(self.read, unwritten, ids.map(|((id, _), _)| (*id).into()).collect()).await?
        {
            held.insert((row.get(0)?, row.get(1)?));
        }
        let instants: BTreeSet<Timestamp> =
            events.iter().map(|(_, created_at)| *created_at).collect();
        let bounds = instants.into_iter().map(|at| {
            let next = at + Duration::from_millis(1);
            [Value::from(DeliveryId::floor(at)), DeliveryId::floor(next).into()]
        });
        let bounds: Vec<_> = bounds.collect();
        let (rows, values) = table(self.read, &["uuid", "uuid"], bounds.into_iter());
        let sql = left_of_instants(&rows);
        for row in query_all(self.read, &sql, values).await? {
            held.insert((row.get(0)?, row.get(1)?));
        }
        Ok(held)
    }

    async fn delete_events(&mut self, table_name: &str, keys: &[EventKey]) -> Result<u64, Error> {
        let transaction = begin(self.parts).await?;
        let begun = Instant::now();
        let mut keys = hold(&transaction, table_name, keys).await?;
        // Only now: whoever has made a delivery of one of them has committed, or finds it gone.
        let bounds = [keys.iter().min(), keys.iter().max()].into_iter().flatten();
        let bounds: Vec<Value> = bounds.map(|(id, _)| (*id).into()).collect();
        let mut again = HashSet::new();
        if !bounds.is_empty() {
            for row in query_all(&transaction, MADE_AGAIN, bounds).await? {
                again.insert((row.get(0)?, row.get(1)?));
            }
        }
        keys.retain(|key| !again.contains(key));
        let mut deleted = 0;
        if !keys.is_empty() {
            let (rows, values) = key_table(&transaction, &keys);
            let sql = event_deletion(table_name, &rows);
            deleted = execute(&transaction, &sql, values).await?;
        }
        self.finish(transaction, begun, keys.len()).await?;
        Ok(deleted)
    }

    async fn finish(
        &mut self,
        transaction: Transaction,
        begun: Instant,
        rows: usize,
    ) -> Result<(), Error> {
        if rows > 0 {
            self.pace.learn(rows, begun.elapsed());
        }
        transaction.commit().await?;
        self.purged.chunks += 1;
        Pace::rest(begun.elapsed()).await;
        Ok(())
    }
}

/// In which batches some deliveries of a table, or a partition, went, lowest first.
async fn batches_of(
    db: &Transaction,
    table: &str,
    among: &str,
    deliveries: Vec<Value>,
) -> Result<Vec<Value>, DbErr> {
    let sql = format!(
        "SELECT DISTINCT d.batch_id FROM {table} d WHERE d.id {among} AND d.batch_id IS NOT NULL ORDER BY d.batch_id"
    );
    let rows = query_all(db, &sql, deliveries).await?;
    rows.iter().map(|row| Ok(row.get::<BatchId>(0)?.into())).collect()
}

/// Deletes the attempts that are kept under some ids, lowest first, where `only` holds.
async fn delete_attempts(
    db: &Transaction,
    kept_under: Vec<Value>,
    only: &str,
) -> Result<(), DbErr> {
    let (Some(first), Some(last)) = (kept_under.first().cloned(), kept_under.last().cloned())
    else {
        return Ok(());
    };
    let (among, values) = one_of(db, "uuid", kept_under);
    // The bounds leave all partitions but one or two aside.
    let sql = format!(
        "DELETE FROM attempts WHERE delivery_id >= ? AND delivery_id <= ? AND delivery_id {among} {only}"
    );
    execute(db, &sql, [first, last].into_iter().chain(values).collect()).await.map(drop)
}

/// Deletes the dead letters of some deliveries, those that are resolved.
async fn delete_letters(db: &Transaction, among: &str, values: Vec<Value>) -> Result<(), DbErr> {
    let sql =
        format!("DELETE FROM dead_letters WHERE delivery_id {among} AND resolved_at IS NOT NULL");
    execute(db, &sql, values).await.map(|_| ())
}

/// Holds the rows of events until the commit; without those that somebody else holds, who is just making
/// a delivery of them. SQLite has one transaction at a time that writes: all are held.
async fn hold(
    db: &Transaction,
    table_name: &str,
    keys: &[EventKey],
) -> Result<Vec<EventKey>, DbErr> {
    if db.backend() != DbBackend::Postgres {
        return Ok(keys.to_vec());
    }
    let (rows, values) = key_table(db, keys);
    let sql = format!(
        "WITH v (id, tenant_id) AS ({rows}) SELECT e.id, e.tenant_id FROM v JOIN {table_name} e \
         ON e.id = v.id AND e.tenant_id = v.tenant_id FOR UPDATE OF e SKIP LOCKED"
    );
    query_all(db, &sql, values).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

fn key_table(db: &Transaction, keys: &[EventKey]) -> (String, Vec<Value>) {
    let rows = keys.iter().map(|(id, tenant)| [Value::from(*id), Value::from(*tenant)]);
    table(db, &["uuid", "uuid"], rows)
}

/// How many of the first rows are one chunk; one at least.
fn chunk_of(sizes: impl Iterator<Item = i32>, rows_max: usize) -> usize {
    let mut bytes = 0;
    let fitting = sizes.take(rows_max).take_while(|size| {
        bytes += i64::from(*size);
        bytes <= CHUNK_BYTES
    });
    fitting.count().max(1)
}

/// The next possible id.
fn successor(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use migration::{Migrator, MigratorTrait};
    use sea_orm::Database;

    #[test]
    fn a_chunk_is_bounded_by_rows_and_by_bytes() {
        let mib = i32::try_from(CHUNK_BYTES).expect("a size");
        assert_eq!(chunk_of([1; 10].into_iter(), 4), 4);
        assert_eq!(chunk_of([1; 3].into_iter(), 4), 3);
        assert_eq!(chunk_of([mib / 2; 10].into_iter(), 4), 2);
        assert_eq!(chunk_of([mib * 2, 1].into_iter(), 4), 1);
    }

    #[tokio::test]
    async fn rows_are_found_by_their_keys() {
        let db = Database::connect("sqlite::memory:").await.expect("a database");
        Migrator::up(&db, None).await.expect("the migrations run");
        for (sql, tables) in [
            (delivery_page("deliveries"), ["d", "l"]),
            (LETTER_PAGE.to_owned(), ["l", "d"]),
            (event_page(DbBackend::Sqlite, "events"), ["events", "events"]),
            (left_of_instants("VALUES (?,?),(?,?)"), ["d", "d"]),
            (MADE_AGAIN.to_owned(), ["d", "d"]),
            (event_deletion("events", "VALUES (?,?),(?,?)"), ["e", "e"]),
        ] {
            let values = vec![Value::from(0_i64); sql.matches('?').count()];
            let rows = query_all(&db, &format!("EXPLAIN QUERY PLAN {sql}"), values).await;
            let rows = rows.expect("it is valid");
            let plan: String =
                rows.iter().map(|row| row.get::<String>(3).expect("text") + "\n").collect();
            for table in tables {
                assert!(plan.contains(&format!("SEARCH {table} USING")), "{sql}\n{plan}");
                assert!(!plan.contains(&format!("SCAN {table}")), "{sql}\n{plan}");
            }
        }
    }
}
