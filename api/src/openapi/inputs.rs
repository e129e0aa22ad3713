//! What requests carry. The names are those that the parsers know (a test compares them); the bounds
//! are those of `domain::limits`.

use domain::limits;
use domain::replay::PastStatus;
use serde_json::{Value, json};

use super::schema::{
    PERMISSIONS, SCOPES, SUBSCRIPTION_STATUSES, TENANT_STATUSES, any, event_type_name,
    event_type_patterns, failure_reasons, filter, id, instant, integer, networks, nullable, object,
    one_of, own_id, text,
};
use crate::routes::answers::EGRESS_NETWORKS;

/// An object with these fields, of which those named are required; the others may be `null`.
fn input(required: &[&str], fields: Value) -> Value {
    let Value::Object(mut fields) = fields else {
        return fields;
    };
    for (name, schema) in &mut fields {
        if !required.contains(&name.as_str()) {
            *schema = nullable(schema.take());
        }
    }
    let mut schema = json!({"type": "object", "properties": fields, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The patch of what `input` makes (RFC 7396): nothing is required, `null` restores the default of what
/// has one, and objects within it are merged alike.
fn patch(mut input: Value) -> Value {
    let required = input.as_object_mut().and_then(|input| input.remove("required"));
    let is_required = |name: &str| {
        required
            .as_ref()
            .and_then(Value::as_array)
            .is_some_and(|names| names.contains(&json!(name)))
    };
    for (name, schema) in input["properties"].as_object_mut().into_iter().flatten() {
        let merged =
            if schema["properties"].is_object() { patch(schema.take()) } else { schema.take() };
        *schema = if is_required(name) { merged } else { nullable(merged) };
    }
    input
}

/// Names and schemas of all bodies.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("NewTenant", tenant()),
        ("TenantPatch", patch(tenant())),
        ("NewKey", key()),
        ("NewPortalLink", portal_link()),
        ("OperatorKeyRotation", operator_key()),
        ("NewSession", session()),
        ("NewBin", bin()),
        ("NewEventType", event_type()),
        ("EventTypePatch", event_type_patch()),
        ("Catalogue", catalogue()),
        ("NewSubscription", new_subscription()),
        ("SubscriptionPatch", subscription_patch()),
        ("SecretRotation", rotation()),
        ("TestEvent", input(&[], json!({"type": event_type_name()}))),
        ("NewEvent", event()),
        ("NewEvents", events()),
        ("NewReplay", replay()),
        ("DeadLettersReplay", dead_letters_replay()),
        ("DeadLettersChoice", dead_letters()),
        ("FilterTest", filter_test()),
        ("Nothing", json!({"type": "object", "additionalProperties": false})),
    ]
}

fn rate_input() -> Value {
    json!({
        "type": "object",
        "properties": {
            "per_second": {"type": "number", "minimum": limits::RATE_PER_SECOND.start(), "maximum": limits::RATE_PER_SECOND.end()},
            "burst": nullable(integer(*limits::RATE_BURST.start(), *limits::RATE_BURST.end())),
        },
        "required": ["per_second"],
        "additionalProperties": false,
    })
}

pub(super) fn tenant() -> Value {
    let mut list = networks();
    list["maxItems"] = json!(EGRESS_NETWORKS);
    let egress = json!({
        "type": "object",
        "properties": {"allow": list, "deny": list},
        "additionalProperties": false,
    });
    input(
        &["name"],
        json!({
            "name": text(*limits::NAME_CHARS.start(), *limits::NAME_CHARS.end()),
            "external_id": own_id(),
            "status": one_of(TENANT_STATUSES),
            "strict_event_types": {"type": "boolean"},
            "rate_limit": rate_input(),
            "ingest_rate_limit": rate_input(),
            "egress": egress,
            "sandbox": {"type": "boolean"},
            "metadata": object(),
        }),
    )
}

pub(super) fn key() -> Value {
    let mut cidrs = networks();
    cidrs["minItems"] = json!(limits::SOURCE_CIDRS.start());
    cidrs["maxItems"] = json!(limits::SOURCE_CIDRS.end());
    input(
        &["name", "scopes"],
        json!({
            "name": text(*limits::NAME_CHARS.start(), *limits::NAME_CHARS.end()),
            "scopes": {"type": "array", "items": one_of(SCOPES), "minItems": 1, "uniqueItems": true},
            "expires_at": instant(),
            "source_cidrs": cidrs,
        }),
    )
}

pub(super) fn portal_link() -> Value {
    let lasting = integer(*limits::PORTAL_LINK_S.start(), *limits::PORTAL_LINK_S.end());
    input(&["permissions"], json!({"permissions": one_of(PERMISSIONS), "expires_in_s": lasting}))
}

pub(super) fn session() -> Value {
    input(&["key"], json!({"key": {"type": "string"}}))
}

pub(super) fn operator_key() -> Value {
    let overlap = integer(*limits::OVERLAP_S.start(), *limits::OVERLAP_S.end());
    input(&[], json!({"overlap_s": overlap}))
}

fn secret() -> Value {
    json!({"type": "string", "pattern": "^whsec_[A-Za-z0-9+/]+={0,2}$", "maxLength": 94})
}

fn subscription_patch() -> Value {
    let mut schema = patch(subscription());
    // A header is taken away by `null`.
    let value = &mut schema["properties"]["headers"]["additionalProperties"];
    *value = nullable(value.take());
    schema
}

fn new_subscription() -> Value {
    let mut schema = subscription();
    schema["properties"]["secret"] = nullable(secret());
    schema
}

fn client_certificate() -> Value {
    let pem = |description: &str| json!({"type": "string", "maxLength": limits::CLIENT_CERTIFICATE_BYTES, "description": description});
    let key =
        "PEM, not encrypted: PKCS#8, PKCS#1 or SEC1. In a patch `***` means the key that is kept.";
    json!({
        "type": "object",
        "properties": {
            "certificate": pem("PEM: the certificate itself, then its chain, at most 10."),
            "private_key": pem(key),
        },
        "required": ["certificate", "private_key"],
        "additionalProperties": false,
    })
}

pub(super) fn subscription() -> Value {
    let retry = json!({
        "type": "object",
        "properties": {
            "schedule_s": {
                "type": "array",
                "items": {"type": "number", "minimum": limits::RETRY_STEP_S.start(), "maximum": limits::RETRY_STEP_S.end()},
                "minItems": limits::RETRY_STEPS.start(),
                "maxItems": limits::RETRY_STEPS.end(),
            },
            "jitter": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["schedule_s"],
        "additionalProperties": false,
    });
    let signing = json!({
        "type": "object",
        "properties": {
            "schemes": {"type": "array", "items": one_of(["pt", "standard"]), "minItems": 1, "uniqueItems": true},
            "algorithm": one_of(["hmac-sha256", "ed25519"]),
        },
        "additionalProperties": false,
    });
    let delivery = json!({
        "type": "object",
        "properties": {
            "mode": one_of(["single", "batch"]),
            "max_events": nullable(integer(*limits::DELIVERY_BATCH_EVENTS.start(), *limits::DELIVERY_BATCH_EVENTS.end())),
            "max_wait_ms": nullable(integer(*limits::DELIVERY_BATCH_WAIT_MS.start(), *limits::DELIVERY_BATCH_WAIT_MS.end())),
        },
        "required": ["mode"],
        "additionalProperties": false,
    });
    let (minutes, times) = (limits::AUTO_REPLAY_HEALTHY_MINUTES, limits::AUTO_REPLAY_TIMES);
    let auto_replay = json!({
        "type": "object",
        "properties": {
            "healthy_minutes": integer(*minutes.start(), *minutes.end()),
            "max": integer(*times.start(), *times.end()),
        },
        "required": ["healthy_minutes", "max"],
        "additionalProperties": false,
    });
    let headers = json!({
        "type": "object",
        "additionalProperties": {"type": "string", "maxLength": limits::HEADER_VALUE_CHARS},
        "maxProperties": limits::HEADERS,
    });
    input(
        &["url"],
        json!({
            "url": {"type": "string", "format": "uri", "maxLength": limits::URL_CHARS, "examples": ["https://example.com/webhooks"]},
            "external_id": own_id(),
            "description": text(0, limits::DESCRIPTION_CHARS),
            "event_types": event_type_patterns(),
            "filter": filter(),
            "status": one_of(SUBSCRIPTION_STATUSES),
            "kind": one_of(["webhook", "slack"]),
            "delivery": delivery,
            "ordered": {"type": "boolean"},
            "headers": headers,
            "rate_limit": rate_input(),
            "max_in_flight": integer(*limits::MAX_IN_FLIGHT.start(), *limits::MAX_IN_FLIGHT.end()),
            "timeout_ms": integer(*limits::TIMEOUT_MS.start(), *limits::TIMEOUT_MS.end()),
            "retry": retry,
            "signing": signing,
            "format": one_of(["standard", "cloudevents", "cloudevents-binary"]),
            "template": {
                "type": "string",
                "maxLength": limits::TEMPLATE_BYTES,
                "description": "Makes the body of a receiver with a form of its own (docs/formats.md).",
            },
            "auto_replay": auto_replay,
            "client_certificate": client_certificate(),
            "metadata": object(),
        }),
    )
}

pub(super) fn bin() -> Value {
    let (low, high) = (limits::BIN_STATUS.start(), limits::BIN_STATUS.end());
    let (shortest, longest) = (limits::BIN_DELAY_MS.start(), limits::BIN_DELAY_MS.end());
    let response = input(
        &[],
        json!({
            "status": integer(*low, *high),
            "delay_ms": integer(*shortest, *longest),
        }),
    );
    input(
        &["name"],
        json!({
            "name": text(*limits::NAME_CHARS.start(), *limits::NAME_CHARS.end()),
            "secret": nullable(secret()),
            "response": nullable(response),
        }),
    )
}

/// Whether a schema is one, and an example keeps it, no schema of this document can say.
pub(super) fn event_type() -> Value {
    let mut version = input(
        &["version"],
        json!({"version": text(*limits::VERSION_CHARS.start(), *limits::VERSION_CHARS.end())}),
    );
    version["properties"]["schema"] = json!({
        "type": ["object", "boolean", "null"],
        "description": "JSON Schema 2020-12 of `data`; without one, any data will do.",
    });
    version["properties"]["example"] = any("What `data` may look like; it keeps the schema.");
    input(
        &["name"],
        json!({
            "name": event_type_name(),
            "description": text(0, limits::DESCRIPTION_CHARS),
            "versions": {"type": "array", "items": version, "maxItems": limits::EVENT_TYPE_VERSIONS},
            "deprecated": {"type": "boolean"},
        }),
    )
}

/// A list of entries, or the `webhooks` of an OpenAPI document.
fn catalogue() -> Value {
    let entry = json!({"$ref": "#/components/schemas/NewEventType"});
    let list = json!({
        "type": "object",
        "properties": {"event_types": {"type": "array", "items": entry, "maxItems": limits::EVENT_TYPES}},
        "required": ["event_types"],
        "additionalProperties": false,
    });
    let openapi = json!({
        "type": "object",
        "properties": {
            "openapi": {"type": "string", "pattern": "^3\\.1\\.[0-9]+$"},
            "webhooks": {"type": "object"},
        },
        "required": ["openapi", "webhooks"],
    });
    json!({"anyOf": [list, openapi]})
}

fn event_type_patch() -> Value {
    let mut schema = patch(event_type());
    schema["properties"].as_object_mut().map(|fields| fields.remove("name"));
    schema
}

pub(super) fn replay() -> Value {
    input(
        &["from", "to"],
        json!({
            "from": instant(),
            "to": instant(),
            "subscription_id": id("sub"),
            "event_types": event_type_patterns(),
            "failure_reasons": {"type": "array", "items": one_of(failure_reasons())},
            "statuses": {"type": "array", "items": one_of(PastStatus::ALL.map(PastStatus::as_str)), "minItems": 1},
            "rate_per_second": {"type": "number", "minimum": limits::RATE_PER_SECOND.start(), "maximum": limits::RATE_PER_SECOND.end()},
            "dry_run": {"type": "boolean"},
        }),
    )
}

fn dead_letters_replay() -> Value {
    let mut schema = replay();
    schema.as_object_mut().map(|schema| schema.remove("required"));
    let fields = &mut schema["properties"];
    for edge in ["from", "to"] {
        fields[edge] = nullable(fields[edge].take());
    }
    fields["statuses"]["items"] = one_of(["failed"]);
    fields["statuses"]["maxItems"] = json!(1);
    schema
}

pub(super) fn dead_letters() -> Value {
    input(
        &[],
        json!({
            "from": instant(),
            "to": instant(),
            "failure_reasons": {"type": "array", "items": one_of(failure_reasons())},
            "subscription_id": id("sub"),
            "event_types": event_type_patterns(),
        }),
    )
}

pub(super) fn rotation() -> Value {
    input(
        &[],
        json!({"secret": secret(), "overlap_s": integer(*limits::OVERLAP_S.start(), *limits::OVERLAP_S.end())}),
    )
}

pub(super) fn event() -> Value {
    let mut schema = input(
        &["type"],
        json!({
            "type": event_type_name(),
            "id": id("evt"),
            "timestamp": instant(),
            "metadata": object(),
            "correlation_id": text(0, limits::CORRELATION_ID_CHARS),
            "version": text(*limits::VERSION_CHARS.start(), *limits::VERSION_CHARS.end()),
            "deliver_at": instant(),
        }),
    );
    schema["properties"]["data"] = any("Any JSON value; passed on byte for byte.");
    schema["required"] = json!(["type", "data"]);
    schema
}

fn events() -> Value {
    // Each item is for itself: one that is no event is refused in its own place.
    let items = any("A NewEvent.");
    let (low, high) = (limits::BATCH_EVENTS.start(), limits::BATCH_EVENTS.end());
    json!({
        "type": "object",
        "properties": {"events": {"type": "array", "items": items, "minItems": low, "maxItems": high}},
        "required": ["events"],
        "additionalProperties": false,
    })
}

fn filter_test() -> Value {
    let mut schema = input(
        &[],
        json!({
            "filter": filter(),
            "event_types": event_type_patterns(),
        }),
    );
    schema["properties"]["event"] = nullable(json!({"$ref": "#/components/schemas/NewEvent"}));
    schema
}
