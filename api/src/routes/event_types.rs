//! The catalogue of event types, one by one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::catalogue::{Entry, EntryInput, Versions};
use domain::event_type::EventType;
use domain::ids::TenantId;
use domain::limits;
use domain::subscription_input::merge_patch;
use domain::time::Timestamp;
use engine::audit::Act;
use engine::store::{self, Whose};
use entity::event_type::Model;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::patch_names::check_names;
use super::segment;
use crate::State;
use crate::auth::need::{EventsRead, EventsWrite};
use crate::auth::{Caller, Lister};
use crate::change;
use crate::extract::{Body, fields, parse_value};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::{Code, Problem};
use crate::query::Query;

/// What can be written, for [`super::patch_names`]; the name is what an event type is known by.
const WRITABLE: [(&str, &[&str]); 3] =
    [("description", &[]), ("versions", &[]), ("deprecated", &[])];

/// An event type in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueEntry {
    #[schema(schema_with = schema::event_type)]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    description: String,
    #[schema(schema_with = schema::versions)]
    versions: Versions,
    deprecated: bool,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time)]
    updated_at: Timestamp,
}

impl CatalogueEntry {
    fn new(row: Model, whose: Whose) -> Self {
        Self {
            name: row.name,
            tenant_id: (whose == Whose::AcrossTenants).then_some(row.tenant_id),
            description: row.description,
            versions: row.versions,
            deprecated: row.deprecated,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Adds an event type.
pub(crate) async fn post(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let (engine, tenant) = (&state.engine, caller.tenant);
    let entry = parse_entry(&state, Value::Object(fields(&bytes)?)).await?;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::CREATED, async |db| {
            let stored = engine.create_event_type(db, tenant, entry).await?;
            let act = Act::new(Action::EventTypeCreated, tenant, &stored.name);
            Ok((CatalogueEntry::new(stored, Whose::Tenant(tenant)), act, ()))
        })
        .await?;
    engine.catalogue_changed(tenant);
    Ok(done.response)
}

/// An entry from its fields. Schemas and examples take milliseconds.
async fn parse_entry(state: &State, document: Value) -> Result<Entry, Problem> {
    let input: EntryInput = parse_value(document)?;
    Ok(state.engine.matching.run(move || input.parse()).await??)
}

/// Lists event types, newest first.
pub(crate) async fn list(
    lister: Lister<EventsRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR, "deprecated"])?;
    let wanted = Wanted::of(&query)?;
    let deprecated = query.switch("deprecated")?;
    let db = &state.engine.database.lists;
    let rows = store::event_type::page(db, lister.whose, deprecated, wanted.page()).await?;
    let key =
        |row: &Model| (row.created_at, row.tenant_id, EventType::from_stored(row.name.clone()));
    let page = wanted.show(rows, key, |row| CatalogueEntry::new(row, lister.whose));
    Ok(HttpResponse::Ok().json(page))
}

/// Shows an event type.
pub(crate) async fn get(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let row = in_path(&state, caller.tenant, &request).await?;
    Ok(HttpResponse::Ok().json(CatalogueEntry::new(row, Whose::Tenant(caller.tenant))))
}

/// Changes an event type.
pub(crate) async fn patch(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let patch = fields(&bytes)?;
    check_names(&patch, &WRITABLE)?;
    let (engine, tenant) = (&state.engine, caller.tenant);
    let name = name_in_path(&request)?;
    let row = store::event_type::find(&engine.database.read, tenant, &name).await?;
    let row = row.ok_or_else(not_found)?;
    let before = document(&row);
    let mut merged = before.clone();
    merge_patch(&mut merged, Value::Object(patch));
    merged["name"] = json!(row.name);
    // Before the transaction, which nobody's schemas are to hold up.
    let entry = parse_entry(&state, merged).await?;
    let stored = change::commit(&state, &caller.by(&request), async |db| {
        engine.begin_catalogue_change(db, tenant).await?;
        let now = store::event_type::find(db, tenant, &name).await?.ok_or_else(not_found)?;
        if now != row {
            let detail = "the event type was changed meanwhile; try again";
            return Err(Problem::new(Code::Conflict, detail).retry_after(1));
        }
        let stored = engine.update_event_type(db, tenant, entry).await?;
        let documents = [&before, &document(&stored)];
        let act = Act::new(Action::EventTypeUpdated, tenant, &stored.name);
        Ok((act.changing(documents, documents), stored))
    })
    .await?;
    engine.catalogue_changed(tenant);
    Ok(HttpResponse::Ok().json(CatalogueEntry::new(stored, Whose::Tenant(tenant))))
}

/// The event type as it could be written, for a patch to be merged into.
fn document(row: &Model) -> Value {
    json!({"description": row.description, "versions": row.versions, "deprecated": row.deprecated})
}

/// Takes an event type out of the catalogue. Events of it stay.
pub(crate) async fn delete(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (engine, tenant) = (&state.engine, caller.tenant);
    let name = name_in_path(&request)?;
    change::commit(&state, &caller.by(&request), async |db| {
        engine.delete_event_type(db, tenant, &name).await?;
        Ok((Act::new(Action::EventTypeDeleted, tenant, &name), ()))
    })
    .await?;
    engine.catalogue_changed(tenant);
    Ok(HttpResponse::NoContent().finish())
}

/// The event type in the path.
pub(super) async fn in_path(
    state: &State,
    tenant: TenantId,
    request: &HttpRequest,
) -> Result<Model, Problem> {
    let name = name_in_path(request)?;
    let row = store::event_type::find(&state.engine.database.read, tenant, &name).await?;
    row.ok_or_else(not_found)
}

fn name_in_path(request: &HttpRequest) -> Result<EventType, Problem> {
    segment(request, "name").parse().map_err(|_| not_found())
}

fn not_found() -> Problem {
    Problem::not_found("event type")
}
