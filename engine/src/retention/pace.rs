//! How much is written at once, and how long is rested after it: on SQLite whoever writes waits
//! for the one who does, and on Postgres they share a disk.

use std::time::Duration;

use sea_orm::Value;

/// Rows that one commit deletes or changes at most, and that are looked at at once.
pub(super) const ROWS_MAX: usize = 500;
/// Rows of the first chunk, before it is known what they cost.
const ROWS_FIRST: usize = 100;
/// So many can always be written: slower ones must still come to an end.
const ROWS_MIN: usize = 10;
/// How long the statements of one commit may take.
const WRITING: Duration = Duration::from_millis(5);
/// The shortest rest between two commits.
const REST_MIN: Duration = Duration::from_millis(5);
/// The longest: a commit that took longer was held up by something else.
const REST_MAX: Duration = Duration::from_millis(500);

/// [`ROWS_MAX`] as a statement's limit.
pub(super) fn rows_max() -> Value {
    i64::try_from(ROWS_MAX).unwrap_or(i64::MAX).into()
}

/// The size of the next chunk, by how long the last one took.
#[derive(Debug)]
pub(super) struct Pace {
    rows: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rows: ROWS_FIRST }
    }
}

impl Pace {
    /// Rows of the next chunk.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Learns what a chunk of so many rows took to write, without its flush to the disk: that takes
    /// as long for few rows as for many.
    pub(super) fn learn(&mut self, rows: usize, took: Duration) {
        let each = took.as_secs_f64() / rows.max(1) as f64;
        let fit = WRITING.as_secs_f64() / each.max(1e-9);
        // Grows by doubling only: one lucky chunk says little about the next.
        self.rows = (fit as usize).clamp(ROWS_MIN, ROWS_MAX).min(self.rows * 2);
    }

    /// Leaves the others twice as long as the last commit took.
    pub(super) async fn rest(took: Duration) {
        tokio::time::sleep((took * 2).clamp(REST_MIN, REST_MAX)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_grow_while_they_are_quick_and_shrink_at_once_when_they_are_not() {
        let mut pace = Pace::default();
        let mut sizes = Vec::new();
        for _ in 0..4 {
            pace.learn(pace.rows(), Duration::from_millis(1));
            sizes.push(pace.rows());
        }
        assert_eq!(sizes, [200, 400, 500, 500]);
        pace.learn(500, Duration::from_millis(50));
        assert_eq!(pace.rows(), 50);
        pace.learn(50, Duration::from_secs(10));
        assert_eq!(pace.rows(), ROWS_MIN);
    }
}
