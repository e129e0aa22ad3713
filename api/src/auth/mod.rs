//! Who calls. Each handler takes one of the callers here, so that it cannot forget to ask:
//! [`Operator`] for the operator's own routes, [`Caller`] for one tenant's things, [`Lister`] for
//! lists, which the operator may see across tenants. The type parameter is the scope that is needed.

mod credential;
mod keyring;
pub(crate) mod need;
pub(crate) mod session;

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use domain::audit::Actor;
use domain::ids::TenantId;
use domain::preferences::{Scope, Scopes};
use domain::tenant::RateLimit;
use engine::audit::By;
use engine::store::Whose;
use futures::future::LocalBoxFuture;

use crate::State;
use crate::middleware::RequestId;
use crate::problem::{Code, Problem};
use credential::Credential;
pub(crate) use credential::NewCredential;
pub(crate) use keyring::{Keyring, is_name};
use keyring::{Known, Named};
use need::Need;
use session::{Session, Token};

/// With which the operator names the tenant.
const TENANT_HEADER: &str = "posthaste-tenant";

/// The operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator;

impl Operator {
    /// Who the audit log says it was.
    pub(crate) fn by(self, request: &HttpRequest) -> By {
        by(Actor::Operator, request)
    }
}

/// A caller on behalf of one tenant, with the scope `N`.
#[derive(Debug, Clone)]
pub(crate) struct Caller<N> {
    pub tenant: TenantId,
    pub ingest_rate_limit: Option<RateLimit>,
    actor: Actor,
    /// `None` for the operator, who may do everything.
    scopes: Option<Scopes>,
    need: PhantomData<N>,
}

impl<N> Caller<N> {
    /// Who the audit log says it was.
    pub(crate) fn by(&self, request: &HttpRequest) -> By {
        by(self.actor, request)
    }

    /// Refuses a key without a scope that only this request needs.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        check(self.scopes.as_ref(), scope)
    }
}

/// A caller who lists things with the scope `N`: of one tenant, or the operator's of all.
#[derive(Debug, Clone)]
pub(crate) struct Lister<N> {
    pub whose: Whose,
    need: PhantomData<N>,
}

fn by(actor: Actor, request: &HttpRequest) -> By {
    let id = request.extensions().get::<RequestId>().copied();
    let request_id = id.map(|RequestId(id)| id.simple().to_string()).unwrap_or_default();
    By { actor, request_id: Some(request_id), source_ip: request.peer_addr().map(|peer| peer.ip()) }
}

/// Whoever has a valid key or portal link.
enum Identity {
    Operator,
    Tenant(Arc<Known>),
}

impl Identity {
    fn actor(&self) -> Actor {
        match self {
            Self::Operator => Actor::Operator,
            Self::Tenant(known) => known.granted.actor,
        }
    }
}

async fn identify(request: &HttpRequest, state: &State) -> Result<Identity, Problem> {
    let (credential, _) = shown(request, state).await?;
    of_credential(request, state, credential).await
}

/// What the request shows: a key, or a session in its place.
async fn shown(
    request: &HttpRequest,
    state: &State,
) -> Result<(Credential, Option<Session>), Problem> {
    let headers = request.headers();
    let token = Token::of(headers).filter(|_| !headers.contains_key(AUTHORIZATION));
    let Some(token) = token else {
        let Some(key) = credential::bearer(headers) else {
            let detail = "send a key as `Authorization: Bearer <key>`";
            return Err(Problem::new(Code::Unauthenticated, detail));
        };
        return Ok((Credential::of(key), None));
    };
    let Some(session) = state.keyring.session(&state.engine, token.hash()).await? else {
        let detail = "the session has ended; sign in again";
        return Err(Problem::new(Code::Unauthenticated, detail));
    };
    if !request.method().is_safe() && !token.has_csrf_token(headers) {
        let detail = "send the session's csrf_token in the header Posthaste-CSRF";
        return Err(Problem::new(Code::CsrfTokenMissing, detail));
    }
    Ok((session.credential, Some(session)))
}

async fn of_credential(
    request: &HttpRequest,
    state: &State,
    credential: Credential,
) -> Result<Identity, Problem> {
    if state.keyring.is_operator(&credential.hash(), state.engine.clock.now()) {
        return Ok(Identity::Operator);
    }
    let Some(known) = state.keyring.find(&state.engine, credential).await? else {
        return Err(Problem::new(Code::Unauthenticated, "the key is unknown, expired or revoked"));
    };
    check_use(request, &known)?;
    state.keyring.note_use(&state.engine, known.granted.actor);
    Ok(Identity::Tenant(known))
}

/// Who is signed in, or whose key it is.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub actor: Actor,
    pub tenant: Option<TenantId>,
    /// `None` for the operator, who may do everything.
    pub scopes: Option<Scopes>,
}

impl SignedIn {
    /// By what the request shows.
    pub(crate) async fn of(
        request: &HttpRequest,
        state: &State,
    ) -> Result<(Self, Option<Session>), Problem> {
        let (credential, session) = shown(request, state).await?;
        Ok((Self::new(&of_credential(request, state, credential).await?), session))
    }

    /// By a key that stands elsewhere than in the request's headers.
    pub(crate) async fn by_key(
        request: &HttpRequest,
        state: &State,
        key: &str,
    ) -> Result<(Self, Credential), Problem> {
        let credential = Credential::of(key.as_bytes());
        Ok((Self::new(&of_credential(request, state, credential).await?), credential))
    }

    fn new(identity: &Identity) -> Self {
        let (tenant, scopes) = match identity {
            Identity::Operator => (None, None),
            Identity::Tenant(known) => (Some(known.tenant.id), Some(known.granted.scopes.clone())),
        };
        Self { actor: identity.actor(), tenant, scopes }
    }

    /// Who the audit log says it was.
    pub(crate) fn by(&self, request: &HttpRequest) -> By {
        by(self.actor, request)
    }
}

fn check_use(request: &HttpRequest, known: &Known) -> Result<(), Problem> {
    if known.is_suspended {
        let detail = "the tenant is suspended; the operator can set its status to active";
        return Err(Problem::new(Code::TenantSuspended, detail));
    }
    let Some(cidrs) = &known.granted.source_cidrs else {
        return Ok(());
    };
    // The address of the connection: a forwarded one is anybody's word.
    match request.peer_addr() {
        Some(peer) if cidrs.contain(peer.ip()) => Ok(()),
        _ => Err(Problem::new(
            Code::AddressNotAllowed,
            "the key's source_cidrs do not hold this address",
        )),
    }
}

fn check(scopes: Option<&Scopes>, needed: Scope) -> Result<(), Problem> {
    match scopes {
        Some(scopes) if !scopes.allow(needed) => Err(Problem::new(
            Code::MissingScope,
            format!("this needs the scope {needed}, which the key lacks"),
        )),
        _ => Ok(()),
    }
}

/// The tenant that the request is about: the key's, or the one that the operator names.
async fn tenant_of(
    request: &HttpRequest,
    state: &State,
    identity: &Identity,
) -> Result<Option<Named>, Problem> {
    let name = tenant_header(request.headers())?;
    match (identity, name) {
        (Identity::Operator, None) => Ok(None),
        (Identity::Operator, Some(name)) => {
            match state.keyring.tenant(&state.engine, name).await? {
                Some(named) => Ok(Some(named)),
                None => Err(Problem::not_found("tenant")),
            }
        }
        (Identity::Tenant(known), None) => Ok(Some(known.tenant)),
        (Identity::Tenant(known), Some(name)) => {
            // An unknown name and another tenant's are answered alike: neither is to be found out.
            match state.keyring.tenant(&state.engine, name).await? {
                Some(named) if named.id == known.tenant.id => Ok(Some(known.tenant)),
                _ => Err(Problem::new(
                    Code::OtherTenant,
                    "Posthaste-Tenant may only name the key's own tenant",
                )),
            }
        }
    }
}

fn tenant_header(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(TENANT_HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Problem::parameter("header Posthaste-Tenant", "must be there once at most"));
    }
    // What is no text names no tenant.
    Ok(Some(value.to_str().unwrap_or_default()))
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match identify(&request, state(&request)?).await? {
                Identity::Operator => Ok(Self),
                Identity::Tenant(_) => {
                    Err(Problem::new(Code::OperatorOnly, "this route takes the operator key only"))
                }
            }
        })
    }
}

impl<N: Need> FromRequest for Lister<N> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (tenant, _, _) = authorise::<N>(&request).await?;
            Ok(Self {
                whose: tenant.map_or(Whose::AcrossTenants, |named| Whose::Tenant(named.id)),
                need: PhantomData,
            })
        })
    }
}

impl<N: Need> FromRequest for Caller<N> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (tenant, actor, scopes) = authorise::<N>(&request).await?;
            let Some(tenant) = tenant else {
                let detail = "the operator has to name the tenant in the header Posthaste-Tenant";
                return Err(Problem::new(Code::TenantRequired, detail));
            };
            let Named { id: tenant, ingest_rate_limit } = tenant;
            Ok(Self { tenant, ingest_rate_limit, actor, scopes, need: PhantomData })
        })
    }
}

async fn authorise<N: Need>(
    request: &HttpRequest,
) -> Result<(Option<Named>, Actor, Option<Scopes>), Problem> {
    let state = state(request)?;
    let identity = identify(request, state).await?;
    let tenant = tenant_of(request, state, &identity).await?;
    let SignedIn { actor, scopes, .. } = SignedIn::new(&identity);
    check(scopes.as_ref(), N::SCOPE)?;
    Ok((tenant, actor, scopes))
}

fn state(request: &HttpRequest) -> Result<&State, Problem> {
    let state = request.app_data::<web::Data<State>>();
    state
        .map(|state| state.get_ref())
        .ok_or_else(|| Problem::new(Code::Internal, "the server is not configured"))
}
