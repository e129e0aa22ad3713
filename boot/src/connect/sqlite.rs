//! The SQLite file: two connections that write, never both at once, and a few that read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::database::{Database, InPlace, InPlaceReader};
use sea_orm::sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode};
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr};

use super::ConnectError;

/// Connections that read keys and single rows; each is a thread of its own.
const READERS: u32 = 3;
/// Connections that read pages of lists.
const LIST_READERS: u32 = 2;
/// How long a connection waits for another process's lock, such as that of a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection before it is told that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Kibibytes of pages that the writer keeps: the inner pages of the indexes that deliveries move
/// through. Taken as they are used.
const WRITER_CACHE_KIB: u32 = 32 * 1024;
/// Kibibytes of pages that each reader keeps. The system's own cache stands behind it.
const READER_CACHE_KIB: u32 = 4 * 1024;
/// Pages in the log before they are moved into the file: at 16 MiB a page that is written by every
/// commit is moved once for thousands of them, and reads still find their way through quickly.
const CHECKPOINT_PAGES: u32 = 4096;
/// Bytes that the log is cut back to after a burst.
const JOURNAL_BYTES: u32 = 64 * 1024 * 1024;
/// Prepared statements per reading connection.
const STATEMENTS: usize = 256;

/// The path with symbolic links followed, as SQLite follows them: the lock and the key have to stand
/// beside the real file, whichever name it is opened by.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let parent =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

/// The usual writing connection first: it makes the file and turns it to WAL.
pub(super) async fn open(path: &Path, create: bool) -> Result<Database, ConnectError> {
    let write = connect(path, 1, "sqlite-write", move |options| {
        let options = options
            .create_if_missing(create)
            // What retention frees is used again; this lets an operator give it back to the disk, and
            // can only be chosen before the first table is made.
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("cache_size", format!("-{READER_CACHE_KIB}"));
        writers_pragmas().fold(options, |options, (name, value)| options.pragma(name, value))
    })
    .await?;
    let reading = in_place_pragmas(READER_CACHE_KIB);
    let due = InPlaceReader::open(path, &reading).map_err(|source| refused(path, source))?;
    let writing = [in_place_pragmas(WRITER_CACHE_KIB), writers_pragmas().collect()].concat();
    let in_place = InPlace::open(path, &writing).map_err(|source| refused(path, source))?;
    let read = open_read(path, READERS).await?;
    let lists = open_read(path, LIST_READERS).await?;
    Ok(Database::sqlite(read, lists, due, write, in_place))
}

/// Connections that can't write, whatever they are told.
pub(super) async fn open_read(
    path: &Path,
    connections: u32,
) -> Result<DatabaseConnection, ConnectError> {
    connect(path, connections, "sqlite-read", |options| {
        options.pragma("cache_size", format!("-{READER_CACHE_KIB}")).pragma("query_only", "ON")
    })
    .await
}

/// What is set on connections that are driven in place, beside what writers have.
fn in_place_pragmas(cache_kib: u32) -> Vec<(&'static str, String)> {
    common_pragmas()
        .map(|(name, value)| (name, value.to_owned()))
        .chain([
            ("busy_timeout", BUSY_TIMEOUT.as_millis().to_string()),
            ("cache_size", format!("-{cache_kib}")),
        ])
        .collect()
}

/// What is set on connections that write.
fn writers_pragmas() -> impl Iterator<Item = (&'static str, String)> {
    [
        ("wal_autocheckpoint", CHECKPOINT_PAGES.to_string()),
        ("journal_size_limit", JOURNAL_BYTES.to_string()),
    ]
    .into_iter()
}

/// What is set on every connection.
fn common_pragmas() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("foreign_keys", "ON"),
        // 202 is a promise: the commit is on the disk before the answer.
        ("synchronous", "FULL"),
        // What is sorted fits into memory; a temporary file would be one more thing to fail.
        ("temp_store", "MEMORY"),
        // Mapped pages count as memory of the process, and a bad disk block would be a signal instead
        // of an error.
        ("mmap_size", "0"),
    ]
    .into_iter()
}

fn refused(path: &Path, source: DbErr) -> ConnectError {
    ConnectError::Database { name: path.display().to_string(), source }
}

async fn connect(
    path: &Path,
    connections: u32,
    thread: &'static str,
    tune: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, ConnectError> {
    // The file is given below, so that its name needs no escaping.
    let mut options = ConnectOptions::new("sqlite://posthaste.db");
    let file = path.to_owned();
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A file doesn't go away: connections are kept for good, with their caches, and not tested.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // Statements are logged nowhere: they would carry payloads.
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .filename(&file)
                .busy_timeout(BUSY_TIMEOUT)
                .statement_cache_capacity(STATEMENTS)
                .thread_name(move |number| format!("{thread}-{number}"));
            tune(
                common_pragmas()
                    .fold(options, |options, (name, value)| options.pragma(name, value)),
            )
        });
    sea_orm::Database::connect(options).await.map_err(|source| refused(path, source))
}
