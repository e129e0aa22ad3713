use reqwest::Method;
use serde_json::json;
use testkit::{Client, Reply, Storage, TestApp};

async fn post(api: &Client, path: &str, key: &str, body: &str) -> Reply {
    api.try_call(Method::POST, path, Some(body.to_owned()), &[("idempotency-key", key)])
        .await
        .expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_is_given_again_on_every_post() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        let (id, _) =
            tenant.subscribe(json!({"url": "https://example.com/", "status": "paused"})).await;
        for (api, path, body, status) in [
            (&app.operator, "/tenants".to_owned(), r#"{"name":"a"}"#, 201),
            (
                &app.operator,
                format!("/tenants/{}/keys", tenant.id),
                r#"{"name":"a","scopes":["*"]}"#,
                201,
            ),
            (
                &tenant.api,
                "/subscriptions".to_owned(),
                r#"{"url":"https://example.com/","external_id":"x"}"#,
                201,
            ),
            (&tenant.api, format!("/subscriptions/{id}/secret/rotate"), "{}", 200),
            (&tenant.api, "/events".to_owned(), r#"{"type":"a","data":1}"#, 202),
            (
                &tenant.api,
                "/events/batch".to_owned(),
                r#"{"events":[{"type":"a","data":1},{"type":"a b","data":1}]}"#,
                202,
            ),
        ] {
            let first = post(api, &path, "k 1", body).await;
            first.expect(status);
            let again = post(api, &path, "k 1", body).await;
            assert_eq!((again.status, &again.text), (first.status, &first.text), "{path}");
            assert_eq!(again.headers.get("content-type"), first.headers.get("content-type"));
            let problem = post(api, &path, "k 1", &format!("{body} ")).await.expect(409);
            assert_eq!(problem["code"], "idempotency_key_reused", "{path}");
            assert_ne!(post(api, &path, "k 2", body).await.text, first.text, "{path}");
        }
        assert_eq!(tenant.list("/events").await.len(), 4, "two keys, two routes");
        let delivery =
            tenant.list("/deliveries").await[0]["id"].as_str().expect("an id").to_owned();
        let path = format!("/deliveries/{delivery}/cancel");
        let first = post(&tenant.api, &path, "k", "{}").await;
        assert_eq!(first.expect(200)["status"], "cancelled");
        assert_eq!(post(&tenant.api, &path, "k", "{}").await.text, first.text);
        post(&tenant.api, &path, "other", "{}").await.expect(409);
        let path = format!("/deliveries/{delivery}/redeliver");
        let first = post(&tenant.api, &path, "k", "{}").await;
        first.expect(202);
        assert_eq!(post(&tenant.api, &path, "k", "{}").await.text, first.text);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_frees_the_key() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    post(&tenant.api, "/events", "k", r#"{"type":"a b","data":1}"#).await.expect(422);
    post(&tenant.api, "/events", "k", r#"{"type":"a","data":1}"#).await.expect(202);
    post(&tenant.api, "/subscriptions", "k", r#"{"url":"nonsense"}"#).await.expect(422);
    post(&tenant.api, "/subscriptions", "k", r#"{"url":"https://example.com/"}"#).await.expect(201);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_its_tenants_own() {
    let app = TestApp::start().await;
    let (one, two) = (app.operator.new_tenant().await, app.operator.new_tenant().await);
    let first = post(&one.api, "/events", "k", r#"{"type":"a","data":1}"#).await;
    let second = post(&two.api, "/events", "k", r#"{"type":"a","data":2}"#).await;
    second.expect(202);
    assert_ne!(first.text, second.text);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_requests_one_is_done() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let tenant = app.operator.new_tenant().await;
        for (path, body) in [
            ("/subscriptions", r#"{"url":"https://example.com/","external_id":"x"}"#),
            ("/events", r#"{"type":"a","data":1}"#),
        ] {
            let posts = (0..12).map(|_| {
                let api = tenant.api.clone();
                tokio::spawn(async move { post(&api, path, "k", body).await })
            });
            let mut answers = std::collections::BTreeSet::new();
            for one in posts.collect::<Vec<_>>() {
                let reply = one.await.expect("no panic");
                match reply.status {
                    201 | 202 => drop(answers.insert(reply.text)),
                    409 => assert_eq!(
                        reply.headers.get("retry-after").map(|v| v.as_bytes()),
                        Some(b"1".as_slice())
                    ),
                    status => panic!("{status} {}", reply.text),
                }
            }
            assert_eq!(answers.len(), 1, "{path} {answers:?}");
            assert_eq!(tenant.list(path).await.len(), 1);
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_1_to_255_characters() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    for (key, status) in [("x".repeat(255), 202), ("x".repeat(256), 422), (String::new(), 422)] {
        assert_eq!(
            post(&tenant.api, "/events", &key, r#"{"type":"a","data":1}"#).await.status,
            status,
            "{}",
            key.len()
        );
    }
    app.stop().await;
}
