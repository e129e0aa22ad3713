//! `Idempotency-Key` on every `POST`: the work, the answer and the key's row are one commit.
//!
//! [`Once::begin`] gives the first answer again if there is one. Otherwise [`Once::commit`] runs the
//! work in a transaction and keeps its answer in the same; when another request with the same key
//! was faster, its answer is given and our work is rolled back. A request without the header takes
//! the same path and keeps nothing.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse};
use domain::ids::TenantId;
use domain::limits;
use engine::audit::{Act, By};
use engine::database::Transaction;
use engine::idempotency::{Answer, Claim, Kept};
use serde::Serialize;

use crate::State;
use crate::problem::{Code, Problem};

const HEADER: &str = "idempotency-key";

/// A request that is to be done once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Once {
    pub claim: Option<Claim>,
}

/// Whether a request is new.
#[derive(Debug)]
pub(crate) enum Begun {
    New(Once),
    /// It was answered before, with this.
    Answered(HttpResponse),
}

/// What a request's work came to.
#[derive(Debug)]
pub(crate) struct Done<T> {
    pub response: HttpResponse,
    /// What is to be told to others after the commit; `None` when the work was another request's.
    pub effect: Option<T>,
}

impl Once {
    /// Looks for the answer that was given before. `tenant` is `None` on the operator's own routes.
    pub(crate) async fn begin(
        state: &State,
        request: &HttpRequest,
        tenant: Option<TenantId>,
        body: &[u8],
    ) -> Result<Begun, Problem> {
        let Some(key) = key_of(request)? else {
            return Ok(Begun::New(Self { claim: None }));
        };
        let claim = Claim::new(tenant, request.method().as_str(), request.path(), key, body);
        let once = Self { claim: Some(claim) };
        Ok(once.answered(state).await?.map_or(Begun::New(once), Begun::Answered))
    }

    /// Does the work within a transaction, notes it in the audit log and keeps its answer there.
    pub(crate) async fn commit<B: Serialize, T>(
        self,
        state: &State,
        by: &By,
        status: StatusCode,
        work: impl AsyncFnOnce(&Transaction) -> Result<(B, Act, T), Problem>,
    ) -> Result<Done<T>, Problem> {
        let transaction = state.engine.database.begin().await?;
        match work(&transaction).await {
            Ok((body, act, effect)) => {
                state.engine.note(&transaction, by, act).await?;
                self.finish(state, transaction, status, &body, effect).await
            }
            Err(problem) => {
                transaction.rollback().await?;
                // Losing a race shows as a conflict too: then the winner's answer is the answer.
                match self.answered(state).await? {
                    Some(response) => Ok(Done { response, effect: None }),
                    None => Err(problem),
                }
            }
        }
    }

    /// Keeps the answer of work that is already in `transaction`, and commits both.
    pub(crate) async fn finish<B: Serialize, T>(
        self,
        state: &State,
        transaction: Transaction,
        status: StatusCode,
        body: &B,
        effect: T,
    ) -> Result<Done<T>, Problem> {
        let answer = Answer { status: status.as_u16(), body: serde_json::to_vec(body)? };
        if let Some(claim) = &self.claim {
            let now = state.engine.clock.now();
            if !claim.keep(&transaction, &state.engine.sealer, &answer, now).await? {
                transaction.rollback().await?;
                return Ok(Done { response: self.answered_meanwhile(state).await?, effect: None });
            }
        }
        transaction.commit().await?;
        Ok(Done { response: respond(answer), effect: Some(effect) })
    }

    /// The answer of another request that had the claim first.
    pub(crate) async fn answered_meanwhile(&self, state: &State) -> Result<HttpResponse, Problem> {
        let under_way = || {
            Problem::new(Code::Conflict, "the same request is under way; try again").retry_after(1)
        };
        self.answered(state).await?.ok_or_else(under_way)
    }

    /// The answer kept under the claim.
    pub(crate) async fn answered(&self, state: &State) -> Result<Option<HttpResponse>, Problem> {
        let Some(claim) = &self.claim else {
            return Ok(None);
        };
        let engine = &state.engine;
        match claim.find(&engine.database.read, &engine.sealer, engine.clock.now()).await? {
            Kept::Nothing => Ok(None),
            Kept::Answer(answer) => Ok(Some(respond(answer))),
            Kept::OtherBody => {
                let detail = "this Idempotency-Key was used with another body; make a new key for a new request";
                Err(Problem::new(Code::IdempotencyKeyReused, detail))
            }
        }
    }
}

/// An answer as it goes out.
pub(crate) fn respond(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(answer.body)
}

/// The key, when the request has one.
fn key_of(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().ok().filter(|key| {
        limits::IDEMPOTENCY_KEY_CHARS.contains(&key.len())
            && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    });
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(Problem::parameter(
            "header Idempotency-Key",
            "must be there once, with 1 to 255 printable ASCII characters",
        )),
    }
}
