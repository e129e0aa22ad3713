//! From expression to program: names are resolved, calls checked, loops kept out of one another.

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, MapExpr, SourceInfo, operators};
use cel::parser::Expression;
use chrono::{FixedOffset, Offset, Utc};

use super::number::Number;
use super::pattern::Pattern;
use super::program::{EventField, Function, Kind, Loop, Node, Operator, Program, Step, TimePart};
use super::source::Source;
use super::syntax;
use super::time;
use crate::invalid::Invalid;

/// # Errors
/// The first fault, with its line and column.
pub(super) fn compile(source: &Source) -> Result<Program, Invalid> {
    let (expression, info) = syntax::parse(source)?;
    let mut compiler = Compiler {
        source,
        info,
        variable: None,
        in_loop: false,
        uses_data: false,
        uses_metadata: false,
    };
    let root = compiler.node(&expression)?;
    Ok(Program { root, uses_data: compiler.uses_data, uses_metadata: compiler.uses_metadata })
}

struct Compiler<'s> {
    source: &'s Source,
    info: SourceInfo,
    /// The name of the loop's variable, inside a loop.
    variable: Option<String>,
    in_loop: bool,
    uses_data: bool,
    uses_metadata: bool,
}

type Compiled<T> = Result<T, Invalid>;

impl Compiler<'_> {
    fn fault<T>(&self, at: &Expression, detail: &str) -> Compiled<T> {
        let byte = self.info.offset_for(at.id).map_or(0, |(start, _)| start);
        Err(self.source.fault_at(byte as usize, detail))
    }

    fn node(&mut self, expression: &Expression) -> Compiled<Node> {
        match &expression.expr {
            Expr::Literal(literal) => self.literal(expression, literal),
            Expr::Ident(name) => self.name(expression, name),
            Expr::Select(select) => {
                if self.is_event(&select.operand) {
                    return self.event_field(expression, &select.field).map(Node::Event);
                }
                let of = self.node(&select.operand)?;
                Ok(Node::Select(Box::new(of), select.field.as_str().into()))
            }
            Expr::List(list) => Ok(Node::List(self.nodes(&list.elements)?)),
            Expr::Map(map) => self.map(expression, map),
            Expr::Call(call) => self.call(expression, call),
            Expr::Struct(_) => self.fault(expression, "messages cannot be made in a filter"),
            Expr::Comprehension(_) | Expr::Unspecified => {
                self.fault(expression, "is no CEL expression")
            }
        }
    }

    fn nodes(&mut self, expressions: &[Expression]) -> Compiled<Vec<Node>> {
        expressions.iter().map(|expression| self.node(expression)).collect()
    }

    fn literal(&self, at: &Expression, literal: &LiteralValue) -> Compiled<Node> {
        Ok(match literal {
            LiteralValue::Null => Node::Null,
            LiteralValue::Boolean(bool) => Node::Bool(*bool.inner()),
            LiteralValue::Int(int) => Node::Number(Number::Int(*int.inner())),
            LiteralValue::UInt(uint) => Node::Number(Number::Uint(*uint.inner())),
            LiteralValue::Double(double) => Node::Number(Number::Double(*double.inner())),
            LiteralValue::String(text) => Node::Text(text.inner().into()),
            LiteralValue::Bytes(_) => return self.fault(at, "JSON has no bytes; write a string"),
        })
    }

    fn name(&mut self, at: &Expression, name: &str) -> Compiled<Node> {
        if self.variable.as_deref() == Some(name) {
            return Ok(Node::Variable);
        }
        match name {
            "data" => {
                self.uses_data = true;
                Ok(Node::Data)
            }
            "metadata" => {
                self.uses_metadata = true;
                Ok(Node::Metadata)
            }
            "event" => self.fault(at, "event is used by its fields, such as event.type"),
            _ => match Kind::named(name) {
                Some(kind) => Ok(Node::Type(kind)),
                None => {
                    let name: String = name.chars().take(64).collect();
                    self.fault(
                        at,
                        &format!("unknown name {name}; a filter sees event, data and metadata"),
                    )
                }
            },
        }
    }

    fn is_event(&self, expression: &Expression) -> bool {
        matches!(&expression.expr, Expr::Ident(name) if name == "event")
            && self.variable.as_deref() != Some("event")
    }

    fn event_field(&self, at: &Expression, name: &str) -> Compiled<EventField> {
        match (EventField::named(name), name) {
            (Some(field), _) => Ok(field),
            (None, "data" | "metadata") => {
                self.fault(at, &format!("write {name} instead of event.{name}"))
            }
            (None, _) => self.fault(
                at,
                "event has only the fields id, type, timestamp, correlation_id and version",
            ),
        }
    }

    fn map(&mut self, at: &Expression, map: &MapExpr) -> Compiled<Node> {
        let entries = map.entries.iter().map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => Ok((self.node(&entry.key)?, self.node(&entry.value)?)),
            EntryExpr::StructField(_) => self.fault(at, "is no CEL expression"),
        });
        entries.collect::<Compiled<_>>().map(Node::Map)
    }

    fn call(&mut self, at: &Expression, call: &CallExpr) -> Compiled<Node> {
        if let (Some(operator), [a, b]) = (Operator::named(&call.func_name), &*call.args) {
            return Ok(Node::Binary(operator, self.pair(a, b)?));
        }
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::INDEX, None, [of, by]) => self.index(of, by),
            (operators::LOGICAL_NOT, None, [of]) => Ok(Node::Not(Box::new(self.node(of)?))),
            (operators::NEGATE, None, [of]) => match self.node(of)? {
                // Below -2^63: what looks like a negative literal has no value at all.
                Node::Number(Number::Uint(uint)) if i64::try_from(uint).is_err() => {
                    self.fault(at, "the number is out of range")
                }
                of => Ok(Node::Negate(Box::new(of))),
            },
            (operators::LOGICAL_AND, None, [a, b]) => Ok(Node::And(self.pair(a, b)?)),
            (operators::LOGICAL_OR, None, [a, b]) => Ok(Node::Or(self.pair(a, b)?)),
            (operators::CONDITIONAL, None, [condition, yes, no]) => {
                Ok(Node::If(Box::new((self.node(condition)?, self.node(yes)?, self.node(no)?))))
            }
            (operators::HAS, None, arguments) => self.has(at, arguments),
            (
                operators::ALL
                | operators::EXISTS
                | operators::EXISTS_ONE
                | operators::MAP
                | operators::FILTER,
                Some(over),
                arguments,
            ) => self.repeat(at, &call.func_name, over, arguments),
            (name, target, arguments) => self.function(at, name, target, arguments),
        }
    }

    fn pair(&mut self, a: &Expression, b: &Expression) -> Compiled<Box<(Node, Node)>> {
        Ok(Box::new((self.node(a)?, self.node(b)?)))
    }

    fn index(&mut self, of: &Expression, by: &Expression) -> Compiled<Node> {
        if !self.is_event(of) {
            return Ok(Node::Index(self.pair(of, by)?));
        }
        match &by.expr {
            Expr::Literal(LiteralValue::String(name)) => {
                self.event_field(by, name.inner()).map(Node::Event)
            }
            _ => self.fault(by, "the name of an event's field must be a literal"),
        }
    }

    fn has(&mut self, at: &Expression, arguments: &[Expression]) -> Compiled<Node> {
        let [Expression { expr: Expr::Select(select), .. }] = arguments else {
            return self.fault(at, "has takes a field, such as has(data.email)");
        };
        if self.is_event(&select.operand) {
            return self.event_field(at, &select.field).map(Node::HasEvent);
        }
        let of = self.node(&select.operand)?;
        Ok(Node::Has(Box::new(of), select.field.as_str().into()))
    }

    fn repeat(
        &mut self,
        at: &Expression,
        name: &str,
        over: &Expression,
        arguments: &[Expression],
    ) -> Compiled<Node> {
        if self.in_loop {
            return self.fault(
                at,
                "all, exists, exists_one, map and filter cannot be used inside one another",
            );
        }
        // What is gone over may itself come from a loop: `data.items.filter(…).exists(…)` is one
        // after the other.
        let over = self.node(over)?;
        let Some((Expression { expr: Expr::Ident(variable), .. }, rest)) = arguments.split_first()
        else {
            return self.fault(
                at,
                &format!("{name} takes a name first, such as data.items.{name}(item, …)"),
            );
        };
        if variable.starts_with('.') {
            return self.fault(at, "the name of an element has no dot");
        }
        self.variable = Some(variable.clone());
        self.in_loop = true;
        let rest = self.nodes(rest);
        self.variable = None;
        self.in_loop = false;
        let mut rest = rest?.into_iter();
        let step = match (name, rest.next(), rest.next(), rest.next()) {
            (operators::ALL, Some(condition), None, _) => Step::All(condition),
            (operators::EXISTS, Some(condition), None, _) => Step::Exists(condition),
            (operators::EXISTS_ONE, Some(condition), None, _) => Step::ExistsOne(condition),
            (operators::FILTER, Some(condition), None, _) => Step::Filter(condition),
            (operators::MAP, Some(value), None, _) => Step::Map { condition: None, value },
            (operators::MAP, condition, Some(value), None) => Step::Map { condition, value },
            _ => return self.fault(at, &format!("{name} takes a name and an expression")),
        };
        Ok(Node::Loop(Box::new(Loop { over, step })))
    }

    fn function(
        &mut self,
        at: &Expression,
        name: &str,
        target: Option<&Expression>,
        arguments: &[Expression],
    ) -> Compiled<Node> {
        if let ("matches", Some((of, pattern))) = (name, text_and_argument(target, arguments)) {
            return self.matches(of, pattern);
        }
        if let (Some(part), Some(of)) = (TimePart::named(name), target) {
            let offset = self.offset(at, arguments)?;
            return Ok(Node::Call(Function::Part(part, offset), vec![self.node(of)?]));
        }
        let function = match (name, target.is_some(), arguments.len()) {
            ("size", true, 0) | ("size", false, 1) => Function::Size,
            ("contains", true, 1) => Function::Contains,
            ("startsWith", true, 1) => Function::StartsWith,
            ("endsWith", true, 1) => Function::EndsWith,
            ("int", false, 1) => Function::Int,
            ("uint", false, 1) => Function::Uint,
            ("double", false, 1) => Function::Double,
            ("string", false, 1) => Function::Text,
            ("bool", false, 1) => Function::Bool,
            ("timestamp", false, 1) => Function::Timestamp,
            ("duration", false, 1) => Function::Duration,
            ("type", false, 1) => Function::Type,
            ("dyn", false, 1) => Function::Same,
            _ => {
                let name: String = name.chars().take(64).collect();
                return self
                    .fault(at, &format!("there is no function {name} that is called like this"));
            }
        };
        let mut nodes = match target {
            Some(target) => vec![self.node(target)?],
            None => vec![],
        };
        nodes.extend(self.nodes(arguments)?);
        Ok(Node::Call(function, nodes))
    }

    fn matches(&mut self, of: &Expression, pattern: &Expression) -> Compiled<Node> {
        let Expr::Literal(LiteralValue::String(text)) = &pattern.expr else {
            return self.fault(pattern, "the pattern of matches must be a literal");
        };
        match Pattern::parse(text.inner()) {
            Ok(compiled) => Ok(Node::Matches(Box::new(self.node(of)?), compiled)),
            Err(reason) => self.fault(pattern, &format!("not a pattern (RE2 syntax): {reason}")),
        }
    }

    fn offset(&self, at: &Expression, arguments: &[Expression]) -> Compiled<FixedOffset> {
        let offset = match arguments {
            [] => Some(Utc.fix()),
            [Expression { expr: Expr::Literal(LiteralValue::String(text)), .. }] => {
                time::offset_from_text(text.inner())
            }
            _ => None,
        };
        match offset {
            Some(offset) => Ok(offset),
            None => self.fault(
                at,
                "the time zone must be the literal \"UTC\" or an offset such as \"+02:00\"",
            ),
        }
    }
}

/// `text.f(argument)` or `f(text, argument)`.
fn text_and_argument<'e>(
    target: Option<&'e Expression>,
    arguments: &'e [Expression],
) -> Option<(&'e Expression, &'e Expression)> {
    match (target, arguments) {
        (Some(of), [argument]) | (None, [of, argument]) => Some((of, argument)),
        _ => None,
    }
}
