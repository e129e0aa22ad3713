//! What every request passes: it gets an id, and whatever refuses it is written as a problem.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::State;
use crate::problem::{Code, Problem};

/// Names the request in answers and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id, and writes the problem that came of it.
pub(crate) async fn finish(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let response = next.call(request).await?;
    let mut response = match problem_of(&response, &id) {
        Some(problem) => response.into_response(problem).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(response)
}

fn problem_of<B>(response: &ServiceResponse<B>, id: &str) -> Option<actix_web::HttpResponse> {
    let state = response.request().app_data::<web::Data<State>>();
    let public_url = state.map_or("", |state| state.settings.public_url.as_str());
    let error = response.response().error()?;
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
        status if status.is_client_error() => Problem::new(Code::MalformedRequest, "the request cannot be read"),
        _ => Problem::new(Code::Internal, "the server failed"),
    }
}
