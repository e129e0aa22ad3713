//! `posthaste migrate`: brings the schema up to date, for deployments that do it as a step of its own.

use std::io::Write;

use boot::connect::{self, Tenure};

use crate::args::SettingArgs;

/// Migrates and says how much there was to do.
pub(crate) async fn migrate(args: &SettingArgs) -> anyhow::Result<()> {
    let (settings, _) = args.load(false)?;
    boot::telemetry::init(&settings.log)?;
    let connections = connect::open(&settings.database, Tenure::Shared).await?;
    let applied = boot::migrate::run(&settings.database, &connections).await?;
    let text = match applied {
        0 => "the schema is current".to_owned(),
        1 => "1 migration applied".to_owned(),
        count => format!("{count} migrations applied"),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
