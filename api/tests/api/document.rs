use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Receiver, Reply, TestApp, eventually};

use super::follow::Follower;
use super::raw::{OPERATOR_KEY, send};
use super::schema::faults;

const BASE: &str = "/api/v1/webhooks";

/// Calls that are held against the document.
struct Checked {
    document: Value,
    called: BTreeSet<(String, String)>,
    /// Requests that must be in the audit log, by id.
    noted: BTreeMap<String, String>,
}

/// Whether a successful call has an entry in the audit log: all that change something but posting events,
/// which are their own record, and looks at secrets.
fn is_noted(method: &str, template: &str) -> bool {
    let route = template.strip_prefix(BASE).unwrap_or(template);
    match method {
        "GET" => route == "/subscriptions/{id}/secret",
        _ => !["/events", "/events/batch", "/subscriptions/filter-test", "/bin/{id}"]
            .contains(&route),
    }
}

/// An answer's body as a value; a page is a text.
fn said(reply: &Reply) -> Value {
    let is_page = reply
        .headers
        .get("content-type")
        .is_some_and(|media| media.to_str().is_ok_and(|media| media.starts_with("text/html")));
    match reply.text.as_str() {
        "" => Value::Null,
        text if is_page => text.into(),
        _ => reply.json(),
    }
}

impl Checked {
    async fn call(
        &mut self,
        api: &Client,
        method: &str,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> Value {
        let name = Method::from_bytes(method.as_bytes()).expect("a method");
        let reply = api.call(name, path, body.clone()).await;
        assert_eq!(reply.status, status, "{method} {path} {}", reply.text);
        let path = format!("{BASE}{}", path.split('?').next().unwrap_or_default());
        self.check(method, &path, &reply);
        if let (200..300, Some(body)) = (status, body) {
            self.check_taken(method, &path, &body);
        }
        said(&reply)
    }

    fn check(&mut self, method: &str, path: &str, reply: &Reply) {
        let (template, operation) = self.operation(method, path);
        let described = &operation["responses"][reply.status.to_string()];
        assert!(described.is_object(), "{method} {template} does not describe {}", reply.status);
        Self::check_headers(described, reply);
        let media = reply
            .headers
            .get("content-type")
            .map(|value| value.to_str().expect("a text").to_owned());
        match described["content"].as_object() {
            None => assert_eq!((media, reply.text.as_str()), (None, ""), "{method} {template}"),
            Some(content) => {
                let media = media.expect("a content type");
                let media = media.split(';').next().unwrap_or_default();
                let schema = &content[media]["schema"];
                let faults = faults(&self.document, schema, &said(reply), "");
                assert!(faults.is_empty(), "{method} {template} {}: {faults:#?}", reply.status);
            }
        }
        if reply.status < 300 {
            // Asking how many there are changes nothing.
            let is_asked = template.ends_with("/replays") && reply.status == 200;
            if is_noted(method, &template) && !is_asked {
                let id = reply.headers["x-request-id"].to_str().expect("a text");
                self.noted.insert(id.to_owned(), format!("{method} {template}"));
            }
            self.called.insert((method.to_owned(), template));
        }
    }

    /// Ends a session, which takes its cookie.
    async fn sign_out(&mut self, app: &TestApp) {
        let path = format!("{BASE}/session");
        let (json, key) = (("content-type", "application/json"), json!({"key": OPERATOR_KEY}));
        let opened = send(app, "POST", &path, &[json], key.to_string().as_bytes()).await;
        let cookie = opened.header("set-cookie").expect("a cookie");
        let csrf = opened.json()["csrf_token"].as_str().expect("a token").to_owned();
        let headers = [("cookie", cookie.as_str()), ("posthaste-csrf", csrf.as_str())];
        let answer = send(app, "DELETE", &path, &headers, b"").await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        let id = answer.header("x-request-id").expect("an id");
        self.noted.insert(id, "DELETE /session".to_owned());
        self.called.insert(("DELETE".to_owned(), path));
    }

    /// Opens a stream, whose answer has no end.
    async fn follow(&mut self, app: &TestApp) {
        let _stream = Follower::open(app, OPERATOR_KEY, "", &[]).await;
        let path = format!("{BASE}/stream");
        let (_, operation) = self.operation("GET", &path);
        let content = &operation["responses"]["200"]["content"];
        assert!(content["text/event-stream"].is_object(), "{content}");
        self.called.insert(("GET".to_owned(), path));
    }

    /// What was taken must be what the document says is taken.
    fn check_taken(&self, method: &str, path: &str, body: &Value) {
        let (template, operation) = self.operation(method, path);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {template} describes no body");
        let faults = faults(&self.document, schema, body, "");
        assert!(faults.is_empty(), "{method} {template} took {body}: {faults:#?}");
    }

    /// An answer has the headers that it must have.
    fn check_headers(described: &Value, reply: &Reply) {
        let headers = described["headers"].as_object().expect("headers");
        for (name, _) in headers.iter().filter(|(_, header)| header["required"] == true) {
            assert!(reply.headers.contains_key(name), "{name} is missing: {reply:?}");
        }
    }

    /// The described path that this one is of, and its operation.
    fn operation(&self, method: &str, path: &str) -> (String, Value) {
        let fits = |template: &str| {
            let (wanted, given): (Vec<&str>, Vec<&str>) =
                (template.split('/').collect(), path.split('/').collect());
            wanted.len() == given.len()
                && wanted
                    .iter()
                    .zip(&given)
                    .all(|(want, part)| want == part || want.starts_with('{'))
        };
        let paths = self.document["paths"].as_object().expect("paths");
        // A path without parts comes before one with them.
        let template = paths
            .keys()
            .filter(|template| fits(template))
            .min_by_key(|template| template.matches('{').count());
        let template = template.unwrap_or_else(|| panic!("{path} is not described")).clone();
        let operation = paths[&template][method.to_ascii_lowercase().as_str()].clone();
        (template, operation)
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_as_the_document_says() {
    let app = TestApp::start().await;
    let document = send(&app, "GET", "/openapi.json", &[], b"").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": "/"}]));
    let mut checked = Checked { document, called: BTreeSet::new(), noted: BTreeMap::new() };
    for path in ["/healthz", "/readyz"] {
        let answer = send(&app, "GET", path, &[], b"").await;
        let schema = checked.operation("GET", path).1["responses"]["200"]["content"]["application/json"]["schema"].clone();
        assert_eq!(faults(&checked.document, &schema, &answer.json(), ""), Vec::<String>::new());
    }
    let op = &app.operator;

    let tenant = checked
        .call(op, "POST", "/tenants", Some(json!({"name": "a", "external_id": "acme"})), 201)
        .await;
    let of_tenant = format!("/tenants/{}", id(&tenant));
    checked.call(op, "POST", "/tenants", Some(json!({"name": ""})), 422).await;
    checked
        .call(op, "POST", "/tenants", Some(json!({"name": "b", "external_id": "acme"})), 409)
        .await;
    checked
        .call(op, "PATCH", &of_tenant, Some(json!({"rate_limit": {"per_second": 1000}})), 200)
        .await;
    // What is within is merged, too.
    let within = json!({"rate_limit": {"burst": 5}, "egress": {"allow": null}});
    checked.call(op, "PATCH", &of_tenant, Some(within), 200).await;
    checked.call(op, "GET", &of_tenant, None, 200).await;
    checked.call(op, "GET", "/tenants", None, 200).await;
    let keys = format!("{of_tenant}/keys");
    let body = json!({"name": "k", "scopes": ["*"], "source_cidrs": ["127.0.0.0/8"], "expires_at": "2999-01-01T00:00:00Z"});
    let key = checked.call(op, "POST", &keys, Some(body), 201).await;
    checked.call(op, "GET", &keys, None, 200).await;
    let links = format!("{of_tenant}/portal-links");
    let link = checked.call(op, "POST", &links, Some(json!({"permissions": "read"})), 201).await;
    checked.call(op, "GET", &links, None, 200).await;
    checked.call(op, "DELETE", &format!("{links}/{}", id(&link)), None, 204).await;
    let opened =
        checked.call(op, "POST", "/session", Some(json!({"key": OPERATOR_KEY})), 201).await;
    assert_eq!(opened["actor"], "operator");
    checked.call(op, "POST", "/session", Some(json!({"key": "unknown"})), 401).await;
    checked.call(op, "GET", "/session", None, 200).await;
    checked.call(op, "DELETE", "/session", None, 404).await;
    checked.sign_out(&app).await;
    checked.call(op, "POST", "/operator-key/rotate", None, 200).await;
    let api = app.operator.with_key(key["secret"].as_str().expect("a secret"));
    let (api, operator) = (&api, op);

    let entry = json!({"name": "a.b", "versions": [{"version": "1", "schema": {"type": "array"}, "example": [1]}]});
    checked.call(api, "POST", "/event-types", Some(entry.clone()), 201).await;
    checked.call(api, "POST", "/event-types", Some(entry), 409).await;
    checked.call(api, "POST", "/event-types", Some(json!({"name": "a..b"})), 422).await;
    checked.call(api, "GET", "/event-types", None, 200).await;
    checked.call(operator, "GET", "/event-types", None, 200).await;
    checked.call(api, "GET", "/event-types/a.b", None, 200).await;
    checked.call(api, "GET", "/event-types/a.b/example", None, 200).await;
    checked.call(api, "GET", "/event-types/a.b/page", None, 200).await;
    checked.call(api, "GET", "/event-types/a.c/page", None, 404).await;
    checked.call(api, "PATCH", "/event-types/a.b", Some(json!({"deprecated": true})), 200).await;
    checked.call(api, "GET", "/catalogue", None, 200).await;
    checked.call(api, "GET", "/catalogue/starter", None, 200).await;
    let catalogue = json!({"event_types": [{"name": "a.b"}]});
    checked.call(api, "POST", "/catalogue", Some(catalogue), 200).await;
    checked.call(api, "DELETE", "/event-types/a.b", None, 204).await;

    let bin = json!({"name": "tries", "secret": null, "response": {"status": 200, "delay_ms": 1}});
    let bin = checked.call(api, "POST", "/bins", Some(bin), 201).await;
    let of_bin = format!("/bins/{}", id(&bin));
    checked.call(api, "POST", "/bins", Some(json!({"name": ""})), 422).await;
    checked.call(api, "GET", "/bins", None, 200).await;
    checked.call(operator, "GET", "/bins", None, 200).await;
    checked.call(api, "GET", &of_bin, None, 200).await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
        checked.call(api, method, &of_bin.replace("bins", "bin"), None, 200).await;
    }
    checked.call(api, "GET", &format!("{of_bin}/requests"), None, 200).await;
    checked.call(api, "DELETE", &of_bin, None, 204).await;
    checked.call(api, "GET", &of_bin, None, 404).await;
    checked.call(api, "POST", &of_bin.replace("bins", "bin"), None, 404).await;

    let receiver = Receiver::answering([204, 500, 500, 200]).await;
    let body = json!({
        "url": receiver.url("/"), "retry": {"schedule_s": [0.1], "jitter": 0}, "headers": {"x-a": "b"}, "event_types": ["a.**"],
        "external_id": "own", "rate_limit": {"per_second": 100}, "metadata": {"k": [1]},
    });
    let subscription = checked.call(api, "POST", "/subscriptions", Some(body), 201).await;
    let of_subscription = format!("/subscriptions/{}", id(&subscription));
    checked.call(api, "POST", "/subscriptions", Some(json!({"uri": 1})), 422).await;
    checked.call(api, "GET", &of_subscription, None, 200).await;
    checked.call(api, "GET", "/subscriptions?event_type=a.b", None, 200).await;
    checked.call(operator, "GET", "/subscriptions", None, 200).await;
    checked.call(operator, "GET", &of_subscription, None, 422).await;
    let patch = json!({"description": "d", "headers": {"x-a": null}, "retry": {"jitter": 0.5}});
    checked.call(api, "PATCH", &of_subscription, Some(patch), 200).await;
    checked.call(api, "GET", &format!("{of_subscription}/secret"), None, 200).await;
    checked.call(api, "POST", &format!("{of_subscription}/secret/rotate"), None, 200).await;
    checked.call(api, "POST", &format!("{of_subscription}/test"), None, 200).await;
    checked
        .call(
            api,
            "POST",
            "/subscriptions/filter-test",
            Some(json!({"filter": "x.y", "event": {"type": "a", "data": 1}})),
            422,
        )
        .await;
    let tried = json!({"filter": "data.missing > 1", "event": {"type": "a", "data": 1}});
    checked.call(api, "POST", "/subscriptions/filter-test", Some(tried), 200).await;
    checked
        .call(api, "POST", "/subscriptions/filter-test", Some(json!({"filter": "true"})), 200)
        .await;

    let event = checked
        .call(
            api,
            "POST",
            "/events",
            Some(json!({"type": "a.b", "data": [1], "correlation_id": "c"})),
            202,
        )
        .await;
    checked.call(api, "POST", "/events", Some(json!({"type": "a b", "data": 1})), 422).await;
    let batch = json!({"events": [{"type": "x", "data": null}, {"type": 5}]});
    checked.call(api, "POST", "/events/batch", Some(batch), 202).await;
    checked.call(api, "GET", "/events", None, 200).await;
    checked.call(operator, "GET", "/events", None, 200).await;
    checked.call(api, "GET", &format!("/events/{}", id(&event)), None, 200).await;
    checked.call(api, "GET", &format!("/events/{}/explain", id(&event)), None, 200).await;

    let letter = eventually("a dead letter", async || {
        api.get("/dead-letters").await.expect(200)["data"]
            .as_array()
            .and_then(|rows| rows.first().cloned())
    })
    .await;
    checked.call(api, "GET", "/dead-letters", None, 200).await;
    checked.call(operator, "GET", "/dead-letters", None, 200).await;
    checked.call(api, "GET", "/deliveries?status=failed,succeeded", None, 200).await;
    checked.call(operator, "GET", "/deliveries", None, 200).await;
    let delivery = format!("/deliveries/{}", id(&letter));
    checked.call(api, "GET", &delivery, None, 200).await;
    checked.call(api, "GET", &format!("{delivery}/attempts"), None, 200).await;
    checked.call(api, "POST", &format!("{delivery}/cancel"), None, 409).await;
    checked.call(api, "GET", "/stats?bucket=1d", None, 200).await;
    checked.call(operator, "GET", "/stats", None, 200).await;
    checked.call(api, "GET", "/stats?bucket=1y", None, 422).await;
    for route in ["/stats/subscriptions?bucket=1h", "/lanes", "/dead-letters/groups"] {
        checked.call(api, "GET", route, None, 200).await;
        checked.call(operator, "GET", route, None, 200).await;
    }
    checked.follow(&app).await;
    checked.call(api, "PATCH", &of_subscription, Some(json!({"status": "paused"})), 200).await;
    let waiting = checked.call(api, "POST", &format!("{delivery}/redeliver"), None, 202).await;
    checked.call(api, "POST", &format!("/deliveries/{}/cancel", id(&waiting)), None, 200).await;
    checked.call(api, "POST", &format!("/dead-letters/{}/replay", id(&letter)), None, 202).await;
    checked.call(api, "DELETE", &format!("/dead-letters/{}", id(&letter)), None, 204).await;
    checked.call(api, "GET", "/dead-letters?resolved=true", None, 200).await;
    checked
        .call(api, "POST", "/dead-letters/discard", Some(json!({"event_types": ["a.*"]})), 200)
        .await;
    let nothing = json!({"to": "2020-01-01T00:00:00Z"});
    checked.call(api, "POST", "/dead-letters/replay", Some(nothing), 202).await;
    let window = json!({"from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z", "statuses": ["succeeded"], "dry_run": true});
    checked.call(api, "POST", "/replays", Some(window.clone()), 200).await;
    let replay = json!({"from": window["from"], "to": window["to"], "statuses": ["succeeded"], "rate_per_second": 0.1});
    let replay = checked.call(api, "POST", "/replays", Some(replay), 202).await;
    let replay = format!("/replays/{}", id(&replay));
    checked.call(api, "POST", "/replays", Some(json!({"from": 5})), 422).await;
    checked.call(api, "GET", "/replays", None, 200).await;
    checked.call(operator, "GET", "/replays", None, 200).await;
    checked.call(api, "GET", &replay, None, 200).await;
    checked.call(api, "POST", &format!("{replay}/pause"), None, 200).await;
    checked.call(api, "POST", &format!("{replay}/pause"), None, 409).await;
    checked.call(api, "POST", &format!("{replay}/resume"), None, 200).await;
    checked.call(api, "POST", &format!("{replay}/cancel"), None, 200).await;
    checked.call(api, "DELETE", &of_subscription, None, 204).await;
    checked.call(api, "DELETE", &of_subscription, None, 404).await;
    checked.call(api, "GET", "/audit-log", None, 200).await;
    checked.call(api, "GET", "/tenants", None, 403).await;
    checked.call(op, "DELETE", &format!("{keys}/{}", id(&key)), None, 204).await;
    checked.call(api, "GET", "/events", None, 401).await;
    // Before it goes with its tenant.
    let entries = checked.call(op, "GET", "/audit-log?limit=250", None, 200).await;
    checked.call(op, "DELETE", &of_tenant, None, 204).await;
    let of_operator = "/audit-log?action=tenant.deleted,operator_key.rotated";
    let last = op.get(of_operator).await.expect(200);
    let entries = [entries["data"].clone(), last["data"].clone()];
    let entries = entries.iter().flat_map(|page| page.as_array().expect("a list"));
    let requests = entries.map(|entry| entry["request_id"].as_str().expect("a text").to_owned());
    for request in requests {
        checked.noted.remove(&request);
    }
    assert_eq!(checked.noted, BTreeMap::new(), "not in the audit log");

    let described: BTreeSet<(String, String)> = checked.document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .filter(|(path, _)| path.starts_with(BASE))
        .flat_map(|(path, item)| {
            item.as_object()
                .expect("methods")
                .keys()
                .map(move |method| (method.to_ascii_uppercase(), path.clone()))
        })
        .collect();
    assert_eq!(
        described.difference(&checked.called).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new(),
        "not called"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_readable_at_docs_without_the_network() {
    let app = TestApp::start().await;
    let moved = send(&app, "GET", "/docs", &[], b"").await;
    assert_eq!((moved.status, moved.header("location").as_deref()), (308, Some("/docs/")));
    let page = send(&app, "GET", "/docs/", &[], b"").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|media| media.starts_with("text/html")));
    let files = page.body.split("\"./").skip(1).filter_map(|rest| rest.split('"').next());
    let files: Vec<&str> = files.collect();
    assert!(files.contains(&"swagger-ui-bundle.js"), "{files:?}");
    for file in files {
        assert_eq!(
            send(&app, "GET", &format!("/docs/{file}"), &[], b"").await.status,
            200,
            "{file}"
        );
    }
    assert!(
        !page.body.contains("src=\"http") && !page.body.contains("href=\"http"),
        "nothing from elsewhere"
    );
    let initializer = send(&app, "GET", "/docs/swagger-initializer.js", &[], b"").await;
    assert!(initializer.body.contains("/openapi.json"), "{}", initializer.body);
    assert!(
        send(&app, "GET", "/docs/problems/invalid", &[], b"")
            .await
            .body
            .contains("<code>invalid</code>")
    );
    assert_eq!(send(&app, "GET", "/docs/nothing.js", &[], b"").await.status, 404);
    assert_eq!(send(&app, "POST", "/docs/", &[], b"").await.status, 405);
    app.stop().await;
}
