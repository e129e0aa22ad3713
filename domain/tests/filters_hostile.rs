//! Filters of tenants who mean harm or mistype: whatever the text, no panic, and an answer soon.

use std::time::{Duration, Instant};

use domain::filter::{EventView, Filter};
use proptest::prelude::*;

/// What one filter may take on one event: the budget of steps is meant for 20 ms, this is the
/// unoptimised build on a busy machine.
const SOON: Duration = Duration::from_millis(250);

fn view(data: &str) -> EventView<'_> {
    EventView::new(
        "evt_1",
        "a.b",
        "2026-01-21T12:00:00Z",
        None,
        Some("1"),
        data,
        r#"{"k": [1, 2, 3]}"#,
    )
}

/// The shortest of a few tries, so that another process's turn doesn't count.
fn takes(run: impl Fn()) -> Duration {
    let tries = (0..5).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    tries.min().unwrap_or_default()
}

/// Letters in no order: periodic texts are easy for patterns.
fn unruly(length: usize) -> String {
    let mut state = 12_345_u64;
    let letters = (0..length).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 63 == 0 { 'a' } else { 'b' }
    });
    letters.collect()
}

/// 256 KiB with everything in it: a long text, a long list, a list of objects, a list of texts.
fn heavy() -> String {
    let objects =
        vec![r#"{"id": 1, "name": "abcdefghijklmnopqrstuvwxyz", "tags": ["a", "b"]}"#; 1000]
            .join(",");
    format!(
        r#"{{"text": "{}", "list": [{}], "objects": [{objects}], "x": 1, "name": "{}"}}"#,
        unruly(140_000),
        (0..1000).map(|n| n.to_string()).collect::<Vec<_>>().join(","),
        unruly(1000),
    )
}

#[test]
fn costly_filters_end_soon() {
    let data = heavy();
    let event = view(&data);
    assert_eq!(
        Filter::parse("has(data.x)").expect("valid").matches(&event),
        Ok(true),
        "parsed before the clock runs"
    );
    let plus = " + data.text".repeat(63);
    let eq = vec!["data.objects == data.objects"; 30].join(" && ");
    let texts = [
        "data.objects.map(o, data).size() > 0".to_owned(),
        "data.objects.map(o, [data, data, data] + data.objects).size() > 0".to_owned(),
        "data.objects.all(o, data.objects == data.objects)".to_owned(),
        format!("data.list.map(x, data.text{plus}).size() > 0"),
        format!("data.objects.all(o, {eq})"),
        "data.list.all(x, data.text.contains(data.text + 'x') || true)".to_owned(),
        "data.list.all(x, data.text.matches('(a|b|ab)*c') || true)".to_owned(),
        "data.list.all(x, data.text.matches('(ab?){50}(a|b)[^x]{40}z$') || true)".to_owned(),
        r"data.list.all(x, data.text.matches(r'(\w+\s?)*$z') || true)".to_owned(),
        r"data.text.matches(r'(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^b]x')".to_owned(),
        "data.list.all(x, data.name.matches('[ab]*a[ab]{12}z') || true)".to_owned(),
        "data.list.all(x, data.name.matches('[ab]*a[ab]{200}z') || true)".to_owned(),
        "data.list.all(x, data.name.matches('[ab]*a[ab]{900}z') || true)".to_owned(),
        "data.list.map(x, data.list.size() + x).map(x, data.text + string(x)).exists(t, t == '')".to_owned(),
        "data.list.all(x, data.list.size() == 1000 && x in data.list && data in data.objects || true)".to_owned(),
        "data.list.all(x, timestamp('2026-01-21T12:00:00Z').getHours() == 12 && string(x) != '')".to_owned(),
    ];
    for text in texts {
        let filter = Filter::parse(&text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"));
        let taken = takes(|| drop(filter.matches(&event)));
        assert!(taken < SOON, "{taken:?}: {text}");
    }
}

#[test]
fn long_and_deep_texts_are_judged_soon() {
    let texts = [
        "(".repeat(4096),
        "[".repeat(64),
        format!("{}1{}", "[".repeat(64), "]".repeat(64)),
        format!("{}1{}", "(".repeat(60), ")".repeat(60)),
        format!("{}1", "{1:".repeat(60)),
        format!("{}1{}", "[{1:".repeat(30), "}]".repeat(30)),
        format!("{}1{}", "f(".repeat(60), ")".repeat(60)),
        format!("{}1{}", "a.f(".repeat(30), ")".repeat(30)),
        format!("{}{}", "a?".repeat(60), ":b".repeat(60)),
        "a.".repeat(2000),
        format!("data{}", ".a".repeat(64)),
        format!("{}{{}}", vec!["a"; 60].join(".")),
        "!".repeat(64),
        "-".repeat(64),
        "'".repeat(4096),
        "\"\\".repeat(2000),
        vec!["1"; 2000].join(","),
        format!("[{}]", vec!["1"; 2000].join(",")),
        format!("f({})", vec!["1"; 2000].join(",")),
        "a b ".repeat(1000),
        "@#$".repeat(1300),
        "\u{1F980}".repeat(4096),
        vec!["(a == 1"; 60].join(" && "),
        format!("data.s.matches('{}')", "(a{9}){9}".repeat(100)),
        format!("data.s.matches('{}')", "(".repeat(4000)),
        format!("data.s.matches('{}')", "(x+x+)+y".repeat(400)),
        "data.s.matches('((a{99}){99}){99}')".to_owned(),
    ];
    for text in texts {
        let taken = takes(|| drop(Filter::parse(&text)));
        assert!(taken < SOON, "{taken:?}: {}…", text.chars().take(40).collect::<String>());
    }
}

#[test]
fn a_small_stack_is_enough() {
    let deepest = [
        format!("{}data{}", "(".repeat(64), ")".repeat(64)),
        format!("{}1{}", "[".repeat(63), "]".repeat(63)),
        format!("{}true", "true ? true : ".repeat(64)),
        format!("{}true", "!".repeat(63)),
        vec!["1"; 65].join(" - "),
        format!("data{}", ".a".repeat(64)),
    ];
    let deep = format!("{}1{}", "{\"a\":".repeat(128), "}".repeat(128));
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(move || {
        let mut parsed = 0;
        for text in deepest {
            if let Ok(filter) = Filter::parse(&text) {
                parsed += 1;
                drop(filter.matches(&view(&deep)));
            }
        }
        assert_eq!(Filter::parse("data == data").expect("valid").matches(&view(&deep)), Ok(true));
        parsed
    });
    let parsed = thread.expect("a thread starts").join().expect("the stack suffices");
    assert!(parsed >= 4, "{parsed} of the deepest texts were within the bounds");
}

/// Pieces that expressions are made of, mended and broken ones.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "data",
        "metadata",
        "event",
        "event.type",
        "x",
        ".a",
        ".list",
        ".text",
        "[0]",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "?",
        ":",
        ",",
        " in ",
        " ",
        "1",
        "0",
        "-1",
        "1.5",
        "9223372036854775807",
        "18446744073709551615",
        "1e308",
        "0x1",
        "1u",
        "true",
        "false",
        "null",
        "'a'",
        "\"b\"",
        "'",
        "r'\\'",
        "'''",
        "\\",
        "//",
        "\n",
        "b'a'",
        ".all(x,",
        ".exists(x,",
        ".map(x,",
        ".filter(x,",
        ".exists_one(x,",
        "has(",
        "size(",
        "int(",
        "uint(",
        "double(",
        "string(",
        "timestamp(",
        "duration(",
        "type(",
        ".matches('a+')",
        ".contains('a')",
        ".getHours()",
        "'2026-01-21T12:00:00Z'",
        "'1h'",
        "é",
        "\u{0}",
    ])
}

/// Expressions that mostly parse.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "data",
        "data.list",
        "data.text",
        "data.objects",
        "data.x",
        "data.missing",
        "metadata.k",
        "event.type",
        "event.timestamp",
        "1",
        "0",
        "-1",
        "2.5",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "'a'",
        "''",
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "['a', 1]",
        "{'a': 1}",
        "1e308",
        "int",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 3, |inner| {
        let operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%", "in"]);
        let function = prop::sample::select(vec![
            "size", "int", "uint", "double", "string", "bool", "timestamp", "duration", "type", "dyn", "!", "-",
        ]);
        let method = prop::sample::select(vec!["contains", "startsWith", "endsWith"]);
        let of_loop = prop::sample::select(vec!["all", "exists", "exists_one", "map", "filter"]);
        let part = prop::sample::select(vec!["getHours", "getMonth", "getDayOfYear", "getMilliseconds"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            2 => (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            1 => (inner.clone(), method, inner.clone()).prop_map(|(a, f, b)| format!("({a}).{f}({b})")),
            1 => (inner.clone(), of_loop, inner.clone()).prop_map(|(a, f, b)| format!("({a}).{f}(x, x == {b})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => inner.clone().prop_map(|a| format!("({a}).a")),
            1 => inner.clone().prop_map(|a| format!("has(({a}).a)")),
            1 => (inner, part).prop_map(|(a, f)| format!("({a}).{f}()")),
        ]
    })
}

fn judge(text: &str, data: &str) {
    let event = view(data);
    let run = || {
        if let Ok(filter) = Filter::parse(text) {
            drop(filter.matches(&event));
        }
    };
    let taken = takes(run);
    assert!(taken < SOON, "{taken:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged_soon(text in "\\PC{0,200}") {
        judge(&text, "{}");
    }

    #[test]
    fn any_bytes_are_judged_soon(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        judge(&String::from_utf8_lossy(&bytes), "{}");
    }

    #[test]
    fn any_row_of_pieces_is_judged_soon(pieces in prop::collection::vec(piece(), 0..60)) {
        judge(&pieces.concat(), r#"{"list": [1, "a", null], "text": "a", "a": [1]}"#);
    }

    #[test]
    fn any_expression_is_judged_soon(text in expression()) {
        judge(&text, r#"{"list": [3, 1, 2], "text": "aab", "x": 7, "objects": [{"a": 1}, {"a": 2.5}]}"#);
    }
}
