//! What `docs/filters.md` says about filters, sentence by sentence.

use domain::filter::{EventView, Filter};

const DATA: &str = r#"{
    "plan": "pro", "email": "Ana@example.com", "empty": "", "accent": "é",
    "count": 5, "negative": -3, "price": 9.5, "whole": 5.0,
    "large": 12345678901234567890, "largest": 18446744073709551615, "smallest": -9223372036854775808,
    "exact": 9007199254740993, "beyond": 18446744073709551616,
    "active": true, "nothing": null,
    "at": "2026-01-21T14:30:15.250+02:00",
    "tags": ["new", "vip"], "none": [], "mixed": [1, "a", null, [2]],
    "items": [{"sku": "a", "price": 5}, {"sku": "b", "price": 20.5}, {"sku": "c"}],
    "address": {"city": "Oslo", "zip-code": "0150"},
    "twice": 1, "twice": 2
}"#;
const METADATA: &str = r#"{"region": "eu", "attempt": 2}"#;

fn view<'a>(data: &'a str) -> EventView<'a> {
    EventView::new(
        "evt_01kfg0000000000000000000",
        "order.paid",
        "2026-01-21T12:00:00.5Z",
        Some("corr-1"),
        None,
        data,
        METADATA,
    )
}

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"))
}

fn refusal(text: &str) -> String {
    match Filter::parse(text) {
        Ok(_) => panic!("taken: {text}"),
        Err(invalid) => invalid.to_string(),
    }
}

/// `Ok` with the value, `Err` with what went wrong.
fn on(data: &str, text: &str) -> Result<bool, String> {
    parse(text).matches(&view(data)).map_err(|error| error.detail)
}

#[track_caller]
fn all_hold(texts: &[&str]) {
    for text in texts {
        assert_eq!(on(DATA, text), Ok(true), "{text}");
    }
}

#[track_caller]
fn all_fail(texts: &[&str]) {
    for text in texts {
        assert_eq!(on(DATA, text), Ok(false), "{text}");
    }
}

#[track_caller]
fn all_err(cases: &[(&str, &str)]) {
    for (text, reason) in cases {
        let outcome = on(DATA, text);
        assert!(
            outcome.as_ref().is_err_and(|detail| detail.contains(reason)),
            "{text}: {outcome:?}"
        );
    }
}

#[test]
fn a_filter_sees_event_data_and_metadata() {
    all_hold(&[
        "event.type == 'order.paid'",
        "event.id.startsWith('evt_')",
        "event.timestamp == '2026-01-21T12:00:00.5Z'",
        "event.correlation_id == 'corr-1'",
        "event['type'].endsWith('.paid')",
        "data.plan == 'pro'",
        "metadata.region == \"eu\"",
        "metadata['attempt'] == 2",
        "data.address.city == 'Oslo'",
        "data.address['zip-code'] == '0150'",
        "data['address']['city'] == 'Oslo'",
        "data.items[1].sku == 'b'",
    ]);
    assert_eq!(on("42", "data == 42"), Ok(true), "data may be any JSON value");
    assert_eq!(on("[[1], \"x\"]", "data[0][0] == 1 && data[1] == 'x'"), Ok(true));
    assert_eq!(on("null", "data == null"), Ok(true));
}

#[test]
fn fields_that_an_event_was_sent_without_are_absent() {
    all_fail(&["has(event.version)"]);
    all_hold(&["has(event.correlation_id)", "has(event.id)"]);
    all_err(&[("event.version == '1'", "the event has no version")]);
}

#[test]
fn unknown_names_and_fields_of_event_are_refused_with_their_place() {
    for (text, reason) in [
        (
            "plan == 'pro'",
            "line 1, column 1: unknown name plan; a filter sees event, data and metadata",
        ),
        ("data.a == 1 &&\n  x.y", "line 2, column 3: unknown name x"),
        ("'é' == foo", "line 1, column 8: unknown name foo"),
        ("data.n > 12345678901234567890 || bar", "line 1, column 34: unknown name bar"),
        (
            "event.name == ''",
            "column 6: event has only the fields id, type, timestamp, correlation_id and version",
        ),
        ("event.data.plan == 'pro'", "write data instead of event.data"),
        ("event['metadata'].a == 1", "write metadata instead of event.metadata"),
        ("event == null", "event is used by its fields"),
        ("'type' in event", "event is used by its fields"),
        ("event[data.plan] == ''", "must be a literal"),
        (".data.plan == 'pro'", "unknown name .data"),
        ("now() > 1", "there is no function now"),
        ("data.s.lower() == 'a'", "there is no function lower"),
        ("size() == 1", "there is no function size that is called like this"),
        ("contains(data.plan, 'p')", "there is no function contains that is called like this"),
        ("data.plan.int() == 1", "there is no function int that is called like this"),
    ] {
        let told = refusal(text);
        assert!(told.contains(reason), "{text}: {told}");
    }
}

#[test]
fn syntax_errors_tell_place_and_reason() {
    for (text, place) in [
        ("data.a ==", "line 1, column 10: "),
        ("data.a == 'x", "line 1, column 11: "),
        ("(data.a == 1", "line 1, column 13: "),
        ("data.a = 1", "line 1, column 8: "),
        ("'é' = foo", "line 1, column 5: "),
        ("data.n > 12345678901234567890 = 1", "line 1, column 31: "),
        ("data.a == 1\n&& && true", "line 2, column 4: "),
        ("data.a == 1)", "line 1, column 12: "),
        ("data.?a == 1", "line 1, column 5: "),
        ("if", "line 1, column 1: "),
        ("data.n == 18446744073709551616", "line 1, column 11: "),
        ("data.n == -9223372036854775809", "line 1, column 11: "),
        ("b'bytes' == data.a", "line 1, column 1: JSON has no bytes"),
        ("Order{a: 1} == data", "line 1, column 6: messages cannot be made"),
        ("has(data)", "has takes a field"),
        ("has(data['a'])", "has takes a field"),
        ("data.l.exists(1, true)", "takes a name first"),
        ("data.l.exists(x)", "takes a name and an expression"),
        ("data.l.exists(i, x, true)", "unknown name x"),
        ("data.plan.matches('(')", "not a pattern (RE2 syntax)"),
        ("data.plan.matches(data.plan)", "the pattern of matches must be a literal"),
        ("timestamp(data.at).getHours('Mars') == 1", "the time zone must be the literal"),
    ] {
        let told = refusal(text);
        assert!(told.contains(place), "{text}: {told}");
    }
    for text in ["", "   ", "\n"] {
        assert!(refusal(text).contains("must not be empty"));
    }
    assert!(refusal("data.a == '\0'").contains("U+0000"));
}

#[test]
fn numbers_compare_by_value() {
    all_hold(&[
        "data.count == 5.0",
        "data.whole == 5",
        "data.count == data.whole",
        "data.count == 5u",
        "data.count < 5.1 && data.count > 4.9",
        "data.price > 9 && data.price < 10u",
        "data.negative < 0u",
        "data.large == 12345678901234567890",
        "data.large == 12345678901234567890u",
        "data.large != 12345678901234567889",
        "data.large == 0xab54a98ceb1f0ad2",
        "data.largest > data.large",
        "data.largest < 18446744073709551616.0",
        "data.smallest == -9223372036854775808",
        "data.smallest < data.negative",
        "data.exact == 9007199254740993",
        "data.exact != 9007199254740992.0",
        "data.exact > 9007199254740992.0",
        "data.beyond == 18446744073709551616.0",
        "-0.0 == 0",
        "0.1 + 0.2 != 0.3",
        "5 in [5.0]",
        "data.count in [4, 5]",
        "{5: 'x'}[data.whole] == 'x'",
    ]);
    all_fail(&[
        "data.count == '5'",
        "data.count == true",
        "0.0 / 0.0 == 0.0 / 0.0",
        "0.0 / 0.0 < 1.0",
    ]);
}

#[test]
fn values_of_different_kinds_are_unequal_and_without_order() {
    all_hold(&[
        "data.plan != 1",
        "data.nothing == null",
        "data.nothing != 0",
        "data.tags != data.address",
        "data.nothing != false",
    ]);
    all_err(&[
        ("data.plan > 1", "a string and a number have no order"),
        ("data.nothing < 1", "null and a number have no order"),
        ("data.tags < data.tags", "a list and a list have no order"),
    ]);
    all_hold(&["'abc' < 'abd'", "'Z' < 'a'", "false < true", "data.accent > 'z'"]);
}

#[test]
fn lists_and_objects_are_equal_when_their_elements_are() {
    all_hold(&[
        "data.tags == ['new', 'vip']",
        "data.tags != ['vip', 'new']",
        "data.mixed == [1.0, 'a', null, [2u]]",
        "data.address == {'zip-code': '0150', 'city': 'Oslo'}",
        "data.address != {'city': 'Oslo'}",
        "data.address != {'city': 'Oslo', 'zip': '0150'}",
        "{1: 'a'} == {1u: 'a'}",
        "data == data",
    ]);
}

#[test]
fn arithmetic_is_exact_on_integers_and_double_beside_a_double() {
    all_hold(&[
        "data.count + 1 == 6",
        "data.count * 1.5 == 7.5",
        "data.price * 2 == 19",
        "data.count / 2 == 2",
        "data.whole / 2 == 2.5",
        "data.negative % 2 == -1",
        "-data.count == -5",
        "data.large - 1 == 12345678901234567889",
        "data.count - data.large == data.count - data.large || true",
        "data.plan + '!' == 'pro!'",
        "data.tags + ['x'] == ['new', 'vip', 'x']",
        "1 + 2 * 3 == 7",
        "(1 + 2) * 3 == 9",
        "10 - 2 - 3 == 5",
    ]);
    all_err(&[
        ("data.count / 0 == 1", "division by zero"),
        ("data.count % 0 == 1", "division by zero"),
        ("data.price % 2 == 1", "% takes integers only"),
        ("data.smallest - 1 < 0", "overflows"),
        ("data.largest + 1u > 0", "overflows"),
        ("9223372036854775807 + 1 > 0", "overflows"),
        ("-data.smallest > 0", "overflows"),
        ("-data.large < 0", "only an int or a double can be negated"),
        ("data.plan + 1 == 'pro1'", "a string and a number cannot be added"),
        ("data.plan - 'p' == 'ro'", "cannot be subtracted"),
    ]);
}

#[test]
fn one_side_that_decides_outweighs_an_error_of_the_other() {
    all_hold(&[
        "data.missing == 1 || true",
        "true || data.missing == 1",
        "!(data.missing == 1 && false)",
        "!(false && data.missing == 1)",
        "data.active ? true : data.missing",
        "true ? true : 1 / 0 == 1",
    ]);
    all_err(&[
        ("data.missing == 1 || false", "no such key: \"missing\""),
        ("true && data.missing == 1", "no such key"),
        ("data.missing && true", "no such key"),
        ("data.plan || false", "a string stands where a boolean is needed"),
        ("!data.count", "a number stands where a boolean is needed"),
        ("data.count ? true : false", "a number stands where a boolean is needed"),
    ]);
}

#[test]
fn what_is_absent_errs_and_has_asks_first() {
    all_err(&[
        ("data.missing == 1", "no such key: \"missing\""),
        ("data.missing.deeper == 1", "no such key"),
        ("data.plan.length == 3", "a string has no field \"length\""),
        ("data.nothing.x == 1", "null has no field"),
        ("data['missing'] == 1", "no such key"),
        ("data.tags[2] == 'x'", "the list of 2 has no element 2"),
        ("data.tags[-1] == 'x'", "has no element -1"),
        ("data.tags[0.5] == 'x'", "has no element 0.5"),
        ("data.tags['0'] == 'x'", "a list is indexed by a number"),
        ("data.address[0] == 'x'", "no such key"),
        ("data.count[0] == 1", "a number has no elements"),
        ("has(data.missing.deeper)", "no such key"),
        ("has(data.plan.x)", "a string has no fields"),
    ]);
    all_hold(&[
        "has(data.plan)",
        "has(data.nothing)",
        "!has(data.missing)",
        "has(data.address.city) && data.address.city == 'Oslo'",
        "!(has(data.missing) && data.missing.deeper == 1)",
        "'plan' in data",
        "!('missing' in data)",
        "data.tags[1.0] == 'vip'",
        "data.twice == 2",
    ]);
    all_fail(&["has(data.missing) && data.missing == 1"]);
}

#[test]
fn an_event_matches_when_the_value_is_true_and_nothing_else() {
    all_err(&[
        ("data.plan", "the value is a string, not a boolean"),
        ("1", "the value is a number, not a boolean"),
        ("null", "the value is null, not a boolean"),
        ("data.tags", "the value is a list, not a boolean"),
        ("data", "the value is an object, not a boolean"),
        ("type(1)", "the value is a type, not a boolean"),
        ("duration('1s')", "the value is a duration, not a boolean"),
        ("timestamp(0)", "the value is a timestamp, not a boolean"),
    ]);
    all_hold(&["data.active", "true"]);
    all_fail(&["!data.active", "false"]);
}

#[test]
fn membership_is_asked_of_lists_and_keys() {
    all_hold(&[
        "'vip' in data.tags",
        "!('old' in data.tags)",
        "null in data.mixed",
        "'city' in data.address",
        "!(1 in data.address)",
        "data.plan in ['pro', 'team']",
        "data.plan in {'pro': 1}",
    ]);
    all_err(&[("'p' in data.plan", "in needs a list or an object on its right")]);
}

#[test]
fn loops_go_over_lists_and_over_the_keys_of_objects() {
    all_hold(&[
        "data.tags.all(tag, tag.size() == 3)",
        "data.none.all(x, false)",
        "data.tags.exists(tag, tag == 'vip')",
        "!data.none.exists(x, true)",
        "data.tags.exists_one(tag, tag == 'vip')",
        "!data.tags.exists_one(tag, true)",
        "data.tags.map(tag, tag + '!') == ['new!', 'vip!']",
        "data.mixed.map(x, x == 1, 'one') == ['one']",
        "data.tags.filter(tag, tag != 'new') == ['vip']",
        "data.address.exists(key, key == 'city')",
        "data.address.all(key, data.address[key].size() > 0)",
        "data.items.exists(item, has(item.price) && item.price > 20)",
        "data.items.filter(item, has(item.price)).map(item, item.price) == [5, 20.5]",
        "data.tags.exists(x, x == 'vip') && data.tags.exists(x, x == 'new')",
        "data.tags.exists(data, data == 'vip')",
        "data.tags.exists(event, event == 'vip')",
    ]);
    all_err(&[
        ("data.plan.all(x, true)", "a string has no elements to go over"),
        ("data.tags.exists(x, x)", "a string stands where a boolean is needed"),
        ("data.items.map(item, item.price).size() == 3", "no such key"),
        ("data.items.exists_one(item, item.price == 5)", "no such key"),
        ("data.items.filter(item, item.price == 5).size() == 1", "no such key"),
    ]);
}

#[test]
fn an_element_that_decides_outweighs_errors_of_others() {
    all_hold(&["data.mixed.exists(x, x > 0)", "!data.mixed.all(x, x > 1)"]);
    all_err(&[
        ("data.mixed.exists(x, x > 1)", "have no order"),
        ("data.mixed.all(x, x > 0)", "have no order"),
    ]);
}

#[test]
fn loops_do_not_stand_inside_one_another() {
    for text in [
        "data.a.all(x, data.b.exists(y, y == x))",
        "data.a.map(x, x.filter(y, y > 1)).size() > 0",
        "data.a.exists_one(x, data.b.exists_one(x, true))",
        "data.a.map(x, x.all(y, true), x).size() > 0",
    ] {
        let told = refusal(text);
        assert!(told.contains("cannot be used inside one another"), "{text}: {told}");
    }
    all_hold(&["data.tags.filter(tag, tag != 'new').exists(tag, tag == 'vip')"]);
}

#[test]
fn strings_have_size_contains_starts_with_ends_with_and_matches() {
    all_hold(&[
        "size(data.plan) == 3",
        "data.accent.size() == 1",
        "data.empty.size() == 0",
        "size(data.tags) == 2 && data.address.size() == 2",
        "data.email.contains('@')",
        "data.email.startsWith('Ana') && data.email.endsWith('.com')",
        "data.email.matches('^[A-Za-z]+@example[.]com$')",
        "data.email.matches('example')",
        "matches(data.email, '(?i)^ana@')",
        "data.accent.matches('^.$')",
        "!data.accent.matches('^\\\\w$')",
        r"data.email.matches(r'\w+@\w+\.com')",
    ]);
    all_fail(&["data.email.contains('ANA')", "data.email.matches('^example')"]);
    all_err(&[
        ("data.count.contains('5')", "contains takes strings, not a number and a string"),
        ("data.plan.startsWith(1)", "startsWith takes strings"),
        ("size(data.count) == 1", "size does not take a number"),
        ("data.count.matches('5')", "matches takes a string, not a number"),
    ]);
}

#[test]
fn conversions_read_what_they_can_and_err_otherwise() {
    all_hold(&[
        "int('42') == 42",
        "int(9.9) == 9 && int(-9.9) == -9",
        "uint('7') == 7u",
        "double('1.5') == 1.5 && double(data.count) == 5.0",
        "string(data.count) == '5' && string(1.5) == '1.5' && string(true) == 'true'",
        "bool('true') && !bool('false')",
        "dyn(data.count) == 5",
        "type(data.count) == int && type(data.price) == double && type(data.plan) == string",
        "type(data.tags) == list && type(data.address) == map && type(data.nothing) == null_type",
        "type(data.active) == bool && type(1u) == uint && type(int) == type",
        "type(data.count) != type(data.plan)",
    ]);
    all_err(&[
        ("int('x') == 1", "int cannot read this string"),
        ("int(1e30) == 1", "int cannot read this number"),
        ("int(data.largest) == 1", "int cannot read this number"),
        ("uint(data.negative) == 1", "uint cannot read this number"),
        ("int(null) == 1", "int does not take null"),
        ("double('one') == 1.0", "double cannot read this string"),
        ("bool('yes')", "bool cannot read this string"),
        ("string(data.tags) == ''", "string does not take a list"),
        ("timestamp('yesterday') > timestamp(0)", "timestamp cannot read this string"),
        ("duration('soon') > duration('1s')", "duration cannot read this string"),
    ]);
}

#[test]
fn timestamps_and_durations_compare_and_add() {
    all_hold(&[
        "timestamp(event.timestamp) == timestamp('2026-01-21T12:00:00.500Z')",
        "timestamp(data.at) == timestamp('2026-01-21T12:30:15.25Z')",
        "timestamp(data.at) > timestamp(event.timestamp)",
        "timestamp(data.at) - timestamp(event.timestamp) > duration('30m')",
        "timestamp(event.timestamp) + duration('1h') > timestamp(data.at)",
        "timestamp(event.timestamp) - duration('500ms') == timestamp('2026-01-21T12:00:00Z')",
        "duration('1h30m') == duration('90m') && duration('1.5s') == duration('1500ms')",
        "duration('1h') + duration('1m') - duration('60s') == duration('3600s')",
        "-duration('1s') == duration('-1s') && duration('0') == duration('0s')",
        "timestamp(0) == timestamp('1970-01-01T00:00:00Z') && int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "string(timestamp('2026-01-21T12:00:00Z')) == '2026-01-21T12:00:00Z'",
        "string(duration('1h30m')) == '5400s' && string(duration('-1.5s')) == '-1.5s'",
        "timestamp(data.at).getFullYear() == 2026 && timestamp(data.at).getMonth() == 0",
        "timestamp(data.at).getDate() == 21 && timestamp(data.at).getDayOfMonth() == 20",
        "timestamp(data.at).getDayOfWeek() == 3 && timestamp(data.at).getDayOfYear() == 20",
        "timestamp(data.at).getHours() == 12 && timestamp(data.at).getHours('+02:00') == 14",
        "timestamp(data.at).getHours('-13:00') == 23 && timestamp(data.at).getHours('UTC') == 12",
        "timestamp(data.at).getMinutes() == 30 && timestamp(data.at).getSeconds() == 15",
        "timestamp(data.at).getMilliseconds() == 250",
        "duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90",
        "duration('90m').getSeconds() == 5400 && duration('1s').getMilliseconds() == 1000",
    ]);
    all_err(&[
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s') > timestamp(0)", "out of range"),
        ("timestamp('0001-01-01T00:00:00Z') - duration('1s') > timestamp(0)", "out of range"),
        ("event.timestamp > timestamp(0)", "a string and a timestamp have no order"),
        ("duration('1h').getDate() == 1", "does not take a duration"),
        ("data.plan.getHours() == 1", "does not take a string"),
        ("timestamp(0) + timestamp(0) == timestamp(0)", "cannot be added"),
    ]);
}

#[test]
fn literals_are_written_as_in_cel() {
    all_hold(&[
        "'a\\'b' == \"a'b\"",
        r"'\u00e9' == data.accent",
        "r'\\n' == '\\\\n'",
        "'''a\nb''' == 'a\\nb'",
        "0x10 == 16 && -0x10 == -16 && 1e3 == 1000 && .5 == 0.5",
        "data.plan == 'pro' // and the rest is a comment: )]",
        "[1, 2,] == [1, 2]",
        "{'a': 1}.a == 1 && {'a': 1}['a'] == 1 && {true: 1}[true] == 1",
        "!!true && !(!(true))",
        "--1 == 1",
    ]);
    all_err(&[
        ("{'a': 1, 'a': 2}.a == 1", "a key is there twice"),
        ("{null: 1} == {}", "null cannot be a key"),
    ]);
}

#[test]
fn data_that_cannot_be_read_errs_wherever_data_is_used() {
    for (data, reason) in [
        (r#"{"a": 1e400}"#, "number out of range"),
        (r#"{"a": -1e400}"#, "number out of range"),
        (r#"{"a": "\ud800"}"#, "hex escape"),
        (r#"["\udc00"]"#, "hex escape"),
    ] {
        for text in ["data.b == 1", "true || data.b == 1", "has(data.b)"] {
            let outcome = on(data, text);
            let told = outcome.as_ref().is_err_and(|detail| {
                detail.starts_with("data cannot be read as JSON values") && detail.contains(reason)
            });
            assert!(told, "{text}: {outcome:?}");
        }
        assert_eq!(on(data, "metadata.region == 'eu'"), Ok(true), "data is not used");
        assert_eq!(on(data, "event.type == 'order.paid'"), Ok(true), "data is not used");
    }
    let deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(
        on(&deep, &format!("data{} == [1]", "[0]".repeat(60))),
        Ok(false),
        "128 levels are read"
    );
}

#[test]
fn which_parts_are_used_is_known_from_the_text() {
    for (text, data, metadata) in [
        ("event.type == 'a'", false, false),
        ("data.a == 1", true, false),
        ("metadata.a == 1", false, true),
        ("has(metadata.a) || has(data.a)", true, true),
        ("metadata.l.exists(data, data == 1)", false, true),
        ("'data' == 'metadata'", false, false),
    ] {
        let filter = parse(text);
        assert_eq!((filter.uses_data(), filter.uses_metadata()), (data, metadata), "{text}");
    }
}

#[test]
fn at_most_64_operators() {
    for (unit, joint) in
        [("true", " && "), ("true", " || "), ("1", " + "), ("1", "-"), ("1", " * "), ("1", " in ")]
    {
        let of = |operators: usize| vec![unit; operators + 1].join(joint);
        assert!(Filter::parse(&of(64)).is_ok(), "64 of {joint}");
        assert!(refusal(&of(65)).contains("must have at most 64 operators"), "65 of {joint}");
    }
    let not = |operators| format!("{}true", "!".repeat(operators));
    assert!(Filter::parse(&not(64)).is_ok());
    assert!(refusal(&not(65)).contains("64 operators"));
    let choose = |operators| format!("{}true", "true ? true : ".repeat(operators));
    assert!(Filter::parse(&choose(64)).is_ok());
    assert!(refusal(&choose(65)).contains("64 operators"));
    let strings = format!("data.a == '{}'", "+-&&||".repeat(200));
    assert!(Filter::parse(&strings).is_ok(), "what stands in a string is no operator");
    let commented = format!("data.a == -1 // {}", "+-&&||".repeat(200));
    assert!(Filter::parse(&commented).is_ok(), "nor in a comment");
    let list = format!("data.a in [{}]", vec!["'a.b-c'"; 400].join(", "));
    assert!(Filter::parse(&list).is_ok(), "nor are a list's commas");
}

#[test]
fn at_most_4096_characters_and_64_levels() {
    let long = |characters: usize| format!("data.a == '{}'", "é".repeat(characters - 12));
    assert!(Filter::parse(&long(4096)).is_ok());
    assert!(refusal(&long(4097)).contains("at most 4096 characters"));
    let nested = |levels: usize| format!("{}true{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Filter::parse(&nested(32)).is_ok());
    for text in [
        nested(65),
        format!("{}1", "[".repeat(4000)),
        "{".repeat(4000),
        "(".repeat(4000),
        format!("data{}", ".a".repeat(2000)),
        format!("data{}", "[0]".repeat(1300)),
        format!("data{}", ".a()".repeat(1000)),
        format!("data{}", ".a[data".repeat(500)),
        format!("a{}", "(a".repeat(2000)),
    ] {
        assert!(refusal(&text).contains("must nest at most 64 deep"), "{}", &text[..20]);
    }
}

#[test]
fn loops_go_over_at_most_1000_elements() {
    let list = |elements: usize| format!(r#"{{"list": [{}]}}"#, vec!["1"; elements].join(","));
    for text in [
        "data.list.all(x, x == 1)",
        "data.list.exists(x, x == 1)",
        "!data.list.exists_one(x, x == 1)",
        "data.list.map(x, x).size() > 0",
        "data.list.filter(x, true).size() > 0",
    ] {
        assert_eq!(on(&list(1000), text), Ok(true), "{text}");
        let outcome = on(&list(1001), text);
        assert!(outcome.is_err_and(|detail| detail.contains("at most 1000 are")), "{text}");
    }
    let outweighed = on(&list(1001), "true && (data.list.exists(x, x == 1) || true)");
    assert!(outweighed.is_err(), "no other side outweighs a bound");
    assert_eq!(
        on(&list(1001), "data.list.size() == 1001 && 1 in data.list"),
        Ok(true),
        "without a loop any length will do"
    );
    let entries: Vec<_> = (0..1001).map(|n| format!("\"k{n}\":1")).collect();
    let outcome = on(&format!("{{{}}}", entries.join(",")), "data.exists(key, key == 'k1')");
    assert!(outcome.is_err(), "the keys of an object count like a list's elements");
}

#[test]
fn every_operator_on_every_element_is_within_the_steps() {
    let list = format!(r#"{{"list": [{}]}}"#, vec![r#"{"a": {"b": 1}}"#; 1000].join(","));
    let condition = vec!["x.a.b != 2"; 32].join(" && ");
    assert_eq!(on(&list, &format!("data.list.all(x, {condition})")), Ok(true));
}

#[test]
fn evaluations_that_take_too_many_steps_err() {
    let list = format!(
        r#"{{"list": [{}], "text": "{}"}}"#,
        vec!["1"; 1000].join(","),
        "x".repeat(250_000)
    );
    for text in [
        "data.list.all(x, data.text + data.text != '')",
        "data.list.all(x, data.list == data.list)",
        "data.list.map(x, data.list + data.list).size() > 0",
        "data.list.all(x, !data.text.contains('y'))",
        "data.list.all(x, !data.text.matches('y$'))",
        "true || data.list.all(x, !data.text.contains('y')) || false || data.list.all(x, !(x in data.list + [data.text]))",
    ] {
        let outcome = on(&list, text);
        if text.starts_with("true ||") {
            assert_eq!(outcome, Ok(true), "what need not be evaluated costs nothing");
        } else {
            assert!(
                outcome.as_ref().is_err_and(|detail| detail.contains("steps")),
                "{text}: {outcome:?}"
            );
        }
    }
    let outweighed = on(&list, "data.list.all(x, data.text + data.text != '') || true");
    assert!(outweighed.is_err_and(|detail| detail.contains("steps")), "no other side outweighs it");
}

#[test]
fn several_filters_may_share_a_number_of_steps() {
    let event = view("[1, 2, 3]");
    let filter = parse("data.exists(x, x == 3)");
    let mut steps = 1_000;
    assert_eq!(filter.matches_within(&event, &mut steps), Ok(true));
    let spent = 1_000 - steps;
    assert!((3..100).contains(&spent), "{spent} steps");
    let mut just_enough = spent;
    assert_eq!(filter.matches_within(&event, &mut just_enough), Ok(true));
    assert_eq!(just_enough, 0);
    let mut too_few = spent - 1;
    assert!(filter.matches_within(&event, &mut too_few).is_err());
    assert_eq!(too_few, 0, "what it stopped at would have taken more than was left");
}

#[test]
fn a_filter_is_shared_compared_and_written_as_its_text() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let filter = parse("data.a == 1");
    shared(&filter);
    assert_eq!(filter, filter.clone());
    assert_ne!(filter, parse("data.a  == 1"));
    assert_eq!(serde_json::to_string(&filter).expect("serialises"), r#""data.a == 1""#);
    assert_eq!(serde_json::from_str::<Filter>(r#""data.a == 1""#).expect("valid"), filter);
    assert!(serde_json::from_str::<Filter>(r#""data.a ==""#).is_err());
    assert_eq!(format!("{filter:?}"), "Filter(\"data.a == 1\")");
    assert_eq!(filter.as_str(), "data.a == 1");
}

#[test]
fn messages_stay_short_and_without_payload() {
    let key = "k".repeat(3000);
    let detail = on(DATA, &format!("data.{key} == 1")).expect_err("absent");
    assert!(detail.len() < 200, "{detail}");
    assert!(refusal(&key).len() < 300);
    assert!(!format!("{:?}", view(DATA)).contains("Oslo"));
}
