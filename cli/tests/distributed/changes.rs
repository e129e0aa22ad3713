//! A change that one process has answered holds in all of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Client, Received, Receiver, eventually, standard_signature_holds};

use crate::Stage;

/// After so many in a row as they are wanted, both workers know.
const IN_A_ROW: usize = 40;
const AT_ONCE: usize = 10;

/// Workers know within 1 s; what was under way then may still arrive, and this machine may be slow.
const KNOWN_WITHIN: Duration = Duration::from_secs(4);

pub(crate) async fn a_change_answered_by_one_api_holds_at_the_other(stage: &Stage) {
    let (receiver, moved_to) = (Receiver::answering([200]).await, Receiver::answering([200]).await);
    let witness = Receiver::answering([200]).await;
    let tenant = stage.operator.new_tenant().await;
    let [here, there] = stage.apis(&tenant);
    let (subscription, secret) = tenant.subscribe(json!({"url": receiver.url("/a")})).await;
    tenant.subscribe(json!({"url": witness.url("/")})).await;
    let path = format!("/subscriptions/{subscription}");
    let change = async |body: Value| here.patch(&path, body).await.expect(200);
    // Both workers and the other API have it in their memory.
    until_all_are(&there, &receiver, "at the first url", |request| request.path == "/a").await;

    change(json!({"url": moved_to.url("/b")})).await;
    let changed = Instant::now();
    until_all_are(&there, &moved_to, "at the new url", |_| true).await;
    let last_at_the_old = receiver.received().last().map(|request| request.at);
    assert!(last_at_the_old.is_none_or(|at| at < changed + KNOWN_WITHIN), "the old url stayed");

    let answer = here.post(&format!("{path}/secret/rotate"), json!({"overlap_s": 0})).await;
    let changed = Instant::now();
    let rotated = answer.expect(200)["secret"].as_str().expect("a text").to_owned();
    let is_signed_anew = |request: &Received| standard_signature_holds(&rotated, request);
    until_all_are(&there, &moved_to, "signed with the new secret", is_signed_anew).await;
    let received = moved_to.received();
    let signed_as_before = |request: &&Received| standard_signature_holds(&secret, request);
    let last_as_before = received.iter().rfind(signed_as_before).map(|request| request.at);
    assert!(last_as_before.is_some_and(|at| at < changed + KNOWN_WITHIN), "the old secret stayed");

    // Of these no second is granted: what is posted after the answer follows it.
    change(json!({"event_types": ["wanted.*"]})).await;
    assert_eq!(deliveries_of(&there, "other.event").await, 1, "the witness's alone");
    assert_eq!(deliveries_of(&there, "wanted.event").await, 2);

    stage.everything_is_final().await;
    change(json!({"status": "paused"})).await;
    let (before, seen) = (moved_to.count(), witness.count());
    for _ in 0..AT_ONCE {
        assert_eq!(deliveries_of(&there, "wanted.event").await, 2, "they are made and held");
    }
    witness.wait_for(seen + AT_ONCE).await;
    assert_eq!(moved_to.count(), before, "nothing comes while paused");
    there.patch(&path, json!({"status": "active"})).await.expect(200);
    moved_to.wait_for(before + AT_ONCE).await;
    stage.everything_is_final().await;
}

/// Within a second, in every process.
pub(crate) async fn a_key_revoked_at_one_api_is_unknown_at_the_other(stage: &Stage) {
    let tenant = stage.operator.new_tenant().await;
    let [_, there] = stage.apis(&tenant);
    let keys = format!("/tenants/{}/keys", tenant.id);
    let listed = stage.operator.get(&keys).await.expect(200);
    let key = listed["data"][0]["id"].as_str().expect("an id");
    there.get("/events").await.expect(200);
    stage.operator.delete(&format!("{keys}/{key}")).await.expect(204);
    let revoked = Instant::now();
    tenant.api.get("/events").await.expect(401);
    loop {
        let asked = revoked.elapsed();
        let answer = there.get("/events").await;
        if answer.status == 401 {
            break;
        }
        answer.expect(200);
        assert!(asked <= Duration::from_secs(1), "it was taken {asked:?} afterwards");
    }
}

/// Posts some at a time until so many in a row have come to the receiver as they should.
async fn until_all_are(
    api: &Client,
    receiver: &Receiver,
    what: &str,
    good: impl Fn(&Received) -> bool,
) {
    let begun = Instant::now();
    let mut in_a_row = 0;
    while in_a_row < IN_A_ROW {
        assert!(begun.elapsed() < testkit::PATIENCE, "they are never {what}");
        let before = receiver.count();
        let mut ids = Vec::new();
        for _ in 0..AT_ONCE {
            let body = json!({"type": "wanted.event", "data": {}});
            ids.push(api.post("/events", body).await.expect(202)["id"].clone());
        }
        let is_done = async |id: &Value| {
            let id = id.as_str().expect("an id");
            let open = api.get(&format!("/deliveries?event_id={id}&status=pending,retrying")).await;
            (open.json()["data"] == json!([])).then_some(())
        };
        for id in &ids {
            testkit::eventually("the delivery is final", || is_done(id)).await;
        }
        let came = receiver.received().split_off(before);
        let all = came.len() == AT_ONCE && came.iter().all(&good);
        in_a_row = if all { in_a_row + AT_ONCE } else { 0 };
    }
}

/// Within a second, in every process.
pub(crate) async fn a_tenant_that_becomes_a_sandbox_is_one_for_every_worker(stage: &Stage) {
    let receiver = Receiver::answering([200]).await;
    let tenant = stage.operator.new_tenant().await;
    let [_, there] = stage.apis(&tenant);
    let wanted = json!({"url": receiver.url("/"), "retry": {"schedule_s": [600]}});
    let (subscription, _) = tenant.subscribe(wanted).await;
    // Both workers have it in their memory.
    until_all_are(&there, &receiver, "delivered", |_| true).await;
    stage.everything_is_final().await;
    let sandbox = json!({"sandbox": true});
    stage.operator.patch(&format!("/tenants/{}", tenant.id), sandbox).await.expect(200);
    let changed = Instant::now();
    // So many in a row that both have had some, and fewer than open the circuit.
    let mut in_a_row = 0;
    while in_a_row < AT_ONCE {
        let event =
            there.post("/events", json!({"type": "an.event", "data": {}})).await.expect(202);
        let path = format!("/deliveries?event_id={}", event["id"].as_str().expect("an id"));
        let attempted = eventually("its first attempt", async || {
            let found = tenant.list(&path).await;
            found.into_iter().find(|delivery| delivery["attempt_count"] == 1)
        })
        .await;
        if attempted["status"] == "succeeded" {
            assert!(changed.elapsed() < KNOWN_WITHIN, "it still goes out");
            in_a_row = 0;
        } else {
            assert_eq!(attempted["failure_reason"], "blocked_address");
            in_a_row += 1;
        }
    }
    tenant.api.delete(&format!("/subscriptions/{subscription}")).await.expect(204);
    stage.everything_is_final().await;
}

async fn deliveries_of(api: &Client, event_type: &str) -> u64 {
    let answer = api.post("/events", json!({"type": event_type, "data": {}})).await.expect(202);
    answer["deliveries"].as_u64().expect("a count")
}
