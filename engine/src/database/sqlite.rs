//! The connections that most of SQLite's rows are written and read through, driven in place.
//!
//! sqlx gives a SQLite connection a thread of its own, so that each statement and each row that it
//! returns costs wake-ups of two threads; in the commit of a group these took longer than the writing.
//! Here a group's statements run on the thread that asks, between two awaits, and a query of many rows
//! on one thread from beginning to end (docs/adr/0005).

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql, ffi};
use sea_orm::sqlx::error::{DatabaseError, Error as SqlxError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr, Statement, Value};

use tokio::sync::OwnedMutexGuard;

use super::Row;

/// Prepared statements that are kept. Those over many rows come in a few dozen sizes each.
const STATEMENTS: usize = 256;

/// The connection. Who holds this has the turn to write; the lock within only lets it be used by
/// reference, and is never waited for.
pub struct InPlace(Mutex<Connection>);

impl fmt::Debug for InPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").finish_non_exhaustive()
    }
}

impl InPlace {
    /// Opens an existing file and sets the pragmas in their order.
    ///
    /// # Errors
    /// When it cannot be opened or is no database.
    pub fn open(path: &Path, pragmas: &[(&str, String)]) -> Result<Self, DbErr> {
        open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, pragmas).map(Self)
    }
}

/// A connection that reads many rows at once: what is due.
#[derive(Clone)]
pub struct InPlaceReader(Arc<Mutex<Connection>>);

impl fmt::Debug for InPlaceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlaceReader").finish_non_exhaustive()
    }
}

impl InPlaceReader {
    /// Opens an existing file for reading and sets the pragmas in their order.
    ///
    /// # Errors
    /// When it cannot be opened or is no database.
    pub fn open(path: &Path, pragmas: &[(&str, String)]) -> Result<Self, DbErr> {
        open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, pragmas).map(|opened| Self(Arc::new(opened)))
    }

    /// Runs a query on a thread that may be held up.
    pub(super) async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let connection = self.0.clone();
        let rows = tokio::task::spawn_blocking(move || query(&connection.lock(), &statement));
        rows.await.map_err(|error| DbErr::Custom(format!("a query panicked: {error}")))?
    }
}

fn open(
    path: &Path,
    access: OpenFlags,
    pragmas: &[(&str, String)],
) -> Result<Mutex<Connection>, DbErr> {
    // One thread at a time has the connection, so SQLite need not lock it once more.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
    for (name, value) in pragmas {
        connection.execute_batch(&format!("PRAGMA {name} = {value}")).map_err(refused)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(Mutex::new(connection))
}

/// A transaction in place; rolled back when it is dropped.
pub struct InPlaceTransaction(OwnedMutexGuard<InPlace>);

impl fmt::Debug for InPlaceTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlaceTransaction").finish_non_exhaustive()
    }
}

impl InPlaceTransaction {
    pub(super) fn begin(connection: OwnedMutexGuard<InPlace>) -> Result<Self, DbErr> {
        run(&connection.0.lock(), "BEGIN IMMEDIATE")?;
        Ok(Self(connection))
    }

    /// Returns once what was written is on the disk.
    pub(super) fn commit(self) -> Result<(), DbErr> {
        run(&self.0.0.lock(), "COMMIT")
    }

    pub(super) fn execute(&self, statement: &Statement) -> Result<u64, DbErr> {
        let connection = self.0.0.lock();
        let mut prepared = prepare(&connection, statement)?;
        let changed = prepared.raw_execute().map_err(refused)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(super) fn query(&self, statement: &Statement) -> Result<Vec<Row>, DbErr> {
        query(&self.0.0.lock(), statement)
    }
}

impl Drop for InPlaceTransaction {
    fn drop(&mut self) {
        let connection = self.0.0.lock();
        if connection.is_autocommit() {
            return;
        }
        if let Err(error) = run(&connection, "ROLLBACK") {
            tracing::error!(error = &error as &dyn StdError, "sqlite.rollback_failed");
        }
    }
}

fn query(connection: &Connection, statement: &Statement) -> Result<Vec<Row>, DbErr> {
    let mut prepared = prepare(connection, statement)?;
    let columns = prepared.column_count();
    let mut rows = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        let values = (0..columns).map(|index| row.get(index));
        found.push(Row::InPlace(values.collect::<Result<_, _>>().map_err(refused)?));
    }
    Ok(found)
}

/// Runs a statement without parameters and rows.
fn run(connection: &Connection, sql: &str) -> Result<(), DbErr> {
    let mut prepared = connection.prepare_cached(sql).map_err(refused)?;
    prepared.raw_execute().map(|_| ()).map_err(refused)
}

/// The statement, prepared and with its parameters bound.
fn prepare<'a>(
    connection: &'a Connection,
    statement: &Statement,
) -> Result<CachedStatement<'a>, DbErr> {
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(refused)?;
    let values = statement.values.iter().flat_map(|values| &values.0);
    for (index, value) in (1..).zip(values) {
        prepared.raw_bind_parameter(index, Bound(value)).map_err(refused)?;
    }
    Ok(prepared)
}

/// A value as SQLite keeps it, the way that sqlx does: UUIDs as 16 bytes, JSON as text.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let kept = match self.0 {
            Value::Bool(value) => value.map(|value| ValueRef::Integer(value.into())),
            Value::SmallInt(value) => value.map(|value| ValueRef::Integer(value.into())),
            Value::Int(value) => value.map(|value| ValueRef::Integer(value.into())),
            Value::BigInt(value) => value.map(ValueRef::Integer),
            Value::String(value) => value.as_ref().map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(value) => value.as_deref().map(ValueRef::Blob),
            Value::Uuid(value) => value.as_ref().map(|uuid| ValueRef::Blob(uuid.as_bytes())),
            Value::Json(Some(json)) => return Ok(ToSqlOutput::from(json.to_string())),
            Value::Json(None) => None,
            other => {
                let reason = format!("no column holds such a value: {other:?}");
                return Err(rusqlite::Error::ToSqlConversionFailure(reason.into()));
            }
        };
        Ok(ToSqlOutput::Borrowed(kept.unwrap_or(ValueRef::Null)))
    }
}

/// SQLite's refusal, as sqlx would tell it: whoever asks what went wrong asks one kind of error.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Refused(rusqlite::Error);

fn refused(error: rusqlite::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(SqlxError::Database(Box::new(Refused(error))))))
}

impl Refused {
    fn extended_code(&self) -> Option<i32> {
        self.0.sqlite_error().map(|error| error.extended_code)
    }
}

impl DatabaseError for Refused {
    fn message(&self) -> &str {
        match &self.0 {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message,
            _ => "SQLite refused",
        }
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        self.extended_code().map(|code| code.to_string().into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.extended_code() {
            Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                ErrorKind::UniqueViolation
            }
            Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => ErrorKind::ForeignKeyViolation,
            Some(ffi::SQLITE_CONSTRAINT_NOTNULL) => ErrorKind::NotNullViolation,
            Some(ffi::SQLITE_CONSTRAINT_CHECK) => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}
