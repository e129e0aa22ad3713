//! Connections that are kept, and for how long.
//!
//! An address is checked when a connection to it is made, and the check is good for a while only:
//! a name may be moved to another address. A client is therefore used for less than that while and
//! then replaced; requests under way finish on the old one, whose idle connections close with it.
//! Hosts are spread over a few clients with different lifetimes, so that not all connections are
//! made anew at the same moment.
//!
//! Requests with a tenant's own lists use clients of their own: a connection that one policy allows
//! must not serve a request that is held to another. So do those with a client certificate: a
//! connection that has shown it speaks for who has that certificate alone.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::address::{EgressPolicy, TenantEgress};
use domain::subscription::TargetUrl;
use moka::Expiry;
use moka::sync::Cache;
use reqwest::Client;

use super::guard::{Guard, Lookups, Unguarded};
use super::identity::ClientIdentity;
use super::proxy::{ForwardProxy, GuardedConnect};
use super::timing::TimedConnect;
use super::{Options, SenderError, tls};

/// Clients that hosts are spread over.
const SHARDS: u8 = 8;

/// Clients kept at once. Beyond it those of rarely used lists and certificates are made anew.
const CLIENTS: u64 = 4096;

/// How long an unused connection stays open. Many servers close theirs after 5 s (Node, Apache),
/// and a request written at that very moment is lost: closing first keeps a delivery from failing
/// for nothing.
const IDLE: Duration = Duration::from_secs(4);

/// Headers that hyper makes room for while it parses; more are refused as too large. Its default of
/// 100 refuses answers that are well within the bound in bytes.
const HEADERS: usize = 1024;

/// What HTTP/2 is asked to let through: beyond our bound, so that `answer` sees what exceeds it.
const HTTP2_HEADER_LIST_BYTES: u32 = 256 * 1024;

/// HTTP/2 windows: a stream is read up to 64 KiB, so that is what a receiver may send ahead.
const HTTP2_STREAM_WINDOW_BYTES: u32 = domain::limits::RESPONSE_READ_BYTES as u32;
const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// How soon a dead HTTP/2 connection is noticed: all requests to a host share one.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(10);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(5);

/// A client, and the policy that its connections were made under.
pub(super) struct Pool {
    pub(super) client: Client,
    pub(super) policy: Arc<EgressPolicy>,
}

/// All clients.
pub(super) struct Pools {
    factory: Factory,
    clients: Cache<Key, Arc<Pool>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    egress: Option<Arc<TenantEgress>>,
    identity: Option<Arc<ClientIdentity>>,
    shard: u8,
}

impl Pools {
    pub(super) fn new(
        policy: EgressPolicy,
        user_agent: String,
        options: Options,
    ) -> Result<Self, SenderError> {
        let factory = Factory {
            policy: Arc::new(policy),
            user_agent,
            tls: tls::config(options.extra_roots).map_err(SenderError::Tls)?,
            lookups: Lookups::default(),
            proxy: options.proxy,
        };
        factory.make(None, None).map_err(SenderError::Client)?;
        let clients = Cache::builder()
            .max_capacity(CLIENTS)
            .expire_after(Lifetime { checked_for: options.checked_for })
            .build();
        Ok(Self { factory, clients })
    }

    /// Whether requests go through a forward proxy.
    pub(super) fn are_proxied(&self) -> bool {
        self.factory.proxy.is_some()
    }

    /// The client for this url under the tenant's lists, with this certificate.
    pub(super) fn of(
        &self,
        url: &TargetUrl,
        egress: Option<Arc<TenantEgress>>,
        identity: Option<Arc<ClientIdentity>>,
    ) -> Arc<Pool> {
        let key = Key { egress, identity, shard: shard_of(url) };
        match self.clients.get(&key) {
            Some(pool) => pool,
            None => {
                let (egress, identity) = (key.egress.clone(), key.identity.clone());
                self.clients.get_with(key, || {
                    let made = self.factory.make(egress.as_deref(), identity.as_deref());
                    Arc::new(
                        made.expect("`new` has made one; lists and certificates were read before"),
                    )
                })
            }
        }
    }
}

fn shard_of(url: &TargetUrl) -> u8 {
    let mut hasher = DefaultHasher::new();
    url.as_url().host_str().hash(&mut hasher);
    u8::try_from(hasher.finish() % u64::from(SHARDS)).expect("the remainder is below SHARDS")
}

/// Lets each shard's client live between half and the whole of the time that a check is good for.
struct Lifetime {
    checked_for: Duration,
}

impl Expiry<Key, Arc<Pool>> for Lifetime {
    fn expire_after_create(&self, key: &Key, _: &Arc<Pool>, _: Instant) -> Option<Duration> {
        let shards = u32::from(SHARDS);
        Some(self.checked_for * (shards + u32::from(key.shard) + 1) / (2 * shards))
    }
}

/// What every client is made from. The TLS settings share their sessions, so that a new client
/// resumes what the old one had begun.
struct Factory {
    policy: Arc<EgressPolicy>,
    user_agent: String,
    tls: rustls::ClientConfig,
    lookups: Lookups,
    proxy: Option<ForwardProxy>,
}

impl Factory {
    #[expect(clippy::disallowed_methods, reason = "this is the client that the design has instead")]
    fn make(
        &self,
        egress: Option<&TenantEgress>,
        identity: Option<&ClientIdentity>,
    ) -> Result<Pool, reqwest::Error> {
        let policy = match egress {
            None => Arc::clone(&self.policy),
            Some(tenant) => Arc::new(self.policy.with_tenant(tenant)),
        };
        let mut tls = self.tls.clone();
        if let Some(identity) = identity {
            identity.show_in(&mut tls);
        }
        let guard = Guard::new(Arc::clone(&policy), self.lookups.clone());
        // `no_proxy` keeps the environment's variables out; only what follows it counts.
        let builder = Client::builder().no_proxy();
        let builder = match &self.proxy {
            None => builder.dns_resolver(guard),
            Some(proxy) => builder
                .proxy(proxy.for_all()?)
                .dns_resolver(Unguarded(self.lookups.clone()))
                .connector_layer(GuardedConnect(Arc::new(guard))),
        };
        let client = builder
            .user_agent(&self.user_agent)
            .tls_backend_preconfigured(tls)
            .connector_layer(TimedConnect)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE)
            // Bounded by requests in flight and by IDLE; a lower bound would close connections
            // between the requests of one busy host.
            .pool_max_idle_per_host(usize::MAX)
            .http1_max_headers(HEADERS)
            .http2_max_header_list_size(HTTP2_HEADER_LIST_BYTES)
            .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(HTTP2_CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(HTTP2_PING_INTERVAL)
            .http2_keep_alive_timeout(HTTP2_PING_TIMEOUT)
            .build()?;
        Ok(Pool { client, policy })
    }
}
