//! Foreign JSON that is passed through byte for byte.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::invalid::Invalid;
use crate::limits;

/// A JSON text exactly as it was posted: numbers, key order, escapes and lone surrogates untouched.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// Takes a raw value from a parsed request.
    ///
    /// # Errors
    /// When it nests deeper than [`limits::JSON_DEPTH`].
    pub fn parse(raw: &RawValue) -> Result<Self, Invalid> {
        if depth(raw.get().as_bytes()) > limits::JSON_DEPTH {
            return Err(Invalid::one(
                "",
                format!("nests deeper than {} levels; flatten it", limits::JSON_DEPTH),
            ));
        }
        Ok(Self(raw.get().into()))
    }

    /// The empty object.
    pub fn empty_object() -> Self {
        Self("{}".into())
    }

    /// Trusts text that was parsed before it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text.into_boxed_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the value is an object.
    pub fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads belong to tenants and stay out of logs.
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Goes through serde_json's raw value, so that the bytes stay as they are.
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(&raw).map_err(|invalid| serde::de::Error::custom(invalid.to_string()))
    }
}

/// How deep valid JSON nests: 0 for a number, 1 for `[]`.
pub fn depth(json: &[u8]) -> usize {
    let (mut deepest, mut level, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for &byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes_through_byte_for_byte() {
        let text =
            "{\"n\":12345678901234567890,\"e\":1e400,\"k\":1,\"k\":2,\"s\":\"\\ud800 \\u00e9 é\"}";
        let json: JsonText = serde_json::from_str(text).expect("valid JSON");
        assert_eq!(json.as_str(), text);
        assert_eq!(serde_json::to_string(&json).expect("serialises"), text);
    }

    #[test]
    fn depth_ignores_brackets_in_strings() {
        assert_eq!(depth(br#""[[[""#), 0);
        assert_eq!(depth(br#"{"a\"[":[1,{"b":[]}]}"#), 4);
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        assert!(serde_json::from_str::<JsonText>(&deep).is_err());
    }
}
