use serde_json::{Value, json};
use testkit::{Client, Storage, TestApp};

/// Every row, page by page.
async fn walk(api: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = api.get(&next).await.expect(200);
        rows.extend(page["data"].as_array().expect("a list").clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return rows,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_over_the_pages_gives_every_row_once_newest_first() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let mut subscriptions = Vec::new();
        for n in 0..7 {
            let types = if n % 2 == 0 { json!(["order.*"]) } else { json!(["user.**"]) };
            let input =
                json!({"url": "https://example.com/", "status": "paused", "event_types": types});
            subscriptions.push((tenant.subscribe(input).await.0, n));
        }
        let mut events = Vec::new();
        for n in 0..7 {
            events.push(tenant.publish("order.paid", json!(n)).await);
        }
        // What was made within one millisecond goes by id.
        subscriptions.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        let orders: Vec<String> =
            subscriptions.iter().filter(|(_, n)| n % 2 == 0).map(|(id, _)| id.clone()).collect();
        let subscriptions: Vec<String> = subscriptions.into_iter().map(|(id, _)| id).collect();
        events.sort_unstable_by(|a, b| b.cmp(a));
        let ids = |rows: Vec<Value>| {
            rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
        };
        for limit in [1, 2, 3, 7, 250] {
            assert_eq!(
                ids(walk(&tenant.api, &format!("/subscriptions?limit={limit}")).await),
                subscriptions,
                "{limit}"
            );
            assert_eq!(
                ids(walk(&tenant.api, &format!("/events?limit={limit}")).await),
                events,
                "{limit}"
            );
            let matching = ids(walk(
                &tenant.api,
                &format!("/subscriptions?event_type=order.paid&limit={limit}"),
            )
            .await);
            assert_eq!(matching, orders, "{limit}");
            let deliveries = walk(&tenant.api, &format!("/deliveries?limit={limit}")).await;
            assert_eq!(deliveries.len(), 28, "{limit}");
            let all: std::collections::BTreeSet<_> = ids(deliveries).into_iter().collect();
            assert_eq!(all.len(), 28);
        }
        let keys = format!("/tenants/{}/keys?limit=1", tenant.id);
        for n in 0..3 {
            app.operator
                .post(
                    &format!("/tenants/{}/keys", tenant.id),
                    json!({"name": format!("{n}"), "scopes": ["*"]}),
                )
                .await
                .expect(201);
        }
        assert_eq!(walk(&app.operator, &keys).await.len(), 4);
        assert_eq!(walk(&app.operator, "/tenants?limit=1").await.len(), 1);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_by_any_of_the_values() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let (paused, _) = tenant
        .subscribe(json!({"url": "https://example.com/", "status": "paused", "external_id": "p"}))
        .await;
    tenant
        .subscribe(json!({"url": "https://example.com/", "status": "disabled", "external_id": "d"}))
        .await;
    tenant.publish("a.b", json!(1)).await;
    let event = tenant.publish("c.d", json!(1)).await;
    for (path, count) in [
        ("/subscriptions?status=paused", 1),
        ("/subscriptions?status=paused,disabled", 2),
        ("/subscriptions?status=paused&status=disabled", 2),
        ("/subscriptions?external_id=p,d&status=disabled", 1),
        ("/subscriptions?external_id=nobody", 0),
        ("/events?type=a.b", 1),
        ("/events?type=a.b,c.d", 2),
        ("/events?from=2999-01-01T00:00:00Z", 0),
        ("/events?to=2001-01-01T00:00:00%2B01:00", 0),
        ("/events?from=2001-01-01T00:00:00Z&to=2999-01-01T00:00:00Z", 2),
        ("/deliveries?status=pending,retrying", 2),
        ("/deliveries?status=failed", 0),
        ("/deliveries?event_type=c.d", 1),
        (&format!("/deliveries?event_id={event}"), 1),
        (
            &format!(
                "/deliveries?subscription_id={paused}&from=2001-01-01T00:00:00Z&to=2999-01-01T00:00:00Z"
            ),
            2,
        ),
        ("/deliveries?to=1971-01-01T00:00:00Z", 0),
        ("/dead-letters?status=failed", 0),
    ] {
        assert_eq!(tenant.list(path).await.len(), count, "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_is_refused() {
    let app = TestApp::start_with(Storage::Postgres, &[]).await;
    let tenant = app.operator.new_tenant().await;
    let cursor = {
        tenant.publish("a", json!(1)).await;
        tenant.publish("a", json!(1)).await;
        tenant.api.get("/events?limit=1").await.expect(200)["next_cursor"]
            .as_str()
            .expect("a next page")
            .to_owned()
    };
    for path in [
        "/events?limit=0",
        "/events?limit=251",
        "/events?limit=-1",
        "/events?limit=x",
        "/events?limit=",
        "/events?limit=1&limit=2",
        "/events?cursor=",
        "/events?cursor=nonsense",
        "/events?cursor=AAAA",
        &format!("/deliveries?cursor={cursor}"),
        &format!("/events?cursor={cursor}x"),
        "/events?status=pending",
        "/events?Type=a",
        "/events?type=a%20b",
        "/events?type=%00",
        &format!("/events?correlation_id={}", "x".repeat(256)),
        "/audit-log?resource_id=%00",
        "/audit-log?resource_id=a%20b",
        "/events?from=yesterday",
        "/events?from=2026-01-01",
        "/deliveries?status=lost",
        "/deliveries?status=",
        "/deliveries?subscription_id=x",
        "/deliveries?event_id=dlv_01h455vb4pex5vsknk084sn02q",
        "/subscriptions?status=lost",
        "/subscriptions?external_id=%00",
        "/subscriptions?event_type=*",
        "/dead-letters?resolved=maybe",
        "/dead-letters?x=1",
        "/events?%ff=1",
        "/events?type=%ff",
    ] {
        let problem = tenant.api.get(path).await.expect(422);
        assert_eq!(problem["code"], "invalid", "{path}");
    }
    let many = vec!["a"; 200].join(",");
    tenant.api.get(&format!("/events?type={many}")).await.expect(422);
    for path in [
        "/subscriptions/%00",
        "/subscriptions/%ff",
        "/subscriptions/a%2Fb",
        "/subscriptions/a%20b",
        "/events/nonsense",
        "/deliveries/%00",
    ] {
        assert_eq!(tenant.api.get(path).await.expect(404)["code"], "not_found", "{path}");
    }
    app.operator.get("/tenants/%00").await.expect(404);
    for path in ["/events?correlation_id=%00", "/events?correlation_id=%ff"] {
        assert_eq!(tenant.list(path).await.len(), 0);
    }
    app.stop().await;
}
