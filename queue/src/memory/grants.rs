//! When tickets were handed out, to notice those whose answer takes long.

use std::collections::VecDeque;

use domain::ids::SubscriptionId;

use super::moment::Moment;
use crate::{LeaseToken, SLOW_AFTER};

/// The tickets of the last [`SLOW_AFTER`], the oldest first.
///
/// An alarm per lane would be moved twice for every delivery; all of them together come due in the
/// order in which they were handed out, so a queue does.
#[derive(Debug, Default)]
pub(super) struct Grants(VecDeque<(Moment, LeaseToken, SubscriptionId)>);

impl Grants {
    /// Notes a ticket handed out now.
    pub(super) fn push(&mut self, now: Moment, token: LeaseToken, lane: SubscriptionId) {
        self.0.push_back((now + SLOW_AFTER, token, lane));
    }

    /// Forgets the oldest tickets as far as `ended` says that they are not out any more, so that
    /// nobody wakes for them.
    pub(super) fn trim(&mut self, mut ended: impl FnMut(SubscriptionId, LeaseToken) -> bool) {
        while self.0.front().is_some_and(|(_, token, lane)| ended(*lane, *token)) {
            self.0.pop_front();
        }
        // What a burst took is given back when the queue falls silent.
        if self.0.is_empty() {
            self.0.shrink_to(64);
        }
    }

    /// The lane of a ticket that has been out for long.
    pub(super) fn pop_old(&mut self, now: Moment) -> Option<SubscriptionId> {
        self.0.pop_front_if(|(at, _, _)| *at <= now).map(|(_, _, lane)| lane)
    }

    /// When the oldest one has been out for long.
    pub(super) fn next(&self) -> Option<Moment> {
        self.0.front().map(|(at, _, _)| *at)
    }
}
