//! What every handler works with.

use std::sync::Arc;

use domain::limits;
use engine::Engine;
use engine::operator_key::OperatorKeys;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::Keyring;
use crate::bin_limit::BinLimits;
use crate::ingest_limit::IngestLimits;
use crate::request_metrics::RequestMetrics;
use crate::routes;
use crate::sign_in_limit::SignInLimits;

/// How the tenant portal looks, and where it may be shown.
#[derive(Debug, Clone, Default)]
pub struct Portal {
    /// Origins of pages that may show it in an `iframe`.
    pub frame_origins: Vec<String>,
    pub name: Option<String>,
    /// `#rrggbb`.
    pub primary_color: Option<String>,
    pub logo_url: Option<url::Url>,
}

/// What the deployment has chosen for HTTP.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What `type` of problems and urls of portal links start with, without a slash at the end.
    pub public_url: String,
    pub portal: Portal,
    /// Bytes of one event's `data`; larger ones are refused with `413`.
    pub data_bytes_max: usize,
    /// Connections of clients at once; further ones wait.
    pub connections_max: usize,
}

/// The engine, the operator's key and the settings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) engine: Engine,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) ingest_limits: Arc<IngestLimits>,
    pub(crate) bin_limits: Arc<BinLimits>,
    pub(crate) sign_in_limits: Arc<SignInLimits>,
    pub(crate) requests: Arc<RequestMetrics>,
    /// A place for each stream.
    pub(crate) streams: Arc<Semaphore>,
    /// Ends what would not end by itself.
    pub(crate) stop: CancellationToken,
}

impl State {
    /// `operator`: with which keys the operator may call.
    pub fn new(engine: Engine, operator: OperatorKeys, settings: Settings) -> Self {
        let keyring = Arc::new(Keyring::new(operator));
        let requests = Arc::new(RequestMetrics::of(&routes::list()));
        Self {
            engine,
            settings: Arc::new(settings),
            keyring,
            ingest_limits: Arc::default(),
            bin_limits: Arc::default(),
            sign_in_limits: Arc::default(),
            requests,
            streams: Arc::new(Semaphore::new(limits::STREAMS)),
            stop: CancellationToken::new(),
        }
    }
}
