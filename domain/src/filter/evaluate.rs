//! Evaluation: a program, an event and a budget of steps.
//!
//! Every node costs a step, and whatever looks at more than a few bytes or elements costs more, so
//! the budget bounds time and memory alike. Going over it ends the evaluation; other errors are
//! values to `&&`, `||`, `all` and `exists`, as CEL has it.

use super::call;
use super::number::{Number, NumberError};
use super::program::{Loop, Node, Program, Step};
use super::value::{List, Map, Text, Value};
use super::{EventView, FilterError};
use crate::limits;

/// Why a node has no value.
#[derive(Debug)]
pub(super) enum Fault {
    /// An error that the other side of `&&` or `||` may outweigh.
    Error(String),
    /// A bound: nothing outweighs it.
    Bound(String),
}

impl From<NumberError> for Fault {
    fn from(error: NumberError) -> Self {
        Self::Error(error.to_string())
    }
}

pub(super) type Outcome<T> = Result<T, Fault>;

/// An error with its message.
pub(super) fn err<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Fault::Error(message.into()))
}

/// Evaluates within `budget` steps, and takes off it what was spent.
pub(super) fn matches(
    program: &Program,
    event: &EventView<'_>,
    budget: &mut usize,
) -> Result<bool, FilterError> {
    // Unreadable data is told even where the expression would not get to it: whether an event can
    // be judged should not depend on the order of conditions.
    let unreadable = |detail: &str| FilterError { detail: detail.to_owned() };
    if program.uses_data {
        event.data().map_err(unreadable)?;
    }
    if program.uses_metadata {
        event.metadata().map_err(unreadable)?;
    }
    let steps = limits::FILTER_STEPS.min(*budget);
    let mut run = Run { event, variable: Value::Null, steps_left: steps };
    let value = run.evaluate(&program.root);
    *budget -= match &value {
        // Whatever it stopped at would have taken more than was left.
        Err(Fault::Bound(_)) => steps,
        _ => steps - run.steps_left,
    };
    match value {
        Ok(Value::Bool(wanted)) => Ok(wanted),
        Ok(other) => Err(FilterError {
            detail: format!("the value is {}, not a boolean", other.described()),
        }),
        Err(Fault::Error(detail) | Fault::Bound(detail)) => Err(FilterError { detail }),
    }
}

/// One evaluation under way.
pub(super) struct Run<'a> {
    event: &'a EventView<'a>,
    variable: Value<'a>,
    steps_left: usize,
}

impl<'a> Run<'a> {
    /// Spends steps.
    pub(super) fn spend(&mut self, steps: usize) -> Outcome<()> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => Err(Fault::Bound(format!(
                "the evaluation takes more than {} steps",
                limits::FILTER_STEPS
            ))),
        }
    }

    /// Spends what looking through a text costs: the processor takes many bytes at a time.
    pub(super) fn spend_on_text(&mut self, bytes: usize) -> Outcome<()> {
        self.spend(1 + bytes / 64)
    }

    pub(super) fn evaluate(&mut self, node: &'a Node) -> Outcome<Value<'a>> {
        self.spend(1)?;
        Ok(match node {
            Node::Null => Value::Null,
            Node::Bool(bool) => Value::Bool(*bool),
            Node::Number(number) => Value::Number(*number),
            Node::Text(text) => Value::Text(Text::Given(text)),
            Node::Type(kind) => Value::Type(*kind),
            Node::Event(field) => match self.event.field(*field) {
                Some(text) => Value::Text(Text::Given(text)),
                None => return err(format!("the event has no {}", field.name())),
            },
            Node::HasEvent(field) => Value::Bool(self.event.field(*field).is_some()),
            Node::Data => {
                Value::from_json(self.event.data().map_err(|e| Fault::Bound(e.to_owned()))?)
            }
            Node::Metadata => {
                Value::from_json(self.event.metadata().map_err(|e| Fault::Bound(e.to_owned()))?)
            }
            Node::Variable => self.variable.clone(),
            Node::Select(of, field) => match self.evaluate(of)? {
                Value::Map(map) => self.at_key(&map, field)?,
                other => {
                    return err(format!("{} has no field {}", other.described(), quoted(field)));
                }
            },
            Node::Has(of, field) => match self.evaluate(of)? {
                Value::Map(map) => Value::Bool(self.look_up(&map, field)?.is_some()),
                other => return err(format!("{} has no fields", other.described())),
            },
            Node::Index(pair) => self.index(&pair.0, &pair.1)?,
            Node::List(items) => {
                let items: Outcome<Vec<_>> = items.iter().map(|item| self.evaluate(item)).collect();
                Value::List(List::Made(items?.into()))
            }
            Node::Map(entries) => self.map(entries)?,
            Node::Not(of) => Value::Bool(!self.boolean(of)?),
            Node::Negate(of) => match self.evaluate(of)? {
                Value::Number(number) => Value::Number(number.negate()?),
                Value::Duration(duration) => Value::Duration(-duration),
                other => return err(format!("{} cannot be negated", other.described())),
            },
            Node::And(pair) => Value::Bool(self.decided_by(false, &pair.0, &pair.1)?),
            Node::Or(pair) => Value::Bool(self.decided_by(true, &pair.0, &pair.1)?),
            Node::If(parts) => {
                let chosen = if self.boolean(&parts.0)? { &parts.1 } else { &parts.2 };
                self.evaluate(chosen)?
            }
            Node::Binary(operator, pair) => {
                let (left, right) = (self.evaluate(&pair.0)?, self.evaluate(&pair.1)?);
                self.binary(*operator, &left, &right)?
            }
            Node::Call(function, arguments) => {
                let arguments: Outcome<Vec<_>> =
                    arguments.iter().map(|node| self.evaluate(node)).collect();
                call::call(self, *function, &arguments?)?
            }
            Node::Matches(of, pattern) => match self.evaluate(of)? {
                Value::Text(text) => {
                    self.spend(pattern.steps(text.as_str()))?;
                    Value::Bool(pattern.is_match(text.as_str()))
                }
                other => return err(format!("matches takes a string, not {}", other.described())),
            },
            Node::Loop(of) => self.repeat(of)?,
        })
    }

    fn boolean(&mut self, node: &'a Node) -> Outcome<bool> {
        match self.evaluate(node)? {
            Value::Bool(bool) => Ok(bool),
            other => err(format!("{} stands where a boolean is needed", other.described())),
        }
    }

    /// `&&` (decided by false) and `||` (by true): one side that decides outweighs an error of the
    /// other.
    fn decided_by(&mut self, deciding: bool, left: &'a Node, right: &'a Node) -> Outcome<bool> {
        let left = self.boolean(left);
        match left {
            Ok(bool) if bool == deciding => return Ok(deciding),
            Err(Fault::Bound(_)) => return left,
            _ => {}
        }
        match self.boolean(right) {
            Ok(bool) if bool == deciding => Ok(deciding),
            Err(Fault::Bound(bound)) => Err(Fault::Bound(bound)),
            right => left.and(right),
        }
    }

    fn index(&mut self, of: &'a Node, by: &'a Node) -> Outcome<Value<'a>> {
        match (self.evaluate(of)?, self.evaluate(by)?) {
            (Value::List(list), Value::Number(number)) => {
                let position =
                    number.to_position().and_then(|position| usize::try_from(position).ok());
                match position.and_then(|position| list.get(position)) {
                    Some(value) => Ok(value),
                    None => err(format!("the list of {} has no element {number}", list.len())),
                }
            }
            (Value::Map(map), Value::Text(key)) => self.at_key(&map, key.as_str()),
            (Value::Map(map), key) => match self.look_up_value(&map, &key)? {
                Some(value) => Ok(value),
                None => err(format!("the object has no such key ({})", key.described())),
            },
            (Value::List(_), by) => {
                err(format!("a list is indexed by a number, not {}", by.described()))
            }
            (of, _) => err(format!("{} has no elements", of.described())),
        }
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Outcome<Value<'a>> {
        let mut made: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.evaluate(key)?;
            if !matches!(
                key,
                Value::Text(_) | Value::Bool(_) | Value::Number(Number::Int(_) | Number::Uint(_))
            ) {
                return err(format!("{} cannot be a key", key.described()));
            }
            for (other, _) in &made {
                if self.equal(&key, other)? {
                    return err("a key is there twice");
                }
            }
            let value = self.evaluate(value)?;
            made.push((key, value));
        }
        Ok(Value::Map(Map::Made(made.into())))
    }

    fn at_key(&mut self, map: &Map<'a>, key: &str) -> Outcome<Value<'a>> {
        match self.look_up(map, key)? {
            Some(value) => Ok(value),
            None => err(format!("no such key: {}", quoted(key))),
        }
    }

    fn look_up<'v>(&mut self, map: &Map<'v>, key: &str) -> Outcome<Option<Value<'v>>> {
        self.spend_on_text(key.len())?;
        match map {
            Map::Given(entries) => Ok(entries.get(key).map(Value::from_json)),
            Map::Made(entries) => {
                self.spend(entries.len())?;
                let is_key =
                    |found: &Value<'_>| matches!(found, Value::Text(text) if text.as_str() == key);
                Ok(entries.iter().find(|(found, _)| is_key(found)).map(|(_, value)| value.clone()))
            }
        }
    }

    pub(super) fn look_up_value<'v>(
        &mut self,
        map: &Map<'v>,
        key: &Value<'_>,
    ) -> Outcome<Option<Value<'v>>> {
        match (map, key) {
            (_, Value::Text(key)) => self.look_up(map, key.as_str()),
            // The keys of JSON's objects are strings.
            (Map::Given(_), _) => Ok(None),
            (Map::Made(entries), key) => {
                for (found, value) in &**entries {
                    if self.equal(found, key)? {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
        }
    }

    fn repeat(&mut self, of: &'a Loop) -> Outcome<Value<'a>> {
        let items = match self.evaluate(&of.over)? {
            Value::List(list) => list,
            Value::Map(map) if map.len() <= limits::FILTER_LIST_ELEMENTS => map.keys(),
            Value::Map(map) => return Err(too_long(map.len())),
            other => return err(format!("{} has no elements to go over", other.described())),
        };
        if items.len() > limits::FILTER_LIST_ELEMENTS {
            return Err(too_long(items.len()));
        }
        self.spend(items.len())?;
        match &of.step {
            Step::All(condition) => self.any(&items, condition, false),
            Step::Exists(condition) => self.any(&items, condition, true),
            Step::ExistsOne(condition) => {
                Ok(Value::Bool(self.keep(&items, Some(condition))?.len() == 1))
            }
            Step::Filter(condition) => {
                Ok(Value::List(List::Made(self.keep(&items, Some(condition))?.into())))
            }
            Step::Map { condition, value } => {
                let mut made = Vec::new();
                for item in self.keep(&items, condition.as_ref())? {
                    self.variable = item;
                    made.push(self.evaluate(value)?);
                }
                Ok(Value::List(List::Made(made.into())))
            }
        }
    }

    /// Goes over the items until one decides; one that does outweighs errors before it.
    fn any(&mut self, items: &List<'a>, condition: &'a Node, deciding: bool) -> Outcome<Value<'a>> {
        let mut error = None;
        for item in items.iter() {
            self.variable = item;
            match self.boolean(condition) {
                Ok(bool) if bool == deciding => return Ok(Value::Bool(deciding)),
                Ok(_) => {}
                Err(Fault::Error(message)) => error = error.or(Some(message)),
                Err(bound) => return Err(bound),
            }
        }
        error.map_or(Ok(Value::Bool(!deciding)), err)
    }

    fn keep(&mut self, items: &List<'a>, condition: Option<&'a Node>) -> Outcome<Vec<Value<'a>>> {
        let mut kept = Vec::new();
        for item in items.iter() {
            self.variable = item.clone();
            if condition.map_or(Ok(true), |condition| self.boolean(condition))? {
                kept.push(item);
            }
        }
        Ok(kept)
    }
}

fn too_long(elements: usize) -> Fault {
    Fault::Bound(format!(
        "a list of {elements} is gone over; at most {} are",
        limits::FILTER_LIST_ELEMENTS
    ))
}

/// A name for a message, cut where it would be too long for one.
fn quoted(name: &str) -> String {
    let start: String = name.chars().take(64).collect();
    let more = if start.len() < name.len() { "…" } else { "" };
    format!("{start:?}{more}")
}
