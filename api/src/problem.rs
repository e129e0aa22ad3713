//! Problems (RFC 9457): one table of codes, and how a failure becomes one of them.
//!
//! `docs/api-errors.md` shows the table; a test holds the two together.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, ALLOW};
use actix_web::{HttpResponse, ResponseError};
use domain::invalid::{Invalid, Violation};
use serde::Serialize;

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
    allow: Option<HeaderValue>,
    /// What failed inside, for the log only.
    source: Option<engine::Error>,
}

impl Problem {
    /// `detail` says what is wrong and what mends it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = matches!(code, Code::Unavailable | Code::RateLimited).then_some(1);
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after_s, allow: None, source: None }
    }

    /// No such `noun`, or not the caller's.
    pub fn not_found(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {noun}"))
    }

    /// A fault of the query string or of a header, named by `name`.
    pub fn parameter(name: &str, detail: impl fmt::Display) -> Self {
        Self::from(Invalid::one("", format!("{name} {detail}")))
    }

    /// The methods that the path takes.
    pub(crate) fn method_not_allowed(allow: HeaderValue) -> Self {
        let methods = allow.to_str().unwrap_or_default().to_owned();
        Self { allow: Some(allow), ..Self::new(Code::MethodNotAllowed, format!("this path takes {methods}")) }
    }

    /// The same, asking to be tried again after so many seconds.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
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
    pub(crate) fn document<'a>(&'a self, public_url: &str, request_id: Option<&'a str>) -> Document<'a> {
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
            let error = source as &dyn std::error::Error;
            match self.code {
                Code::Internal => tracing::error!(error, request.id = request_id, "request.failed"),
                _ => tracing::warn!(error, request.id = request_id, "request.refused"),
            }
        }
        let mut response = HttpResponse::build(self.code.status());
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((ALLOW, allow.clone()));
        }
        if self.code == Code::Unauthenticated {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        response.body(serde_json::to_vec(&self.document(public_url, Some(request_id))).unwrap_or_default())
    }
}

/// A problem as JSON.
#[derive(Debug, Serialize)]
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
                Self { source: Some(error), ..Self::new(Code::Unavailable, detail) }
            }
            engine::Error::Internal { .. } => {
                let detail = "the server failed; it has been logged under the request's id";
                Self { source: Some(error), ..Self::new(Code::Internal, detail) }
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
