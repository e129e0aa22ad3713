//! What a receiver answered: the status decides, the body is read for people.

use domain::limits;
use domain::outcome::{Failure, FailureReason, HttpVersion, Outcome, Response, Timing};
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{HeaderMap, RETRY_AFTER, SET_COOKIE};
use tokio::time::{Instant, timeout_at};

use super::timing::Probe;

/// Takes what is kept of an answer whose headers are in. The body is read until `deadline` at the
/// latest; whatever is wrong with it changes nothing.
pub(super) async fn take(
    response: reqwest::Response,
    deadline: Instant,
    started: Instant,
    probe: &Probe,
) -> Outcome {
    let connection = response.extensions().get::<HttpInfo>().cloned();
    let timing = timing(connection.as_ref(), started, probe);
    let remote_ip = match probe.proxied_url() {
        None => connection.map(|info| info.remote_addr().ip()),
        Some(_) => probe.remote_ip(),
    };
    let http_version = version(response.version());
    let result = if header_bytes(response.headers()) > limits::RESPONSE_HEADER_BYTES {
        Err(too_large())
    } else {
        Ok(read(response, deadline).await)
    };
    let timing = Timing { total: started.elapsed(), ..timing };
    Outcome { result, timing, remote_ip, http_version, meaning: None }
}

/// Response headers beyond the bound.
pub(super) fn too_large() -> Failure {
    Failure {
        reason: FailureReason::ResponseTooLarge,
        error: "the response's headers are larger than 64 KiB or more than 1024".to_owned(),
    }
}

/// The times of the connection count only if it was made for this request.
fn timing(connection: Option<&HttpInfo>, started: Instant, probe: &Probe) -> Timing {
    let now = Instant::now();
    match connection.and_then(|info| probe.established(info.local_addr())) {
        Some(established) => {
            Timing { first_byte: Some(now.duration_since(established)), ..probe.timing() }
        }
        None => Timing { first_byte: Some(now.duration_since(started)), ..Timing::default() },
    }
}

/// Bytes of the headers as HTTP/1.1 would write them.
fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

async fn read(mut response: reqwest::Response, deadline: Instant) -> Response {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter(|(name, _)| **name != SET_COOKIE)
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    let retry_after = response.headers().get(RETRY_AFTER).map(|value| value.as_bytes().to_vec());
    let (body, truncated) = read_body(&mut response, deadline).await;
    Response { status, headers, body, truncated, retry_after }
}

/// The first bytes of the body, and whether there was more. A body that ends in time leaves its
/// connection fit for the next request; one that is cut off takes it down when `response` drops.
async fn read_body(response: &mut reqwest::Response, deadline: Instant) -> (Vec<u8>, bool) {
    let until = deadline.min(Instant::now() + limits::RESPONSE_READ_TIME);
    let mut kept = Vec::new();
    let mut read_bytes = 0;
    loop {
        match timeout_at(until, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                let room = limits::RESPONSE_KEPT_BYTES - kept.len();
                kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
                read_bytes += chunk.len();
                if read_bytes > limits::RESPONSE_READ_BYTES {
                    return (kept, true);
                }
            }
            Ok(Ok(None)) => {
                let truncated = read_bytes > kept.len();
                return (kept, truncated);
            }
            // Broken off or out of time: there was to be more.
            Ok(Err(_)) | Err(_) => return (kept, true),
        }
    }
}

fn version(version: reqwest::Version) -> Option<HttpVersion> {
    match version {
        reqwest::Version::HTTP_10 => Some(HttpVersion::Http10),
        reqwest::Version::HTTP_11 => Some(HttpVersion::Http11),
        reqwest::Version::HTTP_2 => Some(HttpVersion::Http2),
        _ => None,
    }
}
