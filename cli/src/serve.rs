//! `posthaste serve`, `api` and `worker`: the API and the delivery worker, in one process or several.

use std::future::Future;
use std::net::TcpListener;

use anyhow::Context;
use boot::assemble;
use boot::connect::{self, Connections, Tenure};
use boot::keys::{self, Keys, Making};
use boot::settings::{DatabaseSettings, PortalSettings, Settings};
use boot::{migrate, open_files, shutdown, telemetry};
use engine::Engine;
use engine::clock::Clock;
use engine::operator_key::OperatorKeys;
use engine::sealer::Sealer;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::ServeArgs;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Both, in one process.
    Serve,
    /// Takes events; others deliver them.
    Api,
    /// Delivers what others have taken.
    Worker,
}

impl Role {
    fn takes_calls(self) -> bool {
        self != Self::Worker
    }

    fn delivers(self) -> bool {
        self != Self::Api
    }
}

/// A process that is ready to work: its settings are good, its schema current, its keys open.
struct Started {
    role: Role,
    settings: Settings,
    connections: Connections,
    sealer: Sealer,
    /// With which the operator may call; nobody calls a worker.
    operator: Option<OperatorKeys>,
    /// Clients' connections at once.
    connections_max: usize,
    /// Cancelled when the process has to stop.
    stop: CancellationToken,
}

/// Starts in the order in which each step relies on the one before, works, and stops when asked.
pub(crate) async fn serve(args: &ServeArgs, role: Role) -> anyhow::Result<()> {
    let (settings, _) = args.settings.load(args.dev)?;
    telemetry::init(&settings.log)?;
    if settings.dev {
        tracing::warn!("--dev: http urls and receivers on this machine are allowed");
    }
    let is_shared = settings.queue.redis_url.is_some();
    anyhow::ensure!(
        is_shared || role == Role::Serve,
        "POSTHASTE_REDIS_URL: must be set; without it the queue is in one process, and that is `posthaste serve`"
    );
    anyhow::ensure!(
        role == Role::Serve || matches!(settings.database, DatabaseSettings::Postgres { .. }),
        "POSTHASTE_DATABASE_URL: must name a Postgres database; SQLite goes with `posthaste serve` only"
    );
    // Half of them for clients: with those of receivers and the database, nobody is left without.
    let connections_max = open_files::raise_limit() / 2;
    let stop = shutdown::on_signals()?;
    let tenure = match (is_shared, role.delivers()) {
        (false, _) => Tenure::Sole { stop: stop.clone() },
        (true, true) => Tenure::Candidate,
        (true, false) => Tenure::Shared,
    };
    let connections = connect::open(&settings.database, tenure).await?;
    if role.takes_calls() {
        let applied = migrate::run(&settings.database, &connections).await?;
        if applied > 0 {
            tracing::info!(applied, "schema brought up");
        }
    } else {
        migrate::wait_until_current(&connections.database.read).await?;
    }
    let key_file = keys::file_for(&settings.database);
    let (database, key_settings) = (&connections.database, &settings.keys);
    let (sealer, operator) = if role.takes_calls() {
        let making = if is_shared { Making::Refused } else { Making::Allowed };
        let keys = keys::open(database, key_settings, &key_file, making).await?;
        announce(&keys);
        (keys.sealer, Some(keys.operator))
    } else {
        (keys::open_sealer(database, key_settings, &key_file).await?, None)
    };
    run(Started { role, settings, connections, sealer, operator, connections_max, stop }).await
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

fn portal_of(settings: &PortalSettings) -> api::Portal {
    let PortalSettings { frame_origins, name, primary_color, logo_url } = settings.clone();
    api::Portal { frame_origins, name, primary_color, logo_url }
}

/// Works until it is asked to stop: takes nothing more then, and waits for what is under way.
async fn run(started: Started) -> anyhow::Result<()> {
    let Started { role, settings, connections, sealer, operator, connections_max, stop } = started;
    let listener = TcpListener::bind(settings.http.listen)
        .with_context(|| format!("cannot listen on {}", settings.http.listen))?;
    let address = listener.local_addr()?;
    let public_url = settings.http.public_url(address);
    let database = connections.database.clone();
    let engine = assemble::engine(&settings, database, sealer, Clock::default(), &public_url)?;
    engine.keep_house_once().await?;
    tracing::info!(%address, role = ?role, "listening");

    // If any of them ends, so do the others: half a program keeps no promise. Each is a task of its own,
    // so that none is driven by the thread that waits for all of them.
    let mut parts = JoinSet::new();
    match operator {
        Some(operator) => {
            let data_bytes_max = settings.intake.max_payload_bytes;
            let portal = portal_of(&settings.portal);
            let api_settings =
                api::Settings { public_url, portal, data_bytes_max, connections_max };
            let state = api::State::new(engine.clone(), operator, api_settings);
            let serving = api::serve(state, listener, stop.clone());
            parts.spawn(until(stop.clone(), async { serving.await.map_err(Into::into) }));
        }
        None => {
            let serving = api::serve_probes(engine.clone(), listener, stop.clone());
            parts.spawn(until(stop.clone(), async { serving.await.map_err(Into::into) }));
        }
    }
    if role.delivers() {
        let worker = worker::Settings { concurrency: settings.delivery.worker_concurrency };
        let delivering = worker::run(engine.clone(), worker, stop.clone());
        parts.spawn(until(stop.clone(), async { delivering.await.map_err(Into::into) }));
        keep(
            &mut parts,
            &engine,
            &stop,
            |engine, stop| async move { engine.hear_news(stop).await },
        );
        let leads = connections.leads.clone();
        keep(&mut parts, &engine, &stop, |engine, stop| async move {
            engine.keep_retention(leads, stop).await
        });
        let leads = connections.leads.clone();
        keep(&mut parts, &engine, &stop, |engine, stop| async move {
            engine.keep_figures(leads, stop).await
        });
        let leads = connections.leads.clone();
        keep(&mut parts, &engine, &stop, |engine, stop| async move {
            engine.keep_replays(leads, stop).await
        });
        let leads = connections.leads.clone();
        keep(&mut parts, &engine, &stop, |engine, stop| async move {
            engine.keep_queue_filled(leads, stop).await
        });
    } else {
        keep(
            &mut parts,
            &engine,
            &stop,
            |engine, stop| async move { engine.notice_losses(stop).await },
        );
    }
    keep(&mut parts, &engine, &stop, |engine, stop| async move { engine.watch_clock(stop).await });
    keep(&mut parts, &engine, &stop, |engine, stop| async move { engine.keep_house(stop).await });
    while let Some(ended) = parts.join_next().await {
        ended??;
    }
    engine.stop().await;
    // Held until here: the database is this process's alone as long as anything may write.
    drop(connections);
    tracing::info!("stopped");
    Ok(())
}

/// Has the engine do something in the background until it is told to stop.
fn keep<F>(
    parts: &mut JoinSet<anyhow::Result<()>>,
    engine: &Engine,
    stop: &CancellationToken,
    part: impl FnOnce(Engine, CancellationToken) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let part = part(engine.clone(), stop.clone());
    parts.spawn(until(stop.clone(), async {
        part.await;
        Ok(())
    }));
}

/// Runs to the end, or to a panic, then has the others stop too.
async fn until<T>(stop: CancellationToken, part: impl Future<Output = T>) -> T {
    let _stop = stop.drop_guard();
    part.await
}
