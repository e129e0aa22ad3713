//! The connections, and the transactions that write.
//!
//! There are two kinds of transactions. [`Database::begin`] starts the usual one, for changes of
//! settings. [`Database::begin_group`] starts the writer's, which most rows go through: on SQLite its
//! statements run in place ([`sqlite`]), so it speaks [`Sql`] and no entities.

mod connections;
mod due_reader;
mod param;
mod postgres;
mod sql;
mod sqlite;
mod statement;

use std::sync::Arc;

use async_trait::async_trait;
use domain::time::Timestamp;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::partition::NamedDays;

pub use due_reader::DueReader;
pub use param::{Param, RowKind, RowParam, row_table};
pub use postgres::{ArrayPool, ArrayTransaction};
pub use sql::{AllOrNothing, Change, Row, Rows, Sql};
pub use sqlite::{InPlace, InPlaceReader, InPlaceTransaction};
pub use statement::{execute, one_of, peek_all, placed_runs, query_all, query_one, runs, table};

/// Where rows are read and written. On Postgres that is two pools, one of them for the writer's groups and
/// what is due ([`postgres`]). On SQLite two connections
/// write, and never both at once: whoever begins a transaction waits until it has `in_place`, in the
/// order of asking.
#[derive(Debug, Clone)]
pub struct Database {
    pub read: DatabaseConnection,
    /// For the pages of lists, which look through more rows than anything else: on SQLite connections
    /// of their own, so that no delivery waits for a list.
    pub lists: DatabaseConnection,
    /// For what is due: pages of ids, and deliveries with their events.
    pub due: DueReader,
    /// The partitions that statements may name.
    pub(crate) named_days: NamedDays,
    write: DatabaseConnection,
    in_place: Option<Arc<Mutex<InPlace>>>,
}

/// The turn to write SQLite.
type Turn = OwnedMutexGuard<InPlace>;

impl Database {
    /// A SQLite file: the connections that read it, and the two that write it.
    pub fn sqlite(
        read: DatabaseConnection,
        lists: DatabaseConnection,
        due: InPlaceReader,
        write: DatabaseConnection,
        in_place: InPlace,
    ) -> Self {
        let due = DueReader::InPlace(due);
        Self {
            read,
            lists,
            due,
            named_days: NamedDays::default(),
            write,
            in_place: Some(Arc::new(Mutex::new(in_place))),
        }
    }

    /// A pool of connections to Postgres.
    pub fn postgres(pool: DatabaseConnection) -> Self {
        let named_days = NamedDays::default();
        let arrays = ArrayPool::beside(pool.get_postgres_connection_pool(), named_days.clone());
        Self {
            read: pool.clone(),
            lists: pool.clone(),
            due: DueReader::Arrays(arrays),
            named_days,
            write: pool,
            in_place: None,
        }
    }

    /// The writing connection itself, for changes of the schema before anything else is written.
    pub fn for_migrations(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Which of the two it is.
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// Starts a transaction that will write.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let turn = self.turn().await;
        Ok(Transaction { inner: self.write.begin().await?, _turn: turn })
    }

    /// Starts the transaction of a group of events and outcomes. On SQLite its statements hold up the
    /// thread that runs them, for as long as a commit takes: it is for the writer, which has one of
    /// its own; others use [`on_a_thread`](crate::context::on_a_thread).
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin_group(&self) -> Result<GroupTransaction, DbErr> {
        match &self.due {
            DueReader::Arrays(pool) => Ok(GroupTransaction::Arrays(pool.transaction())),
            DueReader::InPlace(_) => match self.turn().await {
                Some(turn) => Ok(GroupTransaction::InPlace(InPlaceTransaction::begin(turn)?)),
                None => Err(DbErr::Custom("SQLite has a connection that writes".to_owned())),
            },
        }
    }

    async fn turn(&self) -> Option<Turn> {
        match &self.in_place {
            Some(in_place) => Some(in_place.clone().lock_owned().await),
            None => None,
        }
    }
}

/// A transaction that writes; rolled back when it is dropped.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    _turn: Option<Turn>,
}

impl Transaction {
    /// Makes what was written last.
    ///
    /// # Errors
    /// When the database is away: nothing is known then of what became of it.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.inner.commit().await
    }

    /// Forgets what was written.
    ///
    /// # Errors
    /// When the database is away; it is forgotten then as well.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}

/// The writer's transaction; rolled back when it is dropped.
#[derive(Debug)]
pub enum GroupTransaction {
    /// Postgres.
    Arrays(ArrayTransaction),
    /// SQLite.
    InPlace(InPlaceTransaction),
}

impl GroupTransaction {
    /// Makes what was written last.
    ///
    /// # Errors
    /// When the database is away: on Postgres nothing is known then of what became of it.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Arrays(transaction) => transaction.commit().await,
            Self::InPlace(transaction) => transaction.commit(),
        }
    }
}

#[async_trait]
impl Sql for GroupTransaction {
    fn backend(&self) -> DbBackend {
        match self {
            Self::Arrays(_) => DbBackend::Postgres,
            Self::InPlace(_) => DbBackend::Sqlite,
        }
    }

    fn takes_arrays(&self) -> bool {
        matches!(self, Self::Arrays(_))
    }

    fn named_day(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Arrays(transaction) => transaction.pool.named_days.of(at),
            Self::InPlace(_) => None,
        }
    }

    fn all_or_nothing(&self) -> AllOrNothing {
        match self {
            Self::Arrays(_) => AllOrNothing { insert: "INSERT", update: "UPDATE" },
            Self::InPlace(_) => {
                AllOrNothing { insert: "INSERT OR ROLLBACK", update: "UPDATE OR ROLLBACK" }
            }
        }
    }

    async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        match self {
            Self::Arrays(transaction) => transaction.execute(statement).await,
            Self::InPlace(transaction) => transaction.execute(&statement),
        }
    }

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        match self {
            Self::Arrays(transaction) => transaction.query(statement).await,
            Self::InPlace(transaction) => transaction.query(&statement),
        }
    }

    async fn peek(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        match self {
            Self::Arrays(transaction) => transaction.peek(statement).await,
            Self::InPlace(transaction) => transaction.query(&statement),
        }
    }

    async fn make(&self, change: Change) -> Result<(), DbErr> {
        match self {
            Self::Arrays(transaction) => {
                transaction.make(change).await;
                Ok(())
            }
            Self::InPlace(_) => change.make_now(self).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{is_unavailable, is_unique_violation};
    use sea_orm::{ConnectOptions, Database as Connect};
    use tempfile::TempDir;

    const INSERT: &str = "INSERT INTO t (a, b) VALUES (?, ?)";

    async fn database() -> (Database, TempDir) {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("test.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options.max_connections(1);
        let write = Connect::connect(options.clone()).await.expect("a database");
        write
            .execute_unprepared(
                "PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)",
            )
            .await
            .expect("a table");
        let read = Connect::connect(options).await.expect("a database");
        let lists = read.clone();
        let in_place = InPlace::open(&path, &[]).expect("a database");
        let due = InPlaceReader::open(&path, &[]).expect("a database");
        (Database::sqlite(read, lists, due, write, in_place), folder)
    }

    async fn count(database: &Database) -> i64 {
        let row = query_one(&database.read, "SELECT COUNT(*) FROM t", Vec::new()).await;
        row.expect("readable").expect("a row").get(0).expect("a number")
    }

    #[tokio::test]
    async fn what_is_written_in_place_is_there_once_it_is_committed() {
        let (database, _folder) = database().await;
        let group = database.begin_group().await.expect("a transaction");
        let changed = execute(&group, INSERT, vec![1.into(), vec![0_u8, 255].into()]).await;
        assert_eq!(changed.expect("inserted"), 1);
        assert_eq!(count(&database).await, 0, "not committed");
        group.commit().await.expect("committed");
        let rows = query_all(&database.read, "SELECT a, b FROM t", Vec::new()).await;
        let rows = rows.expect("readable");
        assert_eq!(rows[0].get::<i64>(0).expect("a number"), 1);
        assert_eq!(rows[0].get::<Vec<u8>>(1).expect("bytes"), [0, 255]);
    }

    #[tokio::test]
    async fn what_is_due_is_read_as_it_was_committed_last() {
        let (database, _folder) = database().await;
        let group = database.begin_group().await.expect("a transaction");
        execute(&group, INSERT, vec![1.into(), vec![0_u8, 255].into()]).await.expect("inserted");
        let read = || query_all(&database.due, "SELECT a, b FROM t", Vec::new());
        assert!(read().await.expect("readable").is_empty(), "not committed");
        group.commit().await.expect("committed");
        assert_eq!(read().await.expect("readable")[0].get::<Vec<u8>>(1).expect("bytes"), [0, 255]);
        assert!(
            execute(&database.due, INSERT, vec![2.into(), Vec::<u8>::new().into()]).await.is_err()
        );
    }

    #[tokio::test]
    async fn what_is_dropped_is_rolled_back_and_the_next_one_begins() {
        let (database, _folder) = database().await;
        for _ in 0..2 {
            let group = database.begin_group().await.expect("a transaction");
            execute(&group, INSERT, vec![1.into(), Vec::<u8>::new().into()])
                .await
                .expect("inserted");
        }
        assert_eq!(count(&database).await, 0);
        let usual = database.begin().await.expect("a transaction");
        execute(&usual, INSERT, vec![1.into(), Vec::<u8>::new().into()]).await.expect("inserted");
        usual.commit().await.expect("committed");
        assert_eq!(count(&database).await, 1);
    }

    #[tokio::test]
    async fn a_refusal_is_told_as_sqlx_tells_it() {
        let (database, _folder) = database().await;
        let group = database.begin_group().await.expect("a transaction");
        let insert = || execute(&group, INSERT, vec![1.into(), Vec::<u8>::new().into()]);
        insert().await.expect("inserted");
        let twice = insert().await.expect_err("the key is taken");
        assert!(is_unique_violation(&twice) && !is_unavailable(&twice), "{twice}");
        let unknown = query_all(&group, "SELECT nothing FROM t", Vec::new()).await;
        let unknown = unknown.expect_err("no such column");
        assert!(!is_unique_violation(&unknown) && !is_unavailable(&unknown), "{unknown}");
    }

    #[tokio::test]
    async fn transactions_of_both_kinds_follow_each_other() {
        use futures::FutureExt;
        let (database, _folder) = database().await;
        let group = database.begin_group().await.expect("a transaction");
        assert!(database.begin().now_or_never().is_none(), "a group is under way");
        execute(&group, INSERT, vec![1.into(), Vec::<u8>::new().into()]).await.expect("inserted");
        group.commit().await.expect("committed");

        let usual = database.begin().await.expect("a transaction");
        assert!(database.begin_group().now_or_never().is_none(), "a usual one is under way");
        let seen = query_one(&usual, "SELECT COUNT(*) FROM t", Vec::new()).await;
        let seen: i64 = seen.expect("readable").expect("a row").get(0).expect("a number");
        assert_eq!(seen, 1, "it sees what was before it");
        drop(usual);
        assert!(database.begin_group().await.is_ok());
    }
}
