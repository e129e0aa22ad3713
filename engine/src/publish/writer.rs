//! Groups postings: one commit for all that wait, split when one row spoils it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::commit::{ToPush, commit};
use super::{Once, Posted, Prepared, Published, Refusal};
use crate::context::Parts;
use crate::error::Error;
use crate::group::Grouped;

/// Postings of one commit at most: bounds the time that the others wait.
const GROUP_POSTINGS: usize = 1_000;
/// Rows of one commit at most; what is beyond goes into the next.
const GROUP_ROWS: usize = 2_000;
/// Postings that wait at most; further callers are held back before they are read.
const WAITING_POSTINGS: usize = 4_096;

/// A posting on its way into a commit.
#[derive(Debug)]
pub(crate) struct Request {
    pub prepared: Vec<Prepared>,
    pub once: Option<Once>,
}

/// What a posting gets when its group is done.
pub(crate) type Committed = Result<Posted, Error>;

/// Groups postings and writes them.
pub(crate) type Writer = Grouped<Request, Committed>;

/// Starts the writer.
pub(crate) fn start(parts: Arc<Parts>) -> Writer {
    Grouped::start(1, GROUP_POSTINGS, WAITING_POSTINGS, move |requests| {
        let parts = parts.clone();
        async move { write_all(&parts, requests).await }
    })
}

/// Writes postings in commits of bounded size, in the order they came.
async fn write_all(parts: &Parts, mut requests: Vec<Request>) -> Vec<Committed> {
    let mut answers = Vec::with_capacity(requests.len());
    while !requests.is_empty() {
        let mut rows_in_group = 0;
        let fits = requests.iter().take_while(|request| {
            let is_first = rows_in_group == 0;
            rows_in_group += rows_of(request);
            is_first || rows_in_group <= GROUP_ROWS
        });
        let rest = requests.split_off(fits.count());
        answers.extend(write_group(parts, &mut requests).await);
        requests = rest;
    }
    answers
}

fn rows_of(request: &Request) -> usize {
    request.prepared.iter().map(|event| 1 + event.matched.as_ref().map_or(0, Vec::len)).sum()
}

/// Writes one group. One that fails for a reason of one row is split until that row stands alone,
/// so that only its request fails.
fn write_group<'a>(
    parts: &'a Parts,
    requests: &'a mut [Request],
) -> Pin<Box<dyn Future<Output = Vec<Committed>> + Send + 'a>> {
    Box::pin(async move {
        let mark = parts.fresh.mark();
        match commit(parts, requests).await {
            Ok((answers, mut to_push)) => {
                parts.fresh.put(mark, to_push.fresh.drain(..));
                push(parts, to_push).await;
                answers.into_iter().map(Ok).collect()
            }
            Err(Error::Unavailable { what, source }) => {
                let reason = source.to_string();
                requests
                    .iter()
                    .map(|_| Err(Error::Unavailable { what, source: reason.clone().into() }))
                    .collect()
            }
            Err(_) if requests.len() > 1 => {
                let (left, right) = requests.split_at_mut(requests.len() / 2);
                let mut answers = write_group(parts, left).await;
                answers.extend(write_group(parts, right).await);
                answers
            }
            // Another process has taken the claim between our look and our row.
            Err(Error::Conflict(_)) => vec![Ok(Posted::AnsweredBefore)],
            // The tenant was deleted meanwhile.
            Err(Error::NotFound(what)) => vec![Err(Error::NotFound(what))],
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "event.unstorable");
                let refused =
                    requests[0].prepared.iter().map(|_| Published::Refused(Refusal::Unstorable));
                vec![Ok(Posted::Done(refused.collect()))]
            }
        }
    })
}

/// Hands what was committed to the queue. A failure costs time, not events: the rows are there.
async fn push(parts: &Parts, to_push: ToPush) {
    let pushed = async {
        for (tenant, book) in &to_push.books {
            parts.lanes.configure_tenant(*tenant, &book.settings).await?;
        }
        for listed in to_push.lanes.values() {
            parts.lanes.configure(listed.id, &listed.lane).await?;
        }
        parts.lanes.push(&to_push.due).await
    };
    if let Err(error) = pushed.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            deliveries = to_push.due.len(),
            "queue.push_failed"
        );
    }
}
