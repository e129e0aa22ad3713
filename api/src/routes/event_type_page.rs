//! What is made of an event type for those who receive it: a page to read, and an example to send.

use std::sync::OnceLock;

use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::catalogue::Version;
use domain::ids::EventId;
use domain::time::Timestamp;
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::event_types::in_path;
use crate::State;
use crate::auth::Caller;
use crate::auth::need::EventsRead;
use crate::openapi::schema;
use crate::problem::Problem;
use crate::query::Query;

/// The page is text and one style sheet of its own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// An event as it could be posted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Example {
    #[serde(rename = "type")]
    #[schema(schema_with = schema::event_type)]
    event_type: String,
    version: String,
    #[schema(schema_with = schema::data)]
    data: Value,
}

/// An example of the newest version that has one, or of the version asked for.
pub(crate) async fn example(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&["version"])?;
    let of = query.one::<String>("version")?;
    let entry = in_path(&state, caller.tenant, &request).await?;
    let (version, data) = entry
        .versions
        .example(of.as_deref())
        .ok_or_else(|| Problem::not_found("example of the event type"))?;
    let (version, data) = (version.to_owned(), data.clone());
    Ok(HttpResponse::Ok().json(Example { event_type: entry.name, version, data }))
}

/// The page.
pub(crate) async fn page(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let entry = in_path(&state, caller.tenant, &request).await?;
    let paragraphs = entry.description.split("\n\n").filter(|text| !text.trim().is_empty());
    let versions = entry.versions.0.iter().rev();
    let page = Serde(ShownType {
        name: &entry.name,
        deprecated: entry.deprecated,
        paragraphs: paragraphs.collect(),
        versions: versions.map(|version| shown(&entry.name, version)).collect(),
    });
    let page = template().get_template(PAGE).and_then(|template| template.render(page));
    let page = page.map_err(|error| engine::Error::internal("a page cannot be made", error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(page))
}

const PAGE: &str = "event_type_page.html";

/// The name ends in `.html`, so that all values are escaped.
fn template() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        let added = environment.add_template(PAGE, include_str!("event_type_page.html"));
        added.expect("the template is a part of the program");
        environment
    })
}

#[derive(Debug, Serialize)]
struct ShownType<'a> {
    name: &'a str,
    deprecated: bool,
    paragraphs: Vec<&'a str>,
    versions: Vec<ShownVersion<'a>>,
}

#[derive(Debug, Serialize)]
struct ShownVersion<'a> {
    version: &'a str,
    fields: Vec<Field<'a>>,
    delivered: Option<String>,
    schema: Option<String>,
}

/// A field of `data`, as the schema describes it.
#[derive(Debug, Serialize)]
struct Field<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    description: &'a str,
}

fn shown<'a>(name: &str, version: &'a Version) -> ShownVersion<'a> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let delivered = |data: &Value| {
        let epoch = Timestamp::from_unix_ms(0);
        pretty(&json!({
            "id": EventId::derive(epoch, &[]),
            "type": name,
            "timestamp": epoch,
            "data": data,
            "metadata": {},
            "version": version.version,
        }))
    };
    ShownVersion {
        version: &version.version,
        fields: version.schema.as_ref().map(fields).unwrap_or_default(),
        delivered: version.example.as_ref().map(delivered),
        schema: version.schema.as_ref().map(pretty),
    }
}

/// The fields that the schema names at its top; what it says of them elsewhere is in the schema itself.
fn fields<'a>(schema: &'a Value) -> Vec<Field<'a>> {
    let required = schema["required"].as_array();
    let is_required = |name: &str| {
        required.is_some_and(|names| names.iter().any(|required| required.as_str() == Some(name)))
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    let field = |(name, schema): (&'a String, &'a Value)| Field {
        name,
        kind: kind(schema),
        required: is_required(name),
        description: schema["description"].as_str().unwrap_or_default(),
    };
    properties.map(field).collect()
}

fn kind(schema: &Value) -> String {
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ if schema["enum"].is_array() => "one of some values".to_owned(),
        _ => "any".to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) => format!("{name}, {format}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_that_the_schema_names() {
        let schema = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "format": "uuid", "description": "Whose"},
                "total": {"type": ["integer", "null"]},
                "rest": {},
            },
        });
        let found = fields(&schema);
        let kinds: Vec<(&str, &str, bool)> =
            found.iter().map(|field| (field.name, field.kind.as_str(), field.required)).collect();
        let expected = [
            ("id", "string, uuid", true),
            ("rest", "any", false),
            ("total", "integer or null", false),
        ];
        let mut kinds = kinds;
        kinds.sort_unstable();
        assert_eq!(kinds, expected);
        assert!(found.iter().any(|field| field.description == "Whose"));
        assert!(fields(&json!(true)).is_empty());
    }
}
