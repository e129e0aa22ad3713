//! The evaluation beside the `cel` crate's own interpreter: where that one has a boolean for an
//! expression, so has a filter, and it is the same.
//!
//! The two differ on purpose where JSON and CEL do: integers beside doubles in arithmetic, and the
//! bounds. Both only turn an error into a value or a value into an error, which the comparison
//! knows. And the interpreter adds an object's keys to a list, which CEL's specification has no overload for.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Program, Value};
use domain::filter::{EventView, Filter};
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert_eq, prop_oneof};
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::Value as Json;

const DATA: &str = r#"{
    "int": 5, "zero": 0, "negative": -3, "double": 2.5, "whole": 5.0, "large": 12345678901234567890,
    "text": "abc", "empty": "", "yes": true, "no": false, "nothing": null,
    "list": [1, 2, 3], "texts": ["a", "abc"], "none": [], "mixed": [1, "a", null, 2.5, [1]],
    "object": {"a": 1, "b": "x", "int": 5}, "objects": [{"a": 1}, {"a": 2}, {"b": 3}]
}"#;

fn to_cel(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::Int(int),
            (None, Some(uint)) => Value::UInt(uint),
            (None, None) => Value::Float(number.as_f64().expect("a number")),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Json::Object(entries) => {
            let entries: HashMap<String, Value> =
                entries.iter().map(|(key, value)| (key.clone(), to_cel(value))).collect();
            Value::Map(entries.into())
        }
    }
}

/// What the interpreter of the crate makes of it: `None` for an error.
fn interpreted(text: &str) -> Option<Value> {
    let mut context = Context::default();
    context.add_variable_from_value("data", to_cel(&serde_json::from_str(DATA).expect("JSON")));
    Program::compile(text).ok()?.execute(&context).ok()
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(texts).prop_map(str::to_owned)
}

/// Anything, as a strategy for places where most values err.
fn anything() -> impl Strategy<Value = String> {
    one_of(&[
        "data.int",
        "data.double",
        "data.large",
        "data.text",
        "data.yes",
        "data.nothing",
        "data.list",
        "data.mixed",
        "data.object",
        "data.objects",
        "data.missing",
        "data.object.b",
        "1",
        "2u",
        "2.5",
        "'a'",
        "true",
        "null",
        "[1, 'a']",
        "{'a': 1}",
        "int",
        "string",
        "data",
        "[]",
    ])
}

/// Mostly numbers.
fn number() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        12 => one_of(&[
            "data.int", "data.zero", "data.negative", "data.double", "data.whole", "data.large", "data.object.a",
            "data.list[0]", "data.mixed[3]", "1", "0", "-1", "2u", "2.5", "5.0", "5", "3",
        ]),
        1 => anything(),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let operator = one_of(&["+", "-", "*", "/", "%"]);
        let function = one_of(&["int", "uint", "double", "dyn", "-"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (function, inner).prop_map(|(f, a)| format!("{f}({a})")),
            collection().prop_map(|a| format!("size({a})")),
            text().prop_map(|a| format!("size({a})")),
        ]
    })
}

/// Mostly strings.
fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        12 => one_of(&["data.text", "data.empty", "data.object.b", "data.texts[1]", "'a'", "'abc'", "''", "'bc'", "string(5)"]),
        1 => anything(),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), inner).prop_map(|(a, b)| format!("({a} + {b})"))
    })
}

/// Mostly lists and objects.
fn collection() -> impl Strategy<Value = String> {
    let list = one_of(&[
        "data.list",
        "data.texts",
        "data.none",
        "data.mixed",
        "data.objects",
        "[1, 2, 3]",
        "[1, 'a']",
        "[]",
        "[5.0, 2u]",
    ]);
    let list = prop_oneof![
        4 => list.clone(),
        1 => (list.clone(), list.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
        1 => (list.clone(), element()).prop_map(|(a, c)| format!("{a}.filter(x, {c})")),
        1 => list.prop_map(|a| format!("{a}.map(x, x == 1)")),
    ];
    prop_oneof![
        8 => list,
        2 => one_of(&["data.object", "data", "{'a': 1}", "{}", "{1: 'a', 2u: 'b'}"]),
        1 => anything(),
    ]
}

/// Conditions on the element `x` of a list.
fn element() -> impl Strategy<Value = String> {
    one_of(&[
        "x == 1",
        "x != 2",
        "x > 1",
        "x.a == 1",
        "has(x.a)",
        "x",
        "true",
        "false",
        "x in [1, 'a']",
        "x == data.int",
        "size(x) > 1",
    ])
}

/// Mostly booleans, and some that err.
fn condition() -> impl Strategy<Value = String> {
    let comparison = one_of(&["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        4 => (number(), comparison.clone(), number()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        2 => (text(), comparison, text()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        2 => (anything(), one_of(&["==", "!="]), anything()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => (collection(), collection()).prop_map(|(a, b)| format!("({a} == {b})")),
        2 => (prop_oneof![number(), text(), anything()], collection()).prop_map(|(a, b)| format!("({a} in {b})")),
        2 => (text(), one_of(&["contains", "startsWith", "endsWith"]), text()).prop_map(|(a, f, b)| format!("({a}).{f}({b})")),
        3 => (collection(), one_of(&["all", "exists", "exists_one"]), element()).prop_map(|(a, f, c)| format!("{a}.{f}(x, {c})")),
        1 => collection().prop_map(|a| format!("has({a}.a)")),
        1 => (anything(), anything()).prop_map(|(a, b)| format!("(type({a}) == type({b}))")),
        1 => anything(),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => (inner.clone(), one_of(&["&&", "||"]), inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            1 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

/// Whether something in parentheses adds an object to a list: the interpreter then takes the object's keys, which the
/// specification does not have. Where ours errs at it, another error may be the one that is told.
fn adds_an_object_to_a_list(text: &str, event: &EventView<'_>) -> bool {
    let errs_at_it = |part: &str| {
        let filter = Filter::parse(&format!("{part} == 0"));
        let error = filter.ok().and_then(|filter| filter.matches(event).err());
        error
            .is_some_and(|error| error.to_string().contains("a list and an object cannot be added"))
    };
    parenthesised(text).any(errs_at_it)
}

fn parenthesised(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('(').filter_map(|(start, _)| {
        let mut depth = 0;
        let end = text[start..].find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        })?;
        text.get(start..=start + end)
    })
}

#[test]
fn an_object_that_is_added_to_a_list_is_found_wherever_it_stands() {
    let event = EventView::new("evt_1", "a", "2026-01-21T12:00:00Z", None, None, DATA, "{}");
    let found = |text: &str| adds_an_object_to_a_list(text, &event);
    assert!(found("(data.int == int(data.large)) || (size(([] + {'a': 1})) > 0)"));
    assert!(!found("(data.int == int(data.large)) || (size(([] + [1])) > 0)"));
}

#[test]
fn a_boolean_of_the_interpreter_is_the_filters_too() {
    let config =
        ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    let compared = Cell::new(0);
    let outcome = TestRunner::new(config).run(&condition(), |text| {
        let Some(Value::Bool(theirs)) = interpreted(&text) else {
            return Ok(());
        };
        compared.set(compared.get() + 1);
        let filter = Filter::parse(&text)
            .map_err(|invalid| TestCaseError::fail(format!("{text}: {invalid}")))?;
        let event = EventView::new("evt_1", "a", "2026-01-21T12:00:00Z", None, None, DATA, "{}");
        let ours = filter.matches(&event);
        if ours.is_ok() || !adds_an_object_to_a_list(&text, &event) {
            prop_assert_eq!(ours, Ok(theirs), "{}", text);
        }
        Ok(())
    });
    assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()));
    assert!(compared.get() > 1000, "only {} expressions had a boolean to compare", compared.get());
}
