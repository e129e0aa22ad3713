//! What is logged.

use tracing_subscriber::EnvFilter;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const LOG: Key = Key::new("log", "POSTHASTE_LOG", Kind::Text);

/// What is logged.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A level, also by target, such as `info,engine=debug` (default `info`). Change it to look for a
    /// fault; `debug` writes a line per delivery.
    pub filter: String,
}

impl LogSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let filter = reader.read(&LOG, |text| {
            let must = "must be a level (error, warn, info, debug, trace, off), also by target: info,engine=debug";
            let known = text.split(',').all(is_directive) && EnvFilter::try_new(text).is_ok();
            if known { Ok(text.to_owned()) } else { Err(must.to_owned()) }
        })?;
        Some(Self { filter })
    }
}

/// A bare word is taken for a target by the filter's own parser, so that a misspelt level would
/// silence everything without a word.
fn is_directive(directive: &str) -> bool {
    let level = directive.rsplit('=').next().unwrap_or(directive).trim();
    let levels = ["error", "warn", "info", "debug", "trace", "off"];
    levels.iter().any(|known| level.eq_ignore_ascii_case(known))
}
