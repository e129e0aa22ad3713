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

/// Goes before what the operator has set, which may say otherwise of the same target. When Postgres restarts,
/// each connection says that it was ended; the query that met it says so too, and once. A request that is no
/// HTTP is its client's error, not ours, and anybody may send any number of them.
const QUIET: &str = "sqlx::postgres::notice=off,actix_http::h1::dispatcher=off";

/// Starts the log: text on a terminal, else a JSON object per line with the event's fields at its top
/// level. Panics become lines of it too, so that a collector never meets a line that is no JSON.
///
/// # Errors
/// When the filter can't be read, or a log was started before.
pub fn init(settings: &LogSettings) -> Result<(), TelemetryError> {
    let filtered = Registry::default().with(filter(&settings.filter)?);
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

fn filter(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("{QUIET},{directives}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::io::{self, Write};
    use std::sync::Arc;
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(directives: &str) -> String {
        let lines = Lines::default();
        let layer = fmt::layer().with_writer(lines.clone());
        let log = Registry::default().with(filter(directives).expect("a filter")).with(layer);
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "sqlx::postgres::notice", "of the server");
            tracing::error!(target: "actix_http::h1::dispatcher", "of a stranger");
            tracing::warn!(target: "sqlx::query", "of a query");
            tracing::info!("of ours");
        });
        let bytes = lines.0.lock().clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn what_is_not_ours_to_mend_is_not_logged_unless_it_is_asked_for() {
        let usual = logged("info");
        assert!(!usual.contains("of the server") && !usual.contains("of a stranger"), "{usual}");
        assert!(usual.contains("of a query") && usual.contains("of ours"), "{usual}");
        assert!(logged("warn,sqlx::postgres::notice=error").contains("of the server"));
        assert!(!logged("error").contains("of ours"));
    }
}
