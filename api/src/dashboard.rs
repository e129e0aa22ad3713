//! Every path that no route claims: the dashboard, as it was built into the program.
//!
//! What `npm run build` has put into `dashboard/dist/site` is part of the binary. Where it was not run, a page says
//! how to build it; so `cargo build` works without Node.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, EntityTag, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Compress;
use actix_web::{Error, HttpRequest, HttpResponse, Resource, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::State;
use crate::problem::Problem;
use crate::state::Portal;

#[derive(RustEmbed)]
#[folder = "../dashboard/dist/site"]
#[allow_missing = true]
struct Built;

/// What is served while there is no dashboard in the program.
const NOT_BUILT: &str = include_str!("dashboard.html");

/// Where an unknown path is a mistake of a program, not a page of the dashboard.
const PROGRAMS: [&str; 3] = ["/api", "/in", "/bin"];
/// Files with a hash of what is in them in their names: they never change.
const HASHED: &str = "/assets";
/// The tenant portal: the same pages, which other sites may show inside their own.
const PORTAL: &str = "/portal";

/// Keeps what other sites' pages could learn from a window that they have opened.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// All paths that are left.
pub(crate) fn resource() -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    web::resource("{path:.*}").wrap(Compress::default()).default_service(web::to(otherwise))
}

/// The dashboard for people, `404` for programs.
async fn otherwise(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || PROGRAMS.into_iter().any(|program| is_under(path, program)) {
        return Err(Problem::not_found("path"));
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Built::get(name).filter(|_| name != INDEX) {
        return Ok(show(&request, file, is_under(path, HASHED)));
    }
    // Of another version of the dashboard: a page in its place would be taken for a script.
    if is_under(path, HASHED) {
        return Err(Problem::not_found("path"));
    }
    let mut response = match Built::get(INDEX) {
        Some(index) => show(&request, index, false),
        None => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(NOT_BUILT),
    };
    let policy = policy(is_under(path, PORTAL).then_some(&state.settings.portal));
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER_POLICY, "same-origin"),
    ] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

const INDEX: &str = "index.html";

fn is_under(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What pages may load and do (Content Security Policy Level 3): nothing of other hosts, and no script in the page.
/// The components set styles on elements, hence `'unsafe-inline'` for those.
fn policy(portal: Option<&Portal>) -> String {
    let logo = portal.and_then(|portal| portal.logo_url.as_ref());
    let logo = logo.map(|url| format!(" {}", url.origin().ascii_serialization()));
    let frames = portal.map(|portal| portal.frame_origins.join(" ")).unwrap_or_default();
    let frames = if frames.is_empty() { "'none'".to_owned() } else { frames };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'{}; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}",
        logo.unwrap_or_default()
    )
}

/// A file, or that it is as the browser has it.
fn show(request: &HttpRequest, file: EmbeddedFile, is_hashed: bool) -> HttpResponse {
    let tag = EntityTag::new_weak(URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()));
    let asked = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let tag = tag.to_string();
    let caching = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let is_known = asked.is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, tag))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if is_known {
        return response.finish();
    }
    // The names of scripts and styles tell their type, not that they are UTF-8.
    let kind = file.metadata.mimetype();
    let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
    response.content_type(format!("{kind}{charset}")).body(file.data.into_owned())
}
