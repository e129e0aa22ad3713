//! What every event has that a filter wants: equalities that the filter cannot do without. Of many filters only
//! those are asked whose equality holds, and which they are is looked up, not tried.

use serde_json::Value as Json;

use super::number::Number;
use super::program::{EventField, Node, Operator};
use super::{EventView, Filter};

/// An event that the filter wants has this value in this place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guard {
    pub place: Place,
    pub value: Scalar,
}

/// A place in an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    root: Root,
    fields: Vec<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Root {
    Event(EventField),
    Data,
    Metadata,
}

/// A value that can be looked up: values that filters take for equal are the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scalar {
    Bool(bool),
    /// The bits of the nearest double: of different numbers they may be the same, of equal ones they are.
    Number(u64),
    Text(Box<str>),
}

impl Filter {
    /// All that an event must have which the filter wants. The filter decides all the same: it may want more.
    pub fn guards(&self) -> Vec<Guard> {
        let mut guards = Vec::new();
        collect(&self.0.program.root, &mut guards);
        guards
    }
}

/// `a && b` is true only if both are, whatever errs.
fn collect(node: &Node, guards: &mut Vec<Guard>) {
    match node {
        Node::And(both) => {
            collect(&both.0, guards);
            collect(&both.1, guards);
        }
        Node::Binary(Operator::Equal, sides) => {
            let (one, other) = (&sides.0, &sides.1);
            guards.extend(guard(one, other).or_else(|| guard(other, one)));
        }
        _ => {}
    }
}

fn guard(place: &Node, value: &Node) -> Option<Guard> {
    let value = match value {
        Node::Bool(bool) => Scalar::Bool(*bool),
        Node::Number(number) => Scalar::number(*number),
        Node::Text(text) => Scalar::Text(text.clone()),
        _ => return None,
    };
    Some(Guard { place: Place::of(place)?, value })
}

impl Place {
    fn of(node: &Node) -> Option<Self> {
        let rooted = |root| Some(Self { root, fields: Vec::new() });
        match node {
            Node::Event(field) => rooted(Root::Event(*field)),
            Node::Data => rooted(Root::Data),
            Node::Metadata => rooted(Root::Metadata),
            Node::Select(of, field) => {
                let mut place = Self::of(of)?;
                place.fields.push(field.clone());
                Some(place)
            }
            _ => None,
        }
    }
}

impl Scalar {
    fn number(number: Number) -> Self {
        // Zero has two forms.
        Self::Number((number.to_double() + 0.0).to_bits())
    }
}

impl EventView<'_> {
    /// What the event has in a place, if that can be looked up.
    pub fn at(&self, place: &Place) -> Option<Scalar> {
        let json = match place.root {
            Root::Event(field) => return self.field(field).map(|text| Scalar::Text(text.into())),
            Root::Data => self.data().ok()?,
            Root::Metadata => self.metadata().ok()?,
        };
        let found = place.fields.iter().try_fold(json, |json, field| json.get(&**field))?;
        match found {
            Json::Bool(bool) => Some(Scalar::Bool(*bool)),
            Json::Number(number) => Some(Scalar::number(Number::from_json(number))),
            Json::String(text) => Some(Scalar::Text(text.as_str().into())),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        Filter::parse(text).expect("a filter")
    }

    fn passes(filter: &Filter, event: &EventView<'_>) -> bool {
        filter.guards().iter().all(|guard| event.at(&guard.place).as_ref() == Some(&guard.value))
    }

    #[test]
    fn guards_are_the_equalities_that_a_filter_cannot_do_without() {
        for (text, count) in [
            ("data.a == 1", 1),
            ("'x' == data.a.b && event.type == 'order.paid' && metadata.c == true", 3),
            ("(data.a == 1 && data.b > 2) && data.c == 'x'", 2),
            ("data.a == 1 || data.b == 2", 0),
            ("!(data.a == 1)", 0),
            ("data.a == data.b", 0),
            ("data.a == null", 0),
            ("data.items[0] == 1", 0),
            ("data.a in ['x']", 0),
            ("(data.a == 1) == true", 0),
            ("data == 'x'", 1),
        ] {
            assert_eq!(filter(text).guards().len(), count, "{text}");
        }
    }

    #[test]
    fn what_a_filter_wants_passes_its_guards() {
        let events = [
            r#"{"a":1,"b":"x"}"#,
            r#"{"a":1.0,"b":"x"}"#,
            r#"{"a":1e0}"#,
            r#"{"a":0}"#,
            r#"{"a":-0.0}"#,
            r#"{"a":9007199254740993}"#,
            r#"{"a":18446744073709551615}"#,
            r#"{"a":"1","b":true}"#,
            r#"{"a":{"b":"x"}}"#,
            r#"{"b":false}"#,
            r#""x""#,
            "null",
            r#"{"a":"\ud800"}"#,
        ];
        let filters = [
            "data.a == 1",
            "data.a == 1.0 && data.b == 'x'",
            "data.a == 0",
            "data.a == -0.0",
            "data.a == 9007199254740993",
            "data.a == 18446744073709551615",
            "data.a == '1' && data.b == true",
            "data.a.b == 'x'",
            "data.b == false",
            "data == 'x'",
            "event.type == 'order.paid' && data.a == 1",
            "event.correlation_id == 'c'",
        ];
        let mut wanted = 0;
        for data in events {
            let event = EventView::new("evt", "order.paid", "t", None, None, data, "{}");
            for text in filters {
                let filter = filter(text);
                let wants = filter.matches(&event).unwrap_or(false);
                assert!(!wants || passes(&filter, &event), "{text} wants {data}");
                wanted += usize::from(wants);
            }
        }
        assert!(wanted > 10, "only {wanted}");
        let other = EventView::new("evt", "order.paid", "t", None, None, r#"{"a":2}"#, "{}");
        assert!(!passes(&filter("data.a == 1"), &other));
    }
}
