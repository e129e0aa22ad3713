//! Values of expressions. What comes from the event or the expression is borrowed; only what an
//! expression makes is owned, and shared from then on.

use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::number::Number;
use super::program::Kind;

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text<'a>),
    List(List<'a>),
    Map(Map<'a>),
    Timestamp(DateTime<Utc>),
    Duration(TimeDelta),
    Type(Kind),
}

#[derive(Debug, Clone)]
pub(super) enum Text<'a> {
    Given(&'a str),
    Made(Rc<str>),
}

#[derive(Debug, Clone)]
pub(super) enum List<'a> {
    Given(&'a [Json]),
    Made(Rc<[Value<'a>]>),
}

#[derive(Debug, Clone)]
pub(super) enum Map<'a> {
    Given(&'a serde_json::Map<String, Json>),
    /// As few entries as fit in an expression: looked up one by one.
    Made(Rc<[(Value<'a>, Value<'a>)]>),
}

impl<'a> Value<'a> {
    pub(super) fn from_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(*bool),
            Json::Number(number) => Self::Number(Number::from_json(number)),
            Json::String(text) => Self::Text(Text::Given(text)),
            Json::Array(items) => Self::List(List::Given(items)),
            Json::Object(entries) => Self::Map(Map::Given(entries)),
        }
    }

    pub(super) fn made_text(text: String) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(Number::Int(_)) => Kind::Int,
            Self::Number(Number::Uint(_)) => Kind::Uint,
            Self::Number(Number::Double(_)) => Kind::Double,
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Map(_) => Kind::Map,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Duration(_) => Kind::Duration,
            Self::Type(_) => Kind::Type,
        }
    }

    /// How messages call the value.
    pub(super) const fn described(&self) -> &'static str {
        self.kind().described()
    }
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Given(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Given(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(super) fn get(&self, position: usize) -> Option<Value<'a>> {
        match self {
            Self::Given(items) => items.get(position).map(Value::from_json),
            Self::Made(items) => items.get(position).cloned(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|position| self.get(position))
    }
}

impl<'a> Map<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Given(entries) => entries.len(),
            Self::Made(entries) => entries.len(),
        }
    }

    /// The keys, as a list of their own.
    pub(super) fn keys(&self) -> List<'a> {
        List::Made(match self {
            Self::Given(entries) => {
                entries.keys().map(|key| Value::Text(Text::Given(key))).collect()
            }
            Self::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        })
    }
}
