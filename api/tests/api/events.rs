use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Reply, Storage, Tenant, TestApp};

async fn post(tenant: &Tenant, path: &str, body: impl Into<String>) -> Reply {
    tenant.api.try_call(Method::POST, path, Some(body.into()), &[]).await.expect("an answer")
}

fn evt(seed: u8) -> String {
    let now = engine_time();
    domain::ids::EventId::derive(now, &[&[seed]]).to_string()
}

fn engine_time() -> domain::time::Timestamp {
    engine::clock::Clock::default().now()
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_kept_byte_for_byte() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        for data in [
            "9007199254740993",
            "1e400",
            "-0.0",
            "12345678901234567890123",
            "null",
            "\"\"",
            "[ ]",
            r#""\ud800 \u0000 \u00e9 é""#,
            r#"{"k":1, "k" :2,"\u006b":3}"#,
            &format!("{}1{}", "[".repeat(128), "]".repeat(128)),
        ] {
            let accepted = post(&tenant, "/events", format!(r#"{{"type":"a.b","data":{data}}}"#))
                .await
                .expect(202);
            assert_eq!(
                (&accepted["deliveries"], &accepted["duplicate"]),
                (&json!(0), &json!(false))
            );
            let shown = tenant
                .api
                .get(&format!("/events/{}", accepted["id"].as_str().expect("an id")))
                .await;
            assert!(
                shown.text.contains(&format!("\"data\":{data}}}")),
                "{data} became {}",
                shown.text
            );
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_shows_all_that_was_posted() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let body = json!({
        "type": "a.b", "data": {"x": 1}, "timestamp": "2026-01-21T13:00:00.5+01:00", "metadata": {"k": "v"},
        "correlation_id": "c\u{0}1", "version": "2",
    });
    let accepted = tenant.api.post("/events", body).await.expect(202);
    assert_eq!(accepted["timestamp"], "2026-01-21T12:00:00.5Z");
    let shown = tenant
        .api
        .get(&format!("/events/{}", accepted["id"].as_str().expect("an id")))
        .await
        .expect(200);
    for (field, value) in [
        ("type", json!("a.b")),
        ("timestamp", json!("2026-01-21T12:00:00.5Z")),
        ("data", json!({"x": 1})),
        ("metadata", json!({"k": "v"})),
        ("correlation_id", json!("c\u{0}1")),
        ("version", json!("2")),
        ("deliver_at", Value::Null),
        ("deliveries", json!(0)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let listed = tenant.list("/events?correlation_id=c%001").await;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].get("data").is_none(), "lists leave data out");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_twice_is_a_duplicate_or_a_conflict() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let (tenant, other) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
        let id = evt(1);
        let body = format!(r#"{{"id":"{id}","type":"a","data":{{"x":1}}}}"#);
        assert_eq!(post(&tenant, "/events", body.clone()).await.expect(202)["duplicate"], false);
        let again = post(&tenant, "/events", body.clone()).await.expect(200);
        assert_eq!((&again["duplicate"], &again["id"]), (&json!(true), &json!(id)));
        for changed in [
            format!(r#"{{"id":"{id}","type":"a","data":{{"x": 1}}}}"#),
            format!(r#"{{"id":"{id}","type":"b","data":{{"x":1}}}}"#),
            format!(r#"{{"id":"{id}","type":"a","data":{{"x":1}},"metadata":{{"k":1}}}}"#),
        ] {
            assert_eq!(post(&tenant, "/events", changed).await.expect(409)["code"], "conflict");
        }
        assert_eq!(
            post(&other, "/events", body.clone()).await.expect(202)["duplicate"],
            false,
            "ids are a tenant's own"
        );

        let id = evt(2);
        let posts = (0..20).map(|_| {
            let (tenant, body) =
                (tenant.clone(), format!(r#"{{"id":"{id}","type":"a","data":1}}"#));
            tokio::spawn(async move { post(&tenant, "/events", body).await.status })
        });
        let mut statuses = Vec::new();
        for one in posts.collect::<Vec<_>>() {
            statuses.push(one.await.expect("no panic"));
        }
        assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19, "{statuses:?}");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_events_are_refused_naming_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let very_deep =
        format!("{}{}", "{\"a\":".repeat(20_000), "}".repeat(20_000).replacen('}', "1}", 1));
    for (body, pointer) in [
        ("{}".to_owned(), "/type"),
        (r#"{"type":"a"}"#.to_owned(), "/data"),
        (r#"{"data":1}"#.to_owned(), "/type"),
        (r#"{"type":"a b","data":1}"#.to_owned(), "/type"),
        (r#"{"type":"","data":1}"#.to_owned(), "/type"),
        (r#"{"type":5,"data":1}"#.to_owned(), "/type"),
        (r#"{"type":"\ud800","data":1}"#.to_owned(), "/type"),
        (r#"{"type":"a","data":1,"payload":2}"#.to_owned(), "/payload"),
        (r#"{"type":"a","data":1,"data":2}"#.to_owned(), "/data"),
        (r#"{"type":"a","data":1,"id":"evt_1"}"#.to_owned(), "/id"),
        (r#"{"type":"a","data":1,"id":"evt_01h455vb4pex5vsknk084sn02q"}"#.to_owned(), "/id"),
        (r#"{"type":"a","data":1,"timestamp":"yesterday"}"#.to_owned(), "/timestamp"),
        (r#"{"type":"a","data":1,"metadata":[]}"#.to_owned(), "/metadata"),
        (
            format!(r#"{{"type":"a","data":1,"metadata":{{"k":"{}"}}}}"#, "x".repeat(16 * 1024)),
            "/metadata",
        ),
        (
            format!(r#"{{"type":"a","data":1,"correlation_id":"{}"}}"#, "x".repeat(256)),
            "/correlation_id",
        ),
        (r#"{"type":"a","data":1,"version":""}"#.to_owned(), "/version"),
        (r#"{"type":"a","data":1,"deliver_at":"2999-01-01T00:00:00Z"}"#.to_owned(), "/deliver_at"),
        (format!(r#"{{"type":"{}","data":1}}"#, "x".repeat(129)), "/type"),
        (format!(r#"{{"type":"a","data":{deep}}}"#), "/data"),
        (format!(r#"{{"type":"a","data":1,"metadata":{{"k":{deep}}}}}"#), "/metadata"),
    ] {
        let problem = post(&tenant, "/events", body.clone()).await.expect(422);
        assert_eq!(
            problem["errors"][0]["pointer"],
            pointer,
            "{} {problem}",
            body.chars().take(80).collect::<String>()
        );
    }
    for body in [
        format!(r#"{{"type":"a","x":{very_deep},"data":1}}"#),
        very_deep.clone(),
        "[1]".to_owned(),
        "null".to_owned(),
        "1e999".to_owned(),
    ] {
        assert_eq!(post(&tenant, "/events", body).await.status, 422);
    }
    for body in [
        "{",
        "",
        "nonsense",
        r#"{"type":"a","data":1} x"#,
        r#"{"type":"a","data":01}"#,
        "{\"type\":\"a\",\"data\":\"\n\"}",
    ] {
        let problem = post(&tenant, "/events", body).await.expect(400);
        assert_eq!(problem["code"], "malformed_json", "{body:?}");
    }
    let large = format!(r#"{{"type":"a","data":"{}"}}"#, "x".repeat(300_000));
    assert_eq!(post(&tenant, "/events", large).await.expect(413)["code"], "too_large");
    let barely = |bytes: usize| format!(r#"{{"type":"a","data":"{}"}}"#, "x".repeat(bytes - 2));
    assert_eq!(post(&tenant, "/events", barely(262_145)).await.status, 413);
    assert_eq!(tenant.list("/events").await.len(), 0);
    post(&tenant, "/events", barely(262_144)).await.expect(202);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_a_batch_is_for_itself() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let id = evt(3);
        let body = format!(
            r#"{{"events":[{{"type":"a","data":1e400}},{{"type":"a b","data":1}},5,{{"id":"{id}","type":"a","data":1}},
               {{"id":"{id}","type":"a","data":1}},{{"id":"{id}","type":"a","data":2}},{{"type":"a","data":"{}"}},{{"type":"a","data":2,"x":1}}]}}"#,
            "x".repeat(300_000)
        );
        let answer = post(&tenant, "/events/batch", body).await.expect(202);
        let items = answer["data"].as_array().expect("items").clone();
        let statuses: Vec<_> =
            items.iter().map(|item| item["status"].as_u64().expect("a status")).collect();
        assert_eq!(statuses, [202, 422, 422, 202, 200, 409, 413, 422], "{answer}");
        assert_eq!(items[1]["problem"]["errors"][0]["pointer"], "/events/1/type");
        assert_eq!(items[7]["problem"]["errors"][0]["pointer"], "/events/7/x");
        assert_eq!((&items[3]["id"], &items[4]["duplicate"]), (&json!(id), &json!(true)));
        assert_eq!(
            (&items[2]["index"], &items[2]["problem"]["code"]),
            (&json!(2), &json!("invalid"))
        );
        assert_eq!(tenant.list("/events").await.len(), 2);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_1_to_1000_events_and_at_most_16_mib() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let of = |count: usize| {
        format!(r#"{{"events":[{}]}}"#, vec![r#"{"type":"a","data":1}"#; count].join(","))
    };
    for (body, pointer) in [
        (of(0), "/events"),
        (of(1001), "/events"),
        ("{}".to_owned(), "/events"),
        (r#"{"events":{}}"#.to_owned(), "/events"),
        (r#"{"events":[],"x":1}"#.to_owned(), "/x"),
    ] {
        assert_eq!(
            post(&tenant, "/events/batch", body).await.expect(422)["errors"][0]["pointer"],
            pointer
        );
    }
    let answer = post(&tenant, "/events/batch", of(1000)).await.expect(202);
    assert!(
        answer["data"].as_array().is_some_and(
            |items| items.len() == 1000 && items.iter().all(|item| item["status"] == 202)
        )
    );
    let large = format!(
        r#"{{"events":[{}]}}"#,
        vec![format!(r#"{{"type":"a","data":"{}"}}"#, "x".repeat(200_000)); 90].join(",")
    );
    assert_eq!(post(&tenant, "/events/batch", large).await.status, 413);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_post_of_an_id_is_compared_with_what_is_stored() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let id = evt(1);
        let event = |data: &str| json!({"type": "a.b", "data": data, "id": id});
        assert_eq!(post(&tenant, "/events", event("A").to_string()).await.status, 202);
        for (contents, expected) in [
            (["A", "B", "A", "B"], [200, 409, 200, 409]),
            (["B", "A", "B", "A"], [409, 200, 409, 200]),
        ] {
            let batch = json!({"events": contents.map(event)}).to_string();
            let answer = post(&tenant, "/events/batch", batch).await.expect(202);
            let items = answer["data"].as_array().expect("a list");
            let statuses: Vec<u64> =
                items.iter().map(|item| item["status"].as_u64().expect("a status")).collect();
            assert_eq!(statuses, expected, "{answer}");
        }
        app.stop().await;
    }
}
