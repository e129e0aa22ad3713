//! One transaction for a group; a group that fails for a reason of one row is split until that row
//! stands alone, so that only its request or attempt fails.

use std::sync::Arc;
use std::time::Instant;

use queue::Completion;
use tokio::sync::mpsc;

use super::backlog::Group;
use super::{Pass, WaitingPosting, WaitingRecord};
use crate::context::Parts;
use crate::dispatch::{self, Mark, Recorded};
use crate::error::Error;
use crate::publish::{self, Posted, PostingFate, ToPush};
use crate::rollups::Tally;

/// A group that is committed, with what has to be told of it.
#[derive(Debug)]
pub(super) struct Done {
    group: Group,
    committed: GroupCommitted,
    fresh_mark: Mark,
}

/// Commits the group and hands on what is to be told of it. Returns the outcomes that have to be tried
/// again since the database is away.
pub(super) async fn write(
    parts: &Arc<Parts>,
    group: Group,
    done: &mpsc::Sender<Done>,
) -> Vec<WaitingRecord> {
    let mut unrecorded = Vec::new();
    let mut left = vec![(group, Pass::Hopeful)];
    while let Some((mut group, pass)) = left.pop() {
        let (fresh_mark, begun) = (parts.fresh.mark(), Instant::now());
        match commit(parts, &mut group, pass).await {
            Ok(committed) => {
                count(parts, &group, begun);
                // Received as long as the writer writes.
                drop(done.send(Done { group, committed, fresh_mark }).await);
            }
            // Somebody was in between: nothing was written, and both kinds are looked at by themselves.
            Err(error) if pass == Pass::Hopeful && error.is_dashed_hope() => {
                let records = std::mem::take(&mut group.records);
                let records = Group { records, ..Group::default() };
                let parts = [records, group].into_iter().filter(|part| part.len() > 0);
                left.extend(parts.map(|part| (part, Pass::Careful)));
            }
            Err(Error::Unavailable { what, source }) => {
                let reason = source.to_string();
                tracing::warn!(error = reason, "writer.database_away");
                let refusals = std::iter::repeat_with(|| {
                    Some(Err(Error::Unavailable { what, source: reason.clone().into() }))
                });
                answer_postings(group.postings, refusals);
                unrecorded.extend(group.records);
            }
            Err(_) if group.len() > 1 => left.extend(group.split().map(|half| (half, pass))),
            Err(error) => {
                let refused =
                    group.postings.iter().map(|one| Some(publish::refuse(&one.request, &error)));
                let refused: Vec<_> = refused.collect();
                answer_postings(group.postings, refused);
                let resting = requests(&group.records).map(|one| dispatch::rest(one, &error));
                let resting: Vec<_> = resting.collect();
                complete(parts, group.records, &resting).await;
            }
        }
    }
    unrecorded
}

/// Answers who waits for a committed group, and tells the queue of it.
pub(super) async fn tell(parts: &Arc<Parts>, done: Done) {
    let Done { group, mut committed, fresh_mark } = done;
    if !committed.recorded.disabled.is_empty() {
        parts.forget_fresh().await;
    }
    let fresh = std::mem::take(&mut committed.to_push.fresh);
    let fan_outs = std::mem::take(&mut committed.to_push.fan_outs);
    let answers = committed.posted.into_iter().map(|posted| posted.map(Ok));
    if fan_outs.is_empty() {
        answer_postings(group.postings, answers);
    } else {
        let (parts, postings) = (parts.clone(), group.postings);
        let answers: Vec<_> = answers.collect();
        tokio::spawn(async move {
            publish::finish_fan_outs(fan_outs, &parts).await;
            answer_postings(postings, answers);
        });
    }
    // One behind the other on the way to the queue, without waiting in between.
    let news = dispatch::news::tell(parts, fresh_mark, fresh);
    tokio::join!(news, publish::push(parts, committed.to_push));
    let completions =
        dispatch::follow_up(parts, requests(&group.records), committed.recorded).await;
    complete(parts, group.records, &completions).await;
}

/// What a transaction has made of a group.
#[derive(Debug)]
struct GroupCommitted {
    posted: Vec<Option<Posted>>,
    to_push: ToPush,
    recorded: Recorded,
}

/// Writes the group, all of it or nothing.
async fn commit(parts: &Parts, group: &mut Group, pass: Pass) -> Result<GroupCommitted, Error> {
    let books =
        publish::books_of(parts, group.postings.iter().map(|posting| &posting.request)).await?;
    let transaction = parts.database.begin_group().await?;
    let postings = group.postings.iter_mut().map(|posting| &mut posting.request).collect();
    let mut tally = Tally::default();
    let (posted, to_push) =
        publish::write(parts, &transaction, postings, books, pass, &mut tally).await?;
    let records: Vec<_> = requests(&group.records).collect();
    let recorded = dispatch::write(parts, &transaction, &records, pass, &mut tally).await?;
    tally.save(&transaction, parts).await?;
    transaction.commit().await?;
    Ok(GroupCommitted { posted, to_push, recorded })
}

/// Counts a commit. One that was tried in vain is not one.
fn count(parts: &Parts, group: &Group, begun: Instant) {
    let rows = group.postings.iter().map(|posting| posting.request.rows()).sum();
    parts.metrics.commit_times.observe_time(begun.elapsed());
    parts.metrics.commit_postings.observe_size(group.postings.len());
    parts.metrics.commit_rows.observe_size(rows);
    parts.metrics.commit_outcomes.observe_size(group.records.len());
}

fn requests(records: &[WaitingRecord]) -> impl Iterator<Item = &dispatch::Record> {
    records.iter().map(|record| &record.request)
}

/// Answers postings; those without an answer are given back, to be matched again.
fn answer_postings(
    postings: Vec<WaitingPosting>,
    answers: impl IntoIterator<Item = Option<Result<Posted, Error>>>,
) {
    for (posting, answer) in postings.into_iter().zip(answers) {
        let answer = match answer {
            Some(posted) => posted.map(PostingFate::Posted),
            None => Ok(PostingFate::Stale(Box::new(posting.request))),
        };
        let _ = posting.answer.send(answer);
    }
}

async fn complete(parts: &Parts, records: Vec<WaitingRecord>, completions: &[Completion]) {
    if completions.is_empty() {
        return;
    }
    if let Err(error) = parts.lanes.complete(completions).await {
        // The rows are right; the leases run out and what is looked at again is dropped as final.
        tracing::warn!(error = &error as &dyn std::error::Error, "queue.complete_failed");
    }
    for WaitingRecord { request, answer } in records {
        // The ticket is laid down before anybody is told.
        drop(request);
        let _ = answer.send(());
    }
}
