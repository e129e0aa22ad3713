//! Bins: made, listed, shown, deleted; what they have recorded is [`super::bin_requests`].

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::bin::{BinInput, BinResponse, BinUrls};
use domain::ids::{BinId, Of, TenantId};
use domain::limits;
use domain::time::Timestamp;
use engine::audit::Act;
use engine::bins::status_of;
use engine::store::{self, Whose};
use entity::bin::Model;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::named;
use crate::State;
use crate::auth::need::{EventsRead, EventsWrite};
use crate::auth::{Caller, Lister};
use crate::change;
use crate::extract::{Body, fields, parse_value};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// A bin in answers. Its secret is never among it: whoever set it has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bin {
    #[schema(schema_with = schema::bin_id)]
    id: BinId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    name: String,
    #[schema(schema_with = schema::bin_url)]
    url: String,
    has_secret: bool,
    #[schema(schema_with = schema::bin_response)]
    response: BinResponse,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
}

impl Bin {
    fn new(row: Model, urls: &BinUrls, whose: Whose) -> Self {
        let response = BinResponse {
            status: status_of(&row),
            delay_ms: u32::try_from(row.response_delay_ms).unwrap_or(0),
        };
        Self {
            id: row.id,
            tenant_id: (whose == Whose::AcrossTenants).then_some(row.tenant_id),
            name: row.name,
            url: urls.of(row.id),
            has_secret: row.secret_sealed.is_some(),
            response,
            created_at: row.created_at,
        }
    }
}

/// Makes a bin.
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
    let config = parse_value::<BinInput>(Value::Object(fields(&bytes)?))?.parse()?;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::CREATED, async |db| {
            let stored = engine.create_bin(db, tenant, config).await?;
            let act = Act::new(Action::BinCreated, tenant, stored.id);
            let urls = &engine.settings.bin_urls;
            Ok((Bin::new(stored, urls, Whose::Tenant(tenant)), act, ()))
        })
        .await?;
    Ok(done.response)
}

/// Lists bins, newest first.
pub(crate) async fn list(
    lister: Lister<EventsRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR])?;
    let wanted = Wanted::of(&query)?;
    let engine = &state.engine;
    let rows = store::bin::page(&engine.database.lists, lister.whose, wanted.page()).await?;
    let urls = &engine.settings.bin_urls;
    let page = wanted.show(rows, |row| row.id, |row| Bin::new(row, urls, lister.whose));
    Ok(HttpResponse::Ok().json(page))
}

/// Shows a bin.
pub(crate) async fn get(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let engine = &state.engine;
    let row = find(&engine.database.read, caller.tenant, &request).await?;
    let shown = Bin::new(row, &engine.settings.bin_urls, Whose::Tenant(caller.tenant));
    Ok(HttpResponse::Ok().json(shown))
}

/// Deletes a bin with what it has recorded.
pub(crate) async fn delete(
    caller: Caller<EventsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    change::commit(&state, &caller.by(&request), async |db| {
        let bin: Of<BinId> = named(caller.tenant, &request, "id", "bin")?;
        if !store::bin::delete(db, bin).await? {
            return Err(Problem::not_found("bin"));
        }
        Ok((Act::on(Action::BinDeleted, bin), ()))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The bin in the path.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    request: &HttpRequest,
) -> Result<Model, Problem> {
    let bin = named(tenant, request, "id", "bin")?;
    store::bin::find(db, bin).await?.ok_or_else(|| Problem::not_found("bin"))
}
