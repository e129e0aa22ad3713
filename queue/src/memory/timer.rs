//! An alarm per key, found by the earliest.

use std::collections::BTreeSet;

use super::moment::Moment;

/// Alarms in the order of their instants.
///
/// Each key has at most one alarm. Its owner remembers the instant and passes it in, so that the
/// timer needs no second index and an owner without an alarm costs nothing here.
#[derive(Debug)]
pub(super) struct Timer<K>(BTreeSet<(Moment, K)>);

impl<K: Ord + Copy> Timer<K> {
    /// Moves the key's alarm from `current` to `wanted`; `None` is no alarm.
    pub(super) fn set(&mut self, key: K, current: &mut Option<Moment>, wanted: Option<Moment>) {
        if *current == wanted {
            return;
        }
        if let Some(at) = *current {
            self.0.remove(&(at, key));
        }
        if let Some(at) = wanted {
            self.0.insert((at, key));
        }
        *current = wanted;
    }

    /// Takes an alarm that has gone off; its owner has none any more.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<K> {
        let first = *self.0.first()?;
        if first.0 > now {
            return None;
        }
        self.0.remove(&first);
        Some(first.1)
    }

    /// When the next alarm goes off.
    pub(super) fn next(&self) -> Option<Moment> {
        self.0.first().map(|(at, _)| *at)
    }

    /// How many keys have an alarm.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K> Default for Timer<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}
