//! The connections that most of Postgres's rows are written and read through: sqlx's own.
//!
//! A statement over many rows takes each of its columns as one array. Its text is the same then for any
//! number of rows: Postgres parses and plans it once for each connection, which costs more than running
//! it does. sea-orm's binding knows no NULL within an array, so values are bound here.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{ArrayType, ValueType};
use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sea_orm::sqlx::{self, Arguments as _, AssertSqlSafe};
use sea_orm::{DbBackend, DbErr, QueryResult, RuntimeErr, Statement, Value};
use tokio::sync::Mutex;

use super::Row;
use super::connections::{Connections, Lent};
use super::param::{Param, RowArray};
use super::sql::{Change, Rows};
use super::statement::numbered;
use crate::partition::NamedDays;

/// Begins the writer's transactions, and reads what is due.
#[derive(Debug, Clone)]
pub struct ArrayPool {
    connections: Connections,
    pub(super) named_days: NamedDays,
}

/// The writer's transaction; rolled back when it is dropped.
///
/// Each statement that is waited for costs both sides more than most of them cost to run, so as few are
/// sent as can be. Changes wait until something has to be known, or until the commit, and are one
/// statement then; when that is all, it is its own transaction.
#[derive(Debug)]
pub struct ArrayTransaction {
    pub(super) pool: ArrayPool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that it was begun on.
    begun: Option<Lent>,
    changes: Vec<Change>,
}

/// Every statement here finds its rows by an index; so is the schema made. A plan that is made while a
/// table is small, or before its statistics are, must not choose to read all of it: it is kept.
///
/// No bitmap is made: only who walks an index itself marks the entries of rows that are gone, so that the next one
/// passes them over.
const PLANS: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];
/// Connections of its own: the writer uses one, and what is due is read by a few at once.
const CONNECTIONS: usize = 4;
/// How long one of them lives.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

impl ArrayPool {
    /// Connects, when first used, as `pool` does.
    pub(super) fn beside(pool: &PgPool, named_days: NamedDays) -> Self {
        let connect = pool.connect_options().as_ref().clone().options(PLANS);
        let patience = pool.options().get_acquire_timeout();
        let connections = Connections::new(connect, CONNECTIONS, patience, MAX_AGE);
        Self { connections, named_days }
    }

    pub(super) async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let mut lent = self.connections.lend().await.map_err(failed)?;
        let rows = query(&mut lent, statement).await?;
        lent.lay_back();
        Ok(rows)
    }

    pub(super) fn transaction(&self) -> ArrayTransaction {
        ArrayTransaction { pool: self.clone(), state: Mutex::default() }
    }
}

impl ArrayTransaction {
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        let mut state = self.state.lock().await;
        execute(state.begin(&self.pool.connections).await?, statement).await
    }

    pub(super) async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let mut state = self.state.lock().await;
        query(state.begin(&self.pool.connections).await?, statement).await
    }

    pub(super) async fn peek(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let mut state = self.state.lock().await;
        if state.begun.is_none() && state.changes.is_empty() {
            return self.pool.query(statement).await;
        }
        query(state.begin(&self.pool.connections).await?, statement).await
    }

    pub(super) async fn make(&self, change: Change) {
        self.state.lock().await.changes.push(change);
    }

    pub(super) async fn commit(self) -> Result<(), DbErr> {
        let State { begun, changes } = self.state.into_inner();
        let lent = match begun {
            Some(mut begun) => {
                make_all(&mut begun, changes).await?;
                run(&mut begun, "COMMIT").await?;
                begun
            }
            None => {
                let mut lent = self.pool.connections.lend().await.map_err(failed)?;
                match make_all(&mut lent, changes).await {
                    Ok(()) => lent,
                    // Nothing was begun, and the server has said so.
                    Err(error @ DbErr::RecordNotUpdated) => {
                        lent.lay_back();
                        return Err(error);
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        lent.lay_back();
        Ok(())
    }
}

impl State {
    /// The transaction, begun and with all changes made that were asked for.
    async fn begin(&mut self, connections: &Connections) -> Result<&mut PgConnection, DbErr> {
        if self.begun.is_none() {
            let mut lent = connections.lend().await.map_err(failed)?;
            run(&mut lent, "BEGIN").await?;
            self.begun = Some(lent);
        }
        let transaction = self.begun.as_mut().expect("it has just begun");
        make_all(transaction, std::mem::take(&mut self.changes)).await?;
        Ok(transaction)
    }
}

/// Runs a statement without parameters.
async fn run(on: &mut PgConnection, sql: &'static str) -> Result<(), DbErr> {
    sqlx::raw_sql(sql).execute(on).await.map(drop).map_err(failed)
}

/// Makes the changes by one statement.
async fn make_all(on: &mut PgConnection, changes: Vec<Change>) -> Result<(), DbErr> {
    if changes.is_empty() {
        return Ok(());
    }
    let (sql, params) = all_in_one(changes);
    let mut arguments = PgArguments::default();
    for param in params {
        match param {
            Param::One(value) => bind(&mut arguments, value)?,
            Param::Rows(rows) => arguments.add(RowArray(rows)).map_err(unbound)?,
        }
    }
    let made = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(on).await;
    made.map(drop).map_err(|error| match failed(error) {
        DbErr::Query(RuntimeErr::SqlxError(error)) if divides_by_zero(&error) => {
            DbErr::RecordNotUpdated
        }
        error => error,
    })
}

/// Several changes as one statement, which fails by dividing by zero when one of them has too few
/// rows: nothing else that a plain statement can say undoes what it did.
fn all_in_one(changes: Vec<Change>) -> (String, Vec<Param>) {
    let (mut parts, mut tests) = (Vec::new(), Vec::new());
    let (mut values, mut least) = (Vec::new(), Vec::new());
    for (number, change) in changes.into_iter().enumerate() {
        let (rows, returning) = match change.rows {
            Rows::Any => (None, ""),
            Rows::Changed(rows) => (Some(rows), " RETURNING 1"),
            Rows::Found(rows) => (Some(rows), ""),
        };
        if let Some(rows) = rows {
            tests.push(format!(
                "1 / CASE WHEN (SELECT COUNT(*) FROM c{number}) >= ? THEN 1 ELSE 0 END"
            ));
            let rows: i64 = TryFrom::try_from(rows).unwrap_or(i64::MAX);
            least.push(Param::from(rows));
        }
        parts.push(format!("c{number} AS ({}{returning})", change.sql));
        values.extend(change.values);
    }
    let tested = if tests.is_empty() { "1".to_owned() } else { tests.join(", ") };
    values.extend(least);
    let sql = format!("WITH {} SELECT {tested}", parts.join(", "));
    (numbered(DbBackend::Postgres, &sql), values)
}

fn divides_by_zero(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("22012"))
}

async fn execute(on: &mut PgConnection, statement: Statement) -> Result<u64, DbErr> {
    let (sql, arguments) = bound(statement)?;
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(on);
    Ok(done.await.map_err(failed)?.rows_affected())
}

async fn query(on: &mut PgConnection, statement: Statement) -> Result<Vec<Row>, DbErr> {
    let (sql, arguments) = bound(statement)?;
    let rows: Vec<PgRow> =
        sqlx::query_with(AssertSqlSafe(sql), arguments).fetch_all(on).await.map_err(failed)?;
    Ok(rows.into_iter().map(|row| Row::Sqlx(QueryResult::from(row))).collect())
}

fn bound(statement: Statement) -> Result<(String, PgArguments), DbErr> {
    let mut arguments = PgArguments::default();
    for value in statement.values.into_iter().flat_map(|values| values.0) {
        bind(&mut arguments, value)?;
    }
    Ok((statement.sql, arguments))
}

fn bind(arguments: &mut PgArguments, value: Value) -> Result<(), DbErr> {
    let added = match value {
        Value::Bool(value) => arguments.add(value),
        Value::SmallInt(value) => arguments.add(value),
        Value::Int(value) => arguments.add(value),
        Value::BigInt(value) => arguments.add(value),
        Value::String(value) => arguments.add(value),
        Value::Bytes(value) => arguments.add(value),
        Value::Uuid(value) => arguments.add(value),
        Value::Json(value) => arguments.add(value.map(|json| *json)),
        Value::Array(items, values) => {
            let values = values.map(|values| *values).unwrap_or_default();
            match items {
                ArrayType::Bool => arguments.add(column::<bool>(values)?),
                ArrayType::SmallInt => arguments.add(column::<i16>(values)?),
                ArrayType::Int => arguments.add(column::<i32>(values)?),
                ArrayType::BigInt => arguments.add(column::<i64>(values)?),
                ArrayType::String => arguments.add(column::<String>(values)?),
                ArrayType::Bytes => arguments.add(column::<Vec<u8>>(values)?),
                ArrayType::Uuid => arguments.add(column::<uuid::Uuid>(values)?),
                other => return Err(unknown(&other)),
            }
        }
        other => return Err(unknown(&other)),
    };
    added.map_err(unbound)
}

fn unbound(error: BoxDynError) -> DbErr {
    DbErr::Query(RuntimeErr::Internal(error.to_string()))
}

fn column<T>(values: Vec<Value>) -> Result<Vec<Option<T>>, DbErr>
where
    Option<T>: ValueType,
{
    let typed = values.into_iter().map(<Option<T> as ValueType>::try_from);
    typed.collect::<Result<_, _>>().map_err(|_| DbErr::Type("a column of several types".to_owned()))
}

fn unknown(what: &impl std::fmt::Debug) -> DbErr {
    DbErr::Type(format!("{what:?} is bound nowhere"))
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
