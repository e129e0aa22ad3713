//! The connections, and the transactions that write.
//!
//! There are two kinds of transactions. [`Database::begin`] starts the usual one, for changes of
//! settings. [`Database::begin_group`] starts the writer's, which most rows go through: on SQLite its
//! statements run in place ([`sqlite`]), so it speaks [`Sql`] and no entities.

mod sql;
mod sqlite;
mod statement;

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use sql::{Row, Sql};
pub use sqlite::{InPlace, InPlaceTransaction};
pub use statement::{execute, padded_list, query_all, query_one, rows_of_values, runs};

/// Where rows are read and written. On Postgres all of it is one pool. On SQLite two connections
/// write, and never both at once: whoever begins a transaction waits until it has `in_place`, in the
/// order of asking.
#[derive(Debug, Clone)]
pub struct Database {
    pub read: DatabaseConnection,
    write: DatabaseConnection,
    in_place: Option<Arc<Mutex<InPlace>>>,
}

/// The turn to write SQLite.
type Turn = OwnedMutexGuard<InPlace>;

impl Database {
    /// A SQLite file: the connections that read it, and the two that write it.
    pub fn sqlite(read: DatabaseConnection, write: DatabaseConnection, in_place: InPlace) -> Self {
        Self { read, write, in_place: Some(Arc::new(Mutex::new(in_place))) }
    }

    /// A pool of connections to Postgres.
    pub fn postgres(pool: DatabaseConnection) -> Self {
        Self { read: pool.clone(), write: pool, in_place: None }
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
    /// its own.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin_group(&self) -> Result<GroupTransaction, DbErr> {
        Ok(match self.turn().await {
            Some(turn) => GroupTransaction::InPlace(InPlaceTransaction::begin(turn)?),
            None => GroupTransaction::Pooled(self.write.begin().await?),
        })
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
    Pooled(DatabaseTransaction),
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
            Self::Pooled(transaction) => transaction.commit().await,
            Self::InPlace(transaction) => transaction.commit(),
        }
    }
}

#[async_trait]
impl Sql for GroupTransaction {
    fn backend(&self) -> DbBackend {
        match self {
            Self::Pooled(_) => DbBackend::Postgres,
            Self::InPlace(_) => DbBackend::Sqlite,
        }
    }

    async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        match self {
            Self::Pooled(transaction) => Sql::execute(transaction, statement).await,
            Self::InPlace(transaction) => transaction.execute(&statement),
        }
    }

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        match self {
            Self::Pooled(transaction) => Sql::query(transaction, statement).await,
            Self::InPlace(transaction) => transaction.query(&statement),
        }
    }
}
