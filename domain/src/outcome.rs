//! What came of one attempt: the receiver's answer, or why there was none.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why an attempt, or a delivery, failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "i16", db_type = "SmallInteger")
)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// No complete headers in time.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 1))]
    Timeout,
    /// The name did not resolve.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 2))]
    Dns,
    /// No connection.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 3))]
    Connect,
    /// The TLS handshake failed.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 4))]
    Tls,
    /// The address is not one that may be dialled.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 5))]
    BlockedAddress,
    /// A status that is no success.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 6))]
    HttpStatus,
    /// `410`: the receiver wants no more.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 7))]
    Gone,
    /// Anything wrong after the connection was made.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 8))]
    Protocol,
    /// Response headers beyond the bound.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 9))]
    ResponseTooLarge,
    /// The subscription was disabled while the delivery waited.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 10))]
    SubscriptionDisabled,
    /// Held for the whole retention.
    #[cfg_attr(feature = "columns", sea_orm(num_value = 11))]
    Expired,
}

impl FailureReason {
    /// All of them, in an order that does not change: figures are kept by it.
    pub const ALL: [Self; 11] = [
        Self::Timeout,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::BlockedAddress,
        Self::HttpStatus,
        Self::Gone,
        Self::Protocol,
        Self::ResponseTooLarge,
        Self::SubscriptionDisabled,
        Self::Expired,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::BlockedAddress => "blocked_address",
            Self::HttpStatus => "http_status",
            Self::Gone => "gone",
            Self::Protocol => "protocol",
            Self::ResponseTooLarge => "response_too_large",
            Self::SubscriptionDisabled => "subscription_disabled",
            Self::Expired => "expired",
        }
    }
}

/// How long each part of an exchange took. What did not happen (a kept-alive connection needs no
/// name, connection or handshake) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    pub dns: Option<Duration>,
    pub connect: Option<Duration>,
    pub tls: Option<Duration>,
    /// From sending the request to the response's headers.
    pub first_byte: Option<Duration>,
    /// The whole exchange.
    pub total: Duration,
}

/// A receiver's answer: its headers came in complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Without `Set-Cookie`; values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The first [`crate::limits::RESPONSE_KEPT_BYTES`].
    pub body: Vec<u8>,
    /// Whether there was more than is kept.
    pub truncated: bool,
    /// `retry-after`, when there was one.
    pub retry_after: Option<Vec<u8>>,
}

/// What came of an attempt. A receiver that answers 500 is data, not an error of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub result: Result<Response, Failure>,
    pub timing: Timing,
    /// The address that was connected to.
    pub remote_ip: Option<IpAddr>,
    /// `HTTP/1.1` or `HTTP/2`, once known.
    pub http_version: Option<HttpVersion>,
    /// What the answer means, where it says more than its status.
    pub meaning: Option<Meaning>,
}

/// What an answer that is no success means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// For people: what is wrong, and what mends it.
    pub text: String,
    /// Whether the receiver will never be back, as `410` says it.
    pub is_gone: bool,
}

/// An exchange without a complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub reason: FailureReason,
    /// For people: what happened, at most [`crate::limits::ERROR_CHARS`] characters.
    pub error: String,
}

/// Version of HTTP spoken with the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "i16", db_type = "SmallInteger")
)]
pub enum HttpVersion {
    #[cfg_attr(feature = "columns", sea_orm(num_value = 10))]
    Http10,
    #[cfg_attr(feature = "columns", sea_orm(num_value = 11))]
    Http11,
    #[cfg_attr(feature = "columns", sea_orm(num_value = 20))]
    Http2,
}

impl HttpVersion {
    /// The name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

impl Outcome {
    /// The status code, once the headers are in.
    pub fn status(&self) -> Option<u16> {
        self.result.as_ref().ok().map(|response| response.status)
    }

    /// Why it failed; `None` for a success (2xx).
    pub fn failure_reason(&self) -> Option<FailureReason> {
        match &self.result {
            Ok(response) => match response.status {
                200..=299 => None,
                410 => Some(FailureReason::Gone),
                _ if self.is_gone() => Some(FailureReason::Gone),
                _ => Some(FailureReason::HttpStatus),
            },
            Err(failure) => Some(failure.reason),
        }
    }

    fn is_gone(&self) -> bool {
        self.meaning.as_ref().is_some_and(|meaning| meaning.is_gone)
    }

    /// For people: what is wrong, where more is known than a status.
    pub fn error(&self) -> Option<&str> {
        match &self.result {
            Err(failure) => Some(&failure.error),
            Ok(_) => self.meaning.as_ref().map(|meaning| meaning.text.as_str()),
        }
    }
}
