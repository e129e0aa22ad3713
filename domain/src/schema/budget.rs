//! JSON values that count how often they are looked into, and show nothing more once that was too often: an
//! array then ends and an object has no more members, so that whatever walks them comes to its end. What it
//! says by then is nothing to go by.

use std::borrow::Cow;
use std::cell::Cell;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object, cmp, unique};
use serde_json::{Map, Number, Value};

/// How many more values may be looked at.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self(Cell::new(steps))
    }

    /// A value within the budget.
    pub(super) fn of<'a>(&'a self, value: &'a Value) -> Seen<'a> {
        Seen { value, budget: self }
    }

    /// Whether there is nothing left of it.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Takes so many steps, or the rest; whether they were there.
    fn spend(&self, steps: usize) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(steps));
        left > steps
    }
}

/// JSON as the validator takes it.
pub(super) struct Budgeted;

/// A value, and what its looks are counted against.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    value: &'a Value,
    budget: &'a Budget,
}

/// Members of an object, or elements of an array.
#[derive(Clone, Copy)]
pub(super) struct Inside<'a, T: ?Sized> {
    values: &'a T,
    budget: &'a Budget,
}

impl Json for Budgeted {
    type Node<'a> = Seen<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    /// A name has nothing inside of it, and so needs no budget.
    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Seen<'_>) -> T) -> T {
        f(Budget::new(0).of(&Value::String(string.to_owned())))
    }
}

impl<'a> Node<'a, Budgeted> for Seen<'a> {
    type Object = Inside<'a, Map<String, Value>>;
    type Array = Inside<'a, [Value]>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Self::Object> {
        self.value.as_object().map(|values| Inside { values, budget: self.budget })
    }

    fn as_array(&self) -> Option<Self::Array> {
        let values = self.value.as_array()?.as_slice();
        Some(Inside { values, budget: self.budget })
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.value.as_str().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        self.value.as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.value.as_bool()
    }

    fn is_null(&self) -> bool {
        self.value.is_null()
    }

    fn json_type(&self) -> JsonType {
        match self.value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        cmp::equal(self.value, expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Borrowed(self.value)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref(self.value).addr()))
    }
}

impl<'a> Object<'a, Budgeted> for Inside<'a, Map<String, Value>> {
    type Node = Seen<'a>;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        self.values.len()
    }

    fn get(&self, key: &String) -> Option<Seen<'a>> {
        // A name that is not there has been looked for too.
        let may_look = self.budget.spend(1);
        self.values.get(key).filter(|_| may_look).map(|value| self.budget.of(value))
    }

    fn members(&self) -> Members<'a> {
        Members { rest: self.values.iter(), budget: self.budget }
    }
}

/// Members of an object, while the budget lasts.
pub(super) struct Members<'a> {
    rest: serde_json::map::Iter<'a>,
    budget: &'a Budget,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Seen<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.rest.next().filter(|_| self.budget.spend(1))?;
        Some((name, self.budget.of(value)))
    }
}

impl<'a> Array<'a, Budgeted> for Inside<'a, [Value]> {
    type Node = Seen<'a>;
    type ElementsIter = Elements<'a>;

    fn len(&self) -> usize {
        self.values.len()
    }

    fn elements(&self) -> Elements<'a> {
        Elements { rest: self.values.iter(), budget: self.budget }
    }

    /// Each element is read whole.
    fn is_unique(&self) -> bool {
        self.budget.spend(self.values.iter().map(size).sum()) && unique::is_unique(self.values)
    }
}

/// Elements of an array, while the budget lasts.
pub(super) struct Elements<'a> {
    rest: std::slice::Iter<'a, Value>,
    budget: &'a Budget,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Seen<'a>;

    fn next(&mut self) -> Option<Seen<'a>> {
        let value = self.rest.next().filter(|_| self.budget.spend(1))?;
        Some(self.budget.of(value))
    }
}

/// How many values there are in it, itself among them.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}
