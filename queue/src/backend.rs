//! What apalis workers run on: tickets of a [`Queue`] as an apalis backend.
//!
//! Own polling rather than apalis's `Persistence`, whose poll strategies lose wake-ups and whose
//! errors end the worker: the pending fetch is kept across polls and asks again by itself after an
//! error, so a queue that is away for a while costs a pause and nothing else. A task is the
//! [`Ticket`] itself, so nothing is encoded that could fail to decode. apalis acknowledges nothing:
//! who handles a ticket completes it on the queue, with the outcome in the same call.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;
use futures::future::BoxFuture;
use tower::layer::util::Identity;

use crate::{Completion, Feedback, Next, Queue, Ticket, WorkerSlots};

/// Tickets fetched at once at most; the queue itself hands out no more than there are free slots.
const FETCH_MAX: usize = 256;
/// How long to wait before asking a queue again that answered with an error.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(200);
/// How often releasing is tried on shutdown before it is left to the leases.
const RELEASE_TRIES: usize = 3;

/// A worker's end of the queue.
///
/// The worker's concurrency (`.concurrency(n)`) should be the number of its slots: then what is
/// fetched can start at once, and no lease runs while its ticket waits for a slot.
pub struct LaneBackend {
    queue: Arc<dyn Queue>,
    worker: WorkerSlots,
    fetching: Option<BoxFuture<'static, Vec<Ticket>>>,
    fetched: VecDeque<Ticket>,
    releasing: Option<BoxFuture<'static, ()>>,
}

impl LaneBackend {
    /// Fetches from `queue` on behalf of `worker`.
    pub fn new(queue: Arc<dyn Queue>, worker: WorkerSlots) -> Self {
        Self { queue, worker, fetching: None, fetched: VecDeque::new(), releasing: None }
    }
}

impl Backend for LaneBackend {
    type Task = Task<Ticket>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Ticket>, Infallible>>> {
        loop {
            if let Some(ticket) = self.fetched.pop_front() {
                return Poll::Ready(Some(Ok(Task::new(ticket))));
            }
            let fetching = self
                .fetching
                .get_or_insert_with(|| Box::pin(fetch(self.queue.clone(), self.worker)));
            self.fetched = ready!(fetching.as_mut().poll(cx)).into();
            self.fetching = None;
        }
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.fetching = None;
        if !self.fetched.is_empty() {
            let tickets = std::mem::take(&mut self.fetched).into();
            self.releasing = Some(Box::pin(release(self.queue.clone(), tickets)));
        }
        if let Some(releasing) = &mut self.releasing {
            ready!(releasing.as_mut().poll(cx));
            self.releasing = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for LaneBackend {
    type Args = Ticket;
    type Id = u64;
    type Kind = Ephemeral;
    type Config = WorkerSlots;
    type Layer = Identity;

    fn config(&self) -> &WorkerSlots {
        &self.worker
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

impl fmt::Debug for LaneBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneBackend")
            .field("worker", &self.worker)
            .field("fetched", &self.fetched.len())
            .finish_non_exhaustive()
    }
}

async fn fetch(queue: Arc<dyn Queue>, worker: WorkerSlots) -> Vec<Ticket> {
    loop {
        match queue.fetch(worker, FETCH_MAX).await {
            Ok(tickets) => return tickets,
            Err(error) => tracing::warn!(%error, "could not fetch; asking again"),
        }
        tokio::time::sleep(PAUSE_AFTER_ERROR).await;
    }
}

/// Gives back what was fetched and not started, so that another worker need not wait for its
/// leases to run out.
async fn release(queue: Arc<dyn Queue>, tickets: Vec<Ticket>) {
    let released = |ticket: Ticket| Completion {
        ticket,
        next: Next::DueIn { delay: Duration::ZERO, class: ticket.class },
        feedback: Feedback::Unattempted,
    };
    let completions: Vec<_> = tickets.into_iter().map(released).collect();
    for _ in 0..RELEASE_TRIES {
        match queue.complete(&completions).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, tickets = completions.len(), "could not release tickets")
            }
        }
        tokio::time::sleep(PAUSE_AFTER_ERROR).await;
    }
}
