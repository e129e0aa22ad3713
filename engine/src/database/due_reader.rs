//! What reads what is due, on either database.

use async_trait::async_trait;
use domain::time::Timestamp;
use sea_orm::{DbBackend, DbErr, Statement};

use super::{ArrayPool, InPlaceReader, Row, Sql};

/// Reads what is due.
#[derive(Debug, Clone)]
pub enum DueReader {
    /// Postgres.
    Arrays(ArrayPool),
    /// SQLite.
    InPlace(InPlaceReader),
}

#[async_trait]
impl Sql for DueReader {
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
            Self::Arrays(pool) => pool.named_days.of(at),
            Self::InPlace(_) => None,
        }
    }

    async fn execute(&self, _: Statement) -> Result<u64, DbErr> {
        Err(DbErr::Custom("nothing is written by who reads what is due".to_owned()))
    }

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        match self {
            Self::Arrays(pool) => pool.query(statement).await,
            Self::InPlace(reader) => reader.query(statement).await,
        }
    }
}
