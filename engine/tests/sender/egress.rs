//! The guard on what is dialled.

use std::sync::Arc;

use domain::address::{EgressPolicy, TenantEgress};
use domain::outcome::FailureReason;
use domain::subscription::TargetUrl;
use engine::sender::Sender;

use crate::receiver::Receiver;
use crate::{AMPLE, failure, request, sender};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn strict() -> Sender {
    let policy = EgressPolicy { https_required: false, ..EgressPolicy::default() };
    Sender::new(policy, "Posthaste/test".to_owned()).expect("plain settings")
}

fn loopback_for_one_tenant() -> Option<Arc<TenantEgress>> {
    let allow = vec!["127.0.0.0/8".parse().expect("a net"), "::1/128".parse().expect("a net")];
    Some(Arc::new(TenantEgress { allow, deny: Vec::new() }))
}

#[tokio::test]
async fn literal_addresses_are_checked_for_every_attempt() {
    let receiver = Receiver::answering(OK).await;
    let sender = strict();
    let urls =
        [receiver.url(), "http://[::ffff:127.0.0.1]:8080/".into(), "http://10.0.0.1/".into()];
    for url in urls {
        let outcome = sender.send(request(&url, AMPLE)).await;
        failure(&outcome, FailureReason::BlockedAddress);
        assert_eq!(outcome.remote_ip, None);
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn no_way_of_writing_an_inner_address_is_dialled() {
    let sender = strict();
    let corpus = include_str!("../../../domain/tests/corpus/egress.txt").lines();
    let mut tried = 0;
    // What is not refused as a url already: as if it had been saved when the rules were others.
    for rest in
        corpus.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.contains('\\'))
    {
        let Ok(url) = TargetUrl::parse(&format!("http://{rest}"), false) else { continue };
        tried += 1;
        let outcome = sender.send(request(url.as_url().as_str(), AMPLE)).await;
        let reason = outcome.failure_reason();
        // A name of the machine that it has no entry for does not resolve.
        let is_refused = matches!(reason, Some(FailureReason::BlockedAddress | FailureReason::Dns));
        assert!(is_refused && outcome.remote_ip.is_none(), "{url:?}: {reason:?}");
    }
    assert!(tried >= 80, "{tried} were tried");
}

#[tokio::test]
async fn a_name_that_resolves_to_a_refused_address_is_not_dialled() {
    let receiver = Receiver::answering(OK).await;
    let outcome = strict().send(request(&receiver.url_by_name("http"), AMPLE)).await;
    let failure = failure(&outcome, FailureReason::BlockedAddress);
    assert!(!failure.error.contains("127.0.0.1"), "inner addresses stay unsaid: {}", failure.error);
    assert_eq!(outcome.remote_ip, None);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn plain_http_is_refused_where_https_is_required() {
    let receiver = Receiver::answering(OK).await;
    let policy = EgressPolicy { https_required: true, ..EgressPolicy::default().for_development() };
    let sender = Sender::new(policy, "Posthaste/test".to_owned()).expect("plain settings");
    let outcome = sender.send(request(&receiver.url(), AMPLE)).await;
    failure(&outcome, FailureReason::BlockedAddress);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_port_that_is_not_open_is_not_dialled() {
    let receiver = Receiver::answering(OK).await;
    let open = EgressPolicy::default().for_development();
    let others = EgressPolicy { ports: vec![443..=443], ..open };
    let picky = Sender::new(others, "Posthaste/test".to_owned()).expect("plain settings");
    for url in [receiver.url(), receiver.url_by_name("http")] {
        let outcome = picky.send(request(&url, AMPLE)).await;
        let failure = failure(&outcome, FailureReason::BlockedAddress);
        assert!(failure.error.contains("port"), "{}", failure.error);
    }
    let outcome = sender().send(request("http://localhost:6000/", AMPLE)).await;
    failure(&outcome, FailureReason::BlockedAddress);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn one_tenants_connections_do_not_serve_another() {
    let receiver = Receiver::answering(OK).await;
    let sender = strict();
    let url = receiver.url_by_name("http");
    let mut allowed = request(&url, AMPLE);
    allowed.egress = loopback_for_one_tenant();
    assert_eq!(sender.send(allowed.clone()).await.failure_reason(), None);
    let outcome = sender.send(request(&url, AMPLE)).await;
    failure(&outcome, FailureReason::BlockedAddress);
    assert_eq!(sender.send(allowed).await.failure_reason(), None);
    assert_eq!(receiver.connections(), 1, "the tenant's own connection is kept");
}

#[tokio::test]
async fn a_tenants_deny_list_closes_what_is_open() {
    let receiver = Receiver::answering(OK).await;
    let mut denied = request(&receiver.url(), AMPLE);
    let deny = vec!["127.0.0.1/32".parse().expect("a net")];
    denied.egress = Some(Arc::new(TenantEgress { allow: Vec::new(), deny }));
    failure(&sender().send(denied).await, FailureReason::BlockedAddress);
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn a_sender_can_be_made_before_the_runtime_and_needs_a_valid_user_agent() {
    let policy = EgressPolicy::default();
    assert!(Sender::new(policy.clone(), "Posthaste/test".to_owned()).is_ok());
    assert!(Sender::new(policy, "line\nbreak".to_owned()).is_err());
}
