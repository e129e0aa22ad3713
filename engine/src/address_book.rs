//! Who gets what: a tenant's subscriptions, compiled for matching and cached by revision.
//!
//! Every change of a tenant or of one of its subscriptions raises the tenant's
//! `subscription_revision` in the same commit. Whoever commits an event reads that number first and
//! matches again what was matched with an older one; the cache only has to be usually right.

use std::collections::HashMap;
use std::sync::Arc;

use domain::event::NewEvent;
use domain::event_type::{EventType, EventTypePatterns};
use domain::filter::{EventView, Filter};
use domain::ids::{SubscriptionId, TenantId};
use domain::limits;
use domain::subscription::SubscriptionStatus;
use domain::time::Timestamp;
use queue::{Breaker, LaneSettings, TenantSettings};
use sea_orm::ConnectionTrait;

use crate::error::Error;
use crate::store;

/// A subscription as matching needs it.
#[derive(Debug)]
pub struct Listed {
    pub id: SubscriptionId,
    pub revision: i64,
    pub event_types: EventTypePatterns,
    pub filter: Option<Filter>,
    pub ordered: bool,
    pub max_attempts: u32,
    pub lane: Lane,
}

/// A tenant's subscriptions at one revision.
#[derive(Debug)]
pub struct TenantBook {
    pub revision: i64,
    pub settings: TenantSettings,
    subscriptions: Vec<Arc<Listed>>,
    /// Positions of those that name the type without a star.
    by_type: HashMap<Box<str>, Vec<u32>>,
    /// Positions of those whose patterns have to be looked at.
    by_pattern: Vec<u32>,
    has_filters: bool,
}

/// Why an event cannot be matched with a tenant's subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmatchable {
    /// It matches more than [`limits::FAN_OUT`].
    TooManyMatches,
    /// Their filters take more than [`limits::EVENT_FILTER_STEPS`] together.
    FiltersTooCostly,
}

impl TenantBook {
    fn new(revision: i64, settings: TenantSettings, subscriptions: Vec<Arc<Listed>>) -> Self {
        let (mut by_type, mut by_pattern) = (HashMap::<Box<str>, Vec<u32>>::new(), Vec::new());
        for (position, subscription) in (0..).zip(&subscriptions) {
            let patterns = subscription.event_types.as_slice();
            if subscription.event_types.is_all()
                || patterns.iter().any(|pattern| pattern.as_str().contains('*'))
            {
                by_pattern.push(position);
            } else {
                let mut names: Vec<&str> =
                    patterns.iter().map(|pattern| pattern.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    by_type.entry(name.into()).or_default().push(position);
                }
            }
        }
        let has_filters = subscriptions.iter().any(|subscription| subscription.filter.is_some());
        Self { revision, settings, subscriptions, by_type, by_pattern, has_filters }
    }

    /// Whether matching has filters to evaluate, which may take milliseconds.
    pub fn has_filters(&self) -> bool {
        self.has_filters
    }

    /// Subscriptions that the event goes to.
    ///
    /// # Errors
    /// When there are too many of them, or finding them takes too long.
    pub fn matching(
        &self,
        event: &EventView<'_>,
        event_type: &EventType,
    ) -> Result<Vec<Arc<Listed>>, Unmatchable> {
        let named = self.by_type.get(event_type.as_str()).into_iter().flatten();
        let by_pattern = self.by_pattern.iter();
        let candidates =
            named.chain(by_pattern).map(|position| &self.subscriptions[*position as usize]);
        let mut steps_left = limits::EVENT_FILTER_STEPS;
        let mut matched = Vec::new();
        for listed in candidates.filter(|listed| listed.event_types.matches(event_type)) {
            if let Some(filter) = &listed.filter {
                // An expression that errs doesn't match.
                let wanted = filter.matches_within(event, &mut steps_left).unwrap_or(false);
                if steps_left == 0 {
                    return Err(Unmatchable::FiltersTooCostly);
                }
                if !wanted {
                    continue;
                }
            }
            if matched.len() == limits::FAN_OUT {
                return Err(Unmatchable::TooManyMatches);
            }
            matched.push(listed.clone());
        }
        Ok(matched)
    }
}

/// The books in use.
#[derive(Debug)]
pub struct AddressBook {
    books: moka::sync::Cache<TenantId, Arc<TenantBook>>,
}

/// Books kept in memory; a tenant beyond them is read again when it posts.
const TENANTS_KEPT: u64 = 10_000;

impl Default for AddressBook {
    fn default() -> Self {
        Self { books: moka::sync::Cache::new(TENANTS_KEPT) }
    }
}

impl AddressBook {
    /// The tenant's book, possibly of an older revision.
    ///
    /// # Errors
    /// When it has to be read and the database is away, or there is no such tenant.
    pub async fn of(
        &self,
        db: &impl ConnectionTrait,
        tenant: TenantId,
        schedule_attempts: u32,
    ) -> Result<Arc<TenantBook>, Error> {
        match self.books.get(&tenant) {
            Some(book) => Ok(book),
            None => self.reload(db, tenant, schedule_attempts).await,
        }
    }

    /// Reads the tenant's book anew. `schedule_attempts` is what a subscription without a retry
    /// policy of its own gets.
    ///
    /// # Errors
    /// When the database is away, or there is no such tenant.
    pub async fn reload(
        &self,
        db: &impl ConnectionTrait,
        tenant: TenantId,
        schedule_attempts: u32,
    ) -> Result<Arc<TenantBook>, Error> {
        // The revision is read first: a change between the two reads makes the book look older than it
        // is, and it is read once more.
        let row = store::tenant::find(db, tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let subscriptions = store::subscription::receiving(db, tenant).await?;
        let settings = store::tenant::queue_settings(&row);
        let listed =
            subscriptions.into_iter().map(|row| Listed::new(row, schedule_attempts).map(Arc::new));
        let book = Arc::new(TenantBook::new(
            row.subscription_revision,
            settings,
            listed.collect::<Result<_, _>>()?,
        ));
        self.books.insert(tenant, book.clone());
        Ok(book)
    }

    /// Forgets a tenant's book; what is asked next is read.
    pub fn forget(&self, tenant: TenantId) {
        self.books.invalidate(&tenant);
    }
}

impl Listed {
    fn new(row: entity::subscription::Model, schedule_attempts: u32) -> Result<Self, Error> {
        let filter = row
            .filter
            .as_deref()
            .map(Filter::parse)
            .transpose()
            .map_err(|e| Error::internal("a stored filter", e))?;
        Ok(Self {
            id: row.id,
            revision: row.revision,
            filter,
            ordered: row.ordered,
            max_attempts: row
                .retry
                .as_ref()
                .map_or(schedule_attempts, |retry| retry.max_attempts()),
            lane: Lane::of(&row),
            event_types: row.event_types,
        })
    }
}

/// How the queue is to serve a subscription's lane, but for the time that passes until a probe.
#[derive(Debug, Clone)]
pub struct Lane {
    /// With the circuit closed.
    settings: LaneSettings,
    probe_at: Option<Timestamp>,
}

impl Lane {
    /// By the subscription's row.
    pub fn of(row: &entity::subscription::Model) -> Self {
        let settings = LaneSettings {
            tenant: row.tenant_id,
            revision: u64::try_from(row.lane_revision).unwrap_or(0),
            ordered: row.ordered,
            paused: row.status != SubscriptionStatus::Active || row.deleted_at.is_some(),
            max_in_flight: u32::try_from(row.max_in_flight).unwrap_or(1),
            rate_limit: row.rate_limit,
            breaker: Breaker::Closed,
        };
        Self { settings, probe_at: row.probe_at }
    }

    /// Whether nothing goes out: neither deliveries nor probes.
    pub fn is_paused(&self) -> bool {
        self.settings.paused
    }

    /// The settings as they are to be given at `now`.
    pub fn at(&self, now: Timestamp) -> LaneSettings {
        let breaker = match self.probe_at {
            None => Breaker::Closed,
            Some(at) => Breaker::Open { probe_after: at.since(now) },
        };
        LaneSettings { breaker, ..self.settings.clone() }
    }
}

/// The view that filters have of an event about to be published.
pub fn view<'a>(id: &'a str, event: &'a NewEvent) -> EventView<'a> {
    EventView::new(
        id,
        event.event_type.as_str(),
        event.timestamp.as_str(),
        event.correlation_id.as_deref(),
        event.version.as_deref(),
        event.data.as_str(),
        event.metadata.as_str(),
    )
}
