//! The body of a request: read within a bound, then parsed into what the handler wants.
//!
//! [`Body`] is an extractor that reads nothing: the handler asks for the bytes once its caller is
//! known, so that nobody without a key makes us hold a body.

mod lines;

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use domain::invalid::{Checker, Invalid, pointer_part};
use domain::limits;
use futures::StreamExt;
use futures::future::{Ready, ready};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::problem::{Code, Problem};

pub(crate) use lines::{Line, Lines};

/// How long a client may take for a whole body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A body that is yet to be read.
pub(crate) struct Body {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl Body {
    /// The bytes of a body that must be JSON: at least one of them, at most `bytes_max`.
    pub(crate) async fn json(self, bytes_max: usize) -> Result<Bytes, Problem> {
        self.check_type()?;
        let has_type = self.request.headers().contains_key(CONTENT_TYPE);
        let bytes = self.read(bytes_max).await?;
        match (bytes.is_empty(), has_type) {
            (true, _) => {
                Err(Problem::new(Code::MalformedJson, "the body is empty; send a JSON object"))
            }
            (false, false) => {
                Err(unsupported("the header Content-Type is missing; send application/json"))
            }
            (false, true) => Ok(bytes),
        }
    }

    /// The bytes of a body that may be left out: `{}` then.
    pub(crate) async fn json_or_nothing(self) -> Result<Bytes, Problem> {
        self.check_type()?;
        let has_type = self.request.headers().contains_key(CONTENT_TYPE);
        let bytes = self.read(limits::REQUEST_BYTES).await?;
        match (bytes.is_empty(), has_type) {
            (false, false) => {
                Err(unsupported("the header Content-Type is missing; send application/json"))
            }
            _ => Ok(bytes),
        }
    }

    /// The bytes of a body that says that it is YAML.
    pub(crate) async fn yaml(self, bytes_max: usize) -> Result<Bytes, Problem> {
        self.check_encoding()?;
        self.read(bytes_max).await
    }

    /// The lines of a body that says that it is NDJSON, each with at most so many bytes.
    pub(crate) fn lines(self, line_bytes_max: usize) -> Result<Lines, Problem> {
        self.check_encoding()?;
        Ok(Lines::new(self.payload, line_bytes_max))
    }

    /// Whether the body says that it is YAML (RFC 9512).
    pub(crate) fn is_yaml(&self) -> bool {
        self.is_one_of(&["application/yaml", "application/x-yaml", "text/yaml"])
    }

    /// Whether the body says that it is lines of JSON.
    pub(crate) fn is_lines(&self) -> bool {
        self.is_one_of(&["application/x-ndjson"])
    }

    fn is_one_of(&self, media: &[&str]) -> bool {
        self.essence()
            .is_some_and(|essence| media.iter().any(|one| essence.eq_ignore_ascii_case(one)))
    }

    /// The Content-Type without its parameters.
    fn essence(&self) -> Option<&str> {
        let value = self.request.headers().get(CONTENT_TYPE)?;
        let text = value.to_str().unwrap_or_default();
        Some(text.split(';').next().unwrap_or_default().trim())
    }

    /// The bytes of a body of whatever type, as they came.
    pub(crate) async fn bytes(self, bytes_max: usize) -> Result<Bytes, Problem> {
        self.read(bytes_max).await
    }

    /// Refuses what says itself that it is no plain JSON.
    fn check_type(&self) -> Result<(), Problem> {
        if self.essence().is_some_and(|essence| !essence.eq_ignore_ascii_case("application/json")) {
            return Err(unsupported("the Content-Type must be application/json"));
        }
        self.check_encoding()
    }

    fn check_encoding(&self) -> Result<(), Problem> {
        let headers = self.request.headers();
        let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
            return Err(unsupported("a compressed body is not taken; send it as it is"));
        }
        Ok(())
    }

    async fn read(mut self, bytes_max: usize) -> Result<Bytes, Problem> {
        let announced = self
            .request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > bytes_max) {
            return Err(too_large(bytes_max));
        }
        let read = async {
            // A body that came in one piece is not copied.
            let mut whole: Option<Bytes> = None;
            let mut rest = BytesMut::new();
            while let Some(chunk) = self.payload.next().await {
                let chunk = chunk.map_err(|error| {
                    Problem::new(
                        Code::MalformedRequest,
                        format!("the body cannot be read: {error}"),
                    )
                })?;
                if whole.as_ref().map_or(0, Bytes::len) + rest.len() + chunk.len() > bytes_max {
                    return Err(too_large(bytes_max));
                }
                match whole.take() {
                    None if rest.is_empty() => whole = Some(chunk),
                    first => {
                        if let Some(first) = first {
                            rest.reserve(announced.unwrap_or(0).max(first.len() + chunk.len()));
                            rest.extend_from_slice(&first);
                        }
                        rest.extend_from_slice(&chunk);
                    }
                }
            }
            Ok(whole.unwrap_or_else(|| rest.freeze()))
        };
        match tokio::time::timeout(BODY_TIME, read).await {
            Ok(read) => read,
            Err(_) => {
                Err(Problem::new(Code::RequestTimeout, "the body did not come within 30 seconds"))
            }
        }
    }
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail)
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(Code::TooLarge, format!("the body may have at most {bytes_max} bytes here"))
}

/// Parses a body that may be empty, which is as good as `{}`.
pub(crate) fn parse_or_empty<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    parse(if bytes.is_empty() { b"{}" } else { bytes })
}

/// Parses a whole body whose nesting is held to [`limits::JSON_DEPTH`].
pub(crate) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let text = text(bytes)?;
    if domain::json::depth(bytes) > limits::JSON_DEPTH {
        check_json(text)?;
        let detail =
            format!("the body nests deeper than {} levels; flatten it", limits::JSON_DEPTH);
        return Err(Invalid::one("", detail).into());
    }
    parse_text(text)
}

/// Parses a text whose deep parts are taken as they are and bounded by their own rules. It must be an
/// object: a list of its fields' values would do for serde.
pub(crate) fn parse_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    if !text.trim_ascii_start().starts_with('{') {
        check_json(text)?;
        return Err(Invalid::one("", "must be a JSON object".to_owned()).into());
    }
    // The usual body is right; only a wrong one is read again to say where.
    serde_json::from_str(text).map_err(|error| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(_) => Problem::new(Code::MalformedJson, format!("the body is not JSON: {error}")),
            Err(error) => refused(text, &error),
        }
    })
}

/// Parses the fields of a resource. The character U+0000 is refused in all of them: Postgres keeps
/// no text with it, and nobody means it.
pub(crate) fn fields(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let fields: Map<String, Value> = parse(bytes)?;
    let mut check = Checker::default();
    check_characters(&mut check, &mut String::new(), fields.iter());
    check_shapes(&mut check, &fields);
    Ok(check.finish(fields)?)
}

fn check_characters<'a>(
    check: &mut Checker,
    pointer: &mut String,
    fields: impl Iterator<Item = (&'a String, &'a Value)>,
) {
    for (name, value) in fields {
        let start = pointer.len();
        push(pointer, name);
        check.that(!name.contains('\0'), pointer, || {
            "the name must not contain the character U+0000".to_owned()
        });
        check_value(check, pointer, value);
        pointer.truncate(start);
    }
}

fn check_value(check: &mut Checker, pointer: &mut String, value: &Value) {
    match value {
        Value::String(text) => {
            check.that(!text.contains('\0'), pointer, || {
                "must not contain the character U+0000".to_owned()
            });
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let start = pointer.len();
                push(pointer, &index.to_string());
                check_value(check, pointer, item);
                pointer.truncate(start);
            }
        }
        Value::Object(fields) => check_characters(check, pointer, fields.iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Fields that are objects wherever they are.
const OBJECTS: [&str; 9] = [
    "auto_replay",
    "client_certificate",
    "delivery",
    "egress",
    "ingest_rate_limit",
    "rate_limit",
    "response",
    "retry",
    "signing",
];
/// Fields that are one word of several wherever they are, and lists of such.
const WORDS: [&str; 3] = ["format", "kind", "status"];
const LISTS_OF_WORDS: [&str; 2] = ["scopes", "statuses"];
const LISTS_OF_OBJECTS: [&str; 1] = ["versions"];

/// Refuses what serde would take for an object (a list of its fields' values) or for a word (an object
/// with the word as its only name).
fn check_shapes(check: &mut Checker, fields: &Map<String, Value>) {
    for (name, value) in fields {
        let is_one_of = |names: &[&str]| names.contains(&name.as_str());
        let pointer = format!("/{name}");
        if is_one_of(&OBJECTS) {
            let is_object = value.is_object() || value.is_null();
            check.that(is_object, &pointer, || "must be an object".to_owned());
        } else if is_one_of(&WORDS) {
            let is_word = value.is_string() || value.is_null();
            check.that(is_word, &pointer, || "must be a string".to_owned());
        } else if is_one_of(&LISTS_OF_OBJECTS) {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                let pointer = format!("{pointer}/{index}");
                check.that(item.is_object(), &pointer, || "must be an object".to_owned());
            }
        } else if is_one_of(&LISTS_OF_WORDS) {
            for (index, word) in value.as_array().into_iter().flatten().enumerate() {
                let pointer = format!("{pointer}/{index}");
                check.that(word.is_string(), &pointer, || "must be a string".to_owned());
            }
        }
    }
}

/// Parses a value that was taken out of a body.
pub(crate) fn parse_value<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| violation(&error).into())
}

/// The body as text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        Problem::new(
            Code::MalformedJson,
            format!("the body is not UTF-8 from byte {} on", error.valid_up_to()),
        )
    })
}

/// Refuses a text that is not JSON as such.
fn check_json(text: &str) -> Result<(), Problem> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Problem::new(Code::MalformedJson, format!("the body is not JSON: {error}")))
        }
    }
}

/// A body that is no JSON, or breaks the contract.
fn refused(text: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if let Err(problem) = check_json(text) {
        return problem;
    }
    violation(error).into()
}

/// What is wrong and where.
pub(crate) fn violation(error: &serde_path_to_error::Error<serde_json::Error>) -> Invalid {
    let detail = without_value(&error.inner().to_string());
    let detail = without_position(&detail).to_owned();
    let mut pointer = String::new();
    for segment in error.path() {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    for start in ["unknown field `", "missing field `", "duplicate field `"] {
        let named = detail.strip_prefix(start).and_then(|rest| rest.split_once('`'));
        if let Some((name, _)) = named {
            let mut field = String::new();
            push(&mut field, name);
            if !pointer.ends_with(&field) {
                pointer.push_str(&field);
            }
        }
    }
    Invalid::one(pointer, detail)
}

fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&pointer_part(key));
}

/// The text without serde_json's line and column: the pointer says where.
fn without_position(text: &str) -> &str {
    text.rfind(" at line ").map_or(text, |at| &text[..at])
}

/// The text without the value that serde shows in it: it may be a secret in the wrong place.
fn without_value(text: &str) -> String {
    for kind in ["invalid type: string", "invalid value: string"] {
        if let Some(rest) = text.strip_prefix(kind)
            && let Some(end) = rest.rfind("\", expected ")
        {
            return format!("{kind}{}", &rest[end + 1..]);
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_does_not_repeat_the_value() {
        #[derive(Debug, Deserialize)]
        struct Wanted {
            #[expect(dead_code, reason = "never there")]
            secret: Vec<u8>,
        }
        for given in ["kept-secret", "with \" and \", expected in it", "a at line 1"] {
            let text = serde_json::json!({"secret": given}).to_string();
            let problem = parse_text::<Wanted>(&text).expect_err("no list");
            let shown = problem.to_string();
            assert!(shown.ends_with("invalid type: string, expected a sequence"), "{shown}");
        }
    }
}
