//! Posts events at a steady rate, whatever happens, each until it is accepted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::deployment::client;

/// How long after the last event posting is tried again.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// How long an answer is waited for.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// An event that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub event_id: String,
    /// When it was posted first, since the start of the run.
    pub posted: Duration,
}

/// What has become of the events, by their number.
#[derive(Debug, Clone)]
pub struct Poster {
    urls: [String; 2],
    key: String,
    start: Instant,
    events: Arc<Mutex<Vec<Option<Accepted>>>>,
}

impl Poster {
    pub(crate) fn new(urls: [String; 2], key: String, start: Instant) -> Self {
        Self { urls, key, start, events: Arc::default() }
    }

    /// The events that were accepted, and their numbers.
    #[must_use]
    pub fn accepted(&self) -> Vec<(u64, Accepted)> {
        let events = self.events.lock();
        let numbered = events.iter().enumerate();
        numbered.filter_map(|(number, event)| Some((number as u64, event.clone()?))).collect()
    }

    /// How many were not accepted to the end.
    #[must_use]
    pub fn unaccepted(&self) -> usize {
        self.events.lock().iter().filter(|event| event.is_none()).count()
    }

    /// Notes an event as accepted, as if it had been posted.
    #[cfg(test)]
    pub(crate) fn note(&self, accepted: Accepted) {
        self.events.lock().push(Some(accepted));
    }

    /// Posts for `time`, and waits for the answers to all of it.
    pub(crate) async fn post(self, rate: u32, time: Duration) {
        let Ok(http) = client(ANSWER_WAIT) else { return };
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (begun, mut posts) = (Instant::now(), JoinSet::new());
        let give_up = begun + time + PATIENCE;
        while begun.elapsed() < time {
            ticks.tick().await;
            let number = {
                let mut events = self.events.lock();
                events.push(None);
                events.len() as u64 - 1
            };
            posts.spawn(self.clone().post_one(http.clone(), number, give_up));
        }
        posts.join_all().await;
    }

    /// Tries both in turn, under one idempotency key: however often it has to ask, it is one event.
    async fn post_one(self, http: reqwest::Client, number: u64, give_up: Instant) {
        let posted = self.start.elapsed();
        let body = json!({"type": "chaos.event", "data": {"number": number}});
        let mut tries = number;
        while Instant::now() < give_up {
            let url = &self.urls[(tries % 2) as usize];
            tries += 1;
            let sent = http
                .post(format!("{url}/events"))
                .bearer_auth(&self.key)
                .header("idempotency-key", format!("chaos-{number}"))
                .json(&body)
                .send()
                .await;
            if let Ok(answer) = sent
                && answer.status() == 202
                && let Ok(receipt) = answer.json::<Value>().await
                && let Some(id) = receipt["id"].as_str()
            {
                let accepted = Accepted { event_id: id.to_owned(), posted };
                self.events.lock()[number as usize] = Some(accepted);
                return;
            }
            sleep(BETWEEN_TRIES).await;
        }
    }
}
