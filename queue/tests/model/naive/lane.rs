//! A lane as a list of what waits.

use std::collections::BTreeMap;

use domain::ids::DeliveryId;
use queue::memory::moment::Moment;
use queue::{Breaker, Class, HORIZON, LaneSettings, WINDOW};

use super::CLASSES;
use super::rate::Rate;

#[derive(Default)]
pub(super) struct Lane {
    pub(super) settings: Option<LaneSettings>,
    pub(super) rate: Rate,
    pub(super) waiting: Vec<Item>,
    pub(super) marks: BTreeMap<Class, Mark>,
    pub(super) head: Option<Moment>,
    pub(super) cap: u32,
    pub(super) passed: [u32; 3],
    pub(super) probe_at: Moment,
    pub(super) probe_spent: bool,
    pub(super) sluggish: bool,
    pub(super) turn: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) due: Moment,
    pub(super) arrival: u64,
    pub(super) class: Class,
    pub(super) id: DeliveryId,
}

#[derive(Default)]
pub(super) struct Mark {
    pub(super) beyond: Option<Moment>,
    pub(super) since_asked: Option<Moment>,
    pub(super) asked: Option<Moment>,
    pub(super) generation: u64,
    pub(super) not_before: Moment,
}

impl Lane {
    pub(super) fn ordered(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.ordered)
    }

    pub(super) fn open(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.breaker != Breaker::Closed)
    }

    pub(super) fn of(&self, class: Class) -> impl Iterator<Item = &Item> {
        self.waiting.iter().filter(move |item| item.class == class)
    }

    pub(super) fn leave(&mut self, class: Class, at: Moment) {
        let mark = self.marks.entry(class).or_default();
        mark.beyond = sooner(mark.beyond, Some(at));
        mark.since_asked = sooner(mark.since_asked, Some(at));
    }

    pub(super) fn offer(&mut self, item: Item, leased: &[DeliveryId], now: Moment) -> bool {
        if self.ordered() {
            self.head = sooner(self.head, Some(item.due));
            return false;
        }
        if leased.contains(&item.id) || self.waiting.iter().any(|other| other.id == item.id) {
            return false;
        }
        if item.due > now + HORIZON {
            self.leave(item.class, item.due);
            return false;
        }
        self.waiting.push(item);
        self.waiting.sort();
        if self.of(item.class).count() > WINDOW {
            let last = self
                .waiting
                .iter()
                .rposition(|other| other.class == item.class)
                .expect("there are some");
            let last = self.waiting.remove(last);
            self.leave(last.class, last.due);
            return last.id != item.id;
        }
        true
    }

    pub(super) fn dues(&self) -> impl Iterator<Item = Moment> {
        self.waiting.iter().map(|item| item.due).chain(self.head)
    }

    /// What the lane hands out next.
    pub(super) fn next(&self, now: Moment) -> Option<Item> {
        if self.open() {
            return self.waiting.first().copied();
        }
        let due = |class| self.of(class).find(|item| item.due <= now).copied();
        let late =
            |class: Class, turns| due(class).filter(|_| self.passed[class as usize] >= turns);
        late(Class::Retry, 9)
            .filter(|_| self.passed[1] > self.passed[2] || late(Class::Replay, 8).is_none())
            .or_else(|| late(Class::Replay, 8))
            .or_else(|| CLASSES.into_iter().find_map(due))
    }
}

pub(super) fn sooner(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    [a, b].into_iter().flatten().min()
}
