//! How long things are kept.

use std::time::Duration;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const RETENTION_DAYS: Key =
    Key::new("retention_days", "POSTHASTE_RETENTION_DAYS", Kind::Number);

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct RetentionSettings {
    /// Days that events, deliveries and attempts are kept (default 30). Dead letters stay until they
    /// are resolved, or for 90 days. Lower it to save disk.
    pub retention_days: u32,
}

impl RetentionSettings {
    /// How long events, deliveries and attempts are kept.
    pub fn kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.retention_days) * 24 * 60 * 60)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // Ten years: beyond that it is an archive, which is not what the tables are laid out for.
        let retention_days = reader.number(&RETENTION_DAYS, 1..=3650, "days")?;
        Some(Self { retention_days })
    }
}
