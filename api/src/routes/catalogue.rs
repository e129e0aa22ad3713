//! The catalogue as one document: exported, imported, and one to start with.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::catalogue::{Entry, EntryInput, document};
use domain::invalid::{Checker, Invalid};
use domain::limits;
use engine::audit::Act;
use engine::catalogue::Imported;
use engine::store;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::State;
use crate::auth::Caller;
use crate::auth::need::{EventsRead, EventsWrite};
use crate::extract::Body;
use crate::once::{Begun, Once};
use crate::problem::{Code, Problem};
use crate::query::Query;

/// The types named in it are those that products often have.
const STARTER: &str = include_str!("catalogue/starter.yaml");

const TITLE: &str = "Events";

/// How a document is written.
#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Yaml,
    Openapi,
}

impl std::str::FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            "openapi" => Ok(Self::Openapi),
            _ => Err("must be json, yaml or openapi"),
        }
    }
}

/// What becomes of entries that the document does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// They stay.
    Merge,
    /// They go.
    Replace,
}

impl std::str::FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "merge" => Ok(Self::Merge),
            "replace" => Ok(Self::Replace),
            _ => Err("must be merge or replace"),
        }
    }
}

/// What an import came to, or would come to: names of event types.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownImport {
    created: Vec<String>,
    updated: Vec<String>,
    unchanged: Vec<String>,
    deleted: Vec<String>,
}

impl From<Imported> for ShownImport {
    fn from(imported: Imported) -> Self {
        let Imported { created, updated, unchanged, deleted } = imported;
        Self { created, updated, unchanged, deleted }
    }
}

/// Exports the catalogue.
pub(crate) async fn get(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&["format"])?;
    let format = query.one("format")?.unwrap_or(Format::Json);
    let rows = store::event_type::all(&state.engine.database.lists, caller.tenant).await?;
    let entries: Vec<Entry> = rows.into_iter().map(engine::catalogue::entry_of).collect();
    write(&entries, format)
}

/// A catalogue to start with.
pub(crate) async fn starter(_: Caller<EventsRead>, query: Query) -> Result<HttpResponse, Problem> {
    query.only(&["format"])?;
    let format = query.one("format")?.unwrap_or(Format::Json);
    write(&starter_entries()?, format)
}

fn starter_entries() -> Result<Vec<Entry>, Problem> {
    let read = document::read(read_yaml(STARTER.as_bytes())?)?;
    Ok(read.into_iter().map(|(_, input)| input.parse()).collect::<Result<_, Invalid>>()?)
}

fn write(entries: &[Entry], format: Format) -> Result<HttpResponse, Problem> {
    let (media, text) = match format {
        Format::Json => {
            ("application/json", serde_json::to_string_pretty(&document::list(entries))?)
        }
        Format::Openapi => {
            let described = document::openapi(entries, TITLE);
            ("application/json", serde_json::to_string_pretty(&described)?)
        }
        Format::Yaml => {
            let text = serde_saphyr::to_string(&document::list(entries));
            let unwritten = |e| engine::Error::internal("a catalogue cannot be written as YAML", e);
            ("application/yaml", text.map_err(unwritten)?)
        }
    };
    Ok(HttpResponse::Ok().content_type(media).body(text))
}

/// Imports a catalogue: JSON or YAML, a list of entries or an OpenAPI 3.1 document with webhooks.
pub(crate) async fn post(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
    body: Body,
) -> Result<HttpResponse, Problem> {
    query.only(&["mode", "dry_run"])?;
    let mode = query.one("mode")?.unwrap_or(Mode::Merge);
    let is_dry_run = query.flag("dry_run")?;
    let is_yaml = body.is_yaml();
    let bytes = match is_yaml {
        true => body.yaml(limits::CATALOGUE_BYTES).await?,
        false => body.json(limits::CATALOGUE_BYTES).await?,
    };
    let (engine, tenant) = (&state.engine, caller.tenant);
    let once = match Once::begin(&state, &request, Some(tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let parsed = engine.matching.run(move || {
        let document = match is_yaml {
            true => read_yaml(&bytes)?,
            false => Value::Object(crate::extract::fields(&bytes)?),
        };
        Ok::<_, Problem>(document::read(document)?)
    });
    let entries = parse(&state, parsed.await??).await?;
    let is_whole = mode == Mode::Replace;
    if is_dry_run {
        let db = engine.database.begin().await?;
        let imported = engine.import_catalogue(&db, tenant, entries, is_whole).await?;
        db.rollback().await?;
        return Ok(HttpResponse::Ok().json(ShownImport::from(imported)));
    }
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::OK, async |db| {
            let imported = engine.import_catalogue(db, tenant, entries, is_whole).await?;
            let shown = ShownImport::from(imported);
            let act = Act::new(Action::CatalogueImported, tenant, tenant);
            let act = act.creating(&serde_json::to_value(&shown)?);
            Ok((shown, act, ()))
        })
        .await?;
    engine.catalogue_changed(tenant);
    Ok(done.response)
}

/// Checks the entries. Schemas and examples take milliseconds, so each has its own turn.
async fn parse(state: &State, inputs: Vec<(String, EntryInput)>) -> Result<Vec<Entry>, Problem> {
    let mut check = Checker::default();
    let mut entries: Vec<Entry> = Vec::with_capacity(inputs.len());
    for (pointer, input) in inputs {
        let parsed = state.engine.matching.run(move || input.parse()).await?;
        let Some(entry) = check.take(&pointer, parsed) else { continue };
        let is_first = entries.iter().all(|other| other.name != entry.name);
        check.that(is_first, &format!("{pointer}/name"), || "is there twice".to_owned());
        entries.push(entry);
    }
    Ok(check.finish(entries)?)
}

/// The parser bounds what aliases may make of it.
fn read_yaml(bytes: &[u8]) -> Result<Value, Problem> {
    let text = crate::extract::text(bytes)?;
    let document: Value = serde_saphyr::from_str(text).map_err(|error| {
        let told: String = error.to_string().chars().take(limits::ERROR_CHARS).collect();
        Problem::new(Code::MalformedRequest, format!("the body is not YAML: {told}"))
    })?;
    let json = serde_json::to_vec(&document)?;
    // What JSON may not have, YAML may not have either.
    Ok(Value::Object(crate::extract::fields(&json)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_catalogue_keeps_the_contract() {
        let entries = starter_entries().expect("a catalogue");
        assert_eq!(entries.len(), 21);
        for entry in &entries {
            let version = &entry.versions.0[0];
            assert!(version.schema.is_some() && version.example.is_some(), "{}", entry.name);
            assert!(!entry.description.is_empty(), "{}", entry.name);
        }
    }
}
