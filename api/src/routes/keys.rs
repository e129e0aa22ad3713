//! Keys of a tenant. The secret is in the answer that makes a key and nowhere else.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::ids::{KeyId, Of, TenantId};
use domain::invalid::{Checker, Invalid};
use domain::limits;
use domain::preferences::{Cidrs, Scope, Scopes};
use domain::time::Timestamp;
use engine::audit::Act;
use engine::store;
use entity::api_key::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::named;
use super::tenant_input::check_name;
use super::tenants::find;
use crate::State;
use crate::auth::{NewCredential, Operator};
use crate::change;
use crate::extract::{Body, fields, parse_value};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// What `POST /tenants/{id}/keys` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyInput {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<String>,
    source_cidrs: Option<Vec<String>>,
}

struct KeyConfig {
    name: String,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
    source_cidrs: Option<Cidrs>,
}

/// A key in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    #[schema(schema_with = schema::key_id)]
    id: KeyId,
    name: String,
    prefix: String,
    #[schema(schema_with = schema::scopes)]
    scopes: Scopes,
    #[schema(schema_with = schema::time_or_null)]
    expires_at: Option<Timestamp>,
    #[schema(schema_with = schema::cidrs_or_null)]
    source_cidrs: Option<Cidrs>,
    #[schema(schema_with = schema::time_or_null)]
    last_used_at: Option<Timestamp>,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
}

/// A key that has just been made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeKey {
    #[serde(flatten)]
    key: Key,
    secret: String,
}

impl From<Model> for Key {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes,
            expires_at: row.expires_at,
            source_cidrs: row.source_cidrs,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
        }
    }
}

impl KeyInput {
    fn parse(self, now: Timestamp) -> Result<KeyConfig, Invalid> {
        let mut check = Checker::default();
        check_name(&mut check, &self.name);
        let scopes = check.take("/scopes", Scopes::try_from(self.scopes));
        let expires_at = check
            .take("/expires_at", self.expires_at.map(|text| parse_expiry(&text, now)).transpose());
        let source_cidrs =
            check.take("/source_cidrs", self.source_cidrs.map(parse_cidrs).transpose());
        check.finish_with(|| {
            Some(KeyConfig {
                name: self.name,
                scopes: scopes?,
                expires_at: expires_at?,
                source_cidrs: source_cidrs?,
            })
        })
    }
}

fn parse_expiry(text: &str, now: Timestamp) -> Result<Timestamp, Invalid> {
    let at: Timestamp = text
        .parse()
        .map_err(|e: domain::time::MalformedTimestamp| Invalid::one("", e.to_string()))?;
    if at <= now { Err(Invalid::one("", "must be in the future")) } else { Ok(at) }
}

fn parse_cidrs(given: Vec<String>) -> Result<Cidrs, Invalid> {
    let mut check = Checker::default();
    let mut networks: Vec<ipnet::IpNet> = Vec::new();
    for (index, text) in given.iter().enumerate() {
        let fault =
            |_| Invalid::one("", "must be a network such as 203.0.113.0/24 or 2001:db8::/32");
        networks
            .extend(check.take(&format!("/{index}"), text.parse::<ipnet::IpNet>().map_err(fault)));
    }
    check.finish(networks).and_then(Cidrs::try_from)
}

/// Makes a key.
pub(crate) async fn post(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    // Before an answer that was kept: a tenant that is gone is gone for this route too.
    find(&state.engine.database.read, &request).await?;
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let once = match Once::begin(&state, &request, None, &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let engine = &state.engine;
    let config =
        parse_value::<KeyInput>(Value::Object(fields(&bytes)?))?.parse(engine.clock.now())?;
    let done = once
        .commit(&state, &operator.by(&request), StatusCode::CREATED, async |db| {
            let tenant = find(db, &request).await?;
            let secret = NewCredential::key(&mut engine.rng());
            let stored = store::key::insert(db, row(tenant.id, config, &secret, engine)).await?;
            let act = Act::new(Action::KeyCreated, tenant.id, stored.id);
            Ok((MadeKey { key: stored.into(), secret: secret.expose().to_owned() }, act, ()))
        })
        .await?;
    Ok(done.response)
}

fn row(
    tenant: TenantId,
    config: KeyConfig,
    secret: &NewCredential,
    engine: &engine::Engine,
) -> ActiveModel {
    let now = engine.clock.now();
    ActiveModel {
        id: Set(KeyId::generate(now, &mut engine.rng())),
        tenant_id: Set(tenant),
        name: Set(config.name),
        prefix: Set(secret.prefix().to_owned()),
        hash: Set(secret.hash().to_vec()),
        scopes: Set(config.scopes),
        source_cidrs: Set(config.source_cidrs),
        created_at: Set(now),
        expires_at: Set(config.expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
    }
}

/// Lists a tenant's keys that are not revoked, newest first.
pub(crate) async fn list(
    _: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR])?;
    let wanted = Wanted::of(&query)?;
    let db = &state.engine.database.lists;
    let tenant = find(db, &request).await?;
    let rows = store::key::page(db, tenant.id, wanted.page()).await?;
    Ok(HttpResponse::Ok().json(wanted.show(rows, |row| row.id, Key::from)))
}

/// Revokes a key: it is unknown from the answer on.
pub(crate) async fn delete(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    change::commit(&state, &operator.by(&request), async |db| {
        let tenant = find(db, &request).await?;
        let key: Of<KeyId> = named(tenant.id, &request, "key", "key")?;
        if !store::key::revoke(db, key, state.engine.clock.now()).await? {
            return Err(Problem::not_found("key"));
        }
        Ok((Act::on(Action::KeyRevoked, key), ()))
    })
    .await?;
    state.keyring.forget();
    Ok(HttpResponse::NoContent().finish())
}
