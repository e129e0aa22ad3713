//! The OpenAPI document, and the page that shows it.
//!
//! Paths, methods and access come from [`crate::routes`], answers from the types that are serialised,
//! bounds from `domain::limits`; [`operations`] adds the words. `docs/openapi.json` is a copy.

mod inputs;
mod links;
mod operations;
pub(crate) mod schema;

use std::sync::OnceLock;

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use utoipa_swagger_ui::Config;

use crate::problem::Problem;
use crate::routes::{self, Access, BASE, answers};
use operations::{Answer, Operation};

/// The document, its parts in the order that readers expect.
#[derive(Debug, Serialize)]
pub struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    paths: Value,
    components: Value,
}

/// The document of the whole API.
pub fn document() -> Document {
    Document {
        openapi: "3.1.0",
        info: json!({
            "title": "Posthaste",
            "description": "Webhook delivery: a subscription and event API, signed deliveries with retries, dead letters.",
            "license": {"name": "MIT", "identifier": "MIT"},
            "version": env!("CARGO_PKG_VERSION"),
        }),
        servers: json!([{"url": "/"}]),
        paths: paths(),
        components: json!({"schemas": schemas(), "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}),
    }
}

/// The document's text, made once.
fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| serde_json::to_string(&document()).expect("the keys of JSON are texts"))
}

fn paths() -> Value {
    let mut paths = Map::new();
    for (path, method, access) in routes::list() {
        let short = path.strip_prefix(BASE).unwrap_or(&path);
        let Some(operation) = operations::of(method.as_str(), short) else {
            continue;
        };
        let described = describe(&path, &method, access, &operation);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method.as_str().to_ascii_lowercase()] = described;
    }
    Value::Object(paths)
}

fn describe(path: &str, method: &Method, access: Access, operation: &Operation) -> Value {
    let mut parameters = path_parameters(path);
    let is_tenants = matches!(access, Access::Tenant(_) | Access::List(_));
    if is_tenants {
        let schema = schema::own_id();
        let what = "Id or external id of the tenant that the operator means; a tenant's key may name its own.";
        parameters.push(json!({"name": "Posthaste-Tenant", "in": "header", "required": false, "description": what, "schema": schema}));
    }
    let has_key = !matches!(access, Access::Public | Access::KeyHolder);
    if method == Method::POST && has_key {
        let schema = schema::idempotency_key();
        let what = "The same key and body get the first answer again, for 24 hours.";
        parameters.push(json!({"name": "Idempotency-Key", "in": "header", "required": false, "description": what, "schema": schema}));
    }
    parameters.extend(operation.query.iter().cloned());
    let security = if has_key { json!([{"bearer": []}]) } else { json!([]) };
    let mut described = json!({
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": security,
        "responses": responses(path, method, access, operation),
    });
    if let Access::Tenant(scope) | Access::List(scope) = access {
        described["description"] = json!(format!("Needs the scope `{scope}`."));
    } else if access == Access::Operator {
        described["description"] = json!("The operator's.");
    }
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    if let Some((body, is_required)) = operation.body {
        let mut content = json!({"application/json": {"schema": reference(body)}});
        if let Some(media) = other_media(body) {
            content[media] = json!({"schema": {"type": "string"}});
        }
        described["requestBody"] = json!({"required": is_required, "content": content});
    }
    described
}

/// Those in braces. A tenant and a subscription may be named by an id of the caller's own, too.
fn path_parameters(path: &str) -> Vec<Value> {
    let mut noun = "";
    let mut parameters = Vec::new();
    for part in path.split('/') {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            noun = part;
            continue;
        };
        let schema = match noun {
            "events" => schema::id("evt"),
            "deliveries" | "dead-letters" => schema::id("dlv"),
            "replays" => schema::id("rpl"),
            "keys" => schema::id("key"),
            "bin" | "bins" => schema::id("bin"),
            "portal-links" => schema::id("plk"),
            "event-types" => schema::event_type_name(),
            _ => schema::own_id(),
        };
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    parameters
}

fn responses(path: &str, method: &Method, access: Access, operation: &Operation) -> Value {
    let mut responses = Map::new();
    let is_limited = is_limited(method, operation);
    for (status, answer, description) in &operation.answers {
        let mut response =
            json!({"description": description, "headers": headers(*status, is_limited)});
        for (media, schema) in content(*answer) {
            response["content"][media] = json!({"schema": schema});
        }
        let links = links::of(operation.name, *status);
        if !links.is_empty() {
            response["links"] = json!(links);
        }
        responses.insert(status.to_string(), response);
    }
    for status in problems(path, method, access, operation) {
        let content = json!({"application/problem+json": {"schema": reference("Problem")}});
        let mut headers = headers(status, is_limited);
        if [409, 429, 503].contains(&status) {
            let seconds = json!({"type": "integer", "minimum": 1});
            let what = "Seconds until it makes sense to try again.";
            headers["Retry-After"] = header(status != 409, what, seconds);
        }
        let described =
            json!({"description": meaning(status), "headers": headers, "content": content});
        responses.entry(status.to_string()).or_insert(described);
    }
    if path.ends_with("/bin/{id}") {
        let what = "What the bin's owner has it answer";
        responses.insert(
            "default".to_owned(),
            json!({"description": what, "headers": headers(200, is_limited)}),
        );
    }
    Value::Object(responses)
}

/// Whether a tenant's `ingest_rate_limit` is for it.
fn is_limited(method: &Method, operation: &Operation) -> bool {
    method == Method::POST && operation.tag == "events"
}

/// The headers that an answer has, or may have.
fn headers(status: u16, is_limited: bool) -> Value {
    let id = json!({"type": "string", "pattern": "^[0-9a-f]{32}$"});
    let mut headers = json!({"X-Request-Id": header(true, "Names the request.", id)});
    if status == 401 {
        headers["WWW-Authenticate"] =
            header(true, "How to show a key.", json!({"type": "string", "enum": ["Bearer"]}));
    }
    if is_limited && [200, 202, 429].contains(&status) {
        for (name, what) in [
            ("RateLimit-Policy", "The tenant's `ingest_rate_limit`, if it has one."),
            ("RateLimit", "What is left of it."),
        ] {
            headers[name] = header(status == 429, what, json!({"type": "string"}));
        }
    }
    headers
}

fn header(is_always: bool, what: &str, schema: Value) -> Value {
    json!({"required": is_always, "description": what, "schema": schema})
}

const LINES: &str = "application/x-ndjson";
const YAML: &str = "application/yaml";

/// What a body may be beside JSON.
fn other_media(body: &str) -> Option<&'static str> {
    match body {
        "NewEvents" => Some(LINES),
        "Catalogue" => Some(YAML),
        _ => None,
    }
}

fn content(answer: Answer) -> Vec<(&'static str, Value)> {
    const JSON: &str = "application/json";
    match answer {
        Answer::Nothing => Vec::new(),
        Answer::Json(name) => vec![(JSON, reference(name))],
        Answer::List(name) => {
            let properties = json!({
                "data": {"type": "array", "items": reference(name)},
                "next_cursor": {"type": ["string", "null"]},
            });
            vec![(
                JSON,
                json!({"type": "object", "properties": properties, "required": ["data", "next_cursor"]}),
            )]
        }
        Answer::ListOrLines(name) => {
            let lines = (LINES, json!({"type": "string"}));
            content(Answer::List(name)).into_iter().chain([lines]).collect()
        }
        Answer::Text => vec![("text/plain", json!({"type": "string"}))],
        Answer::Lines => vec![(LINES, json!({"type": "string"}))],
        Answer::Catalogue => {
            vec![(JSON, json!({"type": "object"})), (YAML, json!({"type": "object"}))]
        }
        Answer::EventStream => vec![("text/event-stream", json!({"type": "string"}))],
        Answer::Page => vec![("text/html", json!({"type": "string"}))],
        Answer::Document => vec![(JSON, json!({"type": "object"}))],
    }
}

/// Statuses of the problems that a route may answer with.
fn problems(path: &str, method: &Method, access: Access, operation: &Operation) -> Vec<u16> {
    if access == Access::Public {
        // Whoever sends to a bin shows no key.
        return if path.contains('{') { vec![404, 408, 413, 429, 500, 503] } else { Vec::new() };
    }
    if access == Access::KeyHolder {
        let every = [401, 403, 500, 503].into_iter();
        let own: &[u16] = match *method {
            Method::POST => &[400, 408, 413, 415, 422, 429],
            Method::DELETE => &[404],
            _ => &[],
        };
        return every.chain(own.iter().copied()).collect();
    }
    let mut statuses = vec![401, 403, 422, 500, 503];
    if access != Access::Operator || path.contains('{') {
        statuses.push(404);
    }
    if operation.body.is_some() {
        statuses.extend([400, 408, 409, 413, 415]);
    }
    if is_limited(method, operation) {
        statuses.push(429);
    }
    if method == Method::POST && !statuses.contains(&409) {
        statuses.push(409);
    }
    statuses.sort_unstable();
    statuses
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The body is not JSON",
        401 => "No key, or an unknown one",
        403 => "The key may not do this",
        404 => "There is no such thing",
        408 => "The body took too long",
        409 => {
            "The present state does not allow it, or the idempotency key was used for another body"
        }
        413 => "Too large",
        415 => "The body is not application/json",
        429 => "More than there may be; `Retry-After` says when to try again",
        422 => "The request breaks the contract; `errors` says where",
        503 => "Not available at the moment; `Retry-After` says when to try again",
        _ => "A defect; it is logged under the request's id",
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn schemas() -> Value {
    let mut schemas: Map<String, Value> =
        inputs::all().into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut add =
        |name: &str, schema: utoipa::openapi::RefOr<utoipa::openapi::Schema>, optional: &[&str]| {
            let mut schema = json!(schema);
            require_all_but(&mut schema, optional);
            schemas.insert(name.to_owned(), schema);
        };
    add("Tenant", answers::Tenant::schema(), &[]);
    add("Key", answers::Key::schema(), &[]);
    add("MadeKey", answers::MadeKey::schema(), &[]);
    add("PortalLink", answers::PortalLink::schema(), &[]);
    add("MadePortalLink", answers::MadePortalLink::schema(), &[]);
    add("OperatorKey", answers::OperatorKey::schema(), &[]);
    add("PortalLook", answers::PortalLook::schema(), &[]);
    add("Session", answers::Session::schema(), &[]);
    add("Bin", answers::Bin::schema(), &["tenant_id"]);
    add("BinRequest", answers::BinRequest::schema(), &[]);
    add("CatalogueEntry", answers::CatalogueEntry::schema(), &["tenant_id"]);
    add("EventExample", answers::Example::schema(), &[]);
    add("ShownImport", answers::ShownImport::schema(), &[]);
    add("Subscription", answers::Subscription::schema(), &["tenant_id"]);
    let either = ["secret", "public_key"];
    add("MadeSubscription", answers::MadeSubscription::schema(), &either);
    add("Secret", answers::ShownSecret::schema(), &either);
    add("Receipt", answers::ShownReceipt::schema(), &[]);
    add("EventHead", answers::EventHead::schema(), &["tenant_id"]);
    add("Event", answers::Event::schema(), &[]);
    add("Explanation", answers::Explanation::schema(), &[]);
    let optional = ["delivery_id", "filter_value", "filter_error", "state"];
    add("ExplainedSubscription", answers::ExplainedSubscription::schema(), &optional);
    add("StateThen", answers::StateThen::schema(), &[]);
    add("BatchAnswer", answers::BatchAnswer::schema(), &[]);
    add("BatchItem", answers::BatchItem::schema(), &["id", "duplicate", "problem"]);
    add("FilterTestAnswer", answers::FilterTestAnswer::schema(), &[]);
    add("Tried", answers::Tried::schema(), &["error"]);
    add("TriedAll", answers::TriedAll::schema(), &[]);
    add("Delivery", answers::Delivery::schema(), &["tenant_id"]);
    add("DeadLetterGroup", answers::DeadLetterGroup::schema(), &["tenant_id"]);
    add("DeadLetterGroups", answers::DeadLetterGroups::schema(), &[]);
    add("DeadLetter", answers::DeadLetter::schema(), &[]);
    add("Discarded", answers::Discarded::schema(), &[]);
    add("Replay", answers::Replay::schema(), &["tenant_id"]);
    add("Matched", answers::Matched::schema(), &[]);
    add("Attempt", answers::Attempt::schema(), &[]);
    add("Timing", answers::Timing::schema(), &[]);
    add("AuditEntry", answers::AuditEntry::schema(), &["tenant_id"]);
    add("ShownActor", answers::ShownActor::schema(), &[]);
    add("ShownResource", answers::ShownResource::schema(), &[]);
    add("Stats", answers::Stats::schema(), &[]);
    add("SubscriptionStats", answers::SubscriptionStats::schema(), &[]);
    add("OfSubscription", answers::OfSubscription::schema(), &["tenant_id"]);
    add("Counts", answers::Counts::schema(), &[]);
    add("Lanes", answers::Lanes::schema(), &[]);
    add("Lane", answers::Lane::schema(), &["tenant_id"]);
    add("QueueFigures", answers::QueueFigures::schema(), &[]);
    add("Figures", answers::Figures::schema(), &[]);
    add("BucketFigures", answers::BucketFigures::schema(), &[]);
    add("Totals", answers::Totals::schema(), &[]);
    add("Alive", answers::Alive::schema(), &[]);
    add("Readiness", answers::Readiness::schema(), &["clock_skew_ms"]);
    add("Problem", crate::problem::Document::schema(), &["request_id", "errors"]);
    add("Fault", crate::problem::Fault::schema(), &[]);
    Value::Object(schemas)
}

/// Every field of an answer is always there, `null` where it is empty, but for these.
fn require_all_but(schema: &mut Value, optional: &[&str]) {
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        require_all_but(part, optional);
    }
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required: Vec<String> =
        fields.keys().filter(|name| !optional.contains(&name.as_str())).cloned().collect();
    schema["required"] = json!(required);
}

/// Serves the document.
pub(crate) async fn get() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(text())
}

/// Mounts the page at `/docs/`; its files are in the program.
pub(crate) fn mount(cfg: &mut web::ServiceConfig) {
    let config = Config::from("/openapi.json")
        .try_it_out_enabled(true)
        .persist_authorization(false)
        .validator_url("none");
    cfg.app_data(web::Data::new(config));
    let resource =
        |path: &str| web::resource(path).default_service(routes::other_method("GET".to_owned()));
    cfg.service(resource("/docs").route(web::get().to(to_the_page)));
    cfg.service(resource("/docs/{file:.*}").route(web::get().to(file)));
}

async fn to_the_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

async fn file(
    request: HttpRequest,
    config: web::Data<Config<'static>>,
) -> Result<HttpResponse, Problem> {
    let name = request.match_info().get("file").unwrap_or_default();
    let name = if name.is_empty() { "index.html" } else { name };
    match utoipa_swagger_ui::serve(name, config.into_inner()) {
        Ok(Some(file)) => {
            let mut response = HttpResponse::Ok();
            if file.gzpipped {
                response.insert_header((CONTENT_ENCODING, "gzip"));
            }
            Ok(response.content_type(file.content_type).body(file.bytes.into_owned()))
        }
        // Where `type` of a problem points: the page that explains the codes.
        Ok(None) if name.starts_with("problems/") => Ok(HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .body(crate::problem::page())),
        _ => Err(Problem::not_found("page")),
    }
}

#[cfg(test)]
mod tests;
