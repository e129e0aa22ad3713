//! The sender against receivers that behave, misbehave and lie, over real sockets.

mod answers;
mod client_certificates;
mod connections;
mod egress;
mod failures;
mod proxies;
mod receiver;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::address::EgressPolicy;
use domain::outcome::{Failure, FailureReason, Outcome, Response};
use domain::subscription::TargetUrl;
use engine::sender::{Request, Sender};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

/// Far beyond what any exchange here takes: who waits for it has hung.
const AMPLE: Duration = Duration::from_secs(30);

fn sender() -> Sender {
    let policy = EgressPolicy::default().for_development();
    Sender::new(policy, "Posthaste/test".to_owned()).expect("plain settings")
}

fn request(url: &str, timeout: Duration) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
    Request {
        url: Arc::new(TargetUrl::parse(url, false).expect("a url")),
        headers,
        body: Bytes::from_static(b"{\"id\":\"evt_1\"}"),
        timeout,
        egress: None,
        identity: None,
    }
}

async fn send(url: &str) -> Outcome {
    sender().send(request(url, AMPLE)).await
}

fn answer(outcome: &Outcome) -> &Response {
    outcome.result.as_ref().unwrap_or_else(|failure| panic!("an answer, not {failure:?}"))
}

fn failure(outcome: &Outcome, reason: FailureReason) -> &Failure {
    match &outcome.result {
        Err(failure) if failure.reason == reason => failure,
        other => panic!("{reason:?}, not {other:?}"),
    }
}
