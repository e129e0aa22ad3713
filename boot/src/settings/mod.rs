//! The settings: read from every source, checked as a whole, before anything opens.
//!
//! Compiled-in defaults (`posthaste.default.toml`), then the settings file, then variables, then
//! flags. The keys are flat and each has one variable and one flag of the same name; one file here
//! per section. All that is wrong is reported together, a line each.

mod database;
mod delivery;
mod egress;
mod fault;
mod http;
mod intake;
mod key;
mod keys;
mod layers;
mod log;
mod portal;
mod reader;
mod report;
mod retention;
mod secret;

pub use database::{DatabaseSettings, QueueSettings};
pub use delivery::DeliverySettings;
pub use egress::EgressSettings;
pub use fault::{Fault, Faults};
pub use http::HttpSettings;
pub use intake::IntakeSettings;
pub use key::Key;
pub use keys::KeySettings;
pub use layers::{Environment, Origin, SettingsFile, Sources};
pub use log::LogSettings;
pub use portal::PortalSettings;
pub use report::Report;
pub use retention::RetentionSettings;
pub use secret::{MasterKey, SecretText};

use layers::Layers;
use reader::Reader;

/// Every key, in the order in which they are printed.
pub const KEYS: [&Key; 23] = [
    &http::LISTEN,
    &http::PUBLIC_URL,
    &portal::FRAME_ORIGINS,
    &portal::NAME,
    &portal::PRIMARY_COLOR,
    &portal::LOGO_URL,
    &database::DATABASE_URL,
    &database::REDIS_URL,
    &keys::ADMIN_KEY,
    &keys::MASTER_KEY,
    &keys::ADMIN_KEY_ALSO,
    &keys::MASTER_KEY_ALSO,
    &egress::ALLOW,
    &egress::DENY,
    &egress::PORTS,
    &egress::PROXY,
    &egress::REQUIRE_HTTPS,
    &delivery::RETRY_SCHEDULE,
    &delivery::WORKER_CONCURRENCY,
    &intake::MAX_PAYLOAD_BYTES,
    &intake::MAX_INBOUND_BYTES,
    &retention::RETENTION_DAYS,
    &log::LOG,
];

/// The settings in force, all of them checked. Pass on the section or the value that is needed,
/// never the whole.
#[derive(Debug, Clone)]
pub struct Settings {
    pub http: HttpSettings,
    pub portal: PortalSettings,
    pub database: DatabaseSettings,
    pub queue: QueueSettings,
    pub keys: KeySettings,
    pub egress: EgressSettings,
    pub delivery: DeliverySettings,
    pub intake: IntakeSettings,
    pub retention: RetentionSettings,
    pub log: LogSettings,
    /// Started with `--dev`: http and this machine's own addresses are allowed as receivers.
    pub dev: bool,
}

/// Reads and checks the settings; the report says where each one came from.
///
/// # Errors
/// All that is wrong, together.
pub fn load(sources: &Sources) -> Result<(Settings, Report), Faults> {
    let mut faults = Vec::new();
    let layers = Layers::gather(sources, &mut faults);
    let mut reader = Reader::new(&layers, faults);
    let settings = read(&mut reader, sources.dev);
    let settings = reader.finish(settings)?;
    let report = Report::new(&layers, &settings);
    Ok((settings, report))
}

fn read(reader: &mut Reader<'_>, dev: bool) -> Option<Settings> {
    // Every section is read before the first fault ends it, so that all faults are found.
    let http = HttpSettings::read(reader);
    let portal = PortalSettings::read(reader);
    let database = DatabaseSettings::read(reader);
    let queue = QueueSettings::read(reader);
    let keys = KeySettings::read(reader);
    let egress = EgressSettings::read(reader);
    let delivery = DeliverySettings::read(reader);
    let intake = IntakeSettings::read(reader);
    let retention = RetentionSettings::read(reader);
    let log = LogSettings::read(reader);
    if let (Some(DatabaseSettings::Sqlite { .. }), Some(QueueSettings { redis_url: Some(_) })) =
        (&database, &queue)
    {
        let must =
            "goes with Postgres only; leave it unset with SQLite, or set POSTHASTE_DATABASE_URL";
        reader.refuse(&database::REDIS_URL, must);
    }
    Some(Settings {
        http: http?,
        portal: portal?,
        database: database?,
        queue: queue?,
        keys: keys?,
        egress: egress?,
        delivery: delivery?,
        intake: intake?,
        retention: retention?,
        log: log?,
        dev,
    })
}

#[cfg(test)]
mod tests;
