//! On Postgres a day goes at once: its partitions are dropped, which costs the same whatever they hold.
//!
//! `DETACH … CONCURRENTLY` is refused where there is a default partition, so the lock that nobody can read or
//! write beside is taken, and given up again after a tenth of a second if it is not to be had: who queues
//! behind it waits no longer. One table, one transaction: detach, and put the few rows that are
//! held back through the parent, which keeps them in its default partition. What is detached has a name
//! of its own (`retired_…`) and is dropped after the commit; if a crash comes between, by the next run.
//! No transaction holds the locks of two tables, so none waits for a second one.
//!
//! Deliveries go first, then their attempts, then the events, a day later: an event whose id was chosen
//! by the caller may be a day apart from its deliveries. A day with more held rows than can be moved under a lock
//! is swept like any table, and dropped once few are left.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::time::Timestamp;
use sea_orm::ConnectionTrait;

use super::sweep::Sweep;
use super::{Span, begin};
use crate::context::Parts;
use crate::database::{Sql, query_all, query_one};
use crate::error::Error;
use crate::partition::{DAY, Parent, parent_and_day};

/// Rows, and their bytes, that are moved at most while everybody waits: about a tenth of a second.
const MOVED_ROWS: i64 = 2_000;
const MOVED_BYTES: i64 = 8 * 1024 * 1024;
/// How often a lock is asked for in one run, and the pause after each refusal.
const TRIES: u32 = 3;
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// The last bound on how long everybody waits: the statements are planned for a fraction of it.
const LOCKED: &str = "SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '2s'";
const RETIRED: &str = "retired_";

impl Parent {
    /// Which rows of a day's table (`of_day`) are held: a condition on its key.
    fn held(self, of_day: &str, day: Timestamp) -> String {
        let of = Span { from: day, to: day + DAY };
        let (low, high) = (of.low(), of.high());
        match self {
            // Each of the first two is the whole of an index of this partition.
            Self::Deliveries => format!(
                "id IN (SELECT id FROM {of_day} WHERE sequence IS NULL AND next_attempt_at IS NOT NULL \
                 UNION ALL SELECT id FROM {of_day} WHERE sequence IS NOT NULL AND next_attempt_at IS NOT NULL \
                 UNION ALL SELECT delivery_id FROM dead_letters WHERE delivery_id >= '{low}' AND delivery_id < '{high}' \
                 AND resolved_at IS NULL)"
            ),
            // The day's deliveries are gone but for those that are held. Those of a batch that was made then are older.
            Self::Attempts => format!(
                "delivery_id IN (SELECT id FROM deliveries WHERE id >= '{low}' AND id < '{high}' \
                 UNION ALL SELECT batch_id FROM deliveries WHERE batch_id >= '{low}' AND batch_id < '{high}')"
            ),
            // What was posted up to a day before or after, and what was made later.
            Self::Events => {
                let around = Span { from: day - DAY, to: day + DAY * 2 };
                let (first, last) = (around.low(), around.high());
                format!(
                    "(id, tenant_id) IN (SELECT event_id, tenant_id FROM deliveries \
                     WHERE id >= '{first}' AND id < '{last}' AND event_id >= '{low}' AND event_id < '{high}' \
                     UNION ALL SELECT event_id, tenant_id FROM deliveries \
                     WHERE \"trigger\" <> 0 AND event_id >= '{low}' AND event_id < '{high}' \
                     UNION ALL SELECT event_id, tenant_id FROM fan_outs \
                     WHERE event_id >= '{low}' AND event_id < '{high}')"
                )
            }
        }
    }
}

/// What became of a day's partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retired {
    Dropped,
    /// Somebody works on the table and has not let go: a later run will have it.
    Busy,
    /// More is held than can be moved.
    Crowded,
}

/// Drops the partitions of days that have ended before `until`, and sweeps those that hold too much.
pub(super) async fn drop_old(
    parts: &Parts,
    sweep: &mut Sweep<'_, impl Sql>,
    until: Timestamp,
) -> Result<(), Error> {
    drop_left_over(parts).await?;
    let mut attached = attached(parts).await?;
    let is_over = |day: Timestamp| day + DAY <= until;
    let mut crowded = BTreeSet::new();
    for day in days(&attached, Parent::Deliveries, is_over) {
        let table = Parent::Deliveries.partition(day);
        match retire(parts, Parent::Deliveries, day).await? {
            Retired::Dropped => {
                forget(&mut attached, Parent::Deliveries, day);
                sweep.purged.partitions += 1;
            }
            Retired::Busy => tracing::info!(partition = table, "partition.busy"),
            Retired::Crowded => {
                crowded.insert(day);
                sweep.deliveries(&table, Span { from: day, to: day + DAY }).await?;
            }
        }
    }
    let is_attached = |attached: &Attached, day| {
        attached.get(&Parent::Deliveries).is_some_and(|days| days.contains(&day))
    };
    for day in days(&attached, Parent::Attempts, is_over) {
        // Beside deliveries that stay, attempts went with the swept ones.
        if !is_attached(&attached, day) && drops(parts, Parent::Attempts, day).await? {
            sweep.purged.partitions += 1;
        }
    }
    for day in days(&attached, Parent::Events, |day| is_over(day + DAY)) {
        let around = [day - DAY, day, day + DAY];
        let staying: Vec<_> =
            around.into_iter().filter(|day| is_attached(&attached, *day)).collect();
        let is_swept = if staying.is_empty() {
            match retire(parts, Parent::Events, day).await? {
                Retired::Dropped => {
                    sweep.purged.partitions += 1;
                    false
                }
                Retired::Busy => false,
                Retired::Crowded => true,
            }
        } else {
            // Those that were busy are about to go.
            staying.iter().all(|day| crowded.contains(day))
        };
        if is_swept {
            let table = Parent::Events.partition(day);
            sweep.events(&table, Span { from: day, to: day + DAY }).await?;
        }
    }
    Ok(())
}

async fn drops(parts: &Parts, parent: Parent, day: Timestamp) -> Result<bool, Error> {
    Ok(retire(parts, parent, day).await? == Retired::Dropped)
}

/// Detaches a partition and drops it.
async fn retire(parts: &Parts, parent: Parent, day: Timestamp) -> Result<Retired, Error> {
    if is_crowded(parts, parent, day).await? {
        return Ok(Retired::Crowded);
    }
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(TRY_AGAIN).await;
        }
        match detach(parts, parent, day).await {
            Ok(()) => {
                drop_left_over(parts).await?;
                return Ok(Retired::Dropped);
            }
            // The lock was not to be had; a database that is away is noticed by the next statement.
            Err(Error::Unavailable { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Retired::Busy)
}

/// Looked at before the lock: what comes to be held in between is little.
async fn is_crowded(parts: &Parts, parent: Parent, day: Timestamp) -> Result<bool, Error> {
    let table = parent.partition(day);
    let held = parent.held(&table, day);
    let sql = format!(
        "SELECT COUNT(*), COALESCE(SUM(pg_column_size(t.*)), 0)::bigint FROM \
         (SELECT * FROM {table} WHERE {held} LIMIT {}) AS t",
        MOVED_ROWS + 1
    );
    let transaction = begin(parts).await?;
    let row = query_one(&transaction, &sql, Vec::new()).await?;
    let Some(row) = row else { return Ok(false) };
    Ok(row.get::<i64>(0)? > MOVED_ROWS || row.get::<i64>(1)? > MOVED_BYTES)
}

async fn detach(parts: &Parts, parent: Parent, day: Timestamp) -> Result<(), Error> {
    let (name, table) = (parent.name(), parent.partition(day));
    let retired = format!("{RETIRED}{table}");
    let held = parent.held(&retired, day);
    let transaction = begin(parts).await?;
    for sql in [
        LOCKED.to_owned(),
        // Whoever works through the parent waits from here on, or is waited for. The parent comes first, as
        // in everybody's statements.
        format!(
            "LOCK TABLE ONLY {name}, ONLY {name}_default, ONLY {table} IN ACCESS EXCLUSIVE MODE"
        ),
        format!("ALTER TABLE {name} DETACH PARTITION {table}"),
        format!("ALTER TABLE {table} RENAME TO {retired}"),
        format!("INSERT INTO {name} SELECT * FROM {retired} WHERE {held}"),
    ] {
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(transaction.commit().await?)
}

/// Drops what has been detached: nothing that is held is in it any more.
async fn drop_left_over(parts: &Parts) -> Result<(), Error> {
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::text::regnamespace \
               AND relkind = 'r' AND NOT relispartition AND relname LIKE 'retired\\_%'";
    for row in query_all(&parts.database.read, sql, Vec::new()).await? {
        let table: String = row.get(0)?;
        if table.strip_prefix(RETIRED).and_then(parent_and_day).is_some() {
            parts.database.read.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
    }
    Ok(())
}

type Attached = BTreeMap<Parent, BTreeSet<Timestamp>>;

/// The days that there are partitions of.
async fn attached(parts: &Parts) -> Result<Attached, Error> {
    let mut attached = Attached::new();
    for parent in Parent::ALL {
        let sql = format!(
            "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = '{}'::regclass",
            parent.name()
        );
        for row in query_all(&parts.database.read, &sql, Vec::new()).await? {
            if let Some((parent, day)) = parent_and_day(&row.get::<String>(0)?) {
                attached.entry(parent).or_default().insert(day);
            }
        }
    }
    Ok(attached)
}

/// Oldest first.
fn days(
    attached: &Attached,
    parent: Parent,
    is_wanted: impl Fn(Timestamp) -> bool,
) -> Vec<Timestamp> {
    let days = attached.get(&parent).into_iter().flatten().copied();
    days.filter(|day| is_wanted(*day)).collect()
}

fn forget(attached: &mut Attached, parent: Parent, day: Timestamp) {
    if let Some(days) = attached.get_mut(&parent) {
        days.remove(&day);
    }
}
