//! Changes that are no `POST`, and looks at secrets: one commit with its entry in the audit log.

use engine::audit::{Act, By};
use engine::database::Transaction;

use crate::State;
use crate::problem::Problem;

/// Does the work within a transaction, notes it in the audit log there, and commits both.
pub(crate) async fn commit<T>(
    state: &State,
    by: &By,
    work: impl AsyncFnOnce(&Transaction) -> Result<(Act, T), Problem>,
) -> Result<T, Problem> {
    let transaction = state.engine.database.begin().await?;
    let (act, done) = work(&transaction).await?;
    state.engine.note(&transaction, by, act).await?;
    transaction.commit().await?;
    Ok(done)
}
