//! Schemas of fields, shared by answers (which name them in `schema_with`) and inputs.

use domain::audit::Action;
use domain::delivery::DeliveryStatus;
use domain::limits;
use domain::outcome::FailureReason;
use domain::replay::{PastStatus, ReplayStatus};
use domain::verification::Fault;
use engine::explain::{Outcome, Reason};
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

/// What a schema may be written as.
pub(super) fn typed(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema).expect("the schemas written here are schemas")
}

/// The same, or `null`.
pub(super) fn nullable(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(Value::String(name)) if name != "null" => {
            schema["type"] = json!([name, "null"]);
            if let Some(Value::Array(values)) = schema.get_mut("enum") {
                values.push(Value::Null);
            }
            schema
        }
        Some(_) => schema,
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

/// A TypeID (an id with its prefix): a UUIDv7, whose version is in the eleventh character.
pub(super) fn id(prefix: &str) -> Value {
    json!({"type": "string", "pattern": format!("^{}$", id_pattern(prefix))})
}

/// The id of an actor.
pub(super) fn actor_id() -> Value {
    json!({"type": "string", "pattern": format!("^(operator|system|{}|{})$", id_pattern("key"), id_pattern("plk"))})
}

fn id_pattern(prefix: &str) -> String {
    format!("{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{9}}[ef][0-9a-hjkmnp-tv-z]{{15}}")
}

/// An instant.
pub(super) fn instant() -> Value {
    json!({"type": "string", "format": "date-time", "examples": ["2026-01-21T12:00:00Z"]})
}

/// A whole number from `low` to `high`.
pub(super) fn integer(low: impl Into<u64>, high: impl Into<u64>) -> Value {
    json!({"type": "integer", "minimum": low.into(), "maximum": high.into()})
}

/// A text of so many characters.
pub(super) fn text(low: usize, high: usize) -> Value {
    json!({"type": "string", "minLength": low, "maxLength": high})
}

/// One of these names.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    json!({"type": "string", "enum": names.into_iter().collect::<Vec<_>>()})
}

/// An object of any fields.
pub(super) fn object() -> Value {
    json!({"type": "object", "additionalProperties": true})
}

/// Any JSON value.
pub(super) fn any(description: &str) -> Value {
    json!({"type": ["object", "array", "string", "number", "boolean", "null"], "description": description})
}

/// A dotted name.
pub(super) fn event_type_name() -> Value {
    json!({
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$",
        "maxLength": limits::EVENT_TYPE_CHARS,
        "examples": ["content.published"],
    })
}

/// A list of patterns: `*` stands for one part of a type, a last `**` for one or more.
pub(super) fn event_type_patterns() -> Value {
    let pattern = json!({
        "type": "string",
        "pattern": "^((\\*|[A-Za-z0-9_-]+)\\.)*(\\*\\*?|[A-Za-z0-9_-]+)$",
        "maxLength": limits::EVENT_TYPE_CHARS,
        "examples": ["content.*"],
    });
    json!({"type": "array", "items": pattern, "maxItems": limits::EVENT_TYPE_PATTERNS})
}

/// An expression in CEL.
pub(super) fn filter() -> Value {
    let mut schema = text(0, limits::FILTER_CHARS);
    schema["format"] = json!("cel");
    schema["examples"] = json!(["data.amount > 100"]);
    schema
}

/// An id of the caller's own; ids of ours are like it.
pub(super) fn own_id() -> Value {
    let mut schema = text(*limits::EXTERNAL_ID_CHARS.start(), *limits::EXTERNAL_ID_CHARS.end());
    schema["pattern"] = json!("^[A-Za-z0-9_.:-]+$");
    schema
}

/// A key of the caller's own for a request: printable ASCII; HTTP cuts off spaces around it.
pub(super) fn idempotency_key() -> Value {
    let (low, high) = (limits::IDEMPOTENCY_KEY_CHARS.start(), limits::IDEMPOTENCY_KEY_CHARS.end());
    let mut schema = text(*low, *high);
    schema["pattern"] = json!("^[!-~]([ -~]*[!-~])?$");
    schema
}

/// A rate as it is shown.
pub(super) fn rate() -> Value {
    json!({
        "type": "object",
        "properties": {
            "per_second": {"type": "number", "minimum": limits::RATE_PER_SECOND.start(), "maximum": limits::RATE_PER_SECOND.end()},
            "burst": integer(*limits::RATE_BURST.start(), *limits::RATE_BURST.end()),
        },
        "required": ["per_second", "burst"],
        "additionalProperties": false,
    })
}

/// Names of permissions.
pub(super) const SCOPES: [&str; 11] = [
    "*",
    "events:write",
    "events:read",
    "subscriptions:read",
    "subscriptions:write",
    "deliveries:read",
    "deliveries:write",
    "sources:read",
    "sources:write",
    "schedules:read",
    "schedules:write",
];
/// Statuses of deliveries.
pub(super) fn delivery_statuses() -> impl Iterator<Item = &'static str> {
    DeliveryStatus::ALL.into_iter().map(DeliveryStatus::as_str)
}
/// Statuses of subscriptions.
pub(super) const SUBSCRIPTION_STATUSES: [&str; 3] = ["active", "paused", "disabled"];
/// What portal links allow.
pub(super) const PERMISSIONS: [&str; 2] = ["read", "write"];
/// Statuses of tenants.
pub(super) const TENANT_STATUSES: [&str; 2] = ["active", "suspended"];

/// Reasons why an attempt or a delivery failed.
pub(super) fn failure_reasons() -> impl Iterator<Item = &'static str> {
    FailureReason::ALL.into_iter().map(FailureReason::as_str)
}

/// Lists of networks.
pub(super) fn networks() -> Value {
    json!({"type": "array", "items": {"type": "string", "format": "cidr", "examples": ["203.0.113.0/24"]}})
}

macro_rules! fields {
    ($($name:ident = $schema:expr;)+) => {$(
        pub(crate) fn $name() -> RefOr<Schema> {
            typed($schema)
        }
    )+};
}

// What answers name in `schema_with`.
fields! {
    tenant_id = id("ten");
    tenant_id_or_null = nullable(id("ten"));
    key_id = id("key");
    portal_link_id = id("plk");
    permissions = one_of(PERMISSIONS);
    portal_url = json!({"type": "string", "format": "uri"});
    actor_id_or_null = nullable(json!({"anyOf": [id("key"), id("plk")]}));
    audit_entry_id = id("aud");
    action = one_of(Action::ALL.iter().map(|action| action.as_str()));
    portal_name_or_null = nullable(json!({"type": "string"}));
    color_or_null = nullable(json!({"type": "string", "pattern": "^#[0-9a-f]{6}$"}));
    image_url_or_null = nullable(json!({"type": "string", "format": "uri"}));
    session_actor = one_of(["operator", "key", "portal_link"]);
    actor_type = one_of(["operator", "key", "portal_link", "system"]);
    changes_or_null = nullable(json!({
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"from": any("What it was."), "to": any("What it is.")},
            "required": ["from", "to"],
            "additionalProperties": false,
        },
    }));
    bin_id = id("bin");
    bin_request_id = id("brq");
    bin_url = json!({"type": "string", "format": "uri"});
    bin_response = json!({
        "type": "object",
        "properties": {
            "status": integer(*limits::BIN_STATUS.start(), *limits::BIN_STATUS.end()),
            "delay_ms": integer(*limits::BIN_DELAY_MS.start(), *limits::BIN_DELAY_MS.end()),
        },
        "required": ["status", "delay_ms"],
        "additionalProperties": false,
    });
    recorded_headers = json!({
        "type": "array",
        "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
    });
    base64_or_null = nullable(json!({"type": "string", "contentEncoding": "base64"}));
    verification = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "scheme": one_of(["standard", "pt"]),
                "valid": {"type": "boolean"},
                "reason": nullable(one_of(Fault::ALL.map(Fault::as_str))),
            },
            "required": ["scheme", "valid", "reason"],
            "additionalProperties": false,
        },
    });
    subscription_id = id("sub");
    subscription_id_or_null = nullable(id("sub"));
    replay_id = id("rpl");
    explained = one_of(Outcome::ALL.map(Outcome::as_str));
    reason_or_null = nullable(one_of(Reason::ALL.map(Reason::as_str)));
    replay_status = one_of(ReplayStatus::ALL.map(ReplayStatus::as_str));
    past_statuses = json!({"type": "array", "items": one_of(PastStatus::ALL.map(PastStatus::as_str)), "minItems": 1});
    event_id = id("evt");
    delivery_id = id("dlv");
    attempt_id = id("att");
    replay_id_or_null = nullable(id("rpl"));
    batch_id_or_null = nullable(id("bat"));
    time = instant();
    time_or_null = nullable(instant());
    event_type = event_type_name();
    versions = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "version": {"type": "string"},
                "schema": {"type": ["object", "boolean", "null"]},
                "example": any("What `data` may look like."),
            },
            "required": ["version", "schema", "example"],
            "additionalProperties": false,
        },
    });
    external_id_or_null = nullable(own_id());
    metadata = object();
    data = any("Any JSON value, byte for byte as it was posted.");
    tenant_status = one_of(TENANT_STATUSES);
    rate_limit_or_null = nullable(rate());
    egress = json!({
        "type": "object",
        "properties": {"allow": networks(), "deny": networks()},
        "required": ["allow", "deny"],
        "additionalProperties": false,
    });
    scopes = json!({"type": "array", "items": one_of(SCOPES), "minItems": 1});
    cidrs_or_null = nullable(networks());
    event_types = json!({"type": "array", "items": {"type": "string"}});
    subscription_status = one_of(SUBSCRIPTION_STATUSES);
    disabled_reason_or_null = nullable(one_of(["requested", "gone", "failing"]));
    kind = one_of(["webhook", "slack"]);
    delivery_mode = json!({
        "type": "object",
        "properties": {
            "mode": one_of(["single", "batch"]),
            "max_events": {"type": "integer"},
            "max_wait_ms": {"type": "integer"},
        },
        "required": ["mode"],
        "additionalProperties": false,
    });
    headers = json!({"type": "object", "additionalProperties": {"type": "string"}});
    headers_or_null = nullable(json!({"type": "object", "additionalProperties": {"type": "string"}}));
    retry = json!({
        "type": "object",
        "properties": {"schedule_s": {"type": "array", "items": {"type": "number"}}, "jitter": {"type": "number"}},
        "required": ["schedule_s", "jitter"],
        "additionalProperties": false,
    });
    signing = json!({
        "type": "object",
        "properties": {
            "schemes": {"type": "array", "items": one_of(["pt", "standard"])},
            "algorithm": one_of(["hmac-sha256", "ed25519"]),
        },
        "required": ["schemes", "algorithm"],
        "additionalProperties": false,
    });
    format = one_of(["standard", "cloudevents", "cloudevents-binary"]);
    auto_replay_or_null = nullable(json!({
        "type": "object",
        "properties": {"healthy_minutes": {"type": "integer"}, "max": {"type": "integer"}},
        "required": ["healthy_minutes", "max"],
        "additionalProperties": false,
    }));
    client_certificate_or_null = nullable(json!({
        "type": "object",
        "properties": {
            "certificate": {"type": "string"},
            "private_key": one_of(["***"]),
            "not_after": instant(),
        },
        "required": ["certificate", "private_key", "not_after"],
        "additionalProperties": false,
    }));
    delivery_status = one_of(delivery_statuses());
    trigger = one_of(["event", "redelivery", "replay", "test"]);
    failure_reason_or_null = nullable(one_of(failure_reasons()));
    failure_reason_list = json!({"type": "array", "items": one_of(failure_reasons())});
    lane_state = one_of(crate::routes::answers::LaneState::NAMES);
    failure_counts = json!({
        "type": "object",
        "properties": failure_reasons().map(|name| (name.to_owned(), json!({"type": "integer", "minimum": 1}))).collect::<serde_json::Map<_, _>>(),
        "additionalProperties": false,
    });
    resolution_or_null = nullable(one_of(["replayed", "discarded"]));
    http_version_or_null = nullable(one_of(["HTTP/1.0", "HTTP/1.1", "HTTP/2"]));
    problem = json!({"$ref": "#/components/schemas/Problem"});
}
