//! JSON that is passed through, and how deep it nests.

use domain::json::{JsonText, depth};
use domain::limits;
use serde::Deserialize;
use serde_json::Value;

/// What is taken goes on byte for byte, and nests as deep as it is said to.
pub fn json(data: &[u8]) {
    // On bytes of any kind it only must end.
    assert!(depth(data) <= data.len());
    let Ok(text) = std::str::from_utf8(data) else { return };
    let taken = serde_json::from_str::<JsonText>(text);
    if let Ok(json) = &taken {
        assert_eq!(json.as_str(), text.trim_matches([' ', '\t', '\r', '\n']));
        assert!(depth(json.as_str().as_bytes()) <= limits::JSON_DEPTH);
        assert_eq!(serde_json::to_string(json).ok().as_deref(), Some(json.as_str()));
        assert_eq!(json.is_object(), json.as_str().starts_with('{'));
        if let Ok(value) = value_of(json.as_str()) {
            assert_eq!(depth(json.as_str().as_bytes()), levels(&value));
        }
    }
    // With a bound of its own, a level below ours.
    if serde_json::from_str::<Value>(text).is_ok() {
        assert!(taken.is_ok(), "{:?}", taken.err());
    }
}

/// Held to our bound already, so the parser needs none; it refuses lone surrogates and numbers beyond doubles.
fn value_of(text: &str) -> serde_json::Result<Value> {
    let mut parser = serde_json::Deserializer::from_str(text);
    parser.disable_recursion_limit();
    Value::deserialize(&mut parser)
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}
