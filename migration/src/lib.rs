//! The tables, one file per change, the same for SQLite and Postgres.
//!
//! A change is SQL text in which the few words that the two databases spell differently are
//! placeholders (`dialect`). It runs in a transaction of its own together with the note that it has
//! been applied, so that a process killed half way leaves either all of it or nothing. Changes that
//! have been released are never edited: the next one expands, and one of a later release contracts.
//!
//! Instants are milliseconds since the Unix epoch; their columns end in `_at` or are called `since`.
//! Events, deliveries and attempts are partitioned on Postgres by the time in their UUIDv7, without
//! foreign keys between them; the engine makes the partitions of the coming days, and what falls
//! outside of them stands in the default one.

mod change;
mod dialect;
mod m0001_instance;
mod m0002_tenants;
mod m0003_api_keys;
mod m0004_event_types;
mod m0005_subscriptions;
mod m0006_events;
mod m0007_deliveries;
mod m0008_attempts;
mod m0009_dead_letters;
mod m0010_idempotency_keys;
mod m0011_fan_outs;
mod m0012_rollups;
mod m0013_retention;
mod m0014_row_types;
mod m0015_audit_log;
mod m0016_audit_actors;
mod m0017_portal_links;
mod m0018_catalogue;
mod m0019_replays;
mod m0020_bins;
mod m0021_sealed_urls;
mod m0022_batches;
mod m0023_unchecked_deliveries;
mod m0024_sessions;
mod m0025_replayed_reasons;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

use sea_orm_migration::{MigrationTrait, async_trait::async_trait};

use crate::change::Change;

/// Every change, oldest first.
const CHANGES: [Change; 25] = [
    m0001_instance::CHANGE,
    m0002_tenants::CHANGE,
    m0003_api_keys::CHANGE,
    m0004_event_types::CHANGE,
    m0005_subscriptions::CHANGE,
    m0006_events::CHANGE,
    m0007_deliveries::CHANGE,
    m0008_attempts::CHANGE,
    m0009_dead_letters::CHANGE,
    m0010_idempotency_keys::CHANGE,
    m0011_fan_outs::CHANGE,
    m0012_rollups::CHANGE,
    m0013_retention::CHANGE,
    m0014_row_types::CHANGE,
    m0015_audit_log::CHANGE,
    m0016_audit_actors::CHANGE,
    m0017_portal_links::CHANGE,
    m0018_catalogue::CHANGE,
    m0019_replays::CHANGE,
    m0020_bins::CHANGE,
    m0021_sealed_urls::CHANGE,
    m0022_batches::CHANGE,
    m0023_unchecked_deliveries::CHANGE,
    m0024_sessions::CHANGE,
    m0025_replayed_reasons::CHANGE,
];

/// Brings a database up to date: `Migrator::up(&connection, None)`.
///
/// Two processes must not run it at once; who starts it holds a lock.
#[derive(Debug)]
pub struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        CHANGES.into_iter().map(|change| Box::new(change) as Box<dyn MigrationTrait>).collect()
    }
}
