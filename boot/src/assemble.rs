//! Puts the engine together from settings, connections and keys.

use std::sync::Arc;

use domain::address::EgressPolicy;
use engine::clock::Clock;
use engine::database::Database;
use engine::dispatch::wire::USER_AGENT;
use engine::sealer::Sealer;
use engine::sender::{Sender, SenderError};
use engine::{Engine, EngineSettings};
use queue::memory::MemoryQueue;

use crate::settings::Settings;

/// The engine on an in-process queue. Must be called within the runtime that it is to run on.
///
/// # Errors
/// When TLS cannot be set up.
pub fn embedded(
    settings: &Settings,
    database: Database,
    sealer: Sealer,
    clock: Clock,
) -> Result<Engine, SenderError> {
    let egress = EgressPolicy {
        allow: settings.egress.allow.clone(),
        deny: settings.egress.deny.clone(),
        https_required: settings.egress.require_https,
    };
    // Settings from the command line's --dev are in the lists already; the policy says so in its
    // refusals.
    let egress = if settings.dev { egress.for_development() } else { egress };
    let sender = Sender::new(egress.clone(), USER_AGENT.to_owned())?;
    let engine_settings = EngineSettings {
        retry: settings.delivery.retry.clone(),
        data_bytes_max: settings.intake.max_payload_bytes,
        egress,
        // The queue is this process's own.
        delivers_alone: true,
    };
    Ok(Engine::start(
        database,
        Arc::new(MemoryQueue::new()),
        clock,
        sealer,
        sender,
        engine_settings,
    ))
}
