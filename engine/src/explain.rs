//! Says of an event why each subscription got it, or did not: by what was made of it, and else by the state that
//! the subscription was in when the event came.

use std::collections::HashMap;

use domain::delivery::DeliveryStatus;
use domain::event_type::{EventType, EventTypePatterns};
use domain::filter::{EventView, Filter, FilterError};
use domain::ids::{DeliveryId, SubscriptionId};
use domain::limits;
use domain::subscription::SubscriptionStatus;
use domain::tenant::TenantStatus;
use domain::time::Timestamp;
use entity::delivery::Model as Delivery;
use entity::event::Model as Event;
use entity::subscription::Model as Subscription;

use crate::address_book::StoredView;
use crate::context::Engine;
use crate::error::Error;
use crate::store;
use crate::store::subscription::{State, StateAt};

/// What became of an event at a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    Pending,
    Failed,
    Skipped,
    /// It waits for more than its turn.
    Held,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Delivered, Self::Pending, Self::Failed, Self::Skipped, Self::Held];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Held => "held",
        }
    }
}

/// Why it was skipped, or is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    EventType,
    Filter,
    Paused,
    Disabled,
    CreatedLater,
    Deleted,
    RateLimited,
    CircuitOpen,
    BehindOrderedHead,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::EventType,
        Self::Filter,
        Self::Paused,
        Self::Disabled,
        Self::CreatedLater,
        Self::Deleted,
        Self::RateLimited,
        Self::CircuitOpen,
        Self::BehindOrderedHead,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventType => "event_type",
            Self::Filter => "filter",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::CreatedLater => "created_later",
            Self::Deleted => "deleted",
            Self::RateLimited => "rate_limited",
            Self::CircuitOpen => "circuit_open",
            Self::BehindOrderedHead => "behind_ordered_head",
        }
    }
}

/// What an event came to at one subscription.
#[derive(Debug)]
pub struct Explained {
    pub subscription: SubscriptionId,
    pub outcome: Outcome,
    pub reason: Option<Reason>,
    pub delivery: Option<DeliveryId>,
    /// What the filter says of the event, or why it says nothing; `None` where it was not asked.
    pub filter: Option<Result<bool, FilterError>>,
    /// How the subscription was when the event came.
    pub state: Option<State>,
}

/// What is due for longer waits for more than its turn.
const OVERDUE: std::time::Duration = std::time::Duration::from_secs(1);

impl Engine {
    /// Explains an event at each of its tenant's subscriptions, the newest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn explain(&self, event: Event) -> Result<Vec<Explained>, Error> {
        let db = &self.database.lists;
        let tenant = store::tenant::find(db, event.tenant_id).await?;
        let tenant = tenant.ok_or(Error::NotFound("tenant"))?;
        let subscriptions =
            store::subscription::with_states_at(db, event.tenant_id, event.created_at).await?;
        let mut made: HashMap<SubscriptionId, Vec<Delivery>> = HashMap::new();
        for delivery in store::delivery::of_event(db, event.tenant_id, event.id).await? {
            made.entry(delivery.subscription_id).or_default().push(delivery);
        }
        let mut heads = HashMap::new();
        for (row, _) in &subscriptions {
            if row.ordered && made.contains_key(&row.id) {
                let head = store::delivery::head_of(db, row.id).await?;
                heads.extend(head.map(|head| (row.id, head.id)));
            }
        }
        let today = Today { now: self.clock.now(), tenant, heads };
        let explain = move || {
            let view = StoredView::new(event);
            let mut case =
                Case { view: view.view(), made, today, steps_left: limits::EVENT_FILTER_STEPS };
            subscriptions.into_iter().map(|(row, state)| case.explain(&row, state)).collect()
        };
        self.matching.run(explain).await
    }
}

/// How things stand now.
struct Today {
    now: Timestamp,
    tenant: entity::tenant::Model,
    /// Of ordered lanes.
    heads: HashMap<SubscriptionId, DeliveryId>,
}

/// An event that is explained.
struct Case<'a> {
    view: EventView<'a>,
    made: HashMap<SubscriptionId, Vec<Delivery>>,
    today: Today,
    steps_left: usize,
}

impl Case<'_> {
    fn explain(&mut self, row: &Subscription, state: Option<StateAt>) -> Explained {
        let filter = state.as_ref().and_then(|at| self.ask(&at.state));
        let made = self.made.remove(&row.id).unwrap_or_default();
        let succeeded = made.iter().find(|one| one.status == DeliveryStatus::Succeeded);
        let telling = succeeded.or_else(|| made.iter().max_by_key(|delivery| delivery.id));
        let (outcome, reason) = match telling {
            Some(delivery) => self.today.of_delivery(row, delivery),
            None => (Outcome::Skipped, self.why_skipped(state.as_ref(), filter.as_ref())),
        };
        Explained {
            subscription: row.id,
            outcome,
            reason,
            delivery: telling.map(|delivery| delivery.id),
            filter,
            state: state.map(|at| at.state),
        }
    }

    /// What the filter of that time says, if the type is wanted and there is a filter.
    fn ask(&mut self, state: &State) -> Option<Result<bool, FilterError>> {
        let text = state.filter.as_deref().filter(|_| self.is_type_wanted(state))?;
        let said = match Filter::parse(text) {
            Ok(filter) => filter.matches_within(&self.view, &mut self.steps_left),
            Err(invalid) => Err(FilterError { detail: invalid.to_string() }),
        };
        Some(said)
    }

    fn is_type_wanted(&self, state: &State) -> bool {
        let patterns = EventTypePatterns::try_from(state.event_types.clone()).unwrap_or_default();
        patterns.matches(&EventType::from_stored(self.view.event_type().to_owned()))
    }

    /// Why nothing was made. `None` where nothing of it is known: it matched, as far as can be seen.
    fn why_skipped(
        &self,
        state: Option<&StateAt>,
        filter: Option<&Result<bool, FilterError>>,
    ) -> Option<Reason> {
        let Some(StateAt { state, is_deleted }) = state else {
            return Some(Reason::CreatedLater);
        };
        match state.status {
            _ if *is_deleted => Some(Reason::Deleted),
            SubscriptionStatus::Disabled => Some(Reason::Disabled),
            _ if !self.is_type_wanted(state) => Some(Reason::EventType),
            _ if filter.is_some_and(|said| *said != Ok(true)) => Some(Reason::Filter),
            SubscriptionStatus::Active | SubscriptionStatus::Paused => None,
        }
    }
}

impl Today {
    fn of_delivery(&self, row: &Subscription, delivery: &Delivery) -> (Outcome, Option<Reason>) {
        match delivery.status {
            DeliveryStatus::Succeeded => (Outcome::Delivered, None),
            DeliveryStatus::Failed => (Outcome::Failed, None),
            DeliveryStatus::Cancelled => {
                (Outcome::Skipped, row.deleted_at.map(|_| Reason::Deleted))
            }
            DeliveryStatus::Pending | DeliveryStatus::Retrying => {
                match self.what_holds(row, delivery) {
                    Some(reason) => (Outcome::Held, Some(reason)),
                    None => (Outcome::Pending, None),
                }
            }
        }
    }

    fn what_holds(&self, row: &Subscription, delivery: &Delivery) -> Option<Reason> {
        let is_paused = row.status == SubscriptionStatus::Paused
            || self.tenant.status == TenantStatus::Suspended
            || (delivery.next_attempt_at == Some(domain::delivery::HELD)
                && delivery.batch_id.is_none());
        let is_overdue = delivery.next_attempt_at.is_some_and(|at| self.now.since(at) > OVERDUE);
        let is_limited = row.rate_limit.is_some() || self.tenant.rate_limit.is_some();
        if is_paused {
            Some(Reason::Paused)
        } else if row.probe_at.is_some() {
            Some(Reason::CircuitOpen)
        } else if self.heads.get(&row.id).is_some_and(|head| *head != delivery.id) {
            Some(Reason::BehindOrderedHead)
        } else if is_overdue && is_limited {
            Some(Reason::RateLimited)
        } else {
            None
        }
    }
}
