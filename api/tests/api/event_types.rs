use serde_json::{Value, json};
use testkit::{Client, Storage, Tenant, TestApp};

fn order_paid() -> Value {
    json!({
        "name": "order.paid",
        "description": "An order was paid.",
        "versions": [
            {"version": "1", "schema": {"type": "object", "required": ["amount"]}, "example": {"amount": 5}},
            {"version": "2", "schema": {"properties": {"total": {"type": "integer"}}, "required": ["total"]}},
        ],
    })
}

async fn strict(app: &TestApp, is_strict: bool, tenant: &Tenant) {
    let path = format!("/tenants/{}", tenant.id);
    let patched = app.operator.patch(&path, json!({"strict_event_types": is_strict})).await;
    assert_eq!(patched.expect(200)["strict_event_types"], json!(is_strict));
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("faults");
    errors.iter().map(|fault| fault["pointer"].as_str().expect("a pointer")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_type_is_added_shown_changed_and_taken_away() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let api = &tenant.api;
        let made = api.post("/event-types", order_paid()).await.expect(201);
        assert_eq!((&made["name"], &made["deprecated"]), (&json!("order.paid"), &json!(false)));
        assert_eq!(made["versions"][0], order_paid()["versions"][0], "in their order");
        assert_eq!(made["versions"][1]["example"], Value::Null);
        assert_eq!(api.get("/event-types/order.paid").await.expect(200), made);
        let taken = api.post("/event-types", order_paid()).await.expect(409);
        assert!(taken["detail"].as_str().is_some_and(|detail| detail.contains("PATCH")), "{taken}");

        let patch = json!({"deprecated": true, "description": null});
        let patched = api.patch("/event-types/order.paid", patch).await.expect(200);
        assert_eq!((&patched["deprecated"], &patched["description"]), (&json!(true), &json!("")));
        assert_eq!(patched["versions"], made["versions"], "what is not named stays");
        assert_eq!(patched["created_at"], made["created_at"]);
        let noted = tenant.list("/audit-log?resource_id=order.paid").await;
        assert_eq!(noted[0]["action"], "event_type.updated");
        assert_eq!(noted[0]["changes"]["deprecated"], json!({"from": false, "to": true}));

        api.delete("/event-types/order.paid").await.expect(204);
        api.delete("/event-types/order.paid").await.expect(404);
        api.get("/event-types/order.paid").await.expect(404);
        api.patch("/event-types/order.paid", json!({})).await.expect(404);
        api.get("/event-types/order..paid").await.expect(404);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_event_type_is_told_at_its_place() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let refused = async |body: Value| tenant.api.post("/event-types", body).await.expect(422);
    let wrong = refused(json!({
        "name": "order paid",
        "versions": [
            {"version": "1", "schema": {"properties": {"a": {"type": "number"}}}, "example": {"a": "x"}},
            {"version": "2", "schema": {"properties": {"a": {"type": "numeral"}}}},
            {"version": "3", "schema": {"pattern": "("}},
        ],
    }))
    .await;
    assert_eq!(
        pointers(&wrong),
        [
            "/name",
            "/versions/0/example/a",
            "/versions/1/schema/properties/a/type",
            "/versions/2/schema/pattern",
        ]
    );
    let wrong = refused(json!({"name": "a", "versions": [["1", {}, null]]})).await;
    assert_eq!(pointers(&wrong), ["/versions/0"], "a list is no object");
    let wrong = refused(json!({"name": "a", "schema": {}})).await;
    assert!(wrong["detail"].as_str().is_some_and(|detail| detail.contains("schema")), "{wrong}");

    tenant.api.post("/event-types", order_paid()).await.expect(201);
    let patch = async |body: Value| tenant.api.patch("/event-types/order.paid", body).await;
    assert_eq!(pointers(&patch(json!({"name": "b"})).await.expect(422)), ["/name"]);
    let broken = json!({"versions": [{"version": "1", "schema": 5}]});
    assert_eq!(pointers(&patch(broken).await.expect(422)), ["/versions/0/schema"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_types_are_listed_newest_first_and_by_deprecation() {
    let app = TestApp::start().await;
    let [one, other] = [app.operator.new_tenant().await, app.operator.new_tenant().await];
    for (number, name) in ["a.one", "a.two", "a.three"].iter().enumerate() {
        app.clock.advance(std::time::Duration::from_millis(5));
        let entry = json!({"name": name, "deprecated": number == 1});
        one.api.post("/event-types", entry).await.expect(201);
    }
    other.api.post("/event-types", json!({"name": "a.one"})).await.expect(201);
    let names = |rows: Vec<Value>| -> Vec<String> {
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(one.list("/event-types").await), ["a.three", "a.two", "a.one"]);
    assert_eq!(names(one.list("/event-types?deprecated=true").await), ["a.two"]);
    assert_eq!(names(one.list("/event-types?deprecated=false").await), ["a.three", "a.one"]);
    one.api.get("/event-types?deprecated=maybe").await.expect(422);
    let all = app.operator.get("/event-types?limit=2").await.expect(200);
    let next = all["next_cursor"].as_str().expect("a next page").to_owned();
    let rest = app.operator.get(&format!("/event-types?cursor={next}")).await.expect(200);
    let owners: Vec<&Value> = [&all, &rest]
        .iter()
        .flat_map(|page| page["data"].as_array().expect("a page"))
        .map(|row| &row["tenant_id"])
        .collect();
    assert_eq!(owners.len(), 4);
    assert_eq!(owners[0], &json!(other.id));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_tenants_events_are_held_to_the_catalogue() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let api = &tenant.api;
        let post = async |event: Value| api.post("/events", event).await;
        post(json!({"type": "order.unknown", "data": 1})).await.expect(202);
        strict(&app, true, &tenant).await;
        let unknown = post(json!({"type": "order.unknown", "data": 1})).await.expect(422);
        assert_eq!(pointers(&unknown), ["/type"]);

        // A change holds for the very next event.
        api.post("/event-types", order_paid()).await.expect(201);
        let broken = post(json!({"type": "order.paid", "data": {"total": "5"}})).await.expect(422);
        assert_eq!(pointers(&broken), ["/data/total"], "the last version, when none is named");
        post(json!({"type": "order.paid", "data": {"total": 5}})).await.expect(202);
        post(json!({"type": "order.paid", "data": {"amount": 5}, "version": "1"}))
            .await
            .expect(202);
        let missing = json!({"type": "order.paid", "data": {"total": 5}, "version": "1"});
        assert_eq!(pointers(&post(missing).await.expect(422)), ["/data"]);
        let unknown = json!({"type": "order.paid", "data": {"total": 5}, "version": "3"});
        assert_eq!(pointers(&post(unknown).await.expect(422)), ["/version"]);
        let versions = json!({"versions": [{"version": "1"}]});
        api.patch("/event-types/order.paid", versions).await.expect(200);
        post(json!({"type": "order.paid", "data": "anything"})).await.expect(202);
        api.delete("/event-types/order.paid").await.expect(204);
        post(json!({"type": "order.paid", "data": 1})).await.expect(422);
        strict(&app, false, &tenant).await;
        post(json!({"type": "order.paid", "data": 1})).await.expect(202);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_a_batch_is_held_to_the_catalogue_for_itself() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let api: &Client = &tenant.api;
    strict(&app, true, &tenant).await;
    api.post("/event-types", order_paid()).await.expect(201);
    let events = json!({"events": [
        {"type": "order.paid", "data": {"total": 1}},
        {"type": 5},
        {"type": "order.lost", "data": 1},
        {"type": "order.paid", "data": {"total": []}},
        {"type": "order.paid", "data": {"total": 2}},
    ]});
    let answer = api.post("/events/batch", events).await.expect(202);
    let items = answer["data"].as_array().expect("items");
    let statuses: Vec<&Value> = items.iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [202, 422, 422, 422, 202]);
    assert_eq!(pointers(&items[2]["problem"]), ["/events/2/type"]);
    assert_eq!(pointers(&items[3]["problem"]), ["/events/3/data/total"]);
    assert_eq!(tenant.list("/events").await.len(), 2);
    app.stop().await;
}
