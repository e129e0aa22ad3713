//! What processes tell each other through Redis, which keeps nothing of it.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use redis::RedisError;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::link::Link;

const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);

/// What has been announced and not heard yet, on a connection of its own that is made when somebody first
/// listens.
#[derive(Default)]
pub(super) struct News {
    notes: Mutex<Option<BoxStream<'static, Vec<u8>>>>,
}

impl News {
    /// The next note. `None` after each connecting: what was announced in between was not heard.
    pub(super) async fn next(&self, link: &Link) -> Option<Vec<u8>> {
        let mut notes = self.notes.lock().await;
        if let Some(open) = notes.as_mut() {
            let note = open.next().await;
            if note.is_none() {
                tracing::warn!("queue.news_ended");
                *notes = None;
            }
            return note;
        }
        loop {
            match timeout(SUBSCRIBE_TIMEOUT, subscribe(link)).await {
                Ok(Ok(subscribed)) => {
                    *notes = Some(subscribed);
                    return None;
                }
                Ok(Err(error)) => tracing::debug!(%error, "queue.news_not_subscribed"),
                Err(_) => tracing::debug!("queue.news_not_subscribed: no answer"),
            }
            sleep(PAUSE_AFTER_FAILURE).await;
        }
    }
}

async fn subscribe(link: &Link) -> Result<BoxStream<'static, Vec<u8>>, RedisError> {
    let mut subscription = link.client().get_async_pubsub().await?;
    subscription.subscribe(link.shard().news()).await?;
    let notes = subscription.into_on_message();
    Ok(notes.map(|message| message.get_payload_bytes().to_vec()).boxed())
}
