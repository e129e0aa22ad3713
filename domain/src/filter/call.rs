//! The functions of expressions.

use super::evaluate::{Outcome, Run, err};
use super::number::Number;
use super::program::{Function, Kind};
use super::time;
use super::value::Value;

/// Applies a function. The number of arguments was checked when the filter was parsed.
pub(super) fn call<'a>(
    run: &mut Run<'a>,
    function: Function,
    arguments: &[Value<'a>],
) -> Outcome<Value<'a>> {
    match arguments {
        [of] => with_one(run, function, of),
        [of, other] => with_two(run, function, of, other),
        _ => err("a function takes one or two arguments"),
    }
}

fn with_two<'a>(
    run: &mut Run<'a>,
    function: Function,
    of: &Value<'a>,
    other: &Value<'a>,
) -> Outcome<Value<'a>> {
    let (Value::Text(of), Value::Text(other)) = (of, other) else {
        return err(format!(
            "{} takes strings, not {} and {}",
            name(function),
            of.described(),
            other.described()
        ));
    };
    let (of, other) = (of.as_str(), other.as_str());
    run.spend_on_text(of.len())?;
    Ok(Value::Bool(match function {
        Function::Contains => of.contains(other),
        Function::StartsWith => of.starts_with(other),
        Function::EndsWith => of.ends_with(other),
        _ => return err(format!("{} takes one argument", name(function))),
    }))
}

fn with_one<'a>(run: &mut Run<'a>, function: Function, of: &Value<'a>) -> Outcome<Value<'a>> {
    if let Value::Text(text) = of {
        run.spend_on_text(text.as_str().len())?;
    }
    let converted = match function {
        Function::Same => Some(of.clone()),
        Function::Type => Some(Value::Type(of.kind())),
        Function::Size => size(of),
        Function::Int => to_int(of).map(|int| Value::Number(Number::Int(int))),
        Function::Uint => to_uint(of).map(|uint| Value::Number(Number::Uint(uint))),
        Function::Double => to_double(of).map(|double| Value::Number(Number::Double(double))),
        Function::Text => to_text(of),
        Function::Bool => to_bool(of).map(Value::Bool),
        Function::Timestamp => to_timestamp(of),
        Function::Duration => to_duration(of),
        Function::Part(part, offset) => match of {
            Value::Timestamp(at) => Some(time::part_of_timestamp(*at, part, offset)),
            Value::Duration(duration) => time::part_of_duration(*duration, part),
            _ => None,
        }
        .map(|part| Value::Number(Number::Int(part))),
        Function::Contains | Function::StartsWith | Function::EndsWith => None,
    };
    match converted {
        Some(value) => Ok(value),
        None if takes(function).contains(&of.kind()) => err(format!(
            "{} cannot read this {}",
            name(function),
            of.described().trim_start_matches("a ")
        )),
        None => err(format!("{} does not take {}", name(function), of.described())),
    }
}

fn size<'a>(of: &Value<'a>) -> Option<Value<'a>> {
    let size = match of {
        Value::Text(text) => text.as_str().chars().count(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return None,
    };
    i64::try_from(size).ok().map(|size| Value::Number(Number::Int(size)))
}

fn to_int(of: &Value<'_>) -> Option<i64> {
    match of {
        Value::Number(number) => i64::try_from(number.to_integer()?).ok(),
        Value::Text(text) => text.as_str().parse().ok(),
        Value::Timestamp(at) => Some(at.timestamp()),
        _ => None,
    }
}

fn to_uint(of: &Value<'_>) -> Option<u64> {
    match of {
        Value::Number(number) => u64::try_from(number.to_integer()?).ok(),
        Value::Text(text) => text.as_str().parse().ok(),
        _ => None,
    }
}

fn to_double(of: &Value<'_>) -> Option<f64> {
    match of {
        Value::Number(number) => Some(number.to_double()),
        Value::Text(text) => text.as_str().parse().ok(),
        _ => None,
    }
}

fn to_text<'a>(of: &Value<'a>) -> Option<Value<'a>> {
    Some(match of {
        Value::Text(_) => of.clone(),
        Value::Number(number) => Value::made_text(number.to_string()),
        Value::Bool(bool) => Value::made_text(bool.to_string()),
        Value::Timestamp(at) => Value::made_text(time::timestamp_to_text(*at)),
        Value::Duration(duration) => Value::made_text(time::duration_to_text(*duration)),
        _ => return None,
    })
}

fn to_bool(of: &Value<'_>) -> Option<bool> {
    match of {
        Value::Bool(bool) => Some(*bool),
        Value::Text(text) => match text.as_str() {
            "true" | "True" | "TRUE" | "t" | "1" => Some(true),
            "false" | "False" | "FALSE" | "f" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn to_timestamp<'a>(of: &Value<'a>) -> Option<Value<'a>> {
    match of {
        Value::Timestamp(_) => Some(of.clone()),
        Value::Text(text) => time::timestamp_from_text(text.as_str()).map(Value::Timestamp),
        Value::Number(Number::Int(seconds)) => {
            time::timestamp_from_unix_s(*seconds).map(Value::Timestamp)
        }
        _ => None,
    }
}

fn to_duration<'a>(of: &Value<'a>) -> Option<Value<'a>> {
    match of {
        Value::Duration(_) => Some(of.clone()),
        Value::Text(text) => time::duration_from_text(text.as_str()).map(Value::Duration),
        _ => None,
    }
}

/// The kinds that a conversion takes, where some of their values cannot be converted.
const fn takes(function: Function) -> &'static [Kind] {
    match function {
        Function::Int | Function::Uint | Function::Double => {
            &[Kind::Text, Kind::Int, Kind::Uint, Kind::Double]
        }
        Function::Timestamp => &[Kind::Text, Kind::Int],
        Function::Bool | Function::Duration => &[Kind::Text],
        _ => &[],
    }
}

const fn name(function: Function) -> &'static str {
    match function {
        Function::Size => "size",
        Function::Contains => "contains",
        Function::StartsWith => "startsWith",
        Function::EndsWith => "endsWith",
        Function::Int => "int",
        Function::Uint => "uint",
        Function::Double => "double",
        Function::Text => "string",
        Function::Bool => "bool",
        Function::Timestamp => "timestamp",
        Function::Duration => "duration",
        Function::Type => "type",
        Function::Same => "dyn",
        Function::Part(..) => "a part of a timestamp or duration",
    }
}
