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

    /// Whether a group came to nothing since a change had fewer rows than it was to have
    /// ([`crate::database::Change::rows`]), or a row was there already.
    pub(crate) fn is_dashed_hope(&self) -> bool {
        use sea_orm::DbErr;
        matches!(self, Self::Internal { source, .. } if source.downcast_ref().is_some_and(|error| {
            matches!(error, DbErr::RecordNotUpdated) || is_unique_violation(error)
        }))
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
                sqlx::Error::Database(error) => {
                    error.code().is_some_and(|code| says_unavailable(&code))
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether an error's code says that trying again may help. Postgres has five characters: 57P01-57P05,
/// the server shuts down or starts; 53xxx, it is out of resources; 25006, it is a standby; 08xxx, the
/// connection broke; 40001, 40P01, 55P03 and 57014, another transaction was in the way or it took too
/// long. SQLite has a number whose lowest byte is the kind, and but for a few that blame the statement
/// (1 error, 18 too big, 19 constraint, 20 mismatch, 25 range) all blame the file or the system.
fn says_unavailable(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => !matches!(number & 0xff, 1 | 18 | 19 | 20 | 25),
        _ => {
            code.starts_with("57P")
                || code.starts_with("53")
                || code.starts_with("08")
                || ["25006", "40001", "40P01", "55P03", "57014"].contains(&code)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trying_again_may_mend_is_told_from_what_was_refused() {
        for code in [
            "57P01", "53300", "08006", "25006", "5", "261", "6", "10", "778", "13", "14", "8",
            "11", "26",
        ] {
            assert!(says_unavailable(code), "{code}");
        }
        for code in ["23505", "22021", "42601", "1", "19", "2067", "787", "1555", "18"] {
            assert!(!says_unavailable(code), "{code}");
        }
    }
}
