//! How a process is asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code of a process that is asked twice.
const ASKED_TWICE: i32 = 1;

/// A token that is cancelled by the first `SIGTERM` or `SIGINT`: stop taking, finish what runs. A
/// second signal ends the process at once; what was in flight then comes again after the next start.
/// The signals are caught from the moment this returns. Runs within a tokio runtime.
///
/// # Errors
/// When the system refuses the signal handlers.
pub fn on_signals() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stopping = token.clone();
    tokio::spawn(async move {
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!(signal = name, "stopping; a second signal ends at once");
        stopping.cancel();
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::warn!(signal = name, "ended before everything was finished");
        std::process::exit(ASKED_TWICE);
    });
    Ok(token)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
