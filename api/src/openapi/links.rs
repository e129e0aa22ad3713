//! What can be done with what an answer has made or shown: the operations that take its id.

use serde_json::{Map, Value, json};

/// The ids that answers carry: of one thing, and of the first in a list.
const ONE: &str = "$response.body#/id";
const FIRST: &str = "$response.body#/data/0/id";

const OF_SUBSCRIPTION: &[&str] = &[
    "getSubscription",
    "changeSubscription",
    "getSecret",
    "rotateSecret",
    "testSubscription",
    "deleteSubscription",
];
const OF_DELIVERY: &[&str] = &["getDelivery", "listAttempts", "redeliver", "cancelDelivery"];
const OF_DEAD_LETTER: &[&str] = &["replayDeadLetter", "discardDeadLetter"];
const OF_TENANT: &[&str] = &["getTenant", "changeTenant", "createKey", "listKeys", "deleteTenant"];

/// The links of an operation's success.
pub(super) fn of(operation: &str, status: u16) -> Map<String, Value> {
    let (id, targets) = match operation {
        "postEvent" => (ONE, ["getEvent"].as_slice()),
        "postEvents" | "listEvents" => (FIRST, ["getEvent"].as_slice()),
        "createSubscription" => (ONE, OF_SUBSCRIPTION),
        "listSubscriptions" => (FIRST, OF_SUBSCRIPTION),
        "redeliver" | "replayDeadLetter" => (ONE, OF_DELIVERY),
        "listDeliveries" => (FIRST, OF_DELIVERY),
        "listDeadLetters" => (FIRST, OF_DEAD_LETTER),
        "createTenant" => (ONE, OF_TENANT),
        "listTenants" => (FIRST, OF_TENANT),
        "createKey" => return key_links(ONE),
        "listKeys" => return key_links(FIRST),
        _ => return Map::new(),
    };
    if status >= 300 {
        return Map::new();
    }
    let link = |target: &&str| {
        ((*target).to_owned(), json!({"operationId": target, "parameters": {"id": id}}))
    };
    targets.iter().map(link).collect()
}

fn key_links(key: &str) -> Map<String, Value> {
    let parameters = json!({"id": "$request.path.id", "key": key});
    let link = json!({"operationId": "revokeKey", "parameters": parameters});
    Map::from_iter([("revokeKey".to_owned(), link)])
}
