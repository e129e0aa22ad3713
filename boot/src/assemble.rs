//! Puts the engine together from settings, connections and keys.

use std::sync::Arc;

use domain::address::EgressPolicy;
use domain::bin::BinUrls;
use engine::clock::Clock;
use engine::database::Database;
use engine::dispatch::wire::USER_AGENT;
use engine::sealer::Sealer;
use engine::sender::{Options, Sender, SenderError};
use engine::{Engine, EngineSettings};
use queue::memory::MemoryQueue;
use queue::redis::RedisQueue;
use queue::{Queue, QueueError};

use crate::settings::Settings;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// TLS or the HTTP client for deliveries.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// The address of Redis.
    #[error("POSTHASTE_REDIS_URL: {0}")]
    Queue(#[from] QueueError),
}

/// Where the deliveries of this deployment wait, in Redis.
const QUEUE_PREFIX: &str = "posthaste";

/// The engine, on the queue that the settings choose, reached by `public_url`. Must be called within the runtime that it is to
/// run on.
///
/// # Errors
/// When TLS cannot be set up, or the address of Redis cannot be read.
pub fn engine(
    settings: &Settings,
    database: Database,
    sealer: Sealer,
    clock: Clock,
    public_url: &str,
) -> Result<Engine, AssembleError> {
    let egress = EgressPolicy {
        allow: settings.egress.allow.clone(),
        deny: settings.egress.deny.clone(),
        ports: settings.egress.ports.clone(),
        https_required: settings.egress.require_https,
    };
    // Settings from the command line's --dev are in the lists already; the policy says so in its
    // refusals.
    let egress = if settings.dev { egress.for_development() } else { egress };
    let options = Options { proxy: settings.egress.proxy.clone(), ..Options::default() };
    let sender = Sender::with_options(egress.clone(), USER_AGENT.to_owned(), options)?;
    let queue: Arc<dyn Queue> = match &settings.queue.redis_url {
        None => Arc::new(MemoryQueue::new()),
        Some(url) => Arc::new(RedisQueue::open(url.expose(), QUEUE_PREFIX)?),
    };
    let engine_settings = EngineSettings {
        retry: settings.delivery.retry.clone(),
        data_bytes_max: settings.intake.max_payload_bytes,
        egress,
        // A queue in this process is this process's own.
        delivers_alone: settings.queue.redis_url.is_none(),
        retention: settings.retention.kept(),
        bin_urls: BinUrls::new(public_url),
    };
    Ok(Engine::start(database, queue, clock, sealer, sender, engine_settings))
}
