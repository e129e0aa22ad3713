//! Which class of a lane goes next.

use crate::Class;

/// All classes, the earliest first: the index of a class is its place here.
pub(super) const CLASSES: [Class; 3] = [Class::First, Class::Retry, Class::Replay];

/// After how many turns of others a class that waits goes first. The last class is let in a turn
/// sooner: were both counted alike, they could come due together and one would wait for an
/// eleventh turn.
const TURNS_PASSED: [u8; 3] = [u8::MAX, 9, 8];

/// How many turns each class has waited for.
#[derive(Debug, Default)]
pub(super) struct Classes {
    passed: [u8; 3],
}

impl Classes {
    /// The class that goes next of those that have something due: first tries before retries
    /// before replays, but each later class at least every tenth turn.
    pub(super) fn next(&mut self, due: [bool; 3]) -> Option<Class> {
        let passed = |class: &Class| self.passed[*class as usize];
        let overdue = CLASSES
            .into_iter()
            .filter(|class| due[*class as usize] && passed(class) >= TURNS_PASSED[*class as usize])
            .max_by_key(passed);
        let next = overdue.or_else(|| CLASSES.into_iter().find(|class| due[*class as usize]))?;
        for class in CLASSES {
            let passed = &mut self.passed[class as usize];
            let waits_on = due[class as usize] && class != next;
            *passed = if waits_on { passed.saturating_add(1) } else { 0 };
        }
        Some(next)
    }
}
