//! Sign-in to the dashboard, and out.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::{Action, Actor};
use domain::ids::TenantId;
use domain::preferences::{Scope, Scopes};
use domain::time::Timestamp;
use engine::audit::Act;
use engine::store;
use entity::session::ActiveModel;
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::session::{self, LASTS, Token};
use crate::auth::{NewCredential, SignedIn};
use crate::change;
use crate::extract::{Body, fields, parse_value};
use crate::openapi::schema;
use crate::problem::Problem;
use crate::{Portal, State};

/// A body of a sign-in: a key is at most 200 characters.
const BODY_BYTES: usize = 4096;

/// What `POST /session` takes. It cannot be printed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionInput {
    key: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    #[schema(schema_with = schema::session_actor)]
    actor: &'static str,
    #[schema(schema_with = schema::tenant_id_or_null)]
    tenant_id: Option<TenantId>,
    #[schema(schema_with = schema::scopes)]
    scopes: Vec<Scope>,
    /// `null` without a session.
    csrf_token: Option<String>,
    /// `null` without a session.
    #[schema(schema_with = schema::time_or_null)]
    expires_at: Option<Timestamp>,
    /// How the portal looks; `null` for anybody but who came by a portal link.
    portal: Option<PortalLook>,
}

/// How the tenant portal looks, by configuration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PortalLook {
    #[schema(schema_with = schema::portal_name_or_null)]
    name: Option<String>,
    #[schema(schema_with = schema::color_or_null)]
    primary_color: Option<String>,
    #[schema(schema_with = schema::image_url_or_null)]
    logo_url: Option<String>,
}

impl Session {
    fn of(
        state: &State,
        who: &SignedIn,
        csrf_token: Option<String>,
        expires_at: Option<Timestamp>,
    ) -> Self {
        let portal = matches!(who.actor, Actor::PortalLink(_)).then(|| {
            let Portal { name, primary_color, logo_url, .. } = state.settings.portal.clone();
            PortalLook { name, primary_color, logo_url: logo_url.map(String::from) }
        });
        let scopes = who
            .scopes
            .as_ref()
            .map_or(vec![Scope::All], |scopes: &Scopes| scopes.as_slice().to_vec());
        Self {
            actor: who.actor.kind(),
            tenant_id: who.tenant,
            scopes,
            csrf_token,
            expires_at,
            portal,
        }
    }
}

/// What of a session the audit log has: whose it is.
fn act(action: Action, who: &SignedIn) -> Act {
    let id = who.actor.id_text().unwrap_or_else(|| Actor::Operator.kind().to_owned());
    match who.tenant {
        Some(tenant) => Act::new(action, tenant, id),
        None => Act::of_operator(action, id),
    }
}

fn is_secure(state: &State) -> bool {
    state.settings.public_url.starts_with("https://")
}

/// Opens a session with a key.
pub(crate) async fn post(
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(BODY_BYTES).await?;
    let input = parse_value::<SessionInput>(Value::Object(fields(&bytes)?))?;
    let attempt = state.sign_in_limits.begin(request.peer_addr().map(|peer| peer.ip()))?;
    let (who, credential) = SignedIn::by_key(&request, &state, &input.key).await?;
    attempt.succeeded();
    let engine = &state.engine;
    let made = NewCredential::session(&mut engine.rng());
    let (token, now) = (Token::new(&made), engine.clock.now());
    let expires_at = now + LASTS;
    let row = ActiveModel {
        hash: Set(token.hash().to_vec()),
        kind: Set(session::kind_of(credential)),
        credential: Set(credential.hash().to_vec()),
        created_at: Set(now),
        expires_at: Set(expires_at),
    };
    change::commit(&state, &who.by(&request), async |db| {
        store::session::insert(db, row).await?;
        Ok((act(Action::SessionOpened, &who), ()))
    })
    .await?;
    let answer = Session::of(&state, &who, Some(token.csrf_token()), Some(expires_at));
    let cookie = (SET_COOKIE, token.cookie(is_secure(&state)));
    Ok(HttpResponse::Created().insert_header(cookie).json(answer))
}

/// Tells who is signed in, or whose key it is.
pub(crate) async fn get(
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (who, session) = SignedIn::of(&request, &state).await?;
    let csrf_token = session.and_then(|_| Token::of(request.headers())).map(|one| one.csrf_token());
    let expires_at = session.map(|one| one.expires_at);
    Ok(HttpResponse::Ok().json(Session::of(&state, &who, csrf_token, expires_at)))
}

/// Ends the session.
pub(crate) async fn delete(
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (who, session) = SignedIn::of(&request, &state).await?;
    let Some(token) = session.and_then(|_| Token::of(request.headers())) else {
        return Err(Problem::not_found("session: a key has none"));
    };
    let hash = token.hash();
    change::commit(&state, &who.by(&request), async |db| {
        if !store::session::end(db, &hash).await? {
            return Err(Problem::not_found("session"));
        }
        Ok((act(Action::SessionClosed, &who), ()))
    })
    .await?;
    state.keyring.forget();
    let cookie = (SET_COOKIE, session::no_cookie(is_secure(&state)));
    Ok(HttpResponse::NoContent().insert_header(cookie).finish())
}
