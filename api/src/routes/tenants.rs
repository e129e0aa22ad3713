//! Tenants: the operator's alone.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::address::TenantEgress;
use domain::audit::Action;
use domain::ids::TenantId;
use domain::tenant::{RateLimit, TenantStatus};
use domain::time::Timestamp;
use domain::{limits, subscription_input};
use engine::audit::Act;
use engine::error::is_unique_violation;
use engine::{Engine, store};
use entity::tenant::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::patch_names::check_names;
use super::segment;
use super::tenant_input::{TenantInput, WRITABLE, document};
use crate::State;
use crate::auth::{Operator, is_name};
use crate::change;
use crate::extract::{Body, fields, parse_value};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::{Code, Problem};
use crate::query::Query;

/// A tenant in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenant {
    #[schema(schema_with = schema::tenant_id)]
    id: TenantId,
    name: String,
    #[schema(schema_with = schema::external_id_or_null)]
    external_id: Option<String>,
    #[schema(schema_with = schema::tenant_status)]
    status: TenantStatus,
    strict_event_types: bool,
    #[schema(schema_with = schema::rate_limit_or_null)]
    rate_limit: Option<RateLimit>,
    #[schema(schema_with = schema::rate_limit_or_null)]
    ingest_rate_limit: Option<RateLimit>,
    #[schema(schema_with = schema::egress)]
    egress: TenantEgress,
    sandbox: bool,
    #[schema(schema_with = schema::metadata)]
    metadata: Value,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time)]
    updated_at: Timestamp,
}

impl From<Model> for Tenant {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            external_id: row.external_id,
            status: row.status,
            strict_event_types: row.strict_event_types,
            rate_limit: row.rate_limit,
            ingest_rate_limit: row.ingest_rate_limit,
            egress: row.egress,
            sandbox: row.sandbox,
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Makes a tenant.
pub(crate) async fn post(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let once = match Once::begin(&state, &request, None, &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let config = parse_value::<TenantInput>(Value::Object(fields(&bytes)?))?.parse()?;
    let done = once
        .commit(&state, &operator.by(&request), StatusCode::CREATED, async |db| {
            let now = state.engine.clock.now();
            let external_id = config.external_id.clone();
            let row = ActiveModel {
                id: Set(TenantId::generate(now, &mut state.engine.rng())),
                subscription_revision: Set(0),
                catalogue_revision: Set(0),
                created_at: Set(now),
                updated_at: Set(now),
                ..config.into_row()
            };
            let stored = store::tenant::insert(db, row)
                .await
                .map_err(|error| taken(error, external_id.as_deref()))?;
            let act = Act::new(Action::TenantCreated, stored.id, stored.id);
            Ok((Tenant::from(stored), act, ()))
        })
        .await?;
    state.keyring.forget();
    Ok(done.response)
}

/// Lists tenants, newest first.
pub(crate) async fn list(
    _: Operator,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR])?;
    let wanted = Wanted::of(&query)?;
    let rows = store::tenant::page(&state.engine.database.lists, wanted.page()).await?;
    Ok(HttpResponse::Ok().json(wanted.show(rows, |row| row.id, Tenant::from)))
}

/// Shows a tenant.
pub(crate) async fn get(
    _: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let row = find(&state.engine.database.read, &request).await?;
    Ok(HttpResponse::Ok().json(Tenant::from(row)))
}

/// Changes a tenant.
pub(crate) async fn patch(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let patch = fields(&bytes)?;
    check_names(&patch, &WRITABLE)?;
    let engine = &state.engine;
    let stored = change::commit(&state, &operator.by(&request), async |db| {
        let found = find(db, &request).await?;
        // Taking the row by raising its revision lets concurrent changes follow each other.
        store::tenant::raise_revision(db, found.id).await?;
        let row =
            store::tenant::find(db, found.id).await?.ok_or_else(|| Problem::not_found("tenant"))?;
        let before = document(&row);
        let mut merged = before.clone();
        subscription_input::merge_patch(&mut merged, Value::Object(patch));
        let config = parse_value::<TenantInput>(merged)?.parse()?;
        let external_id = config.external_id.clone();
        let changed = ActiveModel {
            id: Set(row.id),
            updated_at: Set(engine.clock.now()),
            ..config.into_row()
        };
        let stored = store::tenant::update(db, changed)
            .await
            .map_err(|error| taken(error, external_id.as_deref()))?;
        let documents = [&before, &document(&stored)];
        let act = Act::new(Action::TenantUpdated, stored.id, stored.id);
        Ok((act.changing(documents, documents), stored))
    })
    .await?;
    changed_now(&state, engine, &stored).await;
    Ok(HttpResponse::Ok().json(Tenant::from(stored)))
}

async fn changed_now(state: &State, engine: &Engine, row: &Model) {
    state.keyring.forget();
    engine.tenant_changed(row).await;
}

/// Deletes a tenant: it is gone for every route from the answer on.
pub(crate) async fn delete(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let tenant = change::commit(&state, &operator.by(&request), async |db| {
        let row = find(db, &request).await?;
        state.engine.delete_tenant(db, row.id).await?;
        Ok((Act::of_operator(Action::TenantDeleted, row.id), row.id))
    })
    .await?;
    state.keyring.forget();
    state.engine.tenant_deleted(tenant).await;
    Ok(HttpResponse::NoContent().finish())
}

/// The tenant in the path.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    request: &HttpRequest,
) -> Result<Model, Problem> {
    let name = segment(request, "id");
    let found = if is_name(name) { store::tenant::find_named(db, name).await? } else { None };
    found.ok_or_else(|| Problem::not_found("tenant"))
}

fn taken(error: sea_orm::DbErr, external_id: Option<&str>) -> Problem {
    if is_unique_violation(&error) {
        let name = external_id.unwrap_or_default();
        return Problem::new(
            Code::Conflict,
            format!("the external id {name} is taken; choose another"),
        );
    }
    error.into()
}
