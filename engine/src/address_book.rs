//! Who gets what: a tenant's subscriptions, compiled for matching and cached by revision.
//!
//! Every change of a tenant or of one of its subscriptions raises the tenant's
//! `subscription_revision` in the same commit. Whoever commits an event reads that number first and
//! matches again what was matched with an older one; the cache only has to be usually right.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::event::NewEvent;
use domain::event_type::{EventType, EventTypePatterns, PatternIndex};
use domain::filter::{EventView, Filter, Guard, Scalar};
use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use domain::invalid::Invalid;
use domain::limits;
use domain::subscription::SubscriptionStatus;
use domain::time::Timestamp;
use queue::{Breaker, Class, Due, LaneSettings, TenantSettings};
use sea_orm::ConnectionTrait;

use crate::error::Error;
use crate::gather::{self, Gathering};
use crate::store;

/// A subscription as matching needs it.
#[derive(Debug)]
pub struct Listed {
    pub id: SubscriptionId,
    pub revision: i64,
    pub event_types: EventTypePatterns,
    pub filter: Option<Filter>,
    /// Whether its deliveries get numbers: its lane is ordered, or gathers batches.
    pub numbered: bool,
    pub max_attempts: u32,
    pub lane: Lane,
}

/// A tenant's subscriptions at one revision.
#[derive(Debug)]
pub struct TenantBook {
    pub revision: i64,
    pub settings: TenantSettings,
    /// Of the catalogue that events are held to; `None` when they are held to none.
    pub catalogue_revision: Option<i64>,
    subscriptions: Vec<Arc<Listed>>,
    index: Index,
    has_filters: bool,
}

/// Why an event cannot be matched with a tenant's subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmatchable {
    /// The tenant's catalogue does not have the like of it.
    OutOfCatalogue(Invalid),
    /// It matches more than [`limits::FAN_OUT`].
    TooManyMatches,
    /// Their filters take more than [`limits::EVENT_FILTER_STEPS`] together.
    FiltersTooCostly,
}

impl TenantBook {
    /// Whether matching evaluates filters or schemas, which may take milliseconds.
    pub fn takes_long(&self) -> bool {
        self.has_filters || self.catalogue_revision.is_some()
    }

    /// The places of all that the event may go to, in their order.
    fn candidates(&self, event: &EventView<'_>, event_type: &EventType) -> Vec<u32> {
        let Index { by_type, of_type, by_value } = &self.index;
        let by_type = by_type.matching(event_type).into_iter();
        let mut places: Vec<u32> = by_type.map(|place| of_type[place as usize]).collect();
        for (place, by_value) in by_value {
            let found = event.at(place).and_then(|value| by_value.get(&value));
            let wants_type =
                |place: &&u32| self.subscriptions[**place as usize].event_types.matches(event_type);
            places.extend(found.into_iter().flatten().filter(wants_type));
        }
        places.sort_unstable();
        places
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
        let mut steps_left = limits::EVENT_FILTER_STEPS;
        let mut matched = Vec::new();
        for place in self.candidates(event, event_type) {
            let listed = &self.subscriptions[place as usize];
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

/// Subscriptions by what they want, so that few of many are asked. Each is a place in the book.
#[derive(Debug)]
struct Index {
    /// Those that nothing but the type tells of.
    by_type: PatternIndex,
    of_type: Vec<u32>,
    /// The others by the value that an event must have somewhere for their filters.
    by_value: Vec<(domain::filter::Place, HashMap<Scalar, Vec<u32>>)>,
}

impl Index {
    fn new(subscriptions: &[Arc<Listed>]) -> Self {
        let guards: Vec<Vec<Guard>> = subscriptions
            .iter()
            .map(|listed| listed.filter.as_ref().map(Filter::guards).unwrap_or_default())
            .collect();
        let mut sharing: HashMap<&Guard, usize> = HashMap::new();
        for guard in guards.iter().flatten() {
            *sharing.entry(guard).or_default() += 1;
        }
        let (mut of_type, mut by_value) = (Vec::new(), HashMap::new());
        for (place, guards) in (0_u32..).zip(&guards) {
            // The one that fewest others have tells most.
            match guards.iter().min_by_key(|guard| sharing[guard]) {
                None => of_type.push(place),
                Some(guard) => {
                    let of_place: &mut HashMap<Scalar, Vec<u32>> =
                        by_value.entry(guard.place.clone()).or_default();
                    of_place.entry(guard.value.clone()).or_default().push(place);
                }
            }
        }
        let patterns = of_type.iter().map(|place| &subscriptions[*place as usize].event_types);
        let by_type = PatternIndex::new(patterns);
        Self { by_type, of_type, by_value: by_value.into_iter().collect() }
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
        let listed =
            subscriptions.into_iter().map(|row| Listed::new(row, schedule_attempts).map(Arc::new));
        let subscriptions = listed.collect::<Result<Vec<_>, Error>>()?;
        let book = Arc::new(TenantBook {
            revision: row.subscription_revision,
            settings: store::tenant::queue_settings(&row),
            catalogue_revision: row.strict_event_types.then_some(row.catalogue_revision),
            has_filters: subscriptions.iter().any(|subscription| subscription.filter.is_some()),
            index: Index::new(&subscriptions),
            subscriptions,
        });
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
            event_types: row.event_types.clone(),
            filter,
            numbered: row.is_numbered(),
            max_attempts: row
                .retry
                .as_ref()
                .map_or(schedule_attempts, |retry| retry.max_attempts()),
            lane: Lane::of(&row),
        })
    }
}

/// How the queue is to serve a subscription's lane, but for the time that passes until a probe.
#[derive(Debug, Clone)]
pub struct Lane {
    /// With the circuit closed.
    settings: LaneSettings,
    probe_at: Option<Timestamp>,
    gathering: Option<Gathering>,
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
        Self { settings, probe_at: row.probe_at, gathering: Gathering::of(row) }
    }

    /// Whether nothing goes out: neither deliveries nor probes.
    pub fn is_paused(&self) -> bool {
        self.settings.paused
    }

    /// What is asked of batches, if they are.
    pub(crate) fn gathering(&self) -> Option<Gathering> {
        self.gathering
    }

    /// What the queue is told of a delivery of the subscription that is due after `delay`.
    pub(crate) fn due(
        &self,
        subscription: SubscriptionId,
        delivery: DeliveryId,
        class: Class,
        delay: Duration,
    ) -> Due {
        match self.gathering {
            None => Due { lane: subscription, delivery, class, delay },
            Some(gathering) => Due {
                lane: gather::lane_of(subscription),
                delivery,
                class: Class::First,
                delay: delay + gathering.max_wait,
            },
        }
    }

    /// The settings of the lane beside it in which batches are gathered, if they are.
    pub(crate) fn gathering_settings(&self) -> Option<LaneSettings> {
        self.gathering.map(|_| Gathering::lane_settings(&self.settings))
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

/// A stored event with what filters see of it.
#[derive(Debug)]
pub struct StoredView {
    id: String,
    texts: store::event::Texts,
}

impl StoredView {
    /// Of an event's row.
    pub fn new(row: entity::event::Model) -> Self {
        Self { id: row.id.to_string(), texts: row.into() }
    }

    /// The view that filters have of it.
    pub fn view(&self) -> EventView<'_> {
        let Self { id, texts } = self;
        EventView::new(
            id,
            &texts.event_type,
            &texts.timestamp,
            texts.correlation_id.as_deref(),
            texts.version.as_deref(),
            &texts.data,
            &texts.metadata,
        )
    }
}
