//! Names what went wrong in an exchange without an answer.
//!
//! The texts are for people and end up in lists and logs: they are bounded, and the url is never in
//! them, since its query may be a credential.

use std::error::Error;
use std::time::Duration;

use domain::address::Blocked;
use domain::limits;
use domain::outcome::{Failure, FailureReason, Outcome, Timing};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use tokio::time::Instant;

use super::answer;
use super::guard::Refused;
use super::timing::Probe;

/// An attempt that the guard stopped before anything was dialled.
pub(super) fn blocked(blocked: Blocked, total: Duration) -> Outcome {
    let error = format!("not dialled: {blocked}");
    Outcome {
        result: Err(Failure { reason: FailureReason::BlockedAddress, error }),
        timing: Timing { total, ..Timing::default() },
        remote_ip: None,
        http_version: None,
    }
}

/// An attempt that ended in an error of the client.
pub(super) fn failed(error: &reqwest::Error, started: Instant, probe: &Probe) -> Outcome {
    let failure = classify(error, probe.stopped_in_tls());
    let connection = connection_of(error);
    let used_another = connection
        .as_ref()
        .is_some_and(|connection| probe.established(connection.local_addr()).is_none());
    let timing = if used_another { Timing::default() } else { probe.timing() };
    let remote_ip = match (failure.reason, connection) {
        (FailureReason::BlockedAddress | FailureReason::Dns, _) => None,
        (_, Some(connection)) => Some(connection.remote_addr().ip()),
        (_, None) => probe.remote_ip(),
    };
    Outcome {
        result: Err(failure),
        timing: Timing { total: started.elapsed(), ..timing },
        remote_ip,
        http_version: None,
    }
}

fn classify(error: &reqwest::Error, stopped_in_tls: bool) -> Failure {
    let cause = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let alert = causes(error)
        .any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::AlertReceived(_))));
    let connecting = error.is_connect();
    let (reason, text) =
        if let Some(refused) = causes(error).find_map(|cause| cause.downcast_ref::<Refused>()) {
            (FailureReason::BlockedAddress, format!("not dialled: {refused}"))
        } else if error.is_dns() {
            (FailureReason::Dns, format!("the name could not be resolved: {cause}"))
        } else if (connecting
            && (stopped_in_tls || causes(error).any(|cause| cause.is::<rustls::Error>())))
            || alert
        {
            (FailureReason::Tls, format!("the TLS handshake failed: {cause}"))
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
