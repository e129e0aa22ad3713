//! What a schema asks of one value, told before it is taken: `allOf`, `$ref` and the like apply further
//! schemas to the same value, which may lead in a circle, or double with each step of a chain. Schemas for what is
//! inside a value cost what they are applied to, which is counted as it goes (`budget`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::invalid::{Invalid, pointer_part};
use crate::limits;

/// Keywords that would let a reference lead elsewhere than its text says.
const REFUSED: [(&str, &str); 5] = [
    (
        "$id",
        "must stand at the top alone: references are places of the same schema, such as #/$defs/name",
    ),
    ("$anchor", "is not supported; refer to the place itself, such as #/$defs/name"),
    ("$dynamicAnchor", "is not supported; use $ref to a place such as #/$defs/name"),
    ("$dynamicRef", "is not supported; use $ref to a place such as #/$defs/name"),
    ("$vocabulary", "is not supported; the keywords are those of draft 2020-12"),
];

/// Keywords with one schema, several in a list, or several by name. Of those that look at the same value, the
/// weight says how often they may be asked: alternatives once to know and once to say why not.
const SAME_ONE: [(&str, u64); 4] = [("not", 2), ("if", 2), ("then", 1), ("else", 1)];
const SAME_LIST: [(&str, u64); 3] = [("allOf", 1), ("anyOf", 2), ("oneOf", 2)];
const SAME_NAMED: [&str; 1] = ["dependentSchemas"];
const INSIDE_ONE: [&str; 7] = [
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
const INSIDE_LIST: [&str; 1] = ["prefixItems"];
const INSIDE_NAMED: [&str; 3] = ["properties", "patternProperties", "$defs"];
/// They ask the schemas beside them again for what these have looked at.
const ASK_AGAIN: [&str; 2] = ["unevaluatedItems", "unevaluatedProperties"];
/// Each of its patterns is tried with each name.
const PATTERN_WEIGHT: u64 = 10;

/// What a schema comes to when it is applied to one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    keywords: u64,
    depth: usize,
}

/// Refuses a schema that asks too much, wherever in it.
pub(super) fn check(document: &Value) -> Result<(), Invalid> {
    let mut costs = Costs { document, known: HashMap::new() };
    costs.check_all(document, &mut String::new())
}

struct Costs<'a> {
    document: &'a Value,
    /// By place; `None` while it is being found out.
    known: HashMap<*const Value, Option<Cost>>,
}

impl<'a> Costs<'a> {
    /// Checks a schema and all those in it.
    fn check_all(&mut self, schema: &'a Value, pointer: &mut String) -> Result<(), Invalid> {
        let Some(fields) = schema.as_object() else { return Ok(()) };
        for (name, why) in REFUSED {
            if fields.contains_key(name) && !(name == "$id" && pointer.is_empty()) {
                return Err(Invalid::one(format!("{pointer}/{name}"), why));
            }
        }
        self.of(schema, pointer)?;
        for (below, path) in within(fields) {
            let start = pointer.len();
            pointer.push_str(&path);
            self.check_all(below, pointer)?;
            pointer.truncate(start);
        }
        Ok(())
    }

    fn of(&mut self, schema: &'a Value, pointer: &str) -> Result<Cost, Invalid> {
        let Some(fields) = schema.as_object() else { return Ok(Cost { keywords: 1, depth: 1 }) };
        let place = std::ptr::from_ref(schema);
        match self.known.get(&place) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => {
                return Err(Invalid::one(
                    pointer,
                    "must not lead back to itself without going into the value",
                ));
            }
            None => {}
        }
        self.known.insert(place, None);
        let mut cost = Cost { keywords: own_cost(fields), depth: 1 };
        for (name, weight) in SAME_ONE {
            if let Some(below) = fields.get(name) {
                cost.add(weight, self.of(below, &format!("{pointer}/{name}"))?);
            }
        }
        for (name, weight) in SAME_LIST {
            let list = fields.get(name).and_then(Value::as_array).into_iter().flatten();
            for (index, below) in list.enumerate() {
                cost.add(weight, self.of(below, &format!("{pointer}/{name}/{index}"))?);
            }
        }
        for name in SAME_NAMED {
            for (key, below) in fields.get(name).and_then(Value::as_object).into_iter().flatten() {
                cost.add(1, self.of(below, &format!("{pointer}/{name}/{}", pointer_part(key)))?);
            }
        }
        if let Some(reference) = fields.get("$ref") {
            let pointer = format!("{pointer}/$ref");
            cost.add(1, self.of(self.resolve(reference, &pointer)?, &pointer)?);
        }
        if ASK_AGAIN.iter().any(|name| fields.contains_key(*name)) {
            cost.keywords = cost.keywords.saturating_mul(2);
        }
        if cost.keywords > limits::SCHEMA_COST {
            let detail =
                "asks too much of one value; name fewer alternatives, or split the event type";
            return Err(Invalid::one(pointer, detail));
        }
        if cost.depth > limits::SCHEMA_DEPTH {
            let detail = format!(
                "applies more than {} schemas to one value, each from within another; flatten them",
                limits::SCHEMA_DEPTH
            );
            return Err(Invalid::one(pointer, detail));
        }
        self.known.insert(place, Some(cost));
        Ok(cost)
    }

    /// The place of the document that a reference names.
    fn resolve(&self, reference: &Value, pointer: &str) -> Result<&'a Value, Invalid> {
        let place = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let found = place.and_then(|place| self.document.pointer(&unescaped(place)?));
        found.ok_or_else(|| {
            Invalid::one(
                pointer,
                "must be a place of this schema that is there, such as #/$defs/name",
            )
        })
    }
}

impl Cost {
    fn add(&mut self, weight: u64, below: Self) {
        self.keywords = self.keywords.saturating_add(below.keywords.saturating_mul(weight));
        self.depth = self.depth.max(below.depth + 1);
    }
}

/// Of a schema without those that it applies.
fn own_cost(fields: &Map<String, Value>) -> u64 {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let named =
        |name: &str| fields.get(name).and_then(Value::as_object).map_or(0, |map| count(map.len()));
    let listed =
        |name: &str| fields.get(name).and_then(Value::as_array).map_or(0, |list| count(list.len()));
    // Words of a list are compared quickly.
    let words = (listed("enum") + listed("required") + named("dependentRequired")) / 8;
    count(fields.len()) + words + named("patternProperties").saturating_mul(PATTERN_WEIGHT)
}

/// The schemas that stand in a schema, each with the way to it.
fn within(fields: &Map<String, Value>) -> impl Iterator<Item = (&Value, String)> {
    let ones = SAME_ONE.map(|(name, _)| name).into_iter().chain(INSIDE_ONE);
    let ones = ones.filter_map(|name| Some((fields.get(name)?, format!("/{name}"))));
    let lists = SAME_LIST.map(|(name, _)| name).into_iter().chain(INSIDE_LIST);
    let lists = lists.flat_map(|name| {
        let list = fields.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
        list.map(move |(index, below)| (below, format!("/{name}/{index}")))
    });
    let named = SAME_NAMED.into_iter().chain(INSIDE_NAMED).flat_map(|name| {
        let map = fields.get(name).and_then(Value::as_object).into_iter().flatten();
        map.map(move |(key, below)| (below, format!("/{name}/{}", pointer_part(key))))
    });
    ones.chain(lists).chain(named)
}

/// A JSON Pointer from a URI's fragment (RFC 6901 section 6).
fn unescaped(fragment: &str) -> Option<String> {
    let mut bytes = fragment.bytes();
    let mut plain = Vec::with_capacity(fragment.len());
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        plain.push(match byte {
            b'%' => u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(plain).ok()
}
