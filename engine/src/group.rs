//! Work in groups, answer one by one.
//!
//! What arrives while one group is under way goes into the next: no timer, so nothing is added when
//! idle, and the groups grow by themselves under load.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use crate::vital::Vital;

/// The group's worker is gone: the process is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process is stopping")]
pub struct Stopped;

struct Asked<Q, A> {
    request: Q,
    answer: oneshot::Sender<A>,
}

/// Takes requests one by one and has them worked on in groups.
#[derive(Debug)]
pub struct Grouped<Q, A> {
    sender: mpsc::Sender<Asked<Q, A>>,
    _workers: Vec<AbortOnDropHandle<()>>,
}

impl<Q: Send + 'static, A: Send + 'static> Grouped<Q, A> {
    /// Starts `workers` that call `work` with up to `group_max` requests at a time; `work` answers
    /// them in their order. At most `waiting_max` requests wait; further callers are held back. A panic
    /// in `work` ends the process.
    pub fn start<W, F>(workers: usize, group_max: usize, waiting_max: usize, work: W) -> Self
    where
        W: Fn(Vec<Q>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Vec<A>> + Send,
    {
        let (sender, receiver) = mpsc::channel::<Asked<Q, A>>(waiting_max);
        let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
        let worker = || {
            let (receiver, work) = (receiver.clone(), work.clone());
            AbortOnDropHandle::new(tokio::spawn(async move {
                let _vital = Vital("group");
                let mut waiting = Vec::new();
                loop {
                    let taken = receiver.lock().await.recv_many(&mut waiting, group_max).await;
                    if taken == 0 {
                        return;
                    }
                    let (requests, answers): (Vec<Q>, Vec<_>) =
                        waiting.drain(..).map(|one| (one.request, one.answer)).unzip();
                    for (answer, to) in work(requests).await.into_iter().zip(answers) {
                        // Whoever asked may have gone away; what was done for it stays done.
                        let _ = to.send(answer);
                    }
                }
            }))
        };
        Self { sender, _workers: (0..workers).map(|_| worker()).collect() }
    }

    /// Has the request worked on with others.
    ///
    /// # Errors
    /// When the worker is gone.
    pub async fn ask(&self, request: Q) -> Result<A, Stopped> {
        let (answer, answered) = oneshot::channel();
        self.sender.send(Asked { request, answer }).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn what_arrives_while_a_group_is_under_way_goes_into_the_next() {
        let (gate, groups) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let grouped = {
            let (gate, groups) = (gate.clone(), groups.clone());
            Arc::new(Grouped::start(1, 100, 100, move |numbers: Vec<u32>| {
                let (gate, groups) = (gate.clone(), groups.clone());
                async move {
                    groups.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.expect("the gate stays").forget();
                    numbers.into_iter().map(|n| n * 2).collect()
                }
            }))
        };
        let ask = |n| {
            tokio::spawn({
                let grouped = grouped.clone();
                async move { grouped.ask(n).await }
            })
        };
        let first = ask(1);
        while groups.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let rest: Vec<_> = (2..=50).map(ask).collect();
        while grouped.sender.capacity() > 100 - 49 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.expect("no panic"), Ok(2));
        for (n, answer) in (2..).zip(rest) {
            assert_eq!(answer.await.expect("no panic"), Ok(n * 2));
        }
        assert_eq!(groups.load(Ordering::SeqCst), 2);
    }
}
