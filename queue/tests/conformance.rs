//! The in-process queue passes the suite, on virtual time.

use std::sync::Arc;

use queue::Queue;
use queue::memory::MemoryQueue;

async fn empty() -> Arc<dyn Queue> {
    Arc::new(MemoryQueue::new())
}

queue::conformance!(
    #[tokio::test(start_paused = true)]
    empty
);
