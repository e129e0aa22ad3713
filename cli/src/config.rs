//! `posthaste config`: what is in force and where it came from.

use std::io::Write;

use crate::args::ConfigArgs;

/// Prints the settings; opens nothing.
pub(crate) fn config(args: &ConfigArgs) -> anyhow::Result<()> {
    let (_, report) = args.settings.load(args.dev)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", report.to_json())?;
    } else {
        write!(out, "{}", report.to_text())?;
    }
    Ok(())
}
