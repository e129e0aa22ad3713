//! Whose turn it is.

use std::collections::BTreeSet;

/// Those who wait for a turn, in the order in which they had their last one.
///
/// A turn is a number that grows with every ticket handed out. Who is served takes the newest
/// number and so goes to the back; who comes back after a while of having nothing to do keeps its
/// old number and so is served before those that were busy meanwhile. That is round robin without
/// a penalty for having been idle, and it lets one waiter stand in several rings at once (the fast
/// and the slow ones) with its place in each comparable.
#[derive(Debug)]
pub(super) struct Turns<K>(BTreeSet<(u64, K)>);

impl<K: Ord + Copy> Turns<K> {
    /// Puts `key` in, or takes it out, at the turn it holds.
    pub(super) fn place(&mut self, key: K, turn: u64, waits: bool) {
        if waits {
            self.0.insert((turn, key));
        } else {
            self.0.remove(&(turn, key));
        }
    }

    /// Who is next, with its turn.
    pub(super) fn first(&self) -> Option<(u64, K)> {
        self.0.first().copied()
    }

    /// All that wait, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, K)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}
