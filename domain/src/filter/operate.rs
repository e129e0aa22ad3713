//! The operators between two values: equality, order, membership and arithmetic.

use std::cmp::Ordering;

use super::evaluate::{Fault, Outcome, Run, err};
use super::number::Arithmetic;
use super::program::Operator;
use super::time;
use super::value::{List, Map, Value};

impl<'a> Run<'a> {
    /// Applies an operator to both sides' values.
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Outcome<Value<'a>> {
        let arithmetic = match operator {
            Operator::Equal => return Ok(Value::Bool(self.equal(left, right)?)),
            Operator::NotEqual => return Ok(Value::Bool(!self.equal(left, right)?)),
            Operator::Less => {
                return Ok(Value::Bool(self.order(left, right)?.is_some_and(Ordering::is_lt)));
            }
            Operator::LessOrEqual => {
                return Ok(Value::Bool(self.order(left, right)?.is_some_and(Ordering::is_le)));
            }
            Operator::Greater => {
                return Ok(Value::Bool(self.order(left, right)?.is_some_and(Ordering::is_gt)));
            }
            Operator::GreaterOrEqual => {
                return Ok(Value::Bool(self.order(left, right)?.is_some_and(Ordering::is_ge)));
            }
            Operator::In => return Ok(Value::Bool(self.contains(left, right)?)),
            Operator::Add => Arithmetic::Add,
            Operator::Subtract => Arithmetic::Subtract,
            Operator::Multiply => Arithmetic::Multiply,
            Operator::Divide => Arithmetic::Divide,
            Operator::Remainder => Arithmetic::Remainder,
        };
        self.combine(arithmetic, left, right)
    }

    /// Whether two values are the same; values of different kinds never are.
    pub(super) fn equal(&mut self, left: &Value<'_>, right: &Value<'_>) -> Outcome<bool> {
        self.spend(1)?;
        Ok(match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.compare(*b) == Some(Ordering::Equal),
            (Value::Text(a), Value::Text(b)) => {
                let (a, b) = (a.as_str(), b.as_str());
                self.spend_on_text(if a.len() == b.len() { a.len() } else { 0 })?;
                a == b
            }
            (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Type(a), Value::Type(b)) => a == b,
            (Value::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    if !self.equal(&a, &b)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Map(a), Value::Map(b)) => self.equal_maps(a, b)?,
            _ => false,
        })
    }

    fn equal_maps(&mut self, a: &Map<'_>, b: &Map<'_>) -> Outcome<bool> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for key in a.keys().iter() {
            let found = (self.look_up_value(a, &key)?, self.look_up_value(b, &key)?);
            let (Some(of_a), Some(of_b)) = found else {
                return Ok(false);
            };
            if !self.equal(&of_a, &of_b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn contains(&mut self, item: &Value<'a>, container: &Value<'a>) -> Outcome<bool> {
        match container {
            Value::List(list) => {
                for found in list.iter() {
                    if self.equal(&found, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::Map(map) => Ok(self.look_up_value(map, item)?.is_some()),
            other => {
                err(format!("in needs a list or an object on its right, not {}", other.described()))
            }
        }
    }

    fn order(&mut self, left: &Value<'_>, right: &Value<'_>) -> Outcome<Option<Ordering>> {
        Ok(match (left, right) {
            (Value::Number(a), Value::Number(b)) => a.compare(*b),
            (Value::Text(a), Value::Text(b)) => {
                let (a, b) = (a.as_str(), b.as_str());
                self.spend_on_text(a.len().min(b.len()))?;
                Some(a.cmp(b))
            }
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            _ => {
                return err(format!(
                    "{} and {} have no order",
                    left.described(),
                    right.described()
                ));
            }
        })
    }

    fn combine(
        &mut self,
        how: Arithmetic,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Outcome<Value<'a>> {
        let in_range = |at: Option<_>| at.and_then(time::within).map(Value::Timestamp);
        let made = match (left, how, right) {
            (Value::Number(a), _, Value::Number(b)) => Some(Value::Number(a.combine(how, *b)?)),
            (Value::Text(a), Arithmetic::Add, Value::Text(b)) => {
                let (a, b) = (a.as_str(), b.as_str());
                self.spend_on_text(a.len() + b.len())?;
                Some(Value::made_text([a, b].concat()))
            }
            (Value::List(a), Arithmetic::Add, Value::List(b)) => {
                self.spend(a.len() + b.len())?;
                Some(Value::List(List::Made(a.iter().chain(b.iter()).collect())))
            }
            (Value::Timestamp(at), Arithmetic::Add, Value::Duration(by))
            | (Value::Duration(by), Arithmetic::Add, Value::Timestamp(at)) => {
                in_range(at.checked_add_signed(*by))
            }
            (Value::Timestamp(at), Arithmetic::Subtract, Value::Duration(by)) => {
                in_range(at.checked_sub_signed(*by))
            }
            (Value::Timestamp(a), Arithmetic::Subtract, Value::Timestamp(b)) => {
                Some(Value::Duration(*a - *b))
            }
            (Value::Duration(a), Arithmetic::Add, Value::Duration(b)) => {
                a.checked_add(b).map(Value::Duration)
            }
            (Value::Duration(a), Arithmetic::Subtract, Value::Duration(b)) => {
                a.checked_sub(b).map(Value::Duration)
            }
            _ => {
                let verb = match how {
                    Arithmetic::Add => "added",
                    Arithmetic::Subtract => "subtracted",
                    Arithmetic::Multiply => "multiplied",
                    Arithmetic::Divide | Arithmetic::Remainder => "divided",
                };
                return err(format!(
                    "{} and {} cannot be {verb}",
                    left.described(),
                    right.described()
                ));
            }
        };
        made.ok_or_else(|| Fault::Error("a timestamp or a duration is out of range".to_owned()))
    }
}
