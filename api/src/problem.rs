//! Problems (RFC 9457): one table of codes, and how a failure becomes one of them.
//!
//! `docs/api-errors.md` shows the table; a test holds the two together.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use domain::invalid::{Invalid, Violation};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ingest_limit::Allowance;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident $code:literal $title:literal;)+) => {
        /// Why a request was refused, or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The name in `code`, and the end of `type`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The same for every problem of this code.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The request cannot be read as HTTP with JSON in it.
    MalformedRequest = BAD_REQUEST "malformed_request" "The request cannot be read";
    /// The body is no JSON.
    MalformedJson = BAD_REQUEST "malformed_json" "The body is not JSON";
    /// No key, or an unknown one.
    Unauthenticated = UNAUTHORIZED "unauthenticated" "A valid key is needed";
    /// The key lacks the scope.
    MissingScope = FORBIDDEN "missing_scope" "The key may not do this";
    /// The route is the operator's.
    OperatorOnly = FORBIDDEN "operator_only" "This is the operator's route";
    /// The key's tenant is suspended.
    TenantSuspended = FORBIDDEN "tenant_suspended" "The tenant is suspended";
    /// The key may not be used from this address.
    AddressNotAllowed = FORBIDDEN "address_not_allowed" "The key may not be used from here";
    /// What would change something does not show the session's token.
    CsrfTokenMissing = FORBIDDEN "csrf_token_missing" "The session's token is needed";
    /// `Posthaste-Tenant` names another tenant than the key's.
    OtherTenant = FORBIDDEN "other_tenant" "The key belongs to another tenant";
    /// No such path, or no such thing.
    NotFound = NOT_FOUND "not_found" "There is no such thing";
    /// The path is known, the method is not.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed" "The path does not take this method";
    /// The body did not come in time.
    RequestTimeout = REQUEST_TIMEOUT "request_timeout" "The body took too long";
    /// The state of things does not allow it.
    Conflict = CONFLICT "conflict" "The present state does not allow this";
    /// The key was used for another request.
    IdempotencyKeyReused = CONFLICT "idempotency_key_reused" "The idempotency key was used for another body";
    /// The body, or one event's data, has too many bytes.
    TooLarge = PAYLOAD_TOO_LARGE "too_large" "The request is too large";
    /// The body is not `application/json`.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body must be application/json";
    /// The request breaks the contract.
    Invalid = UNPROCESSABLE_ENTITY "invalid" "The request breaks the contract";
    /// The operator has to name a tenant.
    TenantRequired = UNPROCESSABLE_ENTITY "tenant_required" "A tenant must be named";
    /// The event matches more subscriptions than one event may.
    TooManyMatches = UNPROCESSABLE_ENTITY "too_many_matches" "The event matches too many subscriptions";
    /// The filters take too long on the event.
    FiltersTooCostly = UNPROCESSABLE_ENTITY "filters_too_costly" "The filters take too long on this event";
    /// Too many requests.
    RateLimited = TOO_MANY_REQUESTS "rate_limited" "Too many requests";
    /// A defect of ours.
    Internal = INTERNAL_SERVER_ERROR "internal" "Something went wrong here";
    /// Something that we depend on is away.
    Unavailable = SERVICE_UNAVAILABLE "unavailable" "Not available at the moment";
}

/// A refusal or failure on its way to the caller. [`crate::middleware`] writes it.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<Violation>,
    retry_after_s: Option<u32>,
    /// The methods that the path takes.
    allow: Option<Box<str>>,
    /// What is left of the tenant's limit.
    allowance: Option<Allowance>,
    /// What failed inside, for the log only.
    source: Option<Box<engine::Error>>,
}

impl Problem {
    /// `detail` says what is wrong and what mends it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = matches!(code, Code::Unavailable | Code::RateLimited).then_some(1);
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s,
            allow: None,
            allowance: None,
            source: None,
        }
    }

    /// No such `noun`, or not the caller's.
    pub fn not_found(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {noun}"))
    }

    /// A fault of the query string or of a header, named by `name`.
    pub fn parameter(name: &str, detail: impl fmt::Display) -> Self {
        Self::from(Invalid::one("", format!("{name}: {detail}")))
    }

    /// The methods that the path takes.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("this path takes {allow}");
        Self { allow: Some(allow.into()), ..Self::new(Code::MethodNotAllowed, detail) }
    }

    /// The same, asking to be tried again after so many seconds.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// The same, telling what is left of the tenant's limit.
    #[must_use]
    pub(crate) fn allowance(self, allowance: Allowance) -> Self {
        Self { allowance: Some(allowance), ..self }
    }

    /// The same faults, one level deeper: `prefix` goes before each pointer.
    #[must_use]
    pub(crate) fn under(mut self, prefix: &str) -> Self {
        self.errors = Invalid(self.errors).under(prefix).0;
        self
    }

    /// The same with further faults.
    #[must_use]
    pub(crate) fn with(mut self, further: Invalid) -> Self {
        self.errors.extend(further.0);
        Self::from(Invalid(self.errors))
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The body, as the caller gets it; `None` for the id inside a batch's item.
    pub(crate) fn document<'a>(
        &'a self,
        public_url: &str,
        request_id: Option<&'a str>,
    ) -> Document<'a> {
        Document {
            kind: format!("{public_url}/docs/problems/{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id,
            errors: &self.errors,
        }
    }

    /// The whole response. What failed inside is logged here, once.
    pub(crate) fn respond(&self, public_url: &str, request_id: &str) -> HttpResponse {
        if let Some(source) = &self.source {
            let error = source.as_ref() as &dyn std::error::Error;
            match self.code {
                Code::Internal => tracing::error!(error, request.id = request_id, "request.failed"),
                _ => tracing::warn!(error, request.id = request_id, "request.refused"),
            }
        }
        let mut response = HttpResponse::build(self.code.status());
        response
            .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((ALLOW, &**allow));
        }
        for field in self.allowance.iter().flat_map(Allowance::headers) {
            response.insert_header(field);
        }
        if self.code == Code::Unauthenticated {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        response.body(
            serde_json::to_vec(&self.document(public_url, Some(request_id))).unwrap_or_default(),
        )
    }
}

/// The page that `type` of every problem points to.
pub(crate) fn page() -> String {
    let row = |code: &Code| {
        format!(
            "<tr id=\"{0}\"><td>{1}<td><code>{0}</code><td>{2}\n",
            code.as_str(),
            code.status().as_u16(),
            code.title()
        )
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Problems</title><h1>Problems</h1>\n\
         <table><tr><th>status<th>code<th>title\n{rows}</table></html>\n"
    )
}

/// One fault of a request.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes `domain::invalid::Violation` in the OpenAPI document")]
pub(crate) struct Fault {
    /// JSON Pointer (RFC 6901) into the body; empty for the whole, a parameter or a header.
    pointer: String,
    /// What is wrong, and what mends it.
    detail: String,
}

/// A problem as JSON.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Fault>)]
    errors: &'a [Violation],
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// Only the status: the middleware knows the request's id and writes the rest.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.code.status())
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let detail = match invalid.0.as_slice() {
            [one] if one.pointer.is_empty() => one.detail.clone(),
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields break the contract; see errors", many.len()),
        };
        Self { errors: invalid.0, ..Self::new(Code::Invalid, detail) }
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::NotFound(noun) => Self::not_found(noun),
            engine::Error::Conflict(detail) => Self::new(Code::Conflict, detail),
            engine::Error::Invalid(invalid) => invalid.into(),
            engine::Error::Unavailable { what, .. } => {
                let detail = format!("{what} is not available; try again");
                Self { source: Some(Box::new(error)), ..Self::new(Code::Unavailable, detail) }
            }
            engine::Error::Internal { .. } => {
                let detail = "the server failed; it has been logged under the request's id";
                Self { source: Some(Box::new(error)), ..Self::new(Code::Internal, detail) }
            }
        }
    }
}

impl From<sea_orm::DbErr> for Problem {
    fn from(error: sea_orm::DbErr) -> Self {
        engine::Error::from(error).into()
    }
}

impl From<serde_json::Error> for Problem {
    /// For answers that cannot be written as JSON: a defect of ours.
    fn from(error: serde_json::Error) -> Self {
        engine::Error::internal("an answer cannot be written", error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_docs_is_this_one() {
        let docs = include_str!("../../docs/api-errors.md");
        let documented: Vec<&str> = docs
            .lines()
            .filter(|line| line.starts_with("| ") && !line.contains("---"))
            .skip(1)
            .collect();
        let row = |code: &Code| {
            format!("| {} | `{}` | {} |", code.status().as_u16(), code.as_str(), code.title())
        };
        assert_eq!(documented, Code::ALL.iter().map(row).collect::<Vec<_>>());
    }

    #[test]
    fn a_single_fault_is_told_in_the_detail() {
        let problem = Problem::from(Invalid::one("/url", "must name a host"));
        assert_eq!(problem.detail, "/url: must name a host");
        let problem = problem.with(Invalid::one("/secret", "must be a string")).under("/events/3");
        let pointers: Vec<&str> =
            problem.errors.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/events/3/url", "/events/3/secret"]);
    }

    #[test]
    fn what_failed_inside_is_not_told() {
        let source = std::io::Error::other("password=hunter2");
        let problem = Problem::from(engine::Error::internal("reading the secret", source));
        let told = serde_json::to_string(&problem.document("", Some("1"))).expect("JSON");
        assert!(!told.contains("hunter2") && !told.contains("reading"), "{told}");
        assert_eq!(problem.code(), Code::Internal);
    }
}
