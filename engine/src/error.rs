//! Why a verb could not be done, by what the caller can do about it.

use domain::invalid::Invalid;

/// We failed, or had to refuse. What a receiver answers is never an error: it is an outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such thing, or not this tenant's.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The input breaks the contract.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Something we depend on is away; trying again may help.
    #[error("{what} is not available")]
    Unavailable {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A defect or damaged data.
    #[error("{context}")]
    Internal {
        context: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A defect, with what was being done.
    pub fn internal(
        context: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Internal { context, source: source.into() }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        if is_unavailable(&error) {
            Self::Unavailable { what: "the database", source: Box::new(error) }
        } else {
            Self::Internal { context: "a query failed", source: Box::new(error) }
        }
    }
}

impl From<queue::QueueError> for Error {
    fn from(error: queue::QueueError) -> Self {
        Self::Unavailable { what: "the queue", source: Box::new(error) }
    }
}

/// Whether the database could not be reached, as opposed to having refused a statement.
pub fn is_unavailable(error: &sea_orm::DbErr) -> bool {
    use sea_orm::{DbErr, RuntimeErr, sqlx};
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            match error.as_ref() {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_) => true,
                // 57P01-57P05: the server shuts down or starts; 53xxx: it is out of resources; 25006: it is
                // a standby; 08xxx: the connection broke. SQLite's 13: the disk is full.
                sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                    code.starts_with("57P")
                        || code.starts_with("53")
                        || code.starts_with("08")
                        || code == "25006"
                        || code == "13"
                }),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a unique constraint refused the row.
pub fn is_unique_violation(error: &sea_orm::DbErr) -> bool {
    use sea_orm::{DbErr, RuntimeErr, sqlx};
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    matches!(error.as_ref(), sqlx::Error::Database(error) if error.is_unique_violation())
}
