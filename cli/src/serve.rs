//! `posthaste serve`: the API and the delivery worker in one process.

use std::future::Future;
use std::net::TcpListener;

use anyhow::Context;
use boot::assemble;
use boot::connect::{self, Connections, Tenure};
use boot::keys::{self, Keys, Making};
use boot::settings::Settings;
use boot::{migrate, shutdown, telemetry};
use engine::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::args::ServeArgs;

/// A process that is ready to work: its settings are good, its schema current, its keys open.
#[derive(Debug)]
struct Started {
    settings: Settings,
    connections: Connections,
    keys: Keys,
    /// Cancelled when the process has to stop.
    stop: CancellationToken,
}

/// Starts in the order in which each step relies on the one before, works, and stops when asked.
pub(crate) async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let (settings, _) = args.settings.load(args.dev)?;
    telemetry::init(&settings.log)?;
    if settings.dev {
        tracing::warn!("--dev: http urls and receivers on this machine are allowed");
    }
    anyhow::ensure!(
        settings.queue.redis_url.is_none(),
        "POSTHASTE_REDIS_URL: this version has the in-process queue only; leave it unset"
    );
    let stop = shutdown::on_signals()?;
    // The queue is in this process alone, so the database is too.
    let connections =
        connect::open(&settings.database, Tenure::Sole { stop: stop.clone() }).await?;
    let applied = migrate::run(&settings.database, &connections).await?;
    if applied > 0 {
        tracing::info!(applied, "schema brought up");
    }
    let key_file = keys::file_for(&settings.database);
    let keys =
        keys::open(&connections.database, &settings.keys, &key_file, Making::Allowed).await?;
    announce(&keys);
    run(Started { settings, connections, keys, stop }).await
}

/// The operator key goes past the log, which is kept and collected: it is shown this once.
fn announce(keys: &Keys) {
    if let Some(path) = &keys.new_key_file {
        tracing::info!(path = %path.display(), "master key made; without it the database's secrets are lost");
    }
    if let Some(key) = &keys.new_operator_key {
        eprintln!("operator key (shown this once): {}", key.expose());
    }
}

/// Works until it is asked to stop: takes nothing more then, and waits for what is under way.
async fn run(started: Started) -> anyhow::Result<()> {
    let Started { settings, connections, keys, stop } = started;
    let engine =
        assemble::embedded(&settings, connections.database.clone(), keys.sealer, Clock::default())?;
    let listener = TcpListener::bind(settings.http.listen)
        .with_context(|| format!("cannot listen on {}", settings.http.listen))?;
    let address = listener.local_addr()?;
    let state = api::State::new(
        engine.clone(),
        keys.operator_key_hash,
        api::Settings {
            public_url: settings.http.public_url(address),
            data_bytes_max: settings.intake.max_payload_bytes,
        },
    );
    engine.keep_house_once().await?;
    let waiting = engine.fill_queue().await?;
    tracing::info!(%address, waiting, "listening");

    // If any of them ends, so do the others: half a program keeps no promise.
    let worker = worker::Settings { concurrency: settings.delivery.worker_concurrency };
    // Each is a task of its own, so that none is driven by the thread that waits for all of them.
    let deliver =
        tokio::spawn(until(stop.clone(), worker::run(engine.clone(), worker, stop.clone())));
    let serve = tokio::spawn(until(stop.clone(), api::serve(state, listener, stop.clone())));
    let fill = tokio::spawn(until(stop.clone(), {
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.keep_queue_filled(stop).await }
    }));
    let house = tokio::spawn(until(stop.clone(), {
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.keep_house(stop).await }
    }));
    let (delivered, served, filled, kept) = tokio::join!(deliver, serve, fill, house);
    filled?;
    kept?;
    delivered??;
    served??;
    engine.stop().await;
    // Held until here: the database is this process's alone as long as anything may write.
    drop(connections);
    tracing::info!("stopped");
    Ok(())
}

/// Runs to the end, or to a panic, then has the others stop too.
async fn until<T>(stop: CancellationToken, part: impl Future<Output = T>) -> T {
    let _stop = stop.drop_guard();
    part.await
}
