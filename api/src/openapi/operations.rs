//! What the document says of each route beside its path, method and access, which are
//! [`crate::routes`]'s to say.

use domain::audit::Action;
use domain::limits;
use domain::replay::ReplayStatus;
use domain::stats::Bucket;
use serde_json::{Value, json};

use super::schema::{
    SUBSCRIPTION_STATUSES, actor_id, delivery_statuses, event_type_name, failure_reasons, id,
    instant, integer, one_of, own_id, text,
};

/// What a route's success carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Nothing,
    Json(&'static str),
    /// A page of these.
    List(&'static str),
    /// The same, or all of them, one in each line.
    ListOrLines(&'static str),
    Text,
    /// A catalogue, as JSON or YAML.
    Catalogue,
    /// A line for each line of the body.
    Lines,
    /// A JSON document without a schema of ours.
    Document,
    /// HTML.
    Page,
    /// `text/event-stream`.
    EventStream,
}

/// What the document says of a route.
#[derive(Debug)]
pub(super) struct Operation {
    pub name: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub query: Vec<Value>,
    /// Schema of the body, and whether it must be there.
    pub body: Option<(&'static str, bool)>,
    pub answers: Vec<(u16, Answer, &'static str)>,
}

/// The operation of a route; `path` without the common start.
pub(super) fn of(method: &str, path: &str) -> Option<Operation> {
    use Answer::{
        Catalogue, Document, EventStream, Json, Lines, List, ListOrLines, Nothing, Page, Text,
    };
    let operation = |name, tag, summary, answers: &[(u16, Answer, &'static str)]| Operation {
        name,
        tag,
        summary,
        query: Vec::new(),
        body: None,
        answers: answers.to_vec(),
    };
    Some(match (method, path) {
        ("POST", "/events") => operation(
            "postEvent",
            "events",
            "Post an event",
            &[
                (202, Json("Receipt"), "The event and its deliveries are committed"),
                (200, Json("Receipt"), "The same event was taken before"),
            ],
        )
        .taking("NewEvent"),
        ("GET", "/events") => operation(
            "listEvents",
            "events",
            "List events, newest first, without their data",
            &[(200, List("EventHead"), "A page")],
        )
        .filtered(
            [
                many("type", event_type_name()),
                many("correlation_id", text(0, limits::CORRELATION_ID_CHARS)),
                one("text", text(*limits::SEARCHED_TEXT_CHARS.start(), *limits::SEARCHED_TEXT_CHARS.end())),
            ]
            .into_iter()
            .chain(window()),
        ),
        ("POST", "/events/batch") => operation(
            "postEvents",
            "events",
            "Post up to 1000 events, each for itself",
            &[
                (202, Json("BatchAnswer"), "What became of each"),
                (200, Lines, "Of lines: what became of each, a `BatchItem` in each line"),
            ],
        )
        .taking("NewEvents"),
        ("GET", "/events/{id}") => operation(
            "getEvent",
            "events",
            "Show an event, its data byte for byte",
            &[(200, Json("Event"), "The event")],
        ),
        ("GET", "/events/{id}/explain") => operation(
            "explainEvent",
            "events",
            "Say why each subscription got an event, or did not",
            &[(200, Json("Explanation"), "What it came to at each, the newest first")],
        ),
        ("GET", "/catalogue") => operation(
            "exportCatalogue",
            "event types",
            "Export the catalogue as one document",
            &[(200, Catalogue, "All event types; with `format=openapi` an OpenAPI 3.1 document")],
        )
        .asking([one("format", one_of(["json", "yaml", "openapi"]))]),
        ("GET", "/catalogue/starter") => operation(
            "getStarterCatalogue",
            "event types",
            "Get a catalogue to start with",
            &[(200, Catalogue, "Event types that products often have")],
        )
        .asking([one("format", one_of(["json", "yaml", "openapi"]))]),
        ("POST", "/catalogue") => operation(
            "importCatalogue",
            "event types",
            "Import a catalogue: JSON or YAML, a list of event types or an OpenAPI 3.1 document with webhooks",
            &[(200, Json("ShownImport"), "What became of each event type, or with `dry_run` would")],
        )
        .asking([
            one("mode", one_of(["merge", "replace"])),
            one("dry_run", json!({"type": "boolean"})),
        ])
        .taking("Catalogue"),
        ("POST", "/bins") => operation(
            "createBin",
            "bins",
            "Make a bin, which records what is sent to its url",
            &[(201, Json("Bin"), "The bin")],
        )
        .taking("NewBin"),
        ("GET", "/bins") => operation(
            "listBins",
            "bins",
            "List bins, newest first",
            &[(200, List("Bin"), "A page")],
        )
        .filtered([]),
        ("GET", "/bins/{id}") => {
            operation("getBin", "bins", "Show a bin", &[(200, Json("Bin"), "The bin")])
        }
        ("DELETE", "/bins/{id}") => operation(
            "deleteBin",
            "bins",
            "Delete a bin and what it has recorded",
            &[(204, Nothing, "It is gone")],
        ),
        ("GET", "/bins/{id}/requests") => operation(
            "listBinRequests",
            "bins",
            "List what a bin has recorded, newest first",
            &[(200, List("BinRequest"), "A page")],
        )
        .filtered([]),
        (method, "/bin/{id}") => operation(
            match method {
                "GET" => "getFromBin",
                "POST" => "sendToBin",
                "PUT" => "putToBin",
                "PATCH" => "patchToBin",
                "DELETE" => "deleteFromBin",
                _ => "traceToBin",
            },
            "bins",
            "Send to a bin, by any method and with a body of any type",
            &[(200, Document, "It is recorded; the status is the one that the bin is to answer")],
        ),
        ("POST", "/event-types") => operation(
            "createEventType",
            "event types",
            "Add an event type to the catalogue",
            &[(201, Json("CatalogueEntry"), "The event type")],
        )
        .taking("NewEventType"),
        ("GET", "/event-types") => operation(
            "listEventTypes",
            "event types",
            "List event types, newest first",
            &[(200, List("CatalogueEntry"), "A page")],
        )
        .filtered([one("deprecated", json!({"type": "boolean"}))]),
        ("GET", "/event-types/{name}") => operation(
            "getEventType",
            "event types",
            "Show an event type",
            &[(200, Json("CatalogueEntry"), "The event type")],
        ),
        ("GET", "/event-types/{name}/example") => operation(
            "getEventTypeExample",
            "event types",
            "Show an event of this type as it could be posted: the catalogue's example",
            &[(200, Json("EventExample"), "Of the newest version that has one, or of that asked for")],
        )
        .asking([one("version", json!({"type": "string"}))]),
        ("GET", "/event-types/{name}/page") => operation(
            "getEventTypePage",
            "event types",
            "Show an event type to people: what it means, its fields, and how it is delivered",
            &[(200, Page, "A page")],
        ),
        ("PATCH", "/event-types/{name}") => operation(
            "changeEventType",
            "event types",
            "Change an event type",
            &[(200, Json("CatalogueEntry"), "The event type as it is now")],
        )
        .taking("EventTypePatch"),
        ("DELETE", "/event-types/{name}") => operation(
            "deleteEventType",
            "event types",
            "Take an event type out of the catalogue; events of it stay",
            &[(204, Nothing, "It is gone")],
        ),
        ("POST", "/subscriptions") => operation(
            "createSubscription",
            "subscriptions",
            "Register a subscription",
            &[(201, Json("MadeSubscription"), "The subscription and its secret")],
        )
        .taking("NewSubscription"),
        ("GET", "/subscriptions") => operation(
            "listSubscriptions",
            "subscriptions",
            "List subscriptions, newest first",
            &[(
                200,
                List("Subscription"),
                "A page; with `event_type` it may be short and still have a next one",
            )],
        )
        .filtered([
            many("status", one_of(SUBSCRIPTION_STATUSES)),
            many("event_type", event_type_name()),
            many("external_id", own_id()),
        ]),
        ("POST", "/subscriptions/filter-test") => operation(
            "testFilter",
            "subscriptions",
            "Try a filter on an event, or on the last 100",
            &[(200, Json("FilterTestAnswer"), "Whether it matches, or how many did")],
        )
        .taking("FilterTest"),
        ("GET", "/subscriptions/{id}") => operation(
            "getSubscription",
            "subscriptions",
            "Show a subscription",
            &[(200, Json("Subscription"), "The subscription")],
        )
        .asking([one("reveal", json!({"type": "boolean"}))]),
        ("PATCH", "/subscriptions/{id}") => operation(
            "changeSubscription",
            "subscriptions",
            "Change a subscription",
            &[(200, Json("Subscription"), "The subscription as it is now")],
        )
        .taking("SubscriptionPatch"),
        ("DELETE", "/subscriptions/{id}") => operation(
            "deleteSubscription",
            "subscriptions",
            "Delete a subscription; what waits for it is cancelled",
            &[(204, Nothing, "It is gone")],
        ),
        ("GET", "/subscriptions/{id}/secret") => operation(
            "getSecret",
            "subscriptions",
            "Show the secret",
            &[(200, Json("Secret"), "The secret that signs first")],
        ),
        ("POST", "/subscriptions/{id}/secret/rotate") => operation(
            "rotateSecret",
            "subscriptions",
            "Give a new secret; the old one signs beside it for a while",
            &[(200, Json("Secret"), "The new secret")],
        )
        .taking_maybe("SecretRotation"),
        ("POST", "/subscriptions/{id}/test") => operation(
            "testSubscription",
            "subscriptions",
            "Send one example now",
            &[(200, Json("Attempt"), "The attempt")],
        )
        .taking_maybe("TestEvent"),
        ("GET", "/deliveries") => operation(
            "listDeliveries",
            "deliveries",
            "List deliveries, newest first",
            &[(200, List("Delivery"), "A page")],
        )
        .filtered(delivery_filters()),
        ("GET", "/deliveries/{id}") => operation(
            "getDelivery",
            "deliveries",
            "Show a delivery",
            &[(200, Json("Delivery"), "The delivery")],
        ),
        ("GET", "/deliveries/{id}/attempts") => operation(
            "listAttempts",
            "deliveries",
            "List a delivery's attempts, oldest first",
            &[(200, List("Attempt"), "A page")],
        )
        .filtered([]),
        ("POST", "/deliveries/{id}/redeliver") => operation(
            "redeliver",
            "deliveries",
            "Send the event of a final delivery again",
            &[(202, Json("Delivery"), "The new delivery")],
        )
        .taking_maybe("Nothing"),
        ("POST", "/deliveries/{id}/cancel") => operation(
            "cancelDelivery",
            "deliveries",
            "Cancel a delivery that is not final",
            &[(200, Json("Delivery"), "The delivery as it is now")],
        )
        .taking_maybe("Nothing"),
        ("GET", "/dead-letters") => operation(
            "listDeadLetters",
            "dead letters",
            "List dead letters, newest first",
            &[(200, List("DeadLetter"), "A page")],
        )
        .filtered(
            delivery_filters().into_iter().chain([one("resolved", json!({"type": "boolean"}))]),
        ),
        ("GET", "/dead-letters/groups") => operation(
            "groupDeadLetters",
            "dead letters",
            "Count unresolved dead letters by subscription and reason, the largest groups first",
            &[(200, Json("DeadLetterGroups"), "The largest 100 groups")],
        )
        .asking(window()),
        ("POST", "/dead-letters/replay") => operation(
            "replayDeadLetters",
            "dead letters",
            "Send the events of many dead letters again",
            &[
                (202, Json("Replay"), "The replay that does it"),
                (200, Json("Matched"), "With `dry_run`: how many it would be about"),
            ],
        )
        .taking("DeadLettersReplay"),
        ("POST", "/dead-letters/discard") => operation(
            "discardDeadLetters",
            "dead letters",
            "Discard many unresolved dead letters",
            &[(200, Json("Discarded"), "How many were discarded")],
        )
        .taking("DeadLettersChoice"),
        ("DELETE", "/dead-letters/{id}") => operation(
            "discardDeadLetter",
            "dead letters",
            "Discard an unresolved dead letter",
            &[(204, Nothing, "It is resolved")],
        ),
        ("POST", "/dead-letters/{id}/replay") => operation(
            "replayDeadLetter",
            "dead letters",
            "Send the event of a dead letter again",
            &[(202, Json("Delivery"), "The new delivery")],
        )
        .taking_maybe("Nothing"),
        ("POST", "/replays") => operation(
            "createReplay",
            "replays",
            "Send old events again: those of a window, by what became of them",
            &[
                (202, Json("Replay"), "It runs"),
                (200, Json("Matched"), "With `dry_run`: how many it would be about"),
            ],
        )
        .taking("NewReplay"),
        ("GET", "/replays") => operation(
            "listReplays",
            "replays",
            "List replays, newest first",
            &[(200, List("Replay"), "A page")],
        )
        .filtered([
            many("status", one_of(ReplayStatus::ALL.map(ReplayStatus::as_str))),
            many("subscription_id", id("sub")),
        ]),
        ("GET", "/replays/{id}") => operation(
            "getReplay",
            "replays",
            "Show a replay and how far it has come",
            &[(200, Json("Replay"), "The replay")],
        ),
        ("POST", "/replays/{id}/pause") => operation(
            "pauseReplay",
            "replays",
            "Hold what has not been attempted",
            &[(200, Json("Replay"), "The replay as it is now")],
        )
        .taking_maybe("Nothing"),
        ("POST", "/replays/{id}/resume") => operation(
            "resumeReplay",
            "replays",
            "Go on with a paused replay",
            &[(200, Json("Replay"), "The replay as it is now")],
        )
        .taking_maybe("Nothing"),
        ("POST", "/replays/{id}/cancel") => operation(
            "cancelReplay",
            "replays",
            "Cancel what has not been attempted",
            &[(200, Json("Replay"), "The replay as it is now")],
        )
        .taking_maybe("Nothing"),
        ("GET", "/stats") => operation(
            "getStats",
            "stats",
            "Show figures of a window: attempts and their durations by buckets, and what was made",
            &[(200, Json("Stats"), "The figures of each bucket, and of all of them")],
        )
        .asking(window().into_iter().chain([
            one("bucket", one_of(Bucket::ALL.map(Bucket::as_str))),
            one("subscription_id", id("sub")),
        ])),
        ("GET", "/stats/subscriptions") => operation(
            "compareSubscriptions",
            "stats",
            "Show figures of subscriptions side by side: those with most failed attempts, or those named",
            &[(200, Json("SubscriptionStats"), "Their figures in the window and in each bucket")],
        )
        .asking(window().into_iter().chain([
            one("bucket", one_of(Bucket::ALL.map(Bucket::as_str))),
            many("subscription_id", id("sub")),
            one("limit", integer(*limits::PAGE_ROWS.start(), *limits::PAGE_ROWS.end())),
        ])),
        ("GET", "/lanes") => operation(
            "listLanes",
            "stats",
            "Show the lanes in which something waits, and how full the queue is",
            &[(200, Json("Lanes"), "At most 200 lanes, those behind first")],
        ),
        ("GET", "/stream") => operation(
            "streamDeliveries",
            "deliveries",
            "Follow deliveries as they are made and change, as server-sent events",
            &[(200, EventStream, "Events `delivery` with a `Delivery` as data, and `gap` where there were more than could be told")],
        )
        .asking(delivery_filters()),
        ("GET", "/audit-log") => operation(
            "listAuditLog",
            "audit log",
            "List who did what, newest first; with `format=ndjson` all of it, an entry in each line",
            &[(200, ListOrLines("AuditEntry"), "A page, or all of it")],
        )
        .filtered(
            [
                many("action", one_of(Action::ALL.iter().map(|action| action.as_str()))),
                many("actor", actor_id()),
                many("resource_id", own_id()),
                one("format", one_of(["json", "ndjson"])),
            ]
            .into_iter()
            .chain(window()),
        ),
        ("POST", "/tenants") => operation(
            "createTenant",
            "tenants",
            "Make a tenant",
            &[(201, Json("Tenant"), "The tenant")],
        )
        .taking("NewTenant"),
        ("GET", "/tenants") => operation(
            "listTenants",
            "tenants",
            "List tenants, newest first",
            &[(200, List("Tenant"), "A page")],
        )
        .filtered([]),
        ("GET", "/tenants/{id}") => operation(
            "getTenant",
            "tenants",
            "Show a tenant",
            &[(200, Json("Tenant"), "The tenant")],
        ),
        ("PATCH", "/tenants/{id}") => operation(
            "changeTenant",
            "tenants",
            "Change a tenant",
            &[(200, Json("Tenant"), "The tenant as it is now")],
        )
        .taking("TenantPatch"),
        ("DELETE", "/tenants/{id}") => operation(
            "deleteTenant",
            "tenants",
            "Delete a tenant and all that is its own",
            &[(204, Nothing, "It is gone")],
        ),
        ("POST", "/tenants/{id}/keys") => operation(
            "createKey",
            "tenants",
            "Make a key",
            &[(201, Json("MadeKey"), "The key, with its secret this once")],
        )
        .taking("NewKey"),
        ("GET", "/tenants/{id}/keys") => operation(
            "listKeys",
            "tenants",
            "List a tenant's keys, newest first",
            &[(200, List("Key"), "A page")],
        )
        .filtered([]),
        ("DELETE", "/tenants/{id}/keys/{key}") => operation(
            "revokeKey",
            "tenants",
            "Revoke a key",
            &[(204, Nothing, "It is unknown now")],
        ),
        ("POST", "/tenants/{id}/portal-links") => operation(
            "createPortalLink",
            "tenants",
            "Make a link into the tenant's portal",
            &[(201, Json("MadePortalLink"), "The link, with its url this once")],
        )
        .taking("NewPortalLink"),
        ("GET", "/tenants/{id}/portal-links") => operation(
            "listPortalLinks",
            "tenants",
            "List a tenant's links that can be used, newest first",
            &[(200, List("PortalLink"), "A page")],
        )
        .filtered([]),
        ("DELETE", "/tenants/{id}/portal-links/{link}") => operation(
            "revokePortalLink",
            "tenants",
            "Revoke a link",
            &[(204, Nothing, "Its token is unknown now")],
        ),
        ("POST", "/session") => operation(
            "signIn",
            "session",
            "Sign in with a key: the session's cookie takes its place",
            &[(201, Json("Session"), "Who is signed in, and what changes have to show")],
        )
        .taking("NewSession"),
        ("GET", "/session") => operation(
            "getSession",
            "session",
            "Who is signed in, or whose key it is",
            &[(200, Json("Session"), "Who")],
        ),
        ("DELETE", "/session") => operation(
            "signOut",
            "session",
            "Sign out",
            &[(204, Nothing, "The session has ended")],
        ),
        ("POST", "/operator-key/rotate") => operation(
            "rotateOperatorKey",
            "operator",
            "Put another key in the place of the operator's",
            &[(200, Json("OperatorKey"), "The new key, this once; the present one goes on beside it")],
        )
        .taking_maybe("OperatorKeyRotation"),
        ("GET", "/healthz") => operation(
            "getHealth",
            "health",
            "Whether the process lives",
            &[(200, Json("Alive"), "It does")],
        ),
        ("GET", "/readyz") => operation(
            "getReadiness",
            "health",
            "Whether the process can work",
            &[(200, Json("Readiness"), "It can"), (503, Json("Readiness"), "The database is away")],
        ),
        ("GET", "/metrics") => operation(
            "getMetrics",
            "health",
            "Figures for Prometheus",
            &[(200, Text, "In its text format")],
        ),
        ("GET", "/openapi.json") => {
            operation("getOpenapi", "health", "This document", &[(200, Document, "OpenAPI 3.1")])
        }
        _ => return None,
    })
}

impl Operation {
    fn taking(self, body: &'static str) -> Self {
        Self { body: Some((body, true)), ..self }
    }

    fn taking_maybe(self, body: &'static str) -> Self {
        Self { body: Some((body, false)), ..self }
    }

    fn asking(self, query: impl IntoIterator<Item = Value>) -> Self {
        Self { query: query.into_iter().collect(), ..self }
    }

    /// A list with these filters.
    fn filtered(self, filters: impl IntoIterator<Item = Value>) -> Self {
        let limit = integer(*limits::PAGE_ROWS.start(), *limits::PAGE_ROWS.end());
        let page = [one("limit", limit), one("cursor", json!({"type": "string"}))];
        self.asking(page.into_iter().chain(filters))
    }
}

fn one(name: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "schema": schema})
}

/// A parameter that may be repeated, or hold several values separated by commas.
fn many(name: &str, items: Value) -> Value {
    let schema = json!({"type": "array", "items": items, "minItems": 1, "maxItems": 100});
    json!({"name": name, "in": "query", "required": false, "style": "form", "explode": false, "schema": schema})
}

fn window() -> [Value; 2] {
    [one("from", instant()), one("to", instant())]
}

fn delivery_filters() -> Vec<Value> {
    let filters = [
        many("status", one_of(delivery_statuses())),
        many("subscription_id", id("sub")),
        many("event_type", event_type_name()),
        many("event_id", id("evt")),
        many("failure_reason", one_of(failure_reasons())),
    ];
    filters.into_iter().chain(window()).collect()
}
