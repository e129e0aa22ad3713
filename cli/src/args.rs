//! The command line.

use std::path::PathBuf;

use boot::settings::{Environment, Faults, Report, Settings, SettingsFile, Sources, load};
use clap::{Args, Parser, Subcommand};

/// Delivers webhooks: signed, at least once, soon, whatever breaks in between.
#[derive(Debug, Parser)]
#[command(name = "posthaste", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the API and the delivery worker in one process
    Serve(ServeArgs),
    /// Run the API, with workers in other processes (Postgres and Redis)
    Api(ServeArgs),
    /// Run the delivery worker, with the API in other processes (Postgres and Redis)
    Worker(ServeArgs),
    /// Bring the database's schema up to date, and nothing else
    Migrate(SettingArgs),
    /// The deployment's own keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the settings in force and where each came from, secrets masked
    Config(ConfigArgs),
    /// Check settings, database and keys without changing anything
    Doctor(DoctorArgs),
    /// Print the OpenAPI document
    Openapi,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Seal all secrets at rest under another master key, and leave the present one
    RotateMaster(SettingArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    /// Allow http urls and receivers on this machine, for trying things out
    #[arg(long)]
    pub(crate) dev: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    /// Show the settings as `serve --dev` has them
    #[arg(long)]
    pub(crate) dev: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of the settings. Keys have none: a command line is readable by other users. Values stay text
/// here, since all sources are checked in one place.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingArgs {
    /// Settings file [default: posthaste.toml in the working directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to serve; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// What urls of sources, bins and portal links start with
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Sites whose pages may show the tenant portal in an iframe
    #[arg(long, value_name = "ORIGIN,…")]
    portal_frame_origins: Option<String>,
    /// What stands in the head of the portal's pages
    #[arg(long, value_name = "NAME")]
    portal_name: Option<String>,
    /// The portal's main colour, such as #4c6ef5
    #[arg(long, value_name = "COLOUR")]
    portal_primary_color: Option<String>,
    /// An image in the head of the portal's pages
    #[arg(long, value_name = "URL")]
    portal_logo_url: Option<String>,
    /// SQLite file or Postgres database
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Redis or Valkey, when several processes share the queue
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
    /// Networks that may be reached although they are not public
    #[arg(long, value_name = "CIDR,…")]
    egress_allow: Option<String>,
    /// Networks that may never be reached
    #[arg(long, value_name = "CIDR,…")]
    egress_deny: Option<String>,
    /// Ports that may be reached; none named: all that web servers may have
    #[arg(long, value_name = "PORT,…")]
    egress_ports: Option<String>,
    /// HTTP proxy that all deliveries go through
    #[arg(long, value_name = "URL")]
    egress_proxy: Option<String>,
    /// Refuse http:// urls
    #[arg(long, value_name = "true|false")]
    require_https: Option<String>,
    /// Waits between attempts, such as 5s,30s,2m,10m,1h
    #[arg(long, value_name = "WAIT,…")]
    retry_schedule: Option<String>,
    /// Requests in flight at most
    #[arg(long, value_name = "NUMBER")]
    worker_concurrency: Option<String>,
    /// Bytes of one event's data
    #[arg(long, value_name = "BYTES")]
    max_payload_bytes: Option<String>,
    /// Bytes of one request to an inbound source
    #[arg(long, value_name = "BYTES")]
    max_inbound_bytes: Option<String>,
    /// Days that events, deliveries and attempts are kept
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<String>,
    /// What is logged: a level, also by target
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

impl SettingArgs {
    /// Reads the settings of this process, with these flags on top.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn load(&self, dev: bool) -> Result<(Settings, Report), Faults> {
        load(&Sources {
            file: SettingsFile::choose(self.config.clone()),
            environment: Environment::of_process(),
            flags: self.flags(),
            dev,
        })
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("listen", &self.listen),
            ("public_url", &self.public_url),
            ("portal_frame_origins", &self.portal_frame_origins),
            ("portal_name", &self.portal_name),
            ("portal_primary_color", &self.portal_primary_color),
            ("portal_logo_url", &self.portal_logo_url),
            ("database_url", &self.database_url),
            ("redis_url", &self.redis_url),
            ("egress_allow", &self.egress_allow),
            ("egress_deny", &self.egress_deny),
            ("egress_ports", &self.egress_ports),
            ("egress_proxy", &self.egress_proxy),
            ("require_https", &self.require_https),
            ("retry_schedule", &self.retry_schedule),
            ("worker_concurrency", &self.worker_concurrency),
            ("max_payload_bytes", &self.max_payload_bytes),
            ("max_inbound_bytes", &self.max_inbound_bytes),
            ("retention_days", &self.retention_days),
            ("log", &self.log),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_but_the_keys_has_its_flag() {
        for key in boot::settings::KEYS {
            let flag = key.flag();
            let parsed = Cli::try_parse_from(["posthaste", "serve", &flag, "value"]);
            if key.name.contains("_key") {
                assert!(parsed.is_err(), "{flag}");
                continue;
            }
            let Ok(Cli { command: Command::Serve(args) }) = parsed else {
                panic!("{flag} is not taken");
            };
            assert_eq!(args.settings.flags(), [(key.name, "value".to_owned())]);
        }
    }
}
