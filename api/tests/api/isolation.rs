//! Every route of the OpenAPI document, with every kind of key that must not do, and with the ids of
//! somebody else's things. A route that comes new is in it as soon as it is described; one whose path names
//! a thing that nobody made here fails it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Receiver, Reply, Storage, Tenant, TestApp, eventually};

use super::raw::send;

const BASE: &str = "/api/v1/webhooks";
/// What the owner's catalogue has and the owner posts.
const EVENT_TYPE: &str = "order.paid";
const METHODS: [&str; 6] = ["get", "post", "patch", "put", "delete", "trace"];

/// A route as the document has it.
struct Route {
    method: Method,
    /// Behind what all paths start with.
    path: String,
    /// What its key must be for: `None` on the operator's.
    scope: Option<String>,
    body: Option<&'static str>,
}

/// Those that want a key.
fn routes(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (name, operation) in item.as_object().expect("an object") {
            assert!(METHODS.contains(&name.as_str()), "{name} of {path}");
            if operation["security"] == json!([]) {
                continue;
            }
            let path = path.strip_prefix(BASE).unwrap_or_else(|| panic!("{path} wants a key"));
            let description = operation["description"].as_str().expect("who may call it");
            let scope = description.split('`').nth(1).map(str::to_owned);
            assert!(scope.is_some() || description == "The operator's.", "{description}");
            routes.push(Route {
                method: Method::from_bytes(name.to_ascii_uppercase().as_bytes()).expect("a method"),
                path: path.to_owned(),
                scope,
                body: operation.get("requestBody").map(|_| "{}"),
            });
        }
    }
    routes
}

/// A tenant with one of everything.
struct Owner {
    tenant: Tenant,
    subscription: String,
    event: String,
    /// A dead letter, which is a delivery too.
    delivery: String,
    key: String,
    link: String,
    replay: String,
    bin: String,
}

impl Owner {
    async fn new(app: &TestApp, receiver: &Receiver) -> Self {
        let tenant = app.operator.new_tenant().await;
        let wanted = json!({
            "url": receiver.url("/"), "external_id": "mine", "retry": {"schedule_s": [0.1], "jitter": 0},
        });
        let (subscription, _) = tenant.subscribe(wanted).await;
        let entry = json!({"name": EVENT_TYPE, "versions": [{"version": "1", "example": {"amount": 4711}}]});
        tenant.api.post("/event-types", entry).await.expect(201);
        let event = tenant.publish(EVENT_TYPE, json!({"amount": 4711})).await;
        let delivery = eventually("a dead letter", async || {
            tenant.list("/dead-letters").await.first().map(id_of)
        })
        .await;
        let keys = app.operator.get(&format!("/tenants/{}/keys", tenant.id)).await.expect(200);
        let (link, _) = link(app, &tenant, "read").await;
        // Of nothing: it changes nothing of what is compared.
        let nothing = json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:00:01Z"});
        let replay = id_of(&tenant.api.post("/replays", nothing).await.expect(202));
        eventually("the replay's end", async || {
            let seen = tenant.api.get(&format!("/replays/{replay}")).await.expect(200);
            (seen["status"] == "completed").then_some(())
        })
        .await;
        let key = id_of(&keys["data"][0]);
        let bin = id_of(&tenant.api.post("/bins", json!({"name": "tries"})).await.expect(201));
        Self { tenant, subscription, event, delivery, key, link, replay, bin }
    }

    /// The route's path with the ids of these things in it.
    fn fill(&self, path: &str) -> String {
        if !path.contains('{') {
            return path.to_owned();
        }
        let id = match path.split('/').nth(1).expect("a noun") {
            "events" => &self.event,
            "subscriptions" => &self.subscription,
            "deliveries" | "dead-letters" => &self.delivery,
            "tenants" => &self.tenant.id,
            "event-types" => EVENT_TYPE,
            "replays" => &self.replay,
            "bins" => &self.bin,
            noun => panic!("nobody has made one of the {noun} that {path} names"),
        };
        let filled =
            path.replace("{id}", id).replace("{key}", &self.key).replace("{link}", &self.link);
        let filled = filled.replace("{name}", EVENT_TYPE);
        assert!(!filled.contains('{'), "{path} names what nobody has made");
        filled
    }

    fn ids(&self) -> [&str; 8] {
        let Self { tenant, subscription, event, delivery, key, link, replay, bin } = self;
        [&tenant.id, subscription, event, delivery, key, link, replay, bin]
    }

    /// All that it has, as it sees it.
    async fn all(&self, operator: &Client) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for path in [
            "/subscriptions",
            "/events",
            "/event-types",
            "/replays",
            "/bins",
            "/deliveries",
            "/dead-letters",
            "/audit-log",
        ] {
            all.insert(path.to_owned(), self.tenant.api.get(path).await.expect(200));
        }
        for part in ["", "/portal-links"] {
            let path = format!("/tenants/{}{part}", self.tenant.id);
            all.insert(path.clone(), operator.get(&path).await.expect(200));
        }
        all
    }
}

/// A portal link of a tenant: its id, and a caller with its token.
async fn link(app: &TestApp, tenant: &Tenant, permissions: &str) -> (String, Client) {
    let path = format!("/tenants/{}/portal-links", tenant.id);
    let made = app.operator.post(&path, json!({"permissions": permissions})).await.expect(201);
    let token = made["url"].as_str().and_then(|url| url.split('#').nth(1)).expect("a token");
    (id_of(&made), app.operator.with_key(token))
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

fn is_refused(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (status, &json!(code)),
        "{what}: {}",
        reply.text
    );
}

async fn matrix(storage: Storage) {
    let app = TestApp::start_with(storage, &[]).await;
    let document = send(&app, "GET", "/openapi.json", &[], b"").await.json();
    let receiver = Receiver::answering([500]).await;
    let owner = Owner::new(&app, &receiver).await;
    let stranger = app.operator.new_tenant().await;
    let (_, reader) = link(&app, &stranger, "read").await;
    let (_, writer) = link(&app, &stranger, "write").await;
    let scopes = &document["components"]["schemas"]["Key"]["properties"]["scopes"]["items"]["enum"];
    let scopes = scopes.as_array().expect("all there are").iter();
    let scopes: Vec<&str> =
        scopes.map(|scope| scope.as_str().expect("a text")).filter(|scope| *scope != "*").collect();
    let before = owner.all(&app.operator).await;
    let routes = routes(&document);
    assert!(routes.len() > 20, "a document of {} routes", routes.len());
    for route in &routes {
        let path = owner.fill(&route.path);
        let what = format!("{} {path}", route.method);
        let call = async |api: &Client, headers: &[(&str, &str)]| {
            let body = route.body.map(str::to_owned);
            api.try_call(route.method.clone(), &path, body, headers).await.expect("an answer")
        };

        // No key.
        let url = format!("{BASE}{path}");
        for headers in [vec![], vec![("authorization", "Basic bm86Ym9keQ==")]] {
            let answer = send(&app, route.method.as_str(), &url, &headers, b"").await;
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (401, &json!("unauthenticated")),
                "{what}"
            );
            assert_eq!(answer.header("www-authenticate").as_deref(), Some("Bearer"), "{what}");
        }
        // A wrong one.
        for key in ["nonsense", &format!("pht_{}", "A".repeat(43))] {
            is_refused(
                &call(&app.operator.with_key(key), &[]).await,
                401,
                "unauthenticated",
                &what,
            );
        }
        // One that lacks only the scope, of the tenant whose things they are.
        let others = scopes.iter().filter(|scope| Some(**scope) != route.scope.as_deref());
        let wanted = json!({"name": "others", "scopes": others.collect::<Vec<_>>()});
        let keys = format!("/tenants/{}/keys", stranger.id);
        let made = app.operator.post(&keys, wanted).await.expect(201);
        let lacking = app.operator.with_key(made["secret"].as_str().expect("a secret"));
        let code = if route.scope.is_some() { "missing_scope" } else { "operator_only" };
        is_refused(&call(&lacking, &[]).await, 403, code, &what);
        // A link to read lacks all that write.
        if route.scope.as_ref().is_none_or(|scope| scope.ends_with(":write")) {
            is_refused(&call(&reader, &[]).await, 403, code, &what);
        }

        // Its answer has no end; what it tells whom stands beside it (`stream`).
        if route.path == "/stream" {
            continue;
        }
        // Another tenant's key or link, which may do all there is to be done with what is its own.
        let named = [("posthaste-tenant", owner.tenant.id.as_str())];
        let code = if route.scope.is_some() { "other_tenant" } else { "operator_only" };
        for api in [&stranger.api, &writer] {
            is_refused(&call(api, &named).await, 403, code, &what);
            let foreign = call(api, &[]).await;
            if route.scope.is_none() {
                is_refused(&foreign, 403, "operator_only", &what);
            } else if route.path.contains('{') {
                is_refused(&foreign, 404, "not_found", &what);
            }
            for id in owner.ids() {
                let told = foreign.text.contains(id) && !foreign.text.contains("not_found");
                assert!(!told, "{what} tells {id}: {}", foreign.text);
            }
        }
        // What a list has to say of them when they are asked for by name: nothing.
        let is_list =
            route.method == Method::GET && !route.path.contains('{') && route.scope.is_some();
        if is_list {
            let filters =
                document["paths"][format!("{BASE}{}", route.path)]["get"]["parameters"].clone();
            for filter in filters.as_array().expect("parameters") {
                let value = match filter["name"].as_str().expect("a name") {
                    "subscription_id" => &owner.subscription,
                    "event_id" => &owner.event,
                    "external_id" => "mine",
                    "resource_id" => &owner.tenant.id,
                    "actor" => &owner.link,
                    _ => continue,
                };
                let path = format!("{path}?{}={value}", filter["name"].as_str().expect("a name"));
                let answer = stranger.api.get(&path).await;
                match answer.status {
                    404 => assert_eq!(answer.json()["code"], "not_found", "{path}"),
                    _ => assert_eq!(answer.expect(200)["data"], json!([]), "{path}"),
                }
            }
        }
    }
    assert_eq!(owner.all(&app.operator).await, before, "somebody changed it");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_lets_anybody_else_at_a_tenants_things_on_sqlite() {
    matrix(Storage::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_lets_anybody_else_at_a_tenants_things_on_postgres() {
    matrix(Storage::Postgres).await;
}
