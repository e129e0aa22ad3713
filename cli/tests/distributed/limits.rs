//! A tenant's rate limit is one for all workers.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Receiver;

use crate::{Stage, post_batch};

const PER_SECOND: u32 = 50;
const BURST: u32 = 5;
const BACKLOG: usize = 2_000;

/// Some five seconds' worth.
const LOOKED_AT: usize = 250;

/// What separates the instants at which two requests left from those at which they came, on a machine
/// with nothing else to do.
const JITTER: Duration = Duration::from_millis(100);

pub(crate) async fn a_rate_limit_holds_over_two_workers(stage: &Stage) {
    let (receiver, fast) = (Receiver::answering([200]).await, Receiver::answering([200]).await);
    let tenant = stage.operator.new_tenant().await;
    let limit = json!({"rate_limit": {"per_second": PER_SECOND, "burst": BURST}});
    stage.operator.patch(&format!("/tenants/{}", tenant.id), limit).await.expect(200);
    for path in ["/a", "/b"] {
        tenant.subscribe(json!({"url": receiver.url(path)})).await;
    }
    let other = stage.operator.new_tenant().await;
    other.subscribe(json!({"url": fast.url("/")})).await;

    let begun = Instant::now();
    post_batch(&tenant.api, "limited.test", 1_000).await;
    // How long these take, one by one, tells how late anything may come on this machine just now.
    let mut late = JITTER;
    let mut number = 0;
    while receiver.count() < LOOKED_AT {
        let posted = Instant::now();
        other.publish("free.test", json!({})).await;
        number += 1;
        late = late.max(fast.wait_for(number).await[number - 1].at - posted);
    }
    assert!(receiver.count() < BACKLOG, "the other tenant's came meanwhile");

    let mut times: Vec<Duration> =
        receiver.received().iter().map(|request| request.at.duration_since(begun)).collect();
    times.sort();
    for (place, from) in times.iter().enumerate() {
        // From the start on no lateness can help: what comes late is fewer until then.
        let granted = allowed(*from);
        assert!(place < granted, "{} came in {from:?}, {granted} may", place + 1);
        for (count, to) in times[place..].iter().enumerate() {
            let granted = allowed(*to - *from + late);
            assert!(count < granted, "{} came from {from:?} to {to:?}, {granted} may", count + 1);
        }
    }
    // The rest is of no more use.
    stage.operator.delete(&format!("/tenants/{}", tenant.id)).await.expect(204);
}

/// How many may go in so much time.
fn allowed(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(PER_SECOND) + f64::from(BURST) + 1e-6) as usize
}
