use serde_json::{Value, json};
use testkit::{Client, Storage, TestApp};

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().expect("a text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_did_what_is_listed_newest_first_with_what_changed() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let made = json!({"url": "https://example.com/", "headers": {"authorization": "canary-1"}});
        let (id, _) = tenant.subscribe(made).await;
        let path = format!("/subscriptions/{id}");
        let patch = json!({"description": "d", "headers": {"authorization": "canary-2"}});
        tenant.api.patch(&path, patch).await.expect(200);
        tenant.api.get(&format!("{path}/secret")).await.expect(200);
        tenant.api.get(&format!("{path}?reveal=true")).await.expect(200);
        tenant.api.get(&path).await.expect(200);
        tenant.api.patch(&path, json!({"url": "nonsense"})).await.expect(422);
        tenant.api.delete(&path).await.expect(204);

        let entries = tenant.list("/audit-log").await;
        let expected = [
            "subscription.deleted",
            "subscription.revealed",
            "subscription.secret_read",
            "subscription.updated",
            "subscription.created",
            "key.created",
            "tenant.created",
        ];
        // An id begins with its instant, and its text sorts as it does.
        let id_of = |entry: &Value| entry["id"].as_str().expect("an id").to_owned();
        assert!(entries.is_sorted_by(|a, b| id_of(a) > id_of(b)), "newest first: {entries:?}");
        let mut listed = actions(&entries);
        // What was done within one millisecond goes by id.
        listed.sort_unstable();
        let mut sorted = expected;
        sorted.sort_unstable();
        assert_eq!(listed, sorted);

        let [updated] =
            tenant.list("/audit-log?action=subscription.updated").await.try_into().expect("one");
        let changes = json!({
            "description": {"from": "", "to": "d"},
            "headers": {"from": {"authorization": "***"}, "to": {"authorization": "***"}},
        });
        assert_eq!(updated["changes"], changes, "{updated}");
        assert_eq!(updated["resource"], json!({"type": "subscription", "id": id}));
        assert_eq!(updated["actor"]["type"], "key");
        assert_eq!(updated["source_ip"], "127.0.0.1");
        assert!(updated.get("tenant_id").is_none());
        let key = updated["actor"]["id"].as_str().expect("an id");
        let of_key = tenant.list(&format!("/audit-log?actor={key}")).await;
        assert_eq!(of_key.len(), 5, "{of_key:?}");
        let of_operator = tenant.list("/audit-log?actor=operator").await;
        assert_eq!(of_operator.len(), 2, "{of_operator:?}");
        let of_one =
            tenant.list(&format!("/audit-log?resource_id={id}&to=2999-01-01T00:00:00Z")).await;
        assert_eq!(of_one.len(), 5, "{of_one:?}");
        assert_eq!(tenant.list("/audit-log?from=2999-01-01T00:00:00Z").await, Vec::<Value>::new());
        for wrong in ["action=painted", "actor=somebody", "resource_id=", "format=xml", "before=1"]
        {
            tenant.api.get(&format!("/audit-log?{wrong}")).await.expect(422);
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_a_tenants_own_and_exported_whole() {
    let app = TestApp::start().await;
    let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
    let (id, _) =
        tenant.subscribe(json!({"url": "https://example.com/", "status": "paused"})).await;
    // More than one page of an export.
    let path = format!("/subscriptions/{id}");
    for n in 0..300 {
        tenant.api.patch(&path, json!({"description": n.to_string()})).await.expect(200);
    }
    let export = async |api: &Client, query: &str| {
        let reply = api.get(&format!("/audit-log?format=ndjson{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.headers["content-type"], "application/x-ndjson");
        let lines = reply.text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        lines.collect::<Vec<Value>>()
    };
    let mine = export(&tenant.api, "").await;
    assert_eq!(mine.len(), 303);
    assert!(mine.iter().all(|entry| entry.get("tenant_id").is_none()));
    assert_eq!(export(&tenant.api, "&action=subscription.updated").await.len(), 300);
    let theirs = export(&other.api, "").await;
    assert_eq!(actions(&theirs).len(), 2, "{theirs:?}");

    let tenants = app.operator.get("/audit-log?limit=250").await.expect(200);
    assert!(
        tenants["data"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|entry| entry["tenant_id"].is_string())
    );
    app.operator.delete(&format!("/tenants/{}", tenant.id)).await.expect(204);
    let gone = app.operator.get("/audit-log?action=tenant.deleted").await.expect(200);
    let [entry] = gone["data"].as_array().expect("a list").as_slice() else {
        panic!("one: {gone}");
    };
    assert_eq!((&entry["tenant_id"], &entry["resource"]["id"]), (&Value::Null, &json!(tenant.id)));
    app.stop().await;
}
