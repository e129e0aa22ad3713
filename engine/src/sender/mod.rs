//! The one HTTP client that dials tenants' urls.
//!
//! A receiver is a stranger: it may lie, stall, stream for ever or point into our own network. So
//! there is one place that speaks to it, and it holds every bound: the address guard ([`guard`]),
//! the whole exchange's timeout, the size of headers and body. It follows no redirect, uses no proxy
//! but the one that it is given ([`proxy`]), repeats nothing by itself and unpacks no compressed body.
//!
//! [`pools`] keeps connections and gives each up before its address check is too old, [`timing`]
//! takes the times of a connection being made, [`tls`] decides whom to trust, [`identity`] is what a
//! receiver is shown that asks for a certificate, [`answer`] reads what came back, [`classify`] names
//! what went wrong.

mod answer;
mod classify;
mod guard;
mod identity;
mod pools;
mod proxy;
mod timing;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::address::{EgressPolicy, TenantEgress};
use domain::outcome::{Failure, FailureReason, Outcome, Timing};
use domain::subscription::TargetUrl;
use reqwest::Method;
use reqwest::header::HeaderMap;
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};

pub use self::identity::ClientIdentity;
use self::pools::Pools;
pub use self::proxy::{ForwardProxy, NoProxyAddress};
use self::timing::Probe;
pub use self::tls::install_crypto;

/// One attempt, ready to go out.
#[derive(Debug, Clone)]
pub struct Request {
    pub url: Arc<TargetUrl>,
    /// All headers but `host`, `user-agent` and `content-length`.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For the whole exchange.
    pub timeout: Duration,
    /// The tenant's own lists, beside the deployment's.
    pub egress: Option<Arc<TenantEgress>>,
    /// What a receiver is shown that asks for a certificate.
    pub identity: Option<Arc<ClientIdentity>>,
}

/// What a deployment or a test may set differently.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a kept-alive connection counts as checked.
    pub checked_for: Duration,
    /// Certificates that are trusted beside the system's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// What all requests go through.
    pub proxy: Option<ForwardProxy>,
}

impl Default for Options {
    /// Ten seconds short of the sixty promised: a request may wait a while for the connection that
    /// it then uses.
    fn default() -> Self {
        Self { checked_for: Duration::from_secs(50), extra_roots: Vec::new(), proxy: None }
    }
}

/// Why there can be no sender.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The HTTP client or its TLS settings could not be made.
    #[error("the HTTP client for deliveries could not be set up")]
    Client(#[source] reqwest::Error),
    /// No TLS version or certificate could be set up.
    #[error("TLS for deliveries could not be set up")]
    Tls(#[source] rustls::Error),
}

/// Makes requests to receivers. Clones share their connections.
#[derive(Clone)]
pub struct Sender {
    pools: Arc<Pools>,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    /// A sender that holds every request to `policy`.
    ///
    /// A machine without CA certificates gets one all the same: each https request then fails with
    /// that reason (`tls`).
    ///
    /// # Errors
    /// When the user agent is no header value or TLS cannot be set up.
    pub fn new(policy: EgressPolicy, user_agent: String) -> Result<Self, SenderError> {
        Self::with_options(policy, user_agent, Options::default())
    }

    /// The same, with what [`Options`] sets.
    ///
    /// # Errors
    /// Those of [`Sender::new`], and an extra root that is no certificate.
    pub fn with_options(
        policy: EgressPolicy,
        user_agent: String,
        options: Options,
    ) -> Result<Self, SenderError> {
        Ok(Self { pools: Arc::new(Pools::new(policy, user_agent, options)?) })
    }

    /// Makes the request once and says what came of it. Never fails: a receiver that misbehaves is
    /// an outcome.
    pub async fn send(&self, request: Request) -> Outcome {
        let started = Instant::now();
        let Request { url, headers, body, timeout, egress, identity } = request;
        let pool = self.pools.of(&url, egress, identity);
        if let Err(blocked) = pool.policy.check_literal(&url) {
            return classify::blocked(blocked, started.elapsed());
        }
        let mut outgoing = reqwest::Request::new(Method::POST, url.as_url().clone());
        *outgoing.headers_mut() = headers;
        *outgoing.body_mut() = Some(body.into());
        let is_proxied = self.pools.are_proxied();
        let probe = Arc::new(if is_proxied { Probe::proxied(&url) } else { Probe::new(&url) });
        let exchange = timing::probed(Arc::clone(&probe), pool.client.execute(outgoing));
        let deadline = started + timeout;
        match timeout_at(deadline, exchange).await {
            Ok(Ok(response)) if classify::is_proxys_refusal(&response, &probe) => {
                classify::refused_by_proxy(started, &probe)
            }
            Ok(Ok(response)) => answer::take(response, deadline, started, &probe).await,
            Ok(Err(error)) => classify::failed(&error, started, &probe),
            Err(_) => timed_out(timeout, started, &probe),
        }
    }
}

fn timed_out(timeout: Duration, started: Instant, probe: &Probe) -> Outcome {
    let error = format!("no complete answer within {} ms ({})", timeout.as_millis(), probe.stage());
    Outcome {
        meaning: None,
        result: Err(Failure { reason: FailureReason::Timeout, error }),
        timing: Timing { total: started.elapsed(), ..probe.timing() },
        remote_ip: probe.remote_ip(),
        http_version: None,
    }
}
