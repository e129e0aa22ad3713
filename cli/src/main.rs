//! `posthaste`: reads the command line and hands over to the command.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

mod args;
mod config;
mod doctor;
mod keys;
mod migrate;
mod openapi;
mod serve;

use std::process::ExitCode;

use anyhow::Context;
use boot::settings::Faults;
use clap::Parser;

use crate::args::{Cli, Command, KeysCommand};
use crate::serve::Role;

/// Deliveries allocate from many threads at once (bodies, headers, rows), which the system's allocator
/// serialises on its arenas and gives back late; mimalloc keeps a heap per thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    boot::tls::install_provider();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            for line in describe(&error).lines() {
                eprintln!("error: {line}");
            }
            let usage = error.downcast_ref::<Faults>().is_some_and(Faults::wrong_usage);
            ExitCode::from(if usage { WRONG_USAGE } else { FAILED })
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime's threads cannot be started")?;
    match command {
        Command::Serve(args) => runtime.block_on(serve::serve(&args, Role::Serve))?,
        Command::Api(args) => runtime.block_on(serve::serve(&args, Role::Api))?,
        Command::Worker(args) => runtime.block_on(serve::serve(&args, Role::Worker))?,
        Command::Migrate(args) => runtime.block_on(migrate::migrate(&args))?,
        Command::Keys(KeysCommand::RotateMaster(args)) => {
            runtime.block_on(keys::rotate_master(&args))?;
        }
        Command::Config(args) => config::config(&args)?,
        Command::Openapi => openapi::openapi()?,
        Command::Doctor(args) => return runtime.block_on(doctor::doctor(&args)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The error and its causes, without those whose text an error before them has already told.
fn describe(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        told if told.contains(&cause) => text,
        _ => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let inner = anyhow::anyhow!("no such file");
        assert_eq!(
            describe(&inner.context("a.db cannot be opened")),
            "a.db cannot be opened: no such file"
        );
        let inner = anyhow::anyhow!("no such file");
        let told = inner.context("a.db cannot be opened: no such file");
        assert_eq!(describe(&told), "a.db cannot be opened: no such file");
    }
}
