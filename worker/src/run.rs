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
    let monitor = Monitor::new()
        .register(move |restarts| {
            if restarts > 0 {
                tracing::error!(restarts, "worker.restarted");
            }
            WorkerBuilder::new(format!("deliver-{}-{restarts}", worker.worker))
                .backend(LaneBackend::new(engine.lanes.queue().clone(), worker))
                .data(engine.clone())
                .catch_panic()
                .concurrency(settings.concurrency)
                .parallelize(tokio::spawn)
                .build(deliver)
        })
        .should_restart(|_, _| true)
        .shutdown_timeout(Engine::STOP_WAIT);
    let stopped = stop.clone();
    monitor
        .run_with_signal(async move {
            stopped.cancelled().await;
            Ok(())
        })
        .await
        .map_err(io::Error::other)
}

/// Renews the leases of what is in flight, until told to stop.
pub(crate) async fn renew_leases(engine: &Engine, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LEASE_RENEWAL) => engine.renew_leases().await,
        }
    }
}
