use std::collections::BTreeSet;

use domain::bin::BinInput;
use domain::catalogue::EntryInput;
use domain::event::NewEventInput;
use domain::replay::{DeadLettersInput, ReplayInput};
use domain::subscription_input::SubscriptionInput;
use serde::Deserialize;
use utoipa::openapi::OpenApi;

use super::*;

fn document_json() -> Value {
    serde_json::from_str(text()).expect("JSON")
}

#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    let routes: BTreeSet<(String, String)> = routes::list()
        .into_iter()
        .map(|(path, method, _)| (path, method.as_str().to_ascii_lowercase()))
        .collect();
    let document = document_json();
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .expect("methods")
                .keys()
                .map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn the_document_is_one_that_a_typed_reader_takes() {
    let read: OpenApi = serde_json::from_str(text()).expect("a document");
    assert_eq!(read.paths.paths.len(), document_json()["paths"].as_object().expect("paths").len());
}

#[test]
fn every_reference_points_to_a_schema() {
    let text = text();
    let document = document_json();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

fn operations() -> Vec<Value> {
    let document = document_json();
    let items = document["paths"].as_object().expect("paths").values();
    items.flat_map(|item| item.as_object().expect("methods").values()).cloned().collect()
}

fn name(operation: &Value) -> &str {
    operation["operationId"].as_str().expect("a name")
}

#[test]
fn operations_have_names_of_their_own() {
    let operations = operations();
    let names: BTreeSet<&str> = operations.iter().map(name).collect();
    assert_eq!(names.len(), operations.len());
    assert_eq!(names.len(), routes::list().len());
}

#[test]
fn every_link_leads_to_an_operation_and_gives_what_its_path_needs() {
    let operations = operations();
    let answers = operations.iter().flat_map(|operation| {
        operation["responses"].as_object().expect("answers").values().cloned()
    });
    let links: Vec<Value> = answers
        .filter_map(|answer| answer.get("links")?.as_object().cloned())
        .flat_map(|links| links.into_iter().map(|(_, link)| link))
        .collect();
    assert!(!links.is_empty());
    for link in &links {
        let target = operations.iter().find(|operation| name(operation) == name(link));
        let target = target.unwrap_or_else(|| panic!("{link} leads nowhere"));
        let wanted: BTreeSet<&str> = target["parameters"]
            .as_array()
            .expect("parameters")
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let given = link["parameters"].as_object().expect("parameters").keys();
        assert_eq!(given.map(String::as_str).collect::<BTreeSet<_>>(), wanted, "{link}");
    }
}

/// The names that a parser knows, as it tells them when it meets another.
fn known<'a, T: Deserialize<'a> + std::fmt::Debug>(json: &'a str) -> BTreeSet<String> {
    let error =
        serde_json::from_str::<T>(json).expect_err("an unknown field is refused").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn described(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().expect("an object").keys().cloned().collect()
}

#[test]
fn inputs_have_the_fields_that_the_parsers_know() {
    assert_eq!(described(&inputs::subscription()), known::<SubscriptionInput>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::bin()), known::<BinInput>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::event_type()), known::<EntryInput>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::dead_letters()), known::<DeadLettersInput>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::replay()), known::<ReplayInput>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::event()), known::<NewEventInput<'_>>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::tenant()), known::<answers::TenantInput>(r#"{"?":1}"#));
    assert_eq!(described(&inputs::key()), known::<answers::KeyInput>(r#"{"?":1}"#));
    let known_link = known::<answers::PortalLinkInput>(r#"{"?":1}"#);
    assert_eq!(described(&inputs::portal_link()), known_link);
    let known_key = known::<answers::OperatorKeyInput>(r#"{"?":1}"#);
    assert_eq!(described(&inputs::operator_key()), known_key);
    assert_eq!(described(&inputs::rotation()), known::<answers::RotateInput>(r#"{"?":1}"#));
}

#[test]
fn the_copy_in_docs_is_current() {
    let copy = include_str!("../../../docs/openapi.json");
    let copy: Value = serde_json::from_str(copy).expect("JSON");
    assert!(copy == document_json(), "docs/openapi.json is not current: run `make openapi`");
}
