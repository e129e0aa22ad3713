//! The ceiling with reqwest in the place of the raw client.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::signed::{SignedPosts, headers};
use super::{IN_FLIGHT, WARM_UP, per_second};
use crate::api::http_client;
use crate::clock::{Clock, duration_ns};
use crate::receiver::{Answer, Receiver};

/// Deliveries per second of reqwest, with as many in flight as the raw client has.
///
/// # Errors
/// When the machine gives no socket or thread, or a request fails.
pub fn with_reqwest(duration: Duration) -> Result<f64> {
    let clock = Clock::start();
    let receiver = Receiver::start(Answer::Ok, clock)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting a runtime for reqwest")?;
    let client = http_client()?;
    let start_ns = clock.now_ns();
    let end_ns = start_ns + duration_ns(WARM_UP + duration);
    runtime.block_on(async {
        let mut senders = tokio::task::JoinSet::new();
        for sender in 0..IN_FLIGHT as u32 {
            let (client, url, mut posts) = (client.clone(), receiver.url(0), SignedPosts::new()?);
            senders.spawn(async move {
                let mut seq = sender;
                while clock.now_ns() < end_ns {
                    let (signatures, body) = posts.sign(seq);
                    let mut request = client.post(&url).body(body.to_vec());
                    for (name, value) in headers(&signatures) {
                        request = request.header(name, value);
                    }
                    request.send().await?.error_for_status()?;
                    seq = seq.wrapping_add(IN_FLIGHT as u32);
                }
                Ok::<_, reqwest::Error>(())
            });
        }
        while let Some(ended) = senders.join_next().await {
            ended.context("a sender panicked")?.context("a request failed")?;
        }
        anyhow::Ok(())
    })?;
    Ok(per_second(&receiver, start_ns, duration))
}
