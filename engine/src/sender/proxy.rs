//! A forward proxy that all deliveries go through, and the guard in front of it.
//!
//! For an https url the proxy is asked for a tunnel (CONNECT) and TLS is spoken with the receiver
//! through it; an http url is asked of the proxy itself. Either way it gets the name and resolves it by
//! itself: asked for an address, it could not be told the name that TLS is to verify. So a name is
//! resolved and checked here before the proxy hears of it, and then the proxy's own rules have the last
//! word (docs/security.md).

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use domain::subscription::TargetUrl;
use tower::{Layer, Service};
use url::{Host, Url};

use super::guard::Guard;
use super::timing;

type BoxError = Box<dyn Error + Send + Sync>;

/// The address of a forward proxy, with the credentials that it wants.
#[derive(Clone, PartialEq, Eq)]
pub struct ForwardProxy(Url);

/// Why an address is none of a forward proxy. Does not quote it: there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the address of an HTTP proxy, such as http://proxy.example:3128 or http://user:password@10.0.0.5:3128"
)]
pub struct NoProxyAddress;

impl ForwardProxy {
    /// Reads `http://[user:password@]host[:port]`.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, NoProxyAddress> {
        let url = Url::parse(text).map_err(|_| NoProxyAddress)?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let fits = url.scheme() == "http" && url.has_host() && url.port() != Some(0) && is_bare;
        if fits { Ok(Self(url)) } else { Err(NoProxyAddress) }
    }

    /// As reqwest takes it: for every url, whatever the environment says.
    pub(super) fn for_all(&self) -> Result<reqwest::Proxy, reqwest::Error> {
        reqwest::Proxy::all(self.0.clone())
    }
}

impl fmt::Debug for ForwardProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardProxy(***)")
    }
}

/// Lets the proxy be asked only for what may be dialled.
#[derive(Clone)]
pub(super) struct GuardedConnect(pub(super) Arc<Guard>);

impl<S> Layer<S> for GuardedConnect {
    type Service = GuardedConnector<S>;

    fn layer(&self, inner: S) -> GuardedConnector<S> {
        GuardedConnector { guard: Arc::clone(&self.0), inner }
    }
}

/// The connector behind the guard.
#[derive(Clone)]
pub(super) struct GuardedConnector<S> {
    guard: Arc<Guard>,
    inner: S,
}

impl<S, Destination> Service<Destination> for GuardedConnector<S>
where
    S: Service<Destination, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    Destination: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        // The one that is ready is the one to be called.
        let next = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, next);
        // What reqwest wants to connect to is its secret; the request's url is not.
        let url = timing::proxied_to();
        Box::pin(async move {
            let url: Arc<TargetUrl> = url.ok_or("nothing is asked of the proxy without a url")?;
            // Literal addresses were checked by `Sender::send`.
            if let Some(Host::Domain(name)) = url.as_url().host() {
                guard.check_all(name).await?;
            }
            ready.call(destination).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_http_address_and_nothing_behind_it() {
        for text in ["http://proxy.example:3128", "http://u:p%40ss@[::1]:8080/", "http://10.0.0.5"]
        {
            assert!(ForwardProxy::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "proxy.example:3128",
            "https://proxy.example",
            "socks5://proxy.example",
            "http://",
            "http://proxy.example:0",
            "http://proxy.example/path",
            "http://proxy.example/?a=b",
            "http://proxy.example/#a",
        ] {
            assert_eq!(ForwardProxy::parse(text), Err(NoProxyAddress), "{text}");
        }
    }

    #[test]
    fn its_password_is_never_printed() {
        let proxy = ForwardProxy::parse("http://ali:sesame@proxy.example").expect("an address");
        assert_eq!(format!("{proxy:?}"), "ForwardProxy(***)");
    }
}
