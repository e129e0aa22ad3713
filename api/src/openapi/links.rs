//! What can be done with what an answer has made: the operations that take its id.

use serde_json::{Map, Value, json};

/// The id of what was made.
const ID: &str = "$response.body#/id";

const OF_SUBSCRIPTION: &[&str] = &[
    "getSubscription",
    "changeSubscription",
    "getSecret",
    "rotateSecret",
    "testSubscription",
    "deleteSubscription",
];
const OF_EVENT_TYPE: &[&str] = &[
    "getEventType",
    "getEventTypeExample",
    "getEventTypePage",
    "changeEventType",
    "deleteEventType",
];
const OF_DELIVERY: &[&str] = &["getDelivery", "listAttempts", "redeliver", "cancelDelivery"];
const OF_TENANT: &[&str] = &[
    "getTenant",
    "changeTenant",
    "createKey",
    "listKeys",
    "createPortalLink",
    "listPortalLinks",
    "deleteTenant",
];

/// The links of an operation's success.
pub(super) fn of(operation: &str, status: u16) -> Map<String, Value> {
    let (parameters, targets) = match operation {
        _ if status >= 300 => return Map::new(),
        "postEvent" => (json!({"id": ID}), ["getEvent", "explainEvent"].as_slice()),
        "createReplay" => (
            json!({"id": ID}),
            ["getReplay", "pauseReplay", "resumeReplay", "cancelReplay"].as_slice(),
        ),
        "createEventType" => (json!({"name": "$response.body#/name"}), OF_EVENT_TYPE),
        "createBin" => {
            (json!({"id": ID}), ["getBin", "listBinRequests", "sendToBin", "deleteBin"].as_slice())
        }
        "createSubscription" => (json!({"id": ID}), OF_SUBSCRIPTION),
        "redeliver" | "replayDeadLetter" => (json!({"id": ID}), OF_DELIVERY),
        "createTenant" => (json!({"id": ID}), OF_TENANT),
        "createPortalLink" => {
            (json!({"id": "$request.path.id", "link": ID}), ["revokePortalLink"].as_slice())
        }
        "createKey" => (json!({"id": "$request.path.id", "key": ID}), ["revokeKey"].as_slice()),
        _ => return Map::new(),
    };
    let link = |target: &&str| {
        ((*target).to_owned(), json!({"operationId": target, "parameters": parameters}))
    };
    targets.iter().map(link).collect()
}
