//! How a subscription's deliveries are grouped, and whether dead letters come back by themselves.

use serde::{Deserialize, Serialize};

use crate::invalid::{Checker, Invalid};
use crate::limits;

/// One request per event, or one for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "DeliveryInput", tag = "mode", rename_all = "snake_case")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub enum Delivery {
    /// Each event is a request of its own.
    #[default]
    Single,
    /// Events are gathered until there are `max_events` or the oldest has waited `max_wait_ms`.
    Batch { max_events: u32, max_wait_ms: u32 },
}

/// A delivery preference as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryInput {
    mode: Mode,
    max_events: Option<u32>,
    max_wait_ms: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Single,
    Batch,
}

impl TryFrom<DeliveryInput> for Delivery {
    type Error = Invalid;

    fn try_from(input: DeliveryInput) -> Result<Self, Invalid> {
        let mut check = Checker::default();
        if input.mode == Mode::Single {
            for (given, pointer) in
                [(input.max_events, "/max_events"), (input.max_wait_ms, "/max_wait_ms")]
            {
                check.that(given.is_none(), pointer, || "goes with mode batch only".to_owned());
            }
            return check.finish(Self::Single);
        }
        let within = |given: Option<u32>, range: std::ops::RangeInclusive<u32>| {
            given.filter(|value| range.contains(value)).ok_or_else(|| {
                let (low, high) = (range.start(), range.end());
                Invalid::one("", format!("must be given, between {low} and {high}"))
            })
        };
        let events = within(input.max_events, limits::DELIVERY_BATCH_EVENTS);
        let max_events = check.take("/max_events", events);
        let wait_ms = within(input.max_wait_ms, limits::DELIVERY_BATCH_WAIT_MS);
        let max_wait_ms = check.take("/max_wait_ms", wait_ms);
        check.finish_with(|| {
            Some(Self::Batch { max_events: max_events?, max_wait_ms: max_wait_ms? })
        })
    }
}

/// Dead letters are replayed once their receiver has been healthy for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "AutoReplayInput")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct AutoReplay {
    healthy_minutes: u32,
    max: u32,
}

/// An automatic replay as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoReplayInput {
    healthy_minutes: u32,
    max: u32,
}

impl AutoReplay {
    /// From the minutes of health that are waited for, and how often it is done at most.
    ///
    /// # Errors
    /// When either is out of its range.
    pub fn new(healthy_minutes: u32, max: u32) -> Result<Self, Invalid> {
        let mut check = Checker::default();
        let minutes = limits::AUTO_REPLAY_HEALTHY_MINUTES;
        check.that(minutes.contains(&healthy_minutes), "/healthy_minutes", || {
            format!("must be between {} and {}", minutes.start(), minutes.end())
        });
        let times = limits::AUTO_REPLAY_TIMES;
        check.that(times.contains(&max), "/max", || {
            format!("must be between {} and {}", times.start(), times.end())
        });
        check.finish(Self { healthy_minutes, max })
    }

    /// Minutes without a failure before dead letters come back.
    pub fn healthy_minutes(self) -> u32 {
        self.healthy_minutes
    }

    /// How often they do at most, one time after the other that leaves some of them.
    pub fn max(self) -> u32 {
        self.max
    }
}

impl TryFrom<AutoReplayInput> for AutoReplay {
    type Error = Invalid;

    fn try_from(input: AutoReplayInput) -> Result<Self, Invalid> {
        Self::new(input.healthy_minutes, input.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn a_delivery_preference_survives_its_json() {
        for (delivery, written) in [
            (Delivery::Single, json!({"mode": "single"})),
            (
                Delivery::Batch { max_events: 100, max_wait_ms: 0 },
                json!({"mode": "batch", "max_events": 100, "max_wait_ms": 0}),
            ),
        ] {
            assert_eq!(json!(delivery), written);
            assert_eq!(from_value::<Delivery>(written).ok(), Some(delivery));
        }
    }

    #[test]
    fn a_batch_names_both_bounds_within_their_ranges() {
        for (max_events, max_wait_ms, fits) in [
            (2, 60_000, true),
            (1000, 0, true),
            (1, 0, false),
            (1001, 0, false),
            (2, 60_001, false),
            (-1, 0, false),
        ] {
            let written =
                json!({"mode": "batch", "max_events": max_events, "max_wait_ms": max_wait_ms});
            assert_eq!(from_value::<Delivery>(written.clone()).is_ok(), fits, "{written}");
        }
        for written in [
            json!({}),
            json!({"mode": "many"}),
            json!({"mode": "batch"}),
            json!({"mode": "batch", "max_events": 2}),
            json!({"mode": "single", "max_events": 2}),
            json!({"mode": "single", "max_size": 2}),
        ] {
            assert!(from_value::<Delivery>(written.clone()).is_err(), "{written}");
        }
    }

    #[test]
    fn an_automatic_replay_is_bounded() {
        let replay = AutoReplay::new(5, 100).expect("within the ranges");
        assert_eq!(json!(replay), json!({"healthy_minutes": 5, "max": 100}));
        assert_eq!(from_value(json!(replay)).ok(), Some(replay));
        assert!(AutoReplay::new(0, 100).is_err());
        assert!(AutoReplay::new(5, 0).is_err());
        assert!(AutoReplay::new(u32::MAX, u32::MAX).is_err());
    }
}
