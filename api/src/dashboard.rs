//! Every path that no route claims.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use crate::problem::Problem;

/// What is served while there is no dashboard in the program.
const PAGE: &str = include_str!("dashboard.html");

/// Where an unknown path is a mistake of a program, not a page of the dashboard.
const PROGRAMS: [&str; 3] = ["/api", "/in", "/bin"];

/// The dashboard for people, `404` for programs.
pub(crate) async fn otherwise(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    let under = |start: &str| {
        path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if request.method() != Method::GET || PROGRAMS.into_iter().any(under) {
        return Err(Problem::not_found("path"));
    }
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE))
}
