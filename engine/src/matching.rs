//! Turns at evaluating filters.
//!
//! A filter may take milliseconds, and a tenant may have thousands of them. They are evaluated off the
//! threads that serve requests, at most as many at a time as there are cores and in the order of
//! asking, so that one tenant's costly filters slow down nobody's requests but those that match too.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::Error;

/// Threads that evaluate filters.
#[derive(Debug)]
pub struct Matching {
    turns: Arc<Semaphore>,
}

impl Default for Matching {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(cores)) }
    }
}

impl Matching {
    /// Waits for a turn and does the work in it. Whoever goes away meanwhile gives the turn back only
    /// once the work is done.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|e| Error::internal("nobody matches any more", e))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|e| Error::internal("matching panicked", e))
    }
}
