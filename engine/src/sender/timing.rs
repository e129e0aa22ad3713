//! The times of a connection being made, attributed to the request that made it.
//!
//! reqwest tells nothing of them, so they are taken at three places that run while it connects: our
//! resolver (the name), the session store of our TLS settings, which rustls asks when it begins a
//! handshake (so the TCP connection is there), and a layer around the connector (all is done). A
//! task-local tells them whose request it is. The connector may outlive its request (another
//! connection came free first), so it carries the probe along; whether the request then used that
//! very connection is told by the local address.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use domain::outcome::Timing;
use domain::subscription::TargetUrl;
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use parking_lot::Mutex;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt as _};

tokio::task_local! {
    static PROBE: Arc<Probe>;
}

/// What is known of the connection that a request has begun to make.
#[derive(Default)]
pub(super) struct Probe {
    marks: Mutex<Marks>,
    /// The request's url when a forward proxy is asked for it. Who is connected to is then the proxy,
    /// and whom it connects to is not told.
    proxied_to: Option<Arc<TargetUrl>>,
}

#[derive(Default)]
struct Marks {
    begun: Option<Instant>,
    lookup_started: Option<Instant>,
    resolved: Option<Instant>,
    tls_started: Option<Instant>,
    established: Option<Instant>,
    local: Option<SocketAddr>,
    remote: Option<IpAddr>,
}

/// Runs the request so that what it does to connect is noted in `probe`.
pub(super) async fn probed<F: Future>(probe: Arc<Probe>, request: F) -> F::Output {
    PROBE.scope(probe, request).await
}

/// A name is being looked up.
pub(super) fn lookup_started() {
    note(|marks| marks.lookup_started = Some(Instant::now()));
}

/// The name was resolved to these addresses. A single one is where the connection goes.
pub(super) fn resolved(addresses: &[IpAddr]) {
    let _ = PROBE.try_with(|probe| {
        let mut marks = probe.marks.lock();
        marks.resolved = Some(Instant::now());
        if let ([ip], None) = (addresses, &probe.proxied_to) {
            marks.remote = Some(*ip);
        }
    });
}

/// The TCP connection is there and the handshake begins.
pub(super) fn tls_started() {
    note(|marks| marks.tls_started = Some(Instant::now()));
}

/// The url that a forward proxy is about to be asked for.
pub(super) fn proxied_to() -> Option<Arc<TargetUrl>> {
    PROBE.try_with(|probe| probe.proxied_to.clone()).ok().flatten()
}

impl Marks {
    /// When the first packet went out: a literal address needs no lookup.
    fn connect_started(&self) -> Option<Instant> {
        if self.lookup_started.is_some() { self.resolved } else { self.begun }
    }
}

fn note(mark: impl FnOnce(&mut Marks)) {
    // Outside a request there is nothing to note: a check at start, or a test.
    let _ = PROBE.try_with(|probe| mark(&mut probe.marks.lock()));
}

impl Probe {
    pub(super) fn new(url: &TargetUrl) -> Self {
        let remote = match url.as_url().host() {
            Some(url::Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(url::Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        Self { marks: Mutex::new(Marks { remote, ..Marks::default() }), proxied_to: None }
    }

    /// For a request through a forward proxy.
    pub(super) fn proxied(url: &Arc<TargetUrl>) -> Self {
        Self { proxied_to: Some(Arc::clone(url)), ..Self::new(url) }
    }

    /// The url that a forward proxy is asked for.
    pub(super) fn proxied_url(&self) -> Option<&TargetUrl> {
        self.proxied_to.as_deref()
    }

    /// Times so far, without `first_byte` and `total`. What was begun and not finished counts up
    /// to now.
    pub(super) fn timing(&self) -> Timing {
        let marks = self.marks.lock();
        let now = Instant::now();
        let span = |from: Option<Instant>, to: Option<Instant>| {
            from.map(|from| to.unwrap_or(now).duration_since(from))
        };
        Timing {
            dns: span(marks.lookup_started, marks.resolved),
            connect: span(marks.connect_started(), marks.tls_started.or(marks.established)),
            tls: span(marks.tls_started, marks.established),
            ..Timing::default()
        }
    }

    /// When the request could be written, on the connection with this local address; `None` when
    /// that is not the connection which was made for it.
    pub(super) fn established(&self, local: SocketAddr) -> Option<Instant> {
        let marks = self.marks.lock();
        (marks.local == Some(local)).then_some(marks.established).flatten()
    }

    /// Where the connection goes, as far as it is known.
    pub(super) fn remote_ip(&self) -> Option<IpAddr> {
        self.marks.lock().remote
    }

    /// Whether the connection got as far as the handshake and no further.
    pub(super) fn stopped_in_tls(&self) -> bool {
        let marks = self.marks.lock();
        marks.tls_started.is_some() && marks.established.is_none()
    }

    /// What was under way, for people.
    pub(super) fn stage(&self) -> &'static str {
        match &*self.marks.lock() {
            Marks { established: Some(_), .. } | Marks { begun: None, .. } => {
                "waiting for the answer"
            }
            Marks { tls_started: Some(_), .. } => "in the TLS handshake",
            Marks { lookup_started: Some(_), resolved: None, .. } => "resolving the name",
            _ => "connecting",
        }
    }
}

/// Notes when a connection is begun and done.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimedConnect;

impl<S> Layer<S> for TimedConnect {
    type Service = TimedConnector<S>;

    fn layer(&self, inner: S) -> TimedConnector<S> {
        TimedConnector(Arc::new(inner))
    }
}

/// The connector with its times taken. It is cloned for every request, and the one within for every connection only.
#[derive(Debug)]
pub(super) struct TimedConnector<S>(Arc<S>);

impl<S> Clone for TimedConnector<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, Destination> Service<Destination> for TimedConnector<S>
where
    S: Service<Destination> + Clone + Send + 'static,
    S::Response: Connection + Send,
    S::Error: Send,
    S::Future: Send + 'static,
    Destination: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // The one that is called is asked when it is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let connecting = S::clone(&self.0).oneshot(destination);
        let Ok(probe) = PROBE.try_with(Arc::clone) else {
            return Box::pin(connecting);
        };
        // A request whose first connection fell through may begin another: the marks start over.
        {
            let mut marks = probe.marks.lock();
            let remote = marks.remote;
            *marks = Marks { begun: Some(Instant::now()), remote, ..Marks::default() };
        }
        Box::pin(async move {
            let connected = PROBE.scope(Arc::clone(&probe), connecting).await?;
            let mut extras = hyper::http::Extensions::new();
            connected.connected().get_extras(&mut extras);
            let mut marks = probe.marks.lock();
            marks.established = Some(Instant::now());
            if let Some(info) = extras.get::<HttpInfo>() {
                marks.local = Some(info.local_addr());
                if probe.proxied_to.is_none() {
                    marks.remote = Some(info.remote_addr().ip());
                }
            }
            drop(marks);
            Ok(connected)
        })
    }
}
