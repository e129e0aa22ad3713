//! The path of a delivery: due → sign → send → settle → record.
//!
//! Pauses, rate limits, breakers and caps never appear here: a lane that is not runnable is not
//! served.

use std::time::Duration;

use apalis::prelude::Data;
use domain::delivery::{Verdict, settle};
use domain::outcome::Outcome;
use engine::Engine;
use engine::dispatch::DueDelivery;
use queue::Ticket;

/// Makes one attempt at a delivery and records what came of it. Crash anywhere before the record is
/// committed, and the delivery is still due: it is sent again under the same number.
pub(crate) async fn deliver(ticket: Ticket, engine: Data<Engine>) {
    let due = match engine.load(&ticket).await {
        Ok(Some(due)) => due,
        // Finished or superseded meanwhile: nothing is owed.
        Ok(None) => return,
        // The ticket was given back and comes again.
        Err(error) => {
            return tracing::warn!(error = &error as &dyn std::error::Error, "delivery.not_loaded");
        }
    };
    let started_at = engine.clock.now();
    let outcome = engine.attempt(&due, started_at, due.target.timeout).await;
    let verdict =
        settle(&outcome, due.progress, &due.target.retry, engine.clock.now(), &mut engine.rng());
    log(&due, &outcome, verdict);
    engine.record(due, started_at, outcome, verdict).await;
}

/// One line per attempt with all facts as fields: failures at `info`, the usual at `debug`.
fn log(due: &DueDelivery, outcome: &Outcome, verdict: Verdict) {
    macro_rules! attempted {
        ($level:expr) => {
            tracing::event!(
                $level,
                tenant.id = %due.tenant,
                event.id = %due.event_id,
                event.r#type = due.event_type,
                subscription.id = %due.ticket.lane,
                delivery.id = %due.id,
                attempt.number = due.progress.number,
                http.status = outcome.status(),
                failure_reason = outcome.failure_reason().map(|reason| reason.as_str()),
                duration_ms = millis(outcome.timing.total),
                queue_ms = millis(due.ticket.waited),
                verdict = verdict.as_str(),
                next_attempt_at = verdict.retry_at().map(tracing::field::display),
                "delivery.attempted"
            )
        };
    }
    if verdict == Verdict::Succeeded {
        attempted!(tracing::Level::DEBUG);
    } else {
        attempted!(tracing::Level::INFO);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
