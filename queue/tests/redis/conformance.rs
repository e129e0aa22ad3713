//! The queue in Redis passes the suite, in real time.

use std::sync::Arc;

use queue::Queue;

use crate::world::{fresh_prefix, open};

async fn empty() -> Arc<dyn Queue> {
    Arc::new(open(&fresh_prefix()))
}

queue::conformance!(
    #[tokio::test]
    empty
);
