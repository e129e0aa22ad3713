//! Figures: counted with every commit, added up a moment later, read from few rows.
//!
//! A commit that records attempts, takes events, makes deliveries or dead letters notes what it adds in one
//! row of its own transaction ([`Tally`]): what is counted is what is committed, and nobody waits for a row that
//! others change too. Whoever leads takes such rows every second or two, and adds them to the minutes,
//! hours and days of each subscription, of each tenant and of all ([`fold`]). That is one transaction which
//! takes away what it adds, so a crash at any point neither loses nor repeats anything.

mod erase;
mod fold;
mod tally;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::context::Engine;

pub(crate) use erase::erase_of_tenant;
pub(crate) use tally::Tally;

/// How long a rest is at least and at most between two rounds: figures are to be there within 5 s.
const REST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// A rest is so many times as long as the round before it took: adding up takes a fifth of one
/// connection's time at most, unless there is more than that leaves time for.
const REST_FOR_ROUND: u32 = 4;

impl Engine {
    /// Adds figures up while this process `leads`, until told to stop.
    pub async fn keep_figures(&self, mut leads: watch::Receiver<bool>, stop: CancellationToken) {
        loop {
            let elected = async { leads.wait_for(|leads| *leads).await.is_ok() };
            tokio::select! {
                () = stop.cancelled() => return,
                elected = elected => {
                    if !elected {
                        // Nobody will say any more who leads.
                        return stop.cancelled().await;
                    }
                }
            }
            let began = Instant::now();
            while !stop.is_cancelled() {
                match self.fold_figures().await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "figures.fold_failed"
                        );
                        break;
                    }
                }
            }
            let rest = began.elapsed() * REST_FOR_ROUND;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(rest.clamp(REST[0], REST[1])) => {}
            }
        }
    }
}
