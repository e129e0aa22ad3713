//! The secret of a subscription: shown, and rotated with an overlap.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::invalid::{Checker, Invalid};
use domain::preferences::Algorithm;
use domain::secret::{Secret, parse_overlap_s};
use engine::Engine;
use engine::audit::Act;
use engine::store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::subscriptions::{find, find_locked};
use crate::State;
use crate::auth::Caller;
use crate::auth::need::SubscriptionsWrite;
use crate::change;
use crate::extract::{Body, parse_or_empty};
use crate::once::{Begun, Once};
use crate::problem::Problem;
use crate::query::Query;

/// What `POST …/secret/rotate` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateInput {
    secret: Option<String>,
    overlap_s: Option<u32>,
}

/// What the receiver checks signatures with, in answers: the secret, or the public half of a key pair.
#[derive(Serialize, ToSchema)]
#[schema(as = Secret)]
pub(crate) struct ShownSecret {
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
}

impl From<&Secret> for ShownSecret {
    fn from(secret: &Secret) -> Self {
        match secret.public_key() {
            None => Self { secret: Some(secret.expose().to_owned()), public_key: None },
            public_key => Self { secret: None, public_key },
        }
    }
}

impl std::fmt::Debug for ShownSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownSecret(***)")
    }
}

/// A new secret for an algorithm: the one that the caller brings, if it is one that both sides hold.
pub(super) fn new_secret(
    algorithm: Algorithm,
    given: Option<Secret>,
    engine: &Engine,
) -> Result<Secret, Invalid> {
    match given {
        None => Ok(Secret::generate(algorithm, &mut engine.rng())),
        Some(secret) if secret.algorithm() == algorithm => Ok(secret),
        Some(_) => {
            Err(Invalid::one("/secret", "is made here for ed25519, and stays here; leave it out"))
        }
    }
}

/// Shows the secret that signs first.
pub(crate) async fn get(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let engine = &state.engine;
    let row = find(&engine.database.read, caller.tenant, &request).await?;
    let sealed = store::secret::newest(&engine.database.read, row.id).await?;
    let secret =
        store::secret::open(&engine.sealer, &sealed.ok_or_else(|| Problem::not_found("secret"))?)?;
    let act = Act::new(Action::SecretRead, caller.tenant, row.id);
    change::commit(&state, &caller.by(&request), async |_| Ok((act, ()))).await?;
    Ok(HttpResponse::Ok().json(ShownSecret::from(&secret)))
}

/// Gives the subscription a new secret; the old one goes on signing beside it for a while.
pub(crate) async fn rotate(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json_or_nothing().await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let engine = &state.engine;
    let (given, overlap_s) = parse_or_empty::<RotateInput>(&bytes)?.parse()?;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::OK, async |db| {
            let row = find_locked(db, caller.tenant, &request).await?;
            let secret = new_secret(row.signing.algorithm(), given, engine)?;
            engine.rotate_secret(db, &row, &secret, overlap_s).await?;
            let act = Act::new(Action::SecretRotated, caller.tenant, row.id);
            Ok((ShownSecret::from(&secret), act, row))
        })
        .await?;
    if let Some(row) = done.effect {
        engine.subscription_changed(&row).await;
    }
    Ok(done.response)
}

impl RotateInput {
    fn parse(self) -> Result<(Option<Secret>, u32), Invalid> {
        let mut check = Checker::default();
        let secret = check.take("/secret", self.secret.as_deref().map(Secret::parse).transpose());
        let overlap_s = check.take("", parse_overlap_s(self.overlap_s));
        check.finish_with(|| Some((secret?, overlap_s?)))
    }
}
