//! What several processes on a Postgres and a Redis promise together: two `posthaste api`, two
//! `posthaste worker`, as they are started by their users.
//!
//! A deployment takes seconds to start, so stories that leave no trace share one.

mod changes;
mod limits;
mod memory;
mod snapshots;
mod stops;
mod strangers;

use chaos::deployment::{Deployment, OPERATOR_KEY};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Tenant, eventually};

/// A deployment, and the operator at one of its APIs.
#[derive(Debug)]
struct Stage {
    deployment: Deployment,
    operator: Client,
}

impl Stage {
    async fn start() -> Self {
        let binary = env!("CARGO_BIN_EXE_posthaste");
        let deployment = Deployment::start(binary.as_ref()).await.expect("it starts");
        let operator = Client::new(&deployment.bases()[0], OPERATOR_KEY);
        Self { deployment, operator }
    }

    /// The tenant's calls at either API.
    fn apis(&self, tenant: &Tenant) -> [Client; 2] {
        self.deployment.bases().map(|base| tenant.api.at(&base))
    }

    /// Waits until no delivery is without an end.
    async fn everything_is_final(&self) {
        eventually("every delivery is final", || async {
            let open = self.operator.get("/deliveries?status=pending,retrying&limit=1").await;
            (open.json()["data"] == json!([])).then_some(())
        })
        .await;
    }

    /// Ends everything, all of which must still be there.
    async fn end(self) {
        assert_eq!(self.deployment.ended().await, Vec::<String>::new());
        self.deployment.stop().await;
    }
}

/// Posts so many events in one request.
async fn post_batch(api: &Client, event_type: &str, count: u64) {
    let event = |number| json!({"type": event_type, "data": {"number": number}});
    let events: Vec<Value> = (0..count).map(event).collect();
    let answer = api.call(Method::POST, "/events/batch", Some(json!({ "events": events }))).await;
    let items = answer.expect(202);
    let accepted = items["data"].as_array().expect("a list");
    assert!(accepted.iter().all(|item| item["status"] == 202), "{items}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shared_holds_over_all_processes() {
    let stage = Stage::start().await;
    memory::redis_forgets_what_is_done(&stage).await;
    changes::a_change_answered_by_one_api_holds_at_the_other(&stage).await;
    changes::a_key_revoked_at_one_api_is_unknown_at_the_other(&stage).await;
    changes::a_tenant_that_becomes_a_sandbox_is_one_for_every_worker(&stage).await;
    strangers::what_no_client_can_read_is_recorded_and_delays_nobody(&stage).await;
    limits::a_rate_limit_holds_over_two_workers(&stage).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_processes_stop_and_redis_is_set_back() {
    let stage = Stage::start().await;
    stops::a_process_that_is_asked_to_stop_loses_and_doubles_nothing(&stage).await;
    snapshots::a_redis_that_is_set_back_serves_as_was_last_said(&stage).await;
    snapshots::a_redis_that_stalls_loses_and_doubles_nothing(&stage).await;
    stage.end().await;
}
