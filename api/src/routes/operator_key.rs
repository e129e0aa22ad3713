//! The operator's key, where Posthaste made it: another takes its place.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::invalid::Invalid;
use domain::secret::parse_overlap_s;
use engine::audit::Act;
use engine::operator_key;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::State;
use crate::auth::Operator;
use crate::extract::{Body, parse_or_empty};
use crate::once::{Begun, Once};
use crate::problem::{Code, Problem};

/// What `POST /operator-key/rotate` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorKeyInput {
    overlap_s: Option<u32>,
}

/// The new key, in the one answer that shows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperatorKey {
    secret: String,
}

impl std::fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorKey(***)")
    }
}

impl OperatorKeyInput {
    fn parse(self) -> Result<Duration, Invalid> {
        let overlap_s = parse_overlap_s(self.overlap_s)?;
        Ok(Duration::from_secs(overlap_s.into()))
    }
}

/// Makes a new key; the present one goes on beside it for a while.
pub(crate) async fn rotate(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json_or_nothing().await?;
    // A task of its own: whoever goes away meanwhile must not leave this process with other keys than are kept.
    let done = actix_web::rt::spawn(rotate_now(operator, state, request, bytes)).await;
    done.map_err(|error| engine::Error::internal("the rotation ended", error))?
}

async fn rotate_now(
    operator: Operator,
    state: web::Data<State>,
    request: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    // One after the other: two at once would both take the place of the same key.
    let _turn = state.keyring.rotation.lock().await;
    let once = match Once::begin(&state, &request, None, &bytes).await? {
        Begun::Answered(response) => {
            // Whoever asks again may not have seen how it ended, and neither may this process.
            take_over(&state).await?;
            return Ok(response);
        }
        Begun::New(once) => once,
    };
    let engine = &state.engine;
    let overlap = parse_or_empty::<OperatorKeyInput>(&bytes)?.parse()?;
    if !state.keyring.keeps_operator() {
        let detail = "the operator key is set by POSTHASTE_ADMIN_KEY: set another there, and the present one as POSTHASTE_ADMIN_KEY_ALSO until nobody uses it";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let done = once
        .commit(&state, &operator.by(&request), StatusCode::OK, async |db| {
            let (secret, now) = (operator_key::generate(&mut engine.rng()), engine.clock.now());
            let next = operator_key::hash(&secret);
            operator_key::rotate(db, next, now, now + overlap).await?;
            let act = Act::of_operator(Action::OperatorKeyRotated, "operator");
            Ok((OperatorKey { secret: secret.to_string() }, act, ()))
        })
        .await;
    // However it ended, what is committed counts.
    take_over(&state).await?;
    Ok(done?.response)
}

/// Lets the operator call with what is committed.
async fn take_over(state: &State) -> Result<(), Problem> {
    if let Some(keys) = operator_key::kept(&state.engine.database.read).await? {
        state.keyring.set_operator(keys);
    }
    Ok(())
}
