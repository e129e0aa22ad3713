//! What `GET /stats` takes and refuses. That the figures are right is told in testkit's stories.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestApp;

fn starts(stats: &Value) -> Vec<&str> {
    let buckets = stats["buckets"].as_array().expect("buckets");
    buckets.iter().map(|bucket| bucket["start"].as_str().expect("an instant")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bucket_of_the_window_is_listed_and_empty_ones_have_no_percentiles() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let of = async |query: &str| tenant.api.get(&format!("/stats?{query}")).await.expect(200);

    let hour = tenant.api.get("/stats").await.expect(200);
    assert_eq!((&hour["bucket_s"], starts(&hour).len()), (&json!(60), 60));
    assert_eq!(hour["from"], starts(&hour)[0]);

    let window = "from=2026-01-21T10:59:59.999Z&to=2026-01-21T12:00:00.001Z";
    let hours = of(&format!("{window}&bucket=1h")).await;
    assert_eq!(hours["from"], "2026-01-21T10:00:00.000Z");
    assert_eq!(hours["to"], "2026-01-21T13:00:00.000Z");
    assert_eq!(hours["bucket_s"], 3_600);
    let expected =
        ["2026-01-21T10:00:00.000Z", "2026-01-21T11:00:00.000Z", "2026-01-21T12:00:00.000Z"];
    assert_eq!(starts(&hours), expected);
    let mut nothing = json!({"attempts": 0, "succeeded": 0, "failed": 0, "p50_ms": null, "p95_ms": null, "p99_ms": null});
    for count in ["events", "deliveries", "dead_letters"] {
        nothing[count] = json!(0);
    }
    assert_eq!(hours["totals"], nothing);
    assert_eq!(hours["failure_reasons"], json!({}));
    assert_eq!(starts(&of(&format!("{window}&bucket=5m")).await).len(), 14);
    assert_eq!(starts(&of(&format!("{window}&bucket=1d")).await).len(), 1);
    let longest = "from=2026-01-01T00:00:00Z&to=2026-01-02T01:00:00Z";
    assert_eq!(starts(&of(longest).await).len(), 1_500);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_wrongly_is_refused_with_what_mends_it() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    for (query, detail) in [
        ("bucket=2m", "1m, 5m, 1h or 1d"),
        ("bucket=1h&bucket=1h", "given twice"),
        ("from=yesterday", "RFC 3339"),
        ("from=2026-01-21T12:00:00Z&to=2026-01-21T12:00:00Z", "earlier than `to`"),
        ("from=2026-01-21T12:00:00Z&to=2026-01-20T12:00:00Z&bucket=1d", "earlier than `to`"),
        ("from=9999-01-01T00:00:00Z", "earlier than `to`, which is now"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-02T01:01:00Z", "1501 buckets of 1m"),
        ("from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&bucket=1d", "buckets of 1d"),
        ("subscription_id=mine", "not an id"),
        ("limit=5", "unknown; known here: from, to, bucket, subscription_id"),
    ] {
        let problem = tenant.api.get(&format!("/stats?{query}")).await.expect(422);
        let text = problem["errors"][0]["detail"].as_str().expect("a detail");
        assert!(text.contains(detail), "{query}: {text}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_shown_to_whoever_may_read_deliveries() {
    let app = TestApp::start().await;
    let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
    let (subscription, _) = tenant.subscribe(json!({"url": "http://127.0.0.1:59999/"})).await;
    let of_subscription = format!("/stats?subscription_id={subscription}");
    tenant.api.get(&of_subscription).await.expect(200);
    app.operator.get(&of_subscription).await.expect(200);
    other.api.get(&of_subscription).await.expect(404);
    let named = [("posthaste-tenant", other.id.as_str())];
    let call = async |path| app.operator.try_call(Method::GET, path, None, &named).await;
    call(of_subscription.as_str()).await.expect("an answer").expect(404);
    call("/stats").await.expect("an answer").expect(200);
    // Its deliveries are still listed, and so are its figures told.
    tenant.api.delete(&format!("/subscriptions/{subscription}")).await.expect(204);
    tenant.api.get(&of_subscription).await.expect(200);

    let keys = format!("/tenants/{}/keys", tenant.id);
    let body = json!({"name": "k", "scopes": ["events:read", "deliveries:write"]});
    let key = app.operator.post(&keys, body).await.expect(201);
    let without = tenant.api.with_key(key["secret"].as_str().expect("a secret"));
    assert_eq!(without.get("/stats").await.expect(403)["code"], "missing_scope");
    app.stop().await;
}
