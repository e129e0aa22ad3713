//! Just enough of JSON Schema to hold answers against the OpenAPI document.

use serde_json::Value;

/// What is wrong with `value`; empty when it fits. Words that are not known here are an error, so
/// that nothing is taken for checked that isn't.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(words) = schema.as_object() else {
        return Vec::new();
    };
    words.iter().flat_map(|(word, rule)| check(document, words, word, rule, value, at)).collect()
}

fn check(
    document: &Value,
    schema: &serde_json::Map<String, Value>,
    word: &str,
    rule: &Value,
    value: &Value,
    at: &str,
) -> Vec<String> {
    let fault = |holds: bool| {
        if holds { Vec::new() } else { vec![format!("{at}: {value} breaks {word} {rule}")] }
    };
    match word {
        "$ref" => {
            let pointer =
                rule.as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
            faults(document, document.pointer(pointer).expect("a schema that is there"), value, at)
        }
        "type" => {
            let names: Vec<&str> = rule
                .as_str()
                .into_iter()
                .chain(rule.as_array().into_iter().flatten().filter_map(Value::as_str))
                .collect();
            fault(names.iter().any(|name| is_of_type(name, value)))
        }
        "enum" => fault(rule.as_array().is_some_and(|values| values.contains(value))),
        "required" => match value.as_object() {
            Some(fields) => fault(rule.as_array().is_some_and(|names| {
                names.iter().all(|name| name.as_str().is_some_and(|name| fields.contains_key(name)))
            })),
            None => Vec::new(),
        },
        "properties" => {
            let fields = rule.as_object().expect("fields").iter();
            fields
                .filter_map(|(name, rule)| {
                    Some(faults(document, rule, value.get(name)?, &format!("{at}/{name}")))
                })
                .flatten()
                .collect()
        }
        "additionalProperties" => {
            let known = schema.get("properties").and_then(Value::as_object);
            let further = value
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)));
            further
                .flat_map(|(name, value)| match rule {
                    Value::Bool(true) => Vec::new(),
                    Value::Bool(false) => vec![format!("{at}/{name} is not described")],
                    rule => faults(document, rule, value, &format!("{at}/{name}")),
                })
                .collect()
        }
        "items" => {
            let items = value.as_array().into_iter().flatten().enumerate();
            items
                .flat_map(|(index, item)| faults(document, rule, item, &format!("{at}/{index}")))
                .collect()
        }
        "allOf" => rule
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|rule| faults(document, rule, value, at))
            .collect(),
        "anyOf" | "oneOf" => {
            let fits = |rule: &Value| faults(document, rule, value, at).is_empty();
            let count = rule.as_array().into_iter().flatten().filter(|rule| fits(rule)).count();
            fault(if word == "oneOf" { count == 1 } else { count > 0 })
        }
        "minimum" => fault(value.as_f64().is_none_or(|number| Some(number) >= rule.as_f64())),
        "maximum" => fault(value.as_f64().is_none_or(|number| Some(number) <= rule.as_f64())),
        "minItems" => {
            fault(value.as_array().is_none_or(|items| Some(items.len() as u64) >= rule.as_u64()))
        }
        "maxItems" => {
            fault(value.as_array().is_none_or(|items| Some(items.len() as u64) <= rule.as_u64()))
        }
        "maxProperties" => {
            fault(value.as_object().is_none_or(|map| Some(map.len() as u64) <= rule.as_u64()))
        }
        "minLength" => fault(
            value.as_str().is_none_or(|text| Some(text.chars().count() as u64) >= rule.as_u64()),
        ),
        "maxLength" => fault(
            value.as_str().is_none_or(|text| Some(text.chars().count() as u64) <= rule.as_u64()),
        ),
        "pattern" | "format" | "description" | "examples" | "uniqueItems" | "contentEncoding" => {
            Vec::new()
        }
        _ => vec![format!("{at}: the word {word} is not known to this test")],
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
