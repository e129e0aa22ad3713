//! Links into a tenant's portal. The url with its token is in the answer that makes the link and nowhere
//! else. The token stands in the fragment, which browsers send to no server and which so is in no log; it is
//! a credential like a key, of the tenant alone, with the scopes of the link's permissions.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::ids::{Of, PortalLinkId};
use domain::invalid::Invalid;
use domain::limits;
use domain::preferences::Permissions;
use domain::time::Timestamp;
use engine::audit::Act;
use engine::store;
use entity::portal_link::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::named;
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

/// What `POST /tenants/{id}/portal-links` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PortalLinkInput {
    permissions: Permissions,
    expires_in_s: Option<u32>,
}

/// A link in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalLink {
    #[schema(schema_with = schema::portal_link_id)]
    id: PortalLinkId,
    #[schema(schema_with = schema::permissions)]
    permissions: Permissions,
    #[schema(schema_with = schema::time)]
    expires_at: Timestamp,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
}

/// A link that has just been made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadePortalLink {
    #[serde(flatten)]
    link: PortalLink,
    #[schema(schema_with = schema::portal_url)]
    url: String,
}

impl std::fmt::Debug for MadePortalLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadePortalLink").field("link", &self.link).finish_non_exhaustive()
    }
}

impl From<Model> for PortalLink {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            permissions: row.permissions,
            expires_at: row.expires_at,
            created_at: row.created_at,
        }
    }
}

impl PortalLinkInput {
    fn parse(self) -> Result<(Permissions, Duration), Invalid> {
        let expires_in_s = self.expires_in_s.unwrap_or(limits::PORTAL_LINK_S_DEFAULT);
        if !limits::PORTAL_LINK_S.contains(&expires_in_s) {
            let (low, high) = (limits::PORTAL_LINK_S.start(), limits::PORTAL_LINK_S.end());
            let must = format!("must be between {low} and {high} seconds");
            return Err(Invalid::one("/expires_in_s", must));
        }
        Ok((self.permissions, Duration::from_secs(expires_in_s.into())))
    }
}

/// Makes a link.
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
    let input = parse_value::<PortalLinkInput>(Value::Object(fields(&bytes)?))?;
    let (permissions, lasting) = input.parse()?;
    let done = once
        .commit(&state, &operator.by(&request), StatusCode::CREATED, async |db| {
            let tenant = find(db, &request).await?;
            let now = engine.clock.now();
            let token = NewCredential::portal_link(&mut engine.rng());
            let row = ActiveModel {
                id: Set(PortalLinkId::generate(now, &mut engine.rng())),
                tenant_id: Set(tenant.id),
                hash: Set(token.hash().to_vec()),
                permissions: Set(permissions),
                created_at: Set(now),
                expires_at: Set(now + lasting),
                revoked_at: Set(None),
            };
            let stored = store::portal_link::insert(db, row).await?;
            let changes = json!({"permissions": {"from": null, "to": permissions}});
            let act =
                Act::new(Action::PortalLinkCreated, tenant.id, stored.id).with_changes(changes);
            let url = format!("{}/portal#{}", state.settings.public_url, token.expose());
            Ok((MadePortalLink { link: stored.into(), url }, act, ()))
        })
        .await?;
    Ok(done.response)
}

/// Lists a tenant's links that can be used, newest first.
pub(crate) async fn list(
    _: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR])?;
    let wanted = Wanted::of(&query)?;
    let (db, now) = (&state.engine.database.lists, state.engine.clock.now());
    let tenant = find(db, &request).await?;
    let rows = store::portal_link::page(db, tenant.id, now, wanted.page()).await?;
    Ok(HttpResponse::Ok().json(wanted.show(rows, |row| row.id, PortalLink::from)))
}

/// Revokes a link: its token is unknown from the answer on.
pub(crate) async fn delete(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    change::commit(&state, &operator.by(&request), async |db| {
        let tenant = find(db, &request).await?;
        let link: Of<PortalLinkId> = named(tenant.id, &request, "link", "portal link")?;
        if !store::portal_link::revoke(db, link, state.engine.clock.now()).await? {
            return Err(Problem::not_found("portal link"));
        }
        Ok((Act::on(Action::PortalLinkRevoked, link), ()))
    })
    .await?;
    state.keyring.forget();
    Ok(HttpResponse::NoContent().finish())
}
