//! What a receiver gets: signed, retried, given up, sent again.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    Answer, Receiver, TestApp, eventually, pt_signature_holds, standard_signature_holds,
};

use crate::{final_delivery, stories};

stories! {
    an_event_reaches_its_subscription_signed_both_ways
    data_arrives_byte_for_byte
    a_receiver_that_always_fails_gets_six_attempts_and_then_one_dead_letter
    a_redelivery_to_the_healed_receiver_resolves_the_dead_letter
    retry_after_replaces_the_schedule
    a_rotated_secret_signs_beside_the_new_one
}

async fn an_event_reaches_its_subscription_signed_both_ways(app: TestApp) {
    let receiver = Receiver::answering([204]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, secret) = tenant.subscribe(json!({"url": receiver.url("/hooks")})).await;
    let event = tenant.publish("content.published", json!({"n": 1})).await;

    let request = &receiver.wait_for(1).await[0];
    assert!(standard_signature_holds(&secret, request));
    assert!(pt_signature_holds(&secret, request));
    assert_eq!(request.path, "/hooks");
    assert_eq!(request.header("webhook-id"), event);
    assert_eq!(request.header("content-type"), "application/json");
    assert!(request.header("user-agent").starts_with("Posthaste/"));
    for (name, value) in [
        ("x-pt-event", "content.published"),
        ("x-pt-attempt", "1"),
        ("x-pt-max-attempts", "6"),
        ("x-pt-trigger", "event"),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    let body = request.json();
    assert_eq!(body["id"], event);
    assert_eq!(body["type"], "content.published");
    assert_eq!(body["data"], json!({"n": 1}));
    assert_eq!(body["metadata"], json!({}));

    let delivery = final_delivery(&tenant, &event).await;
    assert_eq!(delivery["status"], "succeeded");
    assert_eq!(delivery["subscription_id"], subscription);
    assert_eq!(delivery["id"], request.header("x-pt-delivery"));
    assert_eq!(delivery["attempt_count"], 1);
    assert_eq!(delivery["last_status_code"], 204);
    let attempts = tenant
        .list(&format!("/deliveries/{}/attempts", delivery["id"].as_str().unwrap_or_default()))
        .await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["number"], 1);
    assert_eq!(attempts[0]["status_code"], 204);
    app.stop().await;
}

async fn data_arrives_byte_for_byte(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let data = "{ \"big\":12345678901234567890, \"e\":1e400 ,\"k\":1,\"k\":2,\"s\":\"\\ud800 \\u00e9 é\\u0000\",\"f\":1.10}";
    let body = format!("{{\"type\":\"a.b\",\"data\":{data},\"metadata\":{{\"z\" : 1.0}}}}");
    let posted = tenant
        .api
        .try_call(reqwest::Method::POST, "/events", Some(body), &[])
        .await
        .expect("an answer");
    let event = posted.expect(202)["id"].as_str().expect("an id").to_owned();

    let request = &receiver.wait_for(1).await[0];
    let sent = String::from_utf8(request.body.clone()).expect("UTF-8");
    assert!(sent.contains(&format!("\"data\":{data},\"metadata\":{{\"z\" : 1.0}}")), "{sent}");
    let shown = tenant.api.get(&format!("/events/{event}")).await;
    assert!(shown.text.contains(data), "{}", shown.text);
}

async fn a_receiver_that_always_fails_gets_six_attempts_and_then_one_dead_letter(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(1)).await;

    let delivery = final_delivery(&tenant, &event).await;
    let requests = receiver.received();
    assert_eq!(requests.len(), 6);
    for (gap, scheduled_ms) in requests.windows(2).zip([100.0, 200.0, 300.0, 400.0, 500.0]) {
        // Never sooner than the jitter lets it; later only by what a busy machine adds.
        let waited_ms = gap[1].at.duration_since(gap[0].at).as_secs_f64() * 1000.0;
        assert!(waited_ms >= scheduled_ms * 0.8 - 2.0, "waited {waited_ms} of {scheduled_ms} ms");
    }
    let numbers: Vec<&str> =
        requests.iter().map(|request| request.header("x-pt-attempt")).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
    let ids: HashSet<&str> = requests.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1, "the same webhook-id on every attempt");
    assert_eq!(delivery["status"], "failed");
    assert_eq!(delivery["failure_reason"], "http_status");
    let dead = tenant.list("/dead-letters").await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["id"], delivery["id"]);
    assert!(dead[0]["dead_at"].is_string() && dead[0]["resolved_at"].is_null());
}

async fn a_redelivery_to_the_healed_receiver_resolves_the_dead_letter(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant
        .subscribe(json!({"url": receiver.url("/"), "retry": {"schedule_s": [0.1], "jitter": 0}}))
        .await;
    let event = tenant.publish("a.b", json!(1)).await;
    let dead = final_delivery(&tenant, &event).await;
    let dead_id = dead["id"].as_str().expect("an id");
    let count = receiver.count();
    receiver.behave(|_, _| Answer::status(200));

    // Of another day than its event: the two are in different partitions.
    app.clock.advance(Duration::from_secs(24 * 60 * 60));
    let again =
        tenant.api.post(&format!("/dead-letters/{dead_id}/replay"), json!({})).await.expect(202);
    assert_eq!(again["trigger"], "redelivery");
    let requests = receiver.wait_for(count + 1).await;
    assert_eq!(requests.last().expect("one").header("x-pt-trigger"), "redelivery");
    assert_eq!(requests.last().expect("one").header("webhook-id"), event);
    eventually("the dead letter is resolved", || async {
        tenant.list("/dead-letters").await.is_empty().then_some(())
    })
    .await;
    let resolved = tenant.list("/dead-letters?resolved=true").await;
    assert_eq!(resolved[0]["resolution"], "replayed");
    let history = tenant.list(&format!("/deliveries?event_id={event}")).await;
    let statuses: Vec<&Value> = history.iter().map(|delivery| &delivery["status"]).collect();
    assert_eq!(statuses, ["succeeded", "failed"], "both deliveries, newest first");
}

async fn retry_after_replaces_the_schedule(app: TestApp) {
    let receiver = Receiver::new(|number, _| match number {
        0 => Answer::status(503).header("retry-after", "1"),
        _ => Answer::status(200),
    })
    .await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    tenant.publish("a.b", json!(1)).await;
    let requests = receiver.wait_for(2).await;
    assert!(
        requests[1].at - requests[0].at >= Duration::from_millis(999),
        "not before the instant asked for"
    );
}

async fn a_rotated_secret_signs_beside_the_new_one(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, old) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let rotated = tenant
        .api
        .post(&format!("/subscriptions/{subscription}/secret/rotate"), json!({}))
        .await
        .expect(200);
    let new = rotated["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(old, new);
    tenant.publish("a.b", json!(1)).await;
    let both = &receiver.wait_for(1).await[0];
    assert!(standard_signature_holds(&old, both) && pt_signature_holds(&old, both));
    assert!(standard_signature_holds(&new, both) && pt_signature_holds(&new, both));
    tenant
        .api
        .post(&format!("/subscriptions/{subscription}/secret/rotate"), json!({"overlap_s": 0}))
        .await
        .expect(200);
    tenant.publish("a.b", json!(2)).await;
    let last = &receiver.wait_for(2).await[1];
    assert!(
        !standard_signature_holds(&new, last) && !pt_signature_holds(&new, last),
        "no overlap was asked for"
    );
}
