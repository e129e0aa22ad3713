//! Figures by minutes, hours and days, and what is still to be added to them.

use domain::ids::{DeltaId, SubscriptionId, TenantId};
use domain::stats::{Bucket, StatsWindow, Sums};
use domain::time::Timestamp;
use sea_orm::{DbBackend, DbErr, Value};
use uuid::Uuid;

use super::Whose;
use super::delivery::as_limit;
use crate::database::{Change, Rows, Sql, execute, one_of, query_all, query_one, runs, table};
use crate::error::Error;

/// Whose figures are meant: a subscription's, a tenant's, or everybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    pub tenant: TenantId,
    pub subscription: SubscriptionId,
}

impl Scope {
    /// All tenants together.
    pub const ALL: Self =
        Self { tenant: TenantId(Uuid::nil()), subscription: SubscriptionId(Uuid::nil()) };

    /// All of a tenant's.
    pub const fn of_tenant(tenant: TenantId) -> Self {
        Self { tenant, ..Self::ALL }
    }

    /// Whether it is one subscription.
    pub fn is_subscription(self) -> bool {
        self.subscription != Self::ALL.subscription
    }
}

/// Seconds of the stretches that rows are kept of: what a chart needs is read from few of them.
pub const WIDTHS_S: [u32; 3] =
    [Bucket::Minute.seconds(), Bucket::Hour.seconds(), Bucket::Day.seconds()];

/// What names a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub width_s: i32,
    pub scope: Scope,
    pub start_at: Timestamp,
}

impl Key {
    /// The row that an instant is in.
    pub fn of(width_s: u32, scope: Scope, at: Timestamp) -> Self {
        let width_ms = i64::from(width_s) * 1000;
        let start_at = Timestamp::from_unix_ms(at.unix_ms() - at.unix_ms().rem_euclid(width_ms));
        Self { width_s: signed(width_s), scope, start_at }
    }

    fn values(&self) -> [Value; 4] {
        let Scope { tenant, subscription } = self.scope;
        [self.width_s.into(), tenant.into(), subscription.into(), self.start_at.into()]
    }
}

/// The widest stretches that fit into a bucket, in seconds.
fn width_of(window: &StatsWindow) -> u32 {
    let fits = |width: &u32| window.bucket.seconds().is_multiple_of(*width);
    WIDTHS_S.into_iter().rfind(fits).unwrap_or(WIDTHS_S[0])
}

/// The figures of each bucket of a window, in their order.
///
/// # Errors
/// When the database is away or a row cannot be read.
pub async fn series(db: &impl Sql, scope: Scope, window: &StatsWindow) -> Result<Vec<Sums>, Error> {
    let width_s = width_of(window);
    let sql = "SELECT start_at, sums FROM rollups WHERE width_s = ? AND tenant_id = ? AND subscription_id = ? \
               AND start_at >= ? AND start_at < ?";
    let [width, tenant, subscription, from] =
        Key { width_s: signed(width_s), scope, start_at: window.from }.values();
    let rows =
        query_all(db, sql, vec![width, tenant, subscription, from, window.to.into()]).await?;
    let mut series = vec![Sums::default(); window.starts().len()];
    for row in rows {
        let sums = read(&row.get::<Vec<u8>>(1)?)?;
        if let Some(place) = window.bucket_of(row.get(0)?).and_then(|place| series.get_mut(place)) {
            place.merge(&sums);
        }
    }
    Ok(series)
}

/// Rows that are read at most to compare subscriptions.
const COMPARED_ROWS: usize = 100_000;

/// What was counted of each subscription, by the starts of a window's buckets, one subscription after the other; of those
/// that are named, or of all. `false`: not all were looked at.
///
/// # Errors
/// When the database is away or a row cannot be read.
pub async fn series_of_subscriptions(
    db: &impl Sql,
    whose: Whose,
    named: &[SubscriptionId],
    window: &StatsWindow,
) -> Result<(Vec<(Scope, Timestamp, Sums)>, bool), Error> {
    let width_s = width_of(window);
    let mut sql =
        "SELECT tenant_id, subscription_id, start_at, sums FROM rollups WHERE width_s = ? \
                   AND start_at >= ? AND start_at < ? AND subscription_id <> ?"
            .to_owned();
    let mut values: Vec<Value> = vec![
        signed(width_s).into(),
        window.from.into(),
        window.to.into(),
        Scope::ALL.subscription.into(),
    ];
    if let Whose::Tenant(tenant) = whose {
        sql.push_str(" AND tenant_id = ?");
        values.push(tenant.into());
    }
    if !named.is_empty() {
        let (among, ids) = one_of(db, "uuid", named.iter().map(|id| (*id).into()).collect());
        sql.push_str(&format!(" AND subscription_id {among}"));
        values.extend(ids);
    }
    sql.push_str(" ORDER BY tenant_id, subscription_id, start_at LIMIT ?");
    values.push(as_limit(COMPARED_ROWS));
    let rows = query_all(db, &sql, values).await?;
    let mut series = Vec::with_capacity(rows.len());
    for row in &rows {
        let scope = Scope { tenant: row.get(0)?, subscription: row.get(1)? };
        let place = window.bucket_of(row.get(2)?);
        let start = place.and_then(|place| window.starts().nth(place));
        if let Some(start) = start {
            series.push((scope, start, read(&row.get::<Vec<u8>>(3)?)?));
        }
    }
    Ok((series, rows.len() < COMPARED_ROWS))
}

/// Those of the rows that are there.
pub(crate) async fn find(db: &impl Sql, keys: &[Key]) -> Result<Vec<(Key, Sums)>, Error> {
    let mut found = Vec::new();
    for run in runs(db, keys) {
        let (rows, values) = table(db, &KEY_TYPES, run.iter().map(Key::values));
        // SQLite takes the tables of a CROSS JOIN in the order in which they are named.
        let sql = format!(
            "WITH v ({KEY}) AS ({rows}) SELECT r.width_s, r.tenant_id, r.subscription_id, r.start_at, r.sums \
             FROM v CROSS JOIN rollups r WHERE r.width_s = v.width_s AND r.tenant_id = v.tenant_id \
             AND r.subscription_id = v.subscription_id AND r.start_at = v.start_at"
        );
        for row in query_all(db, &sql, values).await? {
            let scope = Scope { tenant: row.get(1)?, subscription: row.get(2)? };
            let key = Key { width_s: row.get(0)?, scope, start_at: row.get(3)? };
            found.push((key, read(&row.get::<Vec<u8>>(4)?)?));
        }
    }
    Ok(found)
}

/// Writes rows, in the place of those that are there.
pub async fn put(db: &impl Sql, rows: &[(Key, Sums)]) -> Result<(), DbErr> {
    for run in runs(db, rows) {
        let (rows, values) = table(
            db,
            &["integer", "uuid", "uuid", "bigint", "bytea"],
            run.iter().map(|(key, sums)| {
                let [width, tenant, subscription, start_at] = key.values();
                let mut bytes = Vec::new();
                sums.encode(&mut bytes);
                [width, tenant, subscription, start_at, bytes.into()]
            }),
        );
        let sql = format!(
            "{} INTO rollups ({KEY}, sums) {rows} ON CONFLICT ({KEY}) DO UPDATE SET sums = excluded.sums",
            db.all_or_nothing().insert
        );
        execute(db, &sql, values).await?;
    }
    Ok(())
}

const KEY: &str = "width_s, tenant_id, subscription_id, start_at";
const KEY_TYPES: [&str; 4] = ["integer", "uuid", "uuid", "bigint"];

/// Keeps what a commit adds.
pub(crate) async fn insert_delta(db: &impl Sql, id: DeltaId, sums: Vec<u8>) -> Result<(), DbErr> {
    let sql = "INSERT INTO rollup_deltas (id, sums) VALUES (?, ?)".to_owned();
    db.make(Change { sql, values: vec![id.into(), sums.into()], rows: Rows::Any }).await
}

/// What has been kept for longest.
pub(crate) async fn oldest_deltas(
    db: &impl Sql,
    rows_max: usize,
) -> Result<Vec<(DeltaId, Vec<u8>)>, DbErr> {
    let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let sql = "SELECT id, sums FROM rollup_deltas ORDER BY id LIMIT ?";
    let rows = query_all(db, sql, vec![rows_max.into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Forgets what is being added; `false` when somebody else has some of it.
pub(crate) async fn take_deltas(db: &impl Sql, ids: &[DeltaId]) -> Result<bool, DbErr> {
    let (among, values) = one_of(db, "uuid", ids.iter().map(|id| (*id).into()).collect());
    let sql = format!("DELETE FROM rollup_deltas WHERE id {among}");
    let taken = execute(db, &sql, values).await?;
    Ok(usize::try_from(taken).is_ok_and(|taken| taken == ids.len()))
}

/// Held on Postgres by whoever changes rows, until the end of its transaction. The number is the next one
/// after those of `boot::connect::session_lock`.
const LOCK: i64 = 0x706f_7374_6861_7374 + 3;

/// Waits until nobody else changes rows, and keeps others from it until the transaction ends. SQLite has one
/// that writes at a time as it is.
pub(crate) async fn lock(db: &impl Sql) -> Result<(), DbErr> {
    if db.backend() == DbBackend::Postgres {
        query_all(db, "SELECT pg_advisory_xact_lock(?)::text", vec![LOCK.into()]).await?;
    }
    Ok(())
}

/// The first scope behind another that has rows of a width, and when the oldest of them begins: one look
/// at the key, so that an index by time alone need not be kept.
pub(crate) async fn next_scope(
    db: &impl Sql,
    width_s: u32,
    behind: Option<Scope>,
) -> Result<Option<(Scope, Timestamp)>, DbErr> {
    let width = signed(width_s).into();
    let oldest = "ORDER BY tenant_id, subscription_id, start_at LIMIT 1";
    let columns = "SELECT tenant_id, subscription_id, start_at FROM rollups WHERE width_s = ?";
    let row = match behind {
        None => query_one(db, &format!("{columns} {oldest}"), vec![width]).await?,
        Some(Scope { tenant, subscription }) => {
            let sql = format!("{columns} AND (tenant_id, subscription_id) > (?, ?) {oldest}");
            query_one(db, &sql, vec![width, tenant.into(), subscription.into()]).await?
        }
    };
    row.map(|row| Ok((Scope { tenant: row.get(0)?, subscription: row.get(1)? }, row.get(2)?)))
        .transpose()
}

/// Erases rows of a scope that begin before an instant, `rows_max` at most; how many.
pub(crate) async fn erase_before(
    db: &impl Sql,
    width_s: u32,
    scope: Scope,
    before: Timestamp,
    rows_max: usize,
) -> Result<u64, DbErr> {
    let of_scope = "width_s = ? AND tenant_id = ? AND subscription_id = ?";
    let sql = format!(
        "DELETE FROM rollups WHERE {of_scope} AND start_at IN \
         (SELECT start_at FROM rollups WHERE {of_scope} AND start_at < ? ORDER BY start_at LIMIT ?)"
    );
    let [width, tenant, subscription, before] =
        Key { width_s: signed(width_s), scope, start_at: before }.values();
    let key = [width, tenant, subscription];
    let values = key.iter().chain(&key).cloned().chain([before, as_limit(rows_max)]).collect();
    execute(db, &sql, values).await
}

/// Erases rows of a tenant, `rows_max` at most; how many.
pub(crate) async fn erase_of_tenant(
    db: &impl Sql,
    tenant: TenantId,
    rows_max: usize,
) -> Result<u64, DbErr> {
    let widths = WIDTHS_S.map(|width| width.to_string()).join(", ");
    let sql = format!(
        "DELETE FROM rollups WHERE ({KEY}) IN \
         (SELECT {KEY} FROM rollups WHERE width_s IN ({widths}) AND tenant_id = ? LIMIT ?)"
    );
    execute(db, &sql, vec![tenant.into(), as_limit(rows_max)]).await
}

fn read(bytes: &[u8]) -> Result<Sums, Error> {
    Sums::decode(&mut { bytes }).map_err(|error| Error::internal("figures cannot be read", error))
}

/// A width as its column has it.
const fn signed(width_s: u32) -> i32 {
    width_s.cast_signed()
}
