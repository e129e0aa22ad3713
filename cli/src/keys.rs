//! `posthaste keys`: the deployment's own keys.

use std::io::Write;

use anyhow::Context;
use boot::connect::{self, ConnectError, Tenure};
use boot::{keys, migrate, telemetry};
use engine::reseal::Progress;
use tokio_util::sync::CancellationToken;

use crate::args::SettingArgs;

/// Seals everything under another master key, telling how far it is.
pub(crate) async fn rotate_master(args: &SettingArgs) -> anyhow::Result<()> {
    let (settings, _) = args.load(false)?;
    telemetry::init(&settings.log)?;
    // Processes that share the queue may run meanwhile, if they have both keys in their settings. What was read
    // from a file is one process's, which would not know the next key.
    let tenure = match (&settings.queue.redis_url, &settings.keys.master) {
        (Some(_), Some(_)) => Tenure::Shared,
        (Some(_), None) => {
            anyhow::bail!("POSTHASTE_MASTER_KEY: must be set where several processes run")
        }
        (None, _) => Tenure::Sole { stop: CancellationToken::new() },
    };
    let connections = match connect::open(&settings.database, tenure).await {
        Err(taken @ ConnectError::Taken { .. }) => {
            return Err(taken)
                .context("stop it first: secrets are sealed again while nobody else seals any");
        }
        opened => opened?,
    };
    let missing = migrate::pending(&connections.database.read).await?.len();
    anyhow::ensure!(
        missing == 0,
        "{missing} migrations are missing; `posthaste migrate` applies them"
    );
    let key_file = keys::file_for(&settings.database);
    let tell = |Progress { table, column, resealed }| {
        eprintln!("{table}.{column}: {resealed} sealed again");
    };
    let resealed =
        keys::rotate_master(&connections.database, &settings.keys, &key_file, tell).await?;
    let mut out = std::io::stdout();
    writeln!(out, "the master key is replaced; {resealed} rows were sealed again")?;
    if settings.keys.master.is_some() {
        writeln!(out, "POSTHASTE_MASTER_KEY_ALSO is no longer needed")?;
    } else {
        writeln!(out, "keep the new posthaste.key with the database's backups from now on")?;
    }
    Ok(())
}
