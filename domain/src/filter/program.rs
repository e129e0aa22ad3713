//! A filter made ready to run: names resolved, patterns compiled, loops marked.

use cel::common::ast::operators;
use chrono::FixedOffset;

use super::number::Number;
use super::pattern::Pattern;

/// What [`super::compile`] makes of an expression.
pub(super) struct Program {
    pub(super) root: Node,
    pub(super) uses_data: bool,
    pub(super) uses_metadata: bool,
}

pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    Type(Kind),
    Event(EventField),
    HasEvent(EventField),
    Data,
    Metadata,
    /// The loop's variable: loops don't nest, so there is never more than one.
    Variable,
    Select(Box<Node>, Box<str>),
    Has(Box<Node>, Box<str>),
    Index(Box<(Node, Node)>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    If(Box<(Node, Node, Node)>),
    Binary(Operator, Box<(Node, Node)>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
    Loop(Box<Loop>),
}

pub(super) struct Loop {
    pub(super) over: Node,
    pub(super) step: Step,
}

/// What a loop does with each element.
pub(super) enum Step {
    All(Node),
    Exists(Node),
    ExistsOne(Node),
    Filter(Node),
    Map { condition: Option<Node>, value: Node },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// The operator that the parser calls so.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            operators::EQUALS => Self::Equal,
            operators::NOT_EQUALS => Self::NotEqual,
            operators::LESS => Self::Less,
            operators::LESS_EQUALS => Self::LessOrEqual,
            operators::GREATER => Self::Greater,
            operators::GREATER_EQUALS => Self::GreaterOrEqual,
            operators::IN => Self::In,
            operators::ADD => Self::Add,
            operators::SUBSTRACT => Self::Subtract,
            operators::MULTIPLY => Self::Multiply,
            operators::DIVIDE => Self::Divide,
            operators::MODULO => Self::Remainder,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum EventField {
    Id,
    Type,
    Timestamp,
    CorrelationId,
    Version,
}

impl EventField {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "type" => Self::Type,
            "timestamp" => Self::Timestamp,
            "correlation_id" => Self::CorrelationId,
            "version" => Self::Version,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Type => "type",
            Self::Timestamp => "timestamp",
            Self::CorrelationId => "correlation_id",
            Self::Version => "version",
        }
    }
}

/// The kinds of value, as `type(x)` tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    List,
    Map,
    Timestamp,
    Duration,
    Type,
}

impl Kind {
    /// The kind that an expression names.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null_type" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::Text,
            "list" => Self::List,
            "map" => Self::Map,
            "type" => Self::Type,
            _ => return None,
        })
    }

    /// How messages call a value of the kind.
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int | Self::Uint | Self::Double => "a number",
            Self::Text => "a string",
            Self::List => "a list",
            Self::Map => "an object",
            Self::Timestamp => "a timestamp",
            Self::Duration => "a duration",
            Self::Type => "a type",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Int,
    Uint,
    Double,
    Text,
    Bool,
    Timestamp,
    Duration,
    Type,
    /// `dyn(x)` is `x`.
    Same,
    /// A part of a timestamp at an offset from UTC, or of a duration.
    Part(TimePart, FixedOffset),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimePart {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl TimePart {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "getFullYear" => Self::FullYear,
            "getMonth" => Self::Month,
            "getDate" => Self::Date,
            "getDayOfMonth" => Self::DayOfMonth,
            "getDayOfWeek" => Self::DayOfWeek,
            "getDayOfYear" => Self::DayOfYear,
            "getHours" => Self::Hours,
            "getMinutes" => Self::Minutes,
            "getSeconds" => Self::Seconds,
            "getMilliseconds" => Self::Milliseconds,
            _ => return None,
        })
    }
}
