//! What stories are told with: the program started in this process, receivers that answer as they
//! are told, and the calls that a tenant makes.
//!
//! Nothing here sleeps for a fixed time: every wait is for a condition, and gives up after a minute
//! with what it saw.

mod app;
mod client;
mod figures;
mod receiver;
mod verify;

pub use app::{Storage, TestApp};
pub use client::{Client, Reply, Tenant};
pub use figures::Figures;
pub use receiver::{Answer, Received, Receiver};
pub use verify::{pt_signature_holds, standard_signature_holds};

use std::time::Duration;

/// How long a test waits for anything. Far beyond what is needed, so that only a defect ends it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` gives something.
///
/// # Panics
/// When it hasn't within [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
