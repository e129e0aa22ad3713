//! What every request passes: it gets an id, is carried through once it has begun, and whatever
//! refuses it is written as a problem. It is counted when it is answered.

use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};

use crate::State;
use crate::problem::{Code, Problem};
use crate::request_metrics::{PathNumber, RequestMetrics};

/// Names the request in answers and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, for what is noted of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(pub uuid::Uuid);

/// Gives the request its id, carries it through, writes the problem that came of it, and counts it.
pub(crate) async fn finish<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = uuid::Uuid::now_v7();
    request.extensions_mut().insert(RequestId(id));
    let id = id.simple().to_string();
    let (begun, method) = (Instant::now(), request.method().clone());
    let metrics = request.app_data::<web::Data<RequestMetrics>>().cloned();
    let count = |path: Option<PathNumber>, status| {
        if let Some(metrics) = &metrics {
            metrics.answered(path, &method, status, begun.elapsed());
        }
    };
    let response = carried_through(request, next).await.inspect_err(|error| {
        count(None, error.as_response_error().status_code());
    })?;
    let mut response = match problem_of(&response, &id) {
        Some(problem) => response.into_response(problem).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    count(response.request().app_data::<PathNumber>().copied(), response.status());
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(response)
}

/// A client that goes away ends its own waiting only: what it asked for is done to the end, so that
/// what follows a commit (the queue is told, a cache forgets) is not cut off from it. A panic ends in
/// an answer, too.
async fn carried_through<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method().is_safe() {
        return next.call(request).await;
    }
    let work = actix_web::rt::spawn(async move { next.call(request).await });
    work.await.unwrap_or_else(|error| {
        let error = engine::Error::internal("a request's work ended early", error);
        Err(Problem::from(error).into())
    })
}

fn problem_of<B>(response: &ServiceResponse<B>, id: &str) -> Option<HttpResponse> {
    let error = response.response().error()?;
    let state = response.request().app_data::<web::Data<State>>();
    let public_url = state.map_or("", |state| state.settings.public_url.as_str());
    Some(match error.as_error::<Problem>() {
        Some(problem) => problem.respond(public_url, id),
        // Of actix itself.
        None => foreign(response.status()).respond(public_url, id),
    })
}

fn foreign(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "the body is too large"),
        StatusCode::NOT_FOUND => Problem::not_found("path"),
        status if status.is_client_error() => {
            Problem::new(Code::MalformedRequest, "the request cannot be read")
        }
        _ => Problem::new(Code::Internal, "the server failed"),
    }
}
