use std::time::{Duration, Instant};

use super::*;
use serde_json::json;

fn schema(document: Value) -> DataSchema {
    DataSchema::parse(document.clone()).unwrap_or_else(|fault| panic!("{document}: {fault}"))
}

/// Pointer and text of the one thing that is wrong with a schema.
fn refused(document: Value) -> (String, String) {
    let Invalid(mut faults) = DataSchema::parse(document).expect_err("no schema");
    let fault = faults.pop().expect("one fault");
    (fault.pointer, fault.detail)
}

fn pointers(broken: Result<(), Broken>) -> Vec<String> {
    match broken.expect_err("it is broken") {
        Broken::Invalid(Invalid(faults)) => faults.into_iter().map(|fault| fault.pointer).collect(),
        Broken::TooCostly => panic!("too costly"),
    }
}

#[test]
fn data_is_told_where_it_breaks_its_schema_without_repeating_it() {
    let paid = schema(json!({
        "$schema": DIALECT,
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": {"type": "integer", "minimum": 1},
            "currency": {"enum": ["EUR", "USD"]},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        },
        "$defs": {"line": {"type": "object", "required": ["sku"], "properties": {"sku": {"pattern": "^[a-z]+$"}}}},
    }));
    let good = json!({"amount": 1, "currency": "EUR", "lines": [{"sku": "abc"}]});
    assert_eq!(paid.check(&good), Ok(()));
    assert_eq!(pointers(paid.check(&json!(1))), [""]);
    assert_eq!(pointers(paid.check(&json!({"amount": 1}))), [""]);
    let bad = json!({"amount": "kept-private", "currency": "EUR", "lines": [{}, {"sku": "A"}]});
    let broken = paid.check(&bad);
    let mut places = pointers(broken.clone());
    places.sort_unstable();
    assert_eq!(places, ["/amount", "/lines/0", "/lines/1/sku"]);
    assert!(!broken.expect_err("broken").to_string().contains("kept-private"));
}

#[test]
fn booleans_are_schemas_and_what_is_none_is_refused_with_the_place() {
    assert_eq!(schema(json!(true)).check(&json!(1)), Ok(()));
    assert_eq!(pointers(schema(json!(false)).check(&json!(1))), [""]);
    for (document, pointer) in [
        (json!(1), ""),
        (json!("object"), ""),
        (json!({"type": "objekt"}), "/type"),
        (json!({"properties": {"a": {"minimum": "1"}}}), "/properties/a/minimum"),
        (json!({"$schema": "http://json-schema.org/draft-07/schema#"}), "/$schema"),
        (json!({"properties": {"a": {"$id": "https://a.example"}}}), "/properties/a/$id"),
        (json!({"allOf": [{"$dynamicRef": "#a"}]}), "/allOf/0/$dynamicRef"),
        (json!({"$ref": "https://example.com/schema.json"}), "/$ref"),
        (json!({"$ref": "file:///etc/passwd"}), "/$ref"),
        (json!({"items": {"$ref": "#/$defs/none"}}), "/items/$ref"),
    ] {
        assert_eq!(refused(document.clone()).0, pointer, "{document}");
    }
    let long = json!({"description": "a".repeat(limits::SCHEMA_BYTES)});
    assert!(refused(long).1.contains("bytes"));
}

#[test]
fn patterns_are_those_that_are_matched_in_linear_time() {
    let schema = schema(json!({"pattern": "^(a+)+$"}));
    let begun = Instant::now();
    assert!(schema.check(&json!("a".repeat(200_000) + "!")).is_err());
    assert!(begun.elapsed() < Duration::from_secs(5));
    for pattern in ["(?=a)", "(a)\\1", "((a{1000}){1000}){1000}", "("] {
        assert!(DataSchema::parse(json!({"pattern": pattern})).is_err(), "{pattern}");
    }
}

#[test]
fn a_circle_that_stays_at_one_value_is_refused_and_one_into_the_value_is_none() {
    for circle in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"not": {"anyOf": [{"$ref": "#"}]}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"if": {"$ref": "#/$defs/a"}}}}),
        json!({"items": {"dependentSchemas": {"x": {"$ref": "#/items"}}}}),
    ] {
        assert!(refused(circle.clone()).1.contains("lead back to itself"), "{circle}");
    }
    let tree =
        schema(json!({"type": "object", "properties": {"children": {"items": {"$ref": "#"}}}}));
    assert_eq!(tree.check(&json!({"children": [{"children": [{}]}]})), Ok(()));
    assert_eq!(
        pointers(tree.check(&json!({"children": [{"children": [1]}]}))),
        ["/children/0/children/0"]
    );
}

#[test]
fn a_chain_that_doubles_is_refused_before_it_is_asked() {
    let link = |next: &str| json!({"allOf": [{"$ref": next}, {"$ref": next}]});
    let mut defs = serde_json::Map::new();
    for number in 0..12 {
        defs.insert(format!("a{number}"), link(&format!("#/$defs/a{}", number + 1)));
    }
    defs.insert("a12".to_owned(), json!({"minimum": 1}));
    let (_, detail) = refused(json!({"$ref": "#/$defs/a0", "$defs": defs}));
    assert!(detail.contains("too much of one value"), "{detail}");
    let nested = (0..20).fold(json!({"minimum": 1}), |inner, _| json!({"allOf": [inner]}));
    assert!(refused(nested).1.contains("from within another"));
}

#[test]
fn what_looks_at_too_many_values_ends_by_itself() {
    // Each level of the data is looked at twice by both: 2^120, if nothing were remembered.
    let twice =
        json!({"type": "array", "allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]});
    let deep = |innermost: Value| (0..120).fold(innermost, |inner, _| json!([inner]));
    let begun = Instant::now();
    assert_eq!(schema(twice.clone()).check(&deep(json!([]))), Ok(()));
    assert!(schema(twice).check(&deep(json!(1))).is_err());
    assert!(begun.elapsed() < Duration::from_secs(20));
    // Each level reads all that is in it.
    let unique = schema(json!({"uniqueItems": true, "items": {"$ref": "#"}}));
    let wide = json!((0..5_000).collect::<Vec<_>>());
    let nested = (0..120).fold(wide, |inner, _| json!([inner, 0]));
    assert_eq!(unique.check(&nested), Err(Broken::TooCostly));
    // As much as an event can hold, looked at once.
    let full = json!(vec![json!(1); 131_000]);
    assert_eq!(schema(json!({"items": {"type": "integer"}})).check(&full), Ok(()));
    assert_eq!(
        schema(json!({"uniqueItems": true})).check(&json!((0..100_000).collect::<Vec<_>>())),
        Ok(())
    );
}

#[test]
fn the_deepest_schema_on_the_deepest_data_fits_a_thread() {
    let inner = json!({"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}});
    let deep = (0..limits::SCHEMA_DEPTH - 3).fold(inner, |inner, _| json!({"allOf": [inner]}));
    let schema = schema(deep);
    let data = (0..limits::JSON_DEPTH).fold(json!(1), |inner, level| match level % 2 {
        0 => json!([inner]),
        _ => json!({"a": inner}),
    });
    // Half of what the threads have that match events.
    let thread = std::thread::Builder::new().stack_size(1024 * 1024);
    let checked = thread.spawn(move || schema.check(&data)).expect("a thread").join();
    assert_eq!(checked.expect("it fits"), Ok(()));
}
