//! The filters that deliveries and dead letters are listed by.

use domain::delivery::DeliveryStatus;
use domain::event_type::EventType;
use domain::ids::{EventId, SubscriptionId};
use domain::outcome::FailureReason;
use engine::store::delivery::Filter;

use crate::problem::Problem;
use crate::query::Query;

/// Their names.
pub(super) const NAMES: [&str; 7] =
    ["status", "subscription_id", "event_type", "event_id", "failure_reason", "from", "to"];

/// The filter that a query asks for.
pub(super) fn read(query: &Query) -> Result<Filter, Problem> {
    Ok(Filter {
        statuses: query.any("status", parse_status)?,
        subscriptions: query.any("subscription_id", str::parse::<SubscriptionId>)?,
        event_types: query.any("event_type", |text| {
            text.parse::<EventType>().map(|name| name.as_str().to_owned())
        })?,
        events: query.any("event_id", str::parse::<EventId>)?,
        failure_reasons: query.any("failure_reason", parse_reason)?,
        window: query.window()?,
    })
}

fn parse_reason(text: &str) -> Result<FailureReason, String> {
    let named = FailureReason::ALL.into_iter().find(|reason| reason.as_str() == text);
    named.ok_or_else(|| {
        format!("must be one of {}", FailureReason::ALL.map(FailureReason::as_str).join(", "))
    })
}

fn parse_status(text: &str) -> Result<DeliveryStatus, &'static str> {
    let named = DeliveryStatus::ALL.into_iter().find(|status| status.as_str() == text);
    named.ok_or("must be pending, retrying, succeeded, failed or cancelled")
}
