//! What every handler works with.

use std::sync::Arc;

use engine::Engine;

use crate::auth::Keyring;
use crate::ingest_limit::IngestLimits;
use crate::request_metrics::RequestMetrics;
use crate::routes;

/// What the deployment has chosen for HTTP.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What `type` of problems starts with, without a slash at the end.
    pub public_url: String,
    /// Bytes of one event's `data`; larger ones are refused with `413`.
    pub data_bytes_max: usize,
}

/// The engine, the operator's key and the settings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) engine: Engine,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) ingest_limits: Arc<IngestLimits>,
    pub(crate) requests: Arc<RequestMetrics>,
}

impl State {
    /// `operator_key_hash` is the SHA-256 of the operator key.
    pub fn new(engine: Engine, operator_key_hash: [u8; 32], settings: Settings) -> Self {
        let keyring = Arc::new(Keyring::new(operator_key_hash));
        let requests = Arc::new(RequestMetrics::of(&routes::list()));
        let ingest_limits = Arc::default();
        Self { engine, settings: Arc::new(settings), keyring, ingest_limits, requests }
    }
}
