//! Makes the request of an attempt, and counts it.

use domain::outcome::Outcome;

use crate::context::Engine;
use crate::sender::Request;

impl Engine {
    /// Makes one request to a receiver. Dropped before its outcome, it was no attempt.
    pub async fn attempt(&self, request: Request) -> Outcome {
        let _under_way = self.metrics.request_begins();
        let outcome = self.sender.send(request).await;
        self.metrics.attempted(&outcome);
        outcome
    }
}
