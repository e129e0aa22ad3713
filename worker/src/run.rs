//! Starts the worker, and stops it without losing or doubling anything it can help.

use std::io;

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{Monitor, ParallelizeExt, WorkerBuilder};
use engine::Engine;
use queue::backend::LaneBackend;
use queue::{LEASE_RENEWAL, WorkerSlots};
use tokio_util::sync::CancellationToken;

use crate::deliver::deliver;

/// How a worker is to run.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Requests in flight at most.
    pub concurrency: usize,
}

/// Delivers until `stop`; then takes nothing more, waits up to [`Engine::STOP_WAIT`] for what is in
/// flight, and cuts off the rest. A request that is cut off is no attempt: its delivery is still
/// due, under the same number.
///
/// # Errors
/// When the worker itself cannot run.
pub async fn run(engine: Engine, settings: Settings, stop: CancellationToken) -> io::Result<()> {
    let worker = WorkerSlots { worker: uuid::Uuid::now_v7(), slots: settings.concurrency };
    let for_workers = engine.clone();
    let monitor = Monitor::new()
        .register(move |restarts| {
            if restarts > 0 {
                tracing::error!(restarts, "worker.restarted");
            }
            WorkerBuilder::new(format!("deliver-{}-{restarts}", worker.worker))
                .backend(LaneBackend::new(for_workers.lanes.queue().clone(), worker))
                .data(for_workers.clone())
                .catch_panic()
                .concurrency(settings.concurrency)
                .parallelize(tokio::spawn)
                .build(deliver)
        })
        .should_restart(|_, _| true)
        .shutdown_timeout(Engine::STOP_WAIT);
    let signal = async move {
        stop.cancelled().await;
        Ok(())
    };
    // Leases are renewed until the last request in flight is recorded or cut off, not until `stop`.
    tokio::select! {
        ended = monitor.run_with_signal(signal) => ended.map_err(io::Error::other),
        () = renew_leases(&engine) => Ok(()),
    }
}

/// Renews the leases of what is in flight; never ends by itself.
async fn renew_leases(engine: &Engine) {
    loop {
        tokio::time::sleep(LEASE_RENEWAL).await;
        engine.renew_leases().await;
    }
}
