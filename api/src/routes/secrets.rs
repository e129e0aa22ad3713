//! The secret of a subscription: shown, and rotated with an overlap.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::invalid::{Checker, Invalid};
use domain::limits;
use domain::secret::Secret;
use engine::store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::subscriptions::{find, find_locked};
use crate::State;
use crate::auth::Caller;
use crate::auth::need::SubscriptionsWrite;
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

/// A secret in answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownSecret {
    secret: String,
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
    Ok(HttpResponse::Ok().json(ShownSecret { secret: secret.expose().to_owned() }))
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
    let secret = given.unwrap_or_else(|| Secret::generate(&mut engine.rng()));
    let done = once
        .commit(&state, StatusCode::OK, async |db| {
            let row = find_locked(db, caller.tenant, &request).await?;
            engine.rotate_secret(db, &row, &secret, overlap_s).await?;
            Ok((ShownSecret { secret: secret.expose().to_owned() }, row))
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
        let overlap_s = self.overlap_s.unwrap_or(limits::OVERLAP_S_DEFAULT);
        check.that(limits::OVERLAP_S.contains(&overlap_s), "/overlap_s", || {
            "must be between 0 and 604800 seconds".to_owned()
        });
        check.finish_with(|| Some((secret?, overlap_s)))
    }
}
