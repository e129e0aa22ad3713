//! What a process says of its work: exactly what was done, in as many lines for one tenant as for many.

use std::time::Duration;

use serde_json::json;
use testkit::{Figures, Receiver, Storage, Tenant, TestApp};

use crate::{app, final_delivery, futures_in_order, stories};

stories! {
    what_was_done_is_counted_exactly
    ends_without_a_success_are_counted_by_their_reason
    an_open_circuit_is_counted_and_shown
    what_there_is_to_read_does_not_grow_with_tenants
}

/// Waits until all of these are there: a commit is seen a moment before what follows from it is counted.
async fn figures_with(app: &TestApp, wanted: &[(&str, f64)]) -> Figures {
    let mut last = Vec::new();
    let read = tokio::time::timeout(testkit::PATIENCE, async {
        loop {
            let figures = app.operator.figures().await;
            last = wanted
                .iter()
                .map(|(series, value)| (*series, *value, figures.get(series)))
                .filter(|(_, value, found)| value != found)
                .collect();
            if last.is_empty() {
                return figures;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let read = read.await.ok();
    read.unwrap_or_else(|| panic!("series, wanted and found: {last:#?}"))
}

/// A port on which nobody listens.
fn closed_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}/", listener.local_addr().expect("a bound socket has an address"))
}

async fn what_was_done_is_counted_exactly(app: TestApp) {
    let good = Receiver::answering([204]).await;
    let bad = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    let retry = json!({"schedule_s": [0.1], "jitter": 0});
    for (types, url) in
        [("good.*", good.url("/")), ("bad.*", bad.url("/")), ("none.*", closed_url())]
    {
        let subscription = json!({"url": url, "event_types": [types], "retry": retry});
        tenant.subscribe(subscription).await;
    }
    let first = tenant.publish("good.a", json!(1)).await;
    let second = tenant.publish("good.b", json!(2)).await;
    let again = |data| json!({"id": first, "type": "good.a", "data": data});
    tenant.api.post("/events", again(1)).await.expect(200);
    tenant.api.post("/events", again(7)).await.expect(409);
    let failing =
        [tenant.publish("bad.a", json!(3)).await, tenant.publish("none.a", json!(4)).await];
    for event in [&first, &second].into_iter().chain(&failing) {
        final_delivery(&tenant, event).await;
    }

    let figures = figures_with(
        &app,
        &[
            ("webhook_requests_total{outcome=\"success\"}", 2.0),
            ("webhook_requests_total{outcome=\"failure\"}", 4.0),
            ("webhook_failures_total{reason=\"http_status\"}", 2.0),
            ("webhook_failures_total{reason=\"connect\"}", 2.0),
            ("webhook_failures_total{reason=\"timeout\"}", 0.0),
            ("webhook_processing_duration_seconds_count", 6.0),
            ("webhook_delivery_latency_seconds_count", 2.0),
            ("webhook_events_total{result=\"accepted\"}", 4.0),
            ("webhook_events_total{result=\"duplicate\"}", 1.0),
            ("webhook_events_total{result=\"refused\"}", 1.0),
            ("webhook_dead_letters_total", 2.0),
            ("webhook_circuits_opened_total", 0.0),
            ("webhook_requests_in_flight", 0.0),
            ("webhook_queue_size{state=\"ready\"}", 0.0),
            ("webhook_queue_size{state=\"delayed\"}", 0.0),
            ("webhook_queue_size{state=\"leased\"}", 0.0),
            ("webhook_queue_lanes{state=\"all\"}", 3.0),
            ("webhook_queue_leases_reclaimed_total", 0.0),
            ("webhook_leases_lost_total", 0.0),
            ("posthaste_commit_outcomes_sum", 6.0),
            ("posthaste_queue_up", 1.0),
        ],
    )
    .await;
    let events = |status| {
        let labels =
            format!("route=\"/api/v1/webhooks/events\",method=\"POST\",status=\"{status}\"");
        figures.get(&format!("posthaste_http_requests_total{{{labels}}}"))
    };
    assert_eq!((events("2xx"), events("4xx")), (5.0, 1.0));
    assert_eq!(figures.get("posthaste_http_requests_refused_total{status=\"503\"}"), 0.0);
    let took = "posthaste_http_request_duration_seconds_count{route=\"/api/v1/webhooks/events\",method=\"POST\"}";
    assert_eq!(figures.get(took), 6.0);
    let version = format!("posthaste_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(figures.get(&version), 1.0);
    app.stop().await;
}

async fn ends_without_a_success_are_counted_by_their_reason(app: TestApp) {
    let receiver = Receiver::answering([410]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let later = json!({"type": "a.b", "data": 1, "deliver_at": in_an_hour(&app)});
    let waiting = tenant.api.post("/events", later).await.expect(202);
    let gone = tenant.publish("a.b", json!(2)).await;
    final_delivery(&tenant, &gone).await;
    final_delivery(&tenant, waiting["id"].as_str().expect("an id")).await;
    figures_with(
        &app,
        &[
            ("webhook_requests_total{outcome=\"failure\"}", 1.0),
            ("webhook_failures_total{reason=\"gone\"}", 1.0),
            ("webhook_failures_total{reason=\"subscription_disabled\"}", 1.0),
            ("webhook_subscriptions_disabled_total{reason=\"gone\"}", 1.0),
            ("webhook_subscriptions_disabled_total{reason=\"failing\"}", 0.0),
            ("webhook_dead_letters_total", 2.0),
            ("webhook_delivery_latency_seconds_count", 0.0),
        ],
    )
    .await;
    app.stop().await;
}

fn in_an_hour(app: &TestApp) -> String {
    (app.clock.now() + Duration::from_secs(60 * 60)).to_string()
}

async fn an_open_circuit_is_counted_and_shown(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    let retry = json!({"schedule_s": [600], "jitter": 0});
    tenant.subscribe(json!({"url": receiver.url("/"), "retry": retry})).await;
    futures_in_order(20, |number| tenant.publish("a.b", json!(number))).await;
    figures_with(
        &app,
        &[
            ("webhook_circuits_opened_total", 1.0),
            ("webhook_queue_lanes{state=\"open\"}", 1.0),
            ("webhook_queue_lanes{state=\"paused\"}", 0.0),
        ],
    )
    .await;
    app.stop().await;
}

async fn what_there_is_to_read_does_not_grow_with_tenants(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let use_it = async |number: usize| {
        let tenant: Tenant = app.operator.new_tenant().await;
        let (subscription, _) =
            tenant.subscribe(json!({"url": receiver.url(&format!("/{number}"))})).await;
        let event = tenant.publish(&format!("type.number{number}"), json!(number)).await;
        final_delivery(&tenant, &event).await;
        tenant.api.get(&format!("/subscriptions/{subscription}")).await.expect(200);
        tenant.api.get(&format!("/no/{number}")).await;
        app.operator.figures().await.series()
    };
    use_it(0).await;
    let of_one = use_it(1).await;
    for number in 2..8 {
        assert_eq!(use_it(number).await, of_one);
    }
    assert!(of_one.len() < 500, "{} series", of_one.len());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_the_databases_is_told() {
    let app = app(Storage::Postgres).await;
    app.engine.check_clock().await.expect("the database is there");
    let ready = json!({"status": "ready", "database": "ok", "queue": "ok"});
    assert_eq!(app.operator.readiness().await, ready);
    let skew = app.operator.figures().await.get("posthaste_clock_skew_seconds");
    assert!(skew.abs() <= 1.0, "{skew}");
    app.clock.advance(Duration::from_secs(5));
    app.engine.check_clock().await.expect("the database is there");
    let told = app.operator.readiness().await;
    let skew_ms = told["clock_skew_ms"].as_i64().expect("it is told");
    assert!((4_000..=6_000).contains(&skew_ms), "{skew_ms}");
    assert_eq!(told["status"], "ready");
    let skew = app.operator.figures().await.get("posthaste_clock_skew_seconds");
    assert!((4.0..=6.0).contains(&skew), "{skew}");
    app.stop().await;
}
