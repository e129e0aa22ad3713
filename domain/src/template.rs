//! Templates: bodies of a receiver's own form, made from an event (docs/formats.md).
//!
//! A template is a tenant's, and runs where everybody's deliveries are made: it sees the event and nothing else (no
//! clock, no randomness, no files), and everything it does is paid from one budget ([`limits::TEMPLATE_FUEL`]).
//! What the budget does not count is kept out by [`check`] (values that hold themselves many times) and made cheap
//! by [`data`] (comparing). The same event makes the same body, whenever it is asked for.

mod check;
mod data;

use std::io::{self, Write};
use std::sync::OnceLock;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{
    Environment, Error, ErrorKind, Output, State, UndefinedBehavior, context, filters, tests,
};

use crate::event::Envelope;
use crate::ids::EventId;
use crate::invalid::Invalid;
use crate::limits;
use crate::time::Timestamp;

/// A template that can be read. Rendering it may fail all the same: it depends on the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Box<str>);

/// Why there is no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// The event's data or metadata cannot be read as JSON values (lone surrogates, numbers out of range).
    #[error("the template cannot read the event: {0}")]
    Unreadable(String),
    /// What the template does fails on this event.
    #[error("the template failed{}: {what}", at(.line))]
    Failed {
        line: Option<usize>,
        what: String,
        /// Whether no event could change it.
        is_lasting: bool,
    },
    /// What it made is no JSON.
    #[error("the template's output is no JSON: {0}")]
    NoJson(String),
}

fn at(line: &Option<usize>) -> String {
    line.map(|line| format!(" in line {line}")).unwrap_or_default()
}

impl Template {
    /// Reads a template and looks through it.
    ///
    /// # Errors
    /// When it is too long, is no template, or uses what templates here do not have (what of it an event without
    /// data reaches).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > limits::TEMPLATE_BYTES {
            return Err(Invalid::one(
                "",
                format!("must have at most {} bytes", limits::TEMPLATE_BYTES),
            ));
        }
        check::check(text)?;
        environment().template_from_str(text).map_err(|error| malformed(&error))?;
        let template = Self(text.into());
        match template.render(nothing()) {
            Err(fault @ TemplateFault::Failed { is_lasting: true, .. }) => {
                Err(Invalid::one("", fault.to_string()))
            }
            _ => Ok(template),
        }
    }

    /// Trusts text that was parsed before it was stored.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it makes of an event.
    ///
    /// # Errors
    /// When it fails on this event, spends too much or makes too much.
    pub fn render(&self, envelope: Envelope<'_>) -> Result<String, TemplateFault> {
        let [data, metadata] = [envelope.data, envelope.metadata].map(data::read);
        let context = context! {
            event => context! {
                id => envelope.id.to_string(),
                type => envelope.event_type,
                timestamp => envelope.timestamp,
                version => envelope.version,
                correlation_id => envelope.correlation_id,
            },
            data => data?,
            metadata => metadata?,
        };
        let mut output = Bounded::default();
        let rendered = environment()
            .template_from_str(&self.0)
            .and_then(|template| template.render_captured_to(context, &mut output).map(|_| ()));
        match rendered {
            Ok(()) => Ok(output.into_text()),
            Err(_) if output.is_full => Err(TemplateFault::Failed {
                line: None,
                what: format!("it makes more than {} bytes", limits::TEMPLATE_OUTPUT_BYTES),
                is_lasting: false,
            }),
            Err(error) => Err(fault(&error)),
        }
    }

    /// What it makes of an event, which is JSON.
    ///
    /// # Errors
    /// As [`Template::render`], and when the output is no JSON.
    pub fn render_json(&self, envelope: Envelope<'_>) -> Result<String, TemplateFault> {
        let output = self.render(envelope)?;
        serde_json::from_str::<serde::de::IgnoredAny>(&output)
            .map_err(|error| TemplateFault::NoJson(error.to_string()))?;
        Ok(output)
    }
}

/// An event to try a template with.
fn nothing() -> Envelope<'static> {
    Envelope {
        id: EventId::derive(Timestamp::from_unix_ms(0), &[]),
        event_type: "example",
        timestamp: "1970-01-01T00:00:00Z",
        data: "{}",
        metadata: "{}",
        correlation_id: None,
        version: None,
    }
}

fn malformed(error: &Error) -> Invalid {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    let what = error.detail().unwrap_or("cannot be read").to_owned();
    Invalid::one("", format!("is no template{line}: {what}"))
}

fn fault(error: &Error) -> TemplateFault {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "it does more than one event is worth".to_owned(),
        kind => {
            error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"))
        }
    };
    let is_lasting = matches!(
        error.kind(),
        ErrorKind::SyntaxError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
    );
    TemplateFault::Failed { line: error.line(), what, is_lasting }
}

/// What templates have: filters and tests that are linear in what they are given, and no functions.
fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut env = Environment::empty();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(limits::TEMPLATE_FUEL));
        env.set_formatter(write_value);
        env.add_filter("tojson", to_json);
        env.add_filter("upper", filters::upper);
        env.add_filter("lower", filters::lower);
        env.add_filter("trim", filters::trim);
        env.add_filter("capitalize", filters::capitalize);
        env.add_filter("title", filters::title);
        env.add_filter("replace", filters::replace);
        env.add_filter("join", filters::join);
        env.add_filter("split", filters::split);
        env.add_filter("length", filters::length);
        env.add_filter("first", filters::first);
        env.add_filter("last", filters::last);
        env.add_filter("default", filters::default);
        env.add_filter("items", filters::items);
        env.add_filter("round", filters::round);
        env.add_filter("abs", filters::abs);
        env.add_filter("int", filters::int);
        env.add_filter("float", filters::float);
        env.add_filter("string", filters::string);
        env.add_test("defined", tests::is_defined);
        env.add_test("undefined", tests::is_undefined);
        env.add_test("none", tests::is_none);
        env.add_test("string", tests::is_string);
        env.add_test("number", tests::is_number);
        env.add_test("mapping", tests::is_mapping);
        env.add_test("sequence", tests::is_sequence);
        env.add_test("true", tests::is_true);
        env.add_test("false", tests::is_false);
        env
    })
}

/// Texts and numbers as they are, everything else as JSON has it.
fn write_value(output: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String | ValueKind::Number => Ok(write!(output, "{value}")?),
        _ => Ok(output.write_str(&to_json(value, Kwargs::from_iter([] as [(String, Value); 0]))?)?),
    }
}

/// A value as JSON, with `indent=n` over several lines. Nothing in it is escaped but what JSON asks for.
fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut output = Bounded::default();
    let written = match indent {
        None => serde_json::to_writer(&mut output, value),
        Some(width) => {
            let spaces = " ".repeat(width.min(8));
            let style = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            let mut serializer = serde_json::Serializer::with_formatter(&mut output, style);
            serde::Serialize::serialize(value, &mut serializer)
        }
    };
    match written {
        Ok(()) => Ok(output.into_text()),
        Err(error) => Err(Error::new(ErrorKind::BadSerialization, error.to_string())),
    }
}

/// Pretty-printed JSON of a text that is JSON, as far as [`limits::TEMPLATE_OUTPUT_BYTES`] go; what cannot be read
/// stays as it is.
pub(crate) fn pretty(json: &str) -> String {
    let Ok(value) = data::read(json) else {
        return json.to_owned();
    };
    let mut output = Bounded::default();
    // What does not fit is cut off.
    let _ = serde_json::to_writer_pretty(&mut output, &value);
    output.into_text()
}

/// Takes bytes up to [`limits::TEMPLATE_OUTPUT_BYTES`].
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Bounded {
    fn into_text(self) -> String {
        String::from_utf8(self.bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > limits::TEMPLATE_OUTPUT_BYTES {
            self.is_full = true;
            return Err(io::Error::other("more than 256 KiB"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "template/tests.rs"]
mod suite;
