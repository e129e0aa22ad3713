//! When a replay's deliveries are due: one after the other, evenly spread.

use std::time::Duration;

use domain::time::Timestamp;

/// How far ahead deliveries are made: those due before the next look at the replay, and a little more.
pub(super) const AHEAD: Duration = Duration::from_millis(350);

/// Deliveries that are due within so many milliseconds are due at its end: a few that go out together cost less than each by
/// itself, and are too few to keep what is live waiting.
const DUE_TOGETHER_MS: f64 = 10.0;

/// What is due for less long is on its way.
const OVERDUE: Duration = Duration::from_millis(250);

/// The slots of a replay. They follow each other at its rate; what was missed is not made up for, or more than the
/// rate would go out in one second.
#[derive(Debug)]
pub(super) struct Pace {
    /// Milliseconds from one slot to the next.
    step_ms: f64,
    /// The next slot, in milliseconds since the Unix epoch.
    next_ms: f64,
    counted_at: Option<Timestamp>,
}

impl Pace {
    pub(super) fn new(per_second: f64) -> Self {
        Self { step_ms: 1000.0 / per_second, next_ms: 0.0, counted_at: None }
    }

    /// How many slots there are until [`AHEAD`] of `now`, at most so many.
    pub(super) fn room(&mut self, now: Timestamp, most: usize) -> usize {
        let now_ms = as_ms(now);
        self.next_ms = self.next_ms.max(now_ms);
        let until_ms = now_ms + AHEAD.as_secs_f64() * 1000.0;
        let mut room = 0;
        while room < most && self.slot(room) < until_ms {
            room += 1;
        }
        room
    }

    fn slot(&self, number: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred slots")]
        let number = number as f64;
        self.next_ms + self.step_ms * number
    }

    /// The slots from the next one on.
    pub(super) fn slots(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let (next_ms, step_ms) = (self.next_ms, self.step_ms);
        let together = |ms: f64| (ms / DUE_TOGETHER_MS).ceil() * DUE_TOGETHER_MS;
        (0_u32..).map(move |number| as_timestamp(together(next_ms + step_ms * f64::from(number))))
    }

    /// So many slots are taken.
    pub(super) fn spend(&mut self, slots: usize) {
        self.next_ms = self.slot(slots);
    }

    /// So many that were due have not been attempted: they may go out at any moment, and take the slots that
    /// come next.
    pub(super) fn leave_room_for(&mut self, overdue: i64, now: Timestamp) {
        let overdue = usize::try_from(overdue).unwrap_or(0);
        if overdue > 0 {
            let behind_ms = as_ms(now) + self.slot(overdue) - self.next_ms;
            self.next_ms = self.next_ms.max(behind_ms);
        }
    }

    /// Nothing is made for a while. What waits then is let go at once.
    pub(super) fn hold(&mut self) {
        self.counted_at = None;
    }

    /// When it is time to count again: until when what has not been attempted takes slots. At first, and after it was
    /// held, that is all of it; later what should have been.
    pub(super) fn counts_until(&mut self, now: Timestamp, every: Duration) -> Option<Timestamp> {
        let until = match self.counted_at {
            Some(at) if now.since(at) < every && now >= at => return None,
            Some(_) => now - OVERDUE,
            None => now + AHEAD,
        };
        self.counted_at = Some(now);
        Some(until)
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of an instant fit in 53 bits")]
fn as_ms(at: Timestamp) -> f64 {
    at.unix_ms() as f64
}

#[expect(clippy::cast_possible_truncation, reason = "an instant in milliseconds")]
fn as_timestamp(ms: f64) -> Timestamp {
    Timestamp::from_unix_ms(ms.ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_ms(1_769_000_000_000);

    fn at(ms: u64) -> Timestamp {
        START + Duration::from_millis(ms)
    }

    #[test]
    fn no_second_has_more_slots_than_the_rate_however_late_it_is_looked_at() {
        let mut pace = Pace::new(50.0);
        let mut slots: Vec<Timestamp> = Vec::new();
        // Looked at every 50 ms, but for three seconds in between.
        for tick in (0..40).chain(100..140) {
            let room = pace.room(at(tick * 50), 500);
            slots.extend(pace.slots().take(room));
            pace.spend(room);
        }
        assert!(slots.len() > 150, "{}", slots.len());
        for (first, from) in slots.iter().enumerate() {
            let within =
                slots[first..].iter().take_while(|slot| slot.since(*from).as_millis() < 1000);
            assert!(within.count() <= 50);
        }
        assert!(slots.windows(2).all(|pair| pair[1].since(pair[0]).as_millis() >= 20));
    }

    #[test]
    fn what_is_overdue_takes_the_slots_that_come_next() {
        let mut pace = Pace::new(100.0);
        assert_eq!(pace.room(at(0), 500), 35);
        pace.spend(35);
        pace.leave_room_for(50, at(1000));
        assert_eq!(pace.room(at(1000), 500), 0);
        assert_eq!(pace.room(at(1400), 500), 25);
        pace.leave_room_for(0, at(1400));
        assert_eq!(pace.slots().next(), Some(at(1500)));
    }

    #[test]
    fn a_slow_one_has_a_slot_now_and_then() {
        let mut pace = Pace::new(0.1);
        assert_eq!(pace.room(at(0), 500), 1);
        pace.spend(1);
        assert_eq!(pace.room(at(9_600), 500), 0);
        assert_eq!(pace.room(at(9_700), 500), 1);
        assert_eq!(Pace::new(100_000.0).room(at(0), 500), 500);
    }
}
