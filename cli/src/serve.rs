//! `posthaste serve`: the API and the delivery worker in one process.

use boot::connect::{self, Connections, Tenure};
use boot::keys::{self, Keys, Making};
use boot::settings::Settings;
use boot::{migrate, shutdown, telemetry};
use tokio_util::sync::CancellationToken;

use crate::args::ServeArgs;

/// A process that is ready to work: its settings are good, its schema current, its keys open.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) settings: Settings,
    pub(crate) connections: Connections,
    pub(crate) keys: Keys,
    /// Cancelled when the process has to stop.
    pub(crate) stop: CancellationToken,
}

/// Starts in the order in which each step relies on the one before, works, and stops when asked.
pub(crate) async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let (settings, _) = args.settings.load(args.dev)?;
    telemetry::init(&settings.log)?;
    if settings.dev {
        tracing::warn!("--dev: http urls and receivers on this machine are allowed");
    }
    let stop = shutdown::on_signals()?;
    // With Redis others may share the work; without it the queue is in this process alone.
    let (tenure, making) = match settings.queue.redis_url {
        Some(_) => (Tenure::Shared, Making::Refused),
        None => (Tenure::Sole { stop: stop.clone() }, Making::Allowed),
    };
    let connections = connect::open(&settings.database, tenure).await?;
    let applied = migrate::run(&settings.database, &connections).await?;
    if applied > 0 {
        tracing::info!(applied, "schema brought up");
    }
    let key_file = keys::file_for(&settings.database);
    let keys = keys::open(&connections.database, &settings.keys, &key_file, making).await?;
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

/// Works until it is asked to stop.
async fn run(started: Started) -> anyhow::Result<()> {
    started.stop.cancelled().await;
    Ok(())
}
