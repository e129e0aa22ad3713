//! What the process says of itself: one line per fact, to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::LogSettings;

/// The log can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Settings check this, so only a caller that builds its own sees it.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Called a second time in one process.
    #[error("the log is set up already: {0}")]
    Already(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts the log: text on a terminal, else a JSON object per line with the event's fields at its top
/// level. Panics become lines of it too, so that a collector never meets a line that is no JSON.
///
/// # Errors
/// When the filter can't be read, or a log was started before.
pub fn init(settings: &LogSettings) -> Result<(), TelemetryError> {
    let filtered = Registry::default().with(EnvFilter::try_new(&settings.filter)?);
    if std::io::stderr().is_terminal() {
        filtered.with(fmt::layer().with_writer(std::io::stderr)).try_init()?;
    } else {
        filtered
            .with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init()?;
        std::panic::set_hook(Box::new(|panic| {
            let location = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic.payload_as_str().unwrap_or("no message");
            tracing::error!(location, "panicked: {message}");
        }));
    }
    Ok(())
}
