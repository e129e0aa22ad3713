//! Names what went wrong in an exchange without an answer.
//!
//! The texts are for people and end up in lists and logs: they are bounded, and the url is never in
//! them, since its query may be a credential.

use std::error::Error;
use std::time::Duration;

use domain::address::Blocked;
use domain::limits;
use domain::outcome::{Failure, FailureReason, Outcome, Timing};
use domain::subscription::TargetUrl;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::StatusCode;
use tokio::time::Instant;

use super::answer;
use super::guard::{Refused, Unresolved};
use super::timing::Probe;

/// An attempt that the guard stopped before anything was dialled.
pub(super) fn blocked(blocked: Blocked, total: Duration) -> Outcome {
    let error = format!("not dialled: {blocked}");
    Outcome {
        meaning: None,
        result: Err(Failure { reason: FailureReason::BlockedAddress, error }),
        timing: Timing { total, ..Timing::default() },
        remote_ip: None,
        http_version: None,
    }
}

/// An attempt that ended in an error of the client.
pub(super) fn failed(error: &reqwest::Error, started: Instant, probe: &Probe) -> Outcome {
    let failure = classify(error, probe);
    let connection = connection_of(error);
    let used_another = connection
        .as_ref()
        .is_some_and(|connection| probe.established(connection.local_addr()).is_none());
    let timing = if used_another { Timing::default() } else { probe.timing() };
    let remote_ip = match (failure.reason, connection) {
        (FailureReason::BlockedAddress | FailureReason::Dns, _) => None,
        (_, Some(connection)) if probe.proxied_url().is_none() => {
            Some(connection.remote_addr().ip())
        }
        _ => probe.remote_ip(),
    };
    Outcome {
        meaning: None,
        result: Err(failure),
        timing: Timing { total: started.elapsed(), ..timing },
        remote_ip,
        http_version: None,
    }
}

/// Whether the answer is the forward proxy's own, which wants credentials: to a request for an http
/// url, since within a tunnel only the receiver answers.
pub(super) fn is_proxys_refusal(response: &reqwest::Response, probe: &Probe) -> bool {
    let is_plain = |url: &TargetUrl| url.as_url().scheme() == "http";
    response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        && probe.proxied_url().is_some_and(is_plain)
}

/// An attempt that the forward proxy did not let pass, for want of credentials.
pub(super) fn refused_by_proxy(started: Instant, probe: &Probe) -> Outcome {
    let failure = Failure { reason: FailureReason::Connect, error: PROXY_CREDENTIALS.to_owned() };
    Outcome {
        meaning: None,
        result: Err(failure),
        timing: Timing { total: started.elapsed(), ..probe.timing() },
        remote_ip: None,
        http_version: None,
    }
}

const PROXY_CREDENTIALS: &str = "the egress proxy refused the credentials that it was given (407)";

/// What a forward proxy did not do. The type of its errors is not public; their texts are these.
fn proxy_failure(error: &reqwest::Error, cause: &str) -> String {
    let tunnel = causes(error)
        .map(ToString::to_string)
        .find_map(|text| text.strip_prefix("tunnel error: ").map(str::to_owned));
    match tunnel.as_deref() {
        Some("proxy authorization required") => PROXY_CREDENTIALS.to_owned(),
        Some("unsuccessful") => "the egress proxy did not connect to the receiver".to_owned(),
        Some("unexpected end of file") => {
            "the egress proxy closed the connection instead of connecting to the receiver"
                .to_owned()
        }
        _ if error.is_dns() => format!("the egress proxy's name could not be resolved: {cause}"),
        _ => format!("could not connect to the egress proxy: {cause}"),
    }
}

fn classify(error: &reqwest::Error, probe: &Probe) -> Failure {
    let is_proxied = probe.proxied_url().is_some();
    let cause = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let alert = causes(error)
        .any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::AlertReceived(_))));
    let connecting = error.is_connect();
    // What reqwest itself resolves behind a proxy is the proxy's name.
    let unresolved = match is_proxied {
        true => !error.is_dns() && causes(error).any(|cause| cause.is::<Unresolved>()),
        false => error.is_dns(),
    };
    let (reason, text) =
        if let Some(refused) = causes(error).find_map(|cause| cause.downcast_ref::<Refused>()) {
            (FailureReason::BlockedAddress, format!("not dialled: {refused}"))
        } else if unresolved {
            (FailureReason::Dns, format!("the name could not be resolved: {cause}"))
        } else if (connecting
            && (probe.stopped_in_tls() || causes(error).any(|cause| cause.is::<rustls::Error>())))
            || alert
        {
            (FailureReason::Tls, format!("the TLS handshake failed: {cause}"))
        } else if connecting && is_proxied {
            (FailureReason::Connect, proxy_failure(error, &cause))
        } else if connecting || error.is_builder() {
            (FailureReason::Connect, format!("could not connect: {cause}"))
        } else {
            match causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>()) {
                Some(http) if http.is_parse_too_large() => return answer::too_large(),
                Some(http) if http.is_incomplete_message() => (
                    FailureReason::Protocol,
                    "the connection was closed before a complete answer".to_owned(),
                ),
                _ => (FailureReason::Protocol, format!("no valid answer: {cause}")),
            }
        };
    Failure { reason, error: text.chars().take(limits::ERROR_CHARS).collect() }
}

/// The connection that the error happened on, when it got that far.
fn connection_of(error: &reqwest::Error) -> Option<HttpInfo> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<legacy::Error>())?;
    let mut extras = hyper::http::Extensions::new();
    error.connect_info()?.get_extras(&mut extras);
    extras.get::<HttpInfo>().cloned()
}

/// What is behind the error, outermost first. The error itself is left out: its text may name the
/// url. `io::Error` hides what it wraps from `source`, so it is asked directly.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| inside(*cause))
}

fn inside<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => cause.source(),
    }
}
