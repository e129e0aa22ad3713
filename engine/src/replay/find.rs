//! What a replay is about: deliveries by what became of them, and events that have none where they match now.

use std::collections::HashSet;

use domain::cursor::Key;
use domain::delivery::{DeliveryStatus, Trigger};
use domain::event_type::EventType;
use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::invalid::Invalid;
use domain::limits;
use domain::replay::{Choice, PastStatus};
use domain::time::Timestamp;
use sea_orm::{DbErr, Value};

use crate::address_book;
use crate::context::Parts;
use crate::database::{Sql, one_of, query_all};
use crate::error::Error;
use crate::store;

/// Rows that are looked at for one step.
const DELIVERIES_LOOKED_AT: i64 = 1_000;
const EVENTS_LOOKED_AT: u64 = 200;

/// An event that is to go to a subscription again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub event: EventId,
    pub event_type: String,
    pub subscription: SubscriptionId,
}

/// How far a replay has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind this delivery, or before the first.
    Deliveries(Option<DeliveryId>),
    /// Behind this event, or before the first.
    Events(Option<(Timestamp, EventId)>),
    /// All has been looked at.
    End,
}

impl Place {
    /// As it is stored.
    pub(super) fn read(stage: i16, cursor: Option<&[u8]>) -> Self {
        match stage {
            0 => Self::Deliveries(cursor.and_then(DeliveryId::from_bytes)),
            1 => Self::Events(cursor.and_then(<(Timestamp, EventId)>::from_bytes)),
            _ => Self::End,
        }
    }

    /// To be stored.
    pub(super) fn write(self) -> (i16, Option<Vec<u8>>) {
        match self {
            Self::Deliveries(after) => (0, after.map(|id| id.to_bytes())),
            Self::Events(after) => (1, after.map(|key| key.to_bytes())),
            Self::End => (2, None),
        }
    }

    /// Where a replay begins.
    pub(super) fn first(choice: &Choice) -> Self {
        match choice.statuses.are_of_deliveries() {
            true => Self::Deliveries(None),
            false => Self::Events(None),
        }
    }

    /// What follows the deliveries.
    fn after_deliveries(choice: &Choice) -> Self {
        match choice.statuses.contains(PastStatus::Missing) {
            true => Self::Events(None),
            false => Self::End,
        }
    }
}

/// The next pairs from a place on, `room` at most, and how far has been looked then.
pub(super) async fn next(
    parts: &Parts,
    tenant: TenantId,
    choice: &Choice,
    place: Place,
    room: usize,
) -> Result<(Vec<Pair>, Place), Error> {
    match place {
        Place::Deliveries(after) => {
            Ok(next_deliveries(&parts.database.due, tenant, choice, after, room).await?)
        }
        Place::Events(after) => next_events(parts, tenant, choice, after, room).await,
        Place::End => Ok((Vec::new(), Place::End)),
    }
}

/// How many pairs there are.
///
/// # Errors
/// `Invalid` when too many events would have to be looked through.
pub(super) async fn count(parts: &Parts, tenant: TenantId, choice: &Choice) -> Result<u64, Error> {
    let mut count = 0;
    if choice.statuses.are_of_deliveries() {
        count += count_deliveries(&parts.database.lists, tenant, choice).await?;
    }
    if choice.statuses.contains(PastStatus::Missing) {
        let db = &parts.database.lists;
        let most = limits::REPLAY_EVENTS;
        if store::event::count(db, tenant, (choice.from, choice.to), most + 1).await? > most {
            let detail = format!(
                "has more than {most} events; for the status missing ask for a narrower window"
            );
            return Err(Invalid::one("/to", detail).into());
        }
        let mut place = Place::Events(None);
        while let Place::Events(after) = place {
            let found = next_events(parts, tenant, choice, after, usize::MAX).await?;
            count += found.0.len() as u64;
            place = found.1;
        }
    }
    Ok(count)
}

/// The condition that deliveries are chosen by, with its values, and the table that has them.
fn deliveries(tenant: TenantId, choice: &Choice) -> (String, Vec<Value>) {
    let has = |status| choice.statuses.contains(status);
    let is_failed_only = !has(PastStatus::Succeeded) && !has(PastStatus::Cancelled);
    let mut values: Vec<Value> = vec![
        tenant.into(),
        DeliveryId::floor(choice.from).into(),
        DeliveryId::floor(choice.to).into(),
    ];
    let mut sql = match is_failed_only {
        true => "FROM dead_letters d WHERE d.tenant_id = ? AND d.resolved_at IS NULL \
                 AND d.delivery_id >= ? AND d.delivery_id < ?"
            .to_owned(),
        false => {
            let mut any = Vec::new();
            if has(PastStatus::Failed) {
                let mut failed = "EXISTS (SELECT 1 FROM dead_letters l WHERE l.delivery_id = d.id AND l.resolved_at IS NULL)".to_owned();
                if let Some(among) = store::delivery::failed_for(choice.failure_reasons.named()) {
                    failed.push_str(&format!(" AND d.{among}"));
                }
                any.push(failed);
            }
            for (past, status) in [
                (PastStatus::Succeeded, DeliveryStatus::Succeeded),
                (PastStatus::Cancelled, DeliveryStatus::Cancelled),
            ] {
                if has(past) {
                    any.push("d.status = ?".to_owned());
                    values.push(status.into());
                }
            }
            values.push(Trigger::Test.into());
            format!(
                "FROM deliveries d WHERE d.tenant_id = ? AND d.id >= ? AND d.id < ? AND ({}) AND d.\"trigger\" <> ?",
                any.join(" OR ")
            )
        }
    };
    if is_failed_only {
        sql.push_str(&store::dead_letter::of_reasons("d", choice.failure_reasons.named()));
    }
    if let Some(subscription) = choice.subscription {
        sql.push_str(" AND d.subscription_id = ?");
        values.push(subscription.into());
    }
    (sql, values)
}

/// The name that a delivery's id has in what [`deliveries`] says.
fn id_column(sql: &str) -> &'static str {
    if sql.starts_with("FROM dead_letters") { "d.delivery_id" } else { "d.id" }
}

async fn count_deliveries(db: &impl Sql, tenant: TenantId, choice: &Choice) -> Result<u64, DbErr> {
    let (chosen, values) = deliveries(tenant, choice);
    let sql = format!(
        "SELECT p.event_type, COUNT(*) FROM \
         (SELECT DISTINCT d.event_type, d.event_id, d.subscription_id {chosen}) AS p GROUP BY p.event_type"
    );
    let mut count = 0;
    for row in query_all(db, &sql, values).await? {
        if choice.event_types.matches(&EventType::from_stored(row.get(0)?)) {
            count += u64::try_from(row.get::<i64>(1)?).unwrap_or(0);
        }
    }
    Ok(count)
}

async fn next_deliveries(
    db: &impl Sql,
    tenant: TenantId,
    choice: &Choice,
    after: Option<DeliveryId>,
    room: usize,
) -> Result<(Vec<Pair>, Place), DbErr> {
    let (mut chosen, mut values) = deliveries(tenant, choice);
    let id = id_column(&chosen);
    if let Some(after) = after {
        chosen.push_str(&format!(" AND {id} > ?"));
        values.push(after.into());
    }
    // Where every type is meant, so is every row.
    let looked_at = match choice.event_types.is_all() {
        true => DELIVERIES_LOOKED_AT.min(i64::try_from(room).unwrap_or(i64::MAX)),
        false => DELIVERIES_LOOKED_AT,
    };
    values.push(looked_at.into());
    let sql = format!(
        "SELECT {id}, d.event_id, d.event_type, d.subscription_id {chosen} ORDER BY {id} LIMIT ?"
    );
    let rows = query_all(db, &sql, values).await?;
    let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < looked_at;
    let mut pairs = Vec::new();
    let mut looked_until = after;
    for row in rows {
        if pairs.len() == room {
            return Ok((pairs, Place::Deliveries(looked_until)));
        }
        looked_until = Some(row.get(0)?);
        let event_type = EventType::from_stored(row.get(2)?);
        if choice.event_types.matches(&event_type) {
            pairs.push(Pair {
                event: row.get(1)?,
                event_type: event_type.as_str().to_owned(),
                subscription: row.get(3)?,
            });
        }
    }
    let place = match is_last {
        true => Place::after_deliveries(choice),
        false => Place::Deliveries(looked_until),
    };
    Ok((pairs, place))
}

/// Events are matched with the subscriptions of now, and what they have already is left out.
async fn next_events(
    parts: &Parts,
    tenant: TenantId,
    choice: &Choice,
    after: Option<(Timestamp, EventId)>,
    room: usize,
) -> Result<(Vec<Pair>, Place), Error> {
    let db = &parts.database.read;
    let window = (choice.from, choice.to);
    let events = store::event::next(db, tenant, window, after, EVENTS_LOOKED_AT).await?;
    let is_last = (events.len() as u64) < EVENTS_LOOKED_AT;
    let attempts = parts.settings.max_attempts();
    // Of now, and not of what a process has kept.
    let book = parts.address_book.reload(db, tenant, attempts).await?;
    let (event_types, subscription) = (choice.event_types.clone(), choice.subscription);
    let matched = parts.matching.run(move || {
        let wanted = events.into_iter().map(|event| {
            let key = (event.created_at, event.id);
            let name = EventType::from_stored(event.event_type.clone());
            if !event_types.matches(&name) {
                return (key, Vec::new());
            }
            let view = address_book::StoredView::new(event);
            // One that matches too many now is none that any of them misses.
            let listed = book.matching(&view.view(), &name).unwrap_or_default();
            let wanted = listed.into_iter().map(|listed| listed.id);
            let wanted = wanted.filter(|id| subscription.is_none_or(|only| only == *id));
            let pair = |subscription| Pair {
                event: key.1,
                event_type: name.as_str().to_owned(),
                subscription,
            };
            (key, wanted.map(pair).collect::<Vec<_>>())
        });
        wanted.collect::<Vec<_>>()
    });
    let matched = matched.await?;
    // Before what is there: what has been written in between is found then.
    let ids: Vec<EventId> = matched.iter().map(|((_, id), _)| *id).collect();
    let fanning_out = store::fan_out::among(db, tenant, &ids).await?;
    let there = already_there(db, tenant, matched.iter().map(|(key, _)| *key)).await?;
    let mut pairs = Vec::new();
    let mut looked_until = after;
    for (key, wanted) in matched {
        // Who gets an event is still being written: nobody misses it.
        let is_whole = !fanning_out.contains(&key.1);
        let missing = wanted
            .into_iter()
            .filter(|pair| is_whole && !there.contains(&(pair.event, pair.subscription)));
        let missing: Vec<Pair> = missing.collect();
        // One event's are taken together.
        if !pairs.is_empty() && pairs.len() + missing.len() > room {
            return Ok((pairs, Place::Events(looked_until)));
        }
        pairs.extend(missing);
        looked_until = Some(key);
    }
    let place = if is_last { Place::End } else { Place::Events(looked_until) };
    Ok((pairs, place))
}

/// Which subscriptions have a delivery of which of these events.
async fn already_there(
    db: &impl Sql,
    tenant: TenantId,
    events: impl Iterator<Item = (Timestamp, EventId)>,
) -> Result<HashSet<(EventId, SubscriptionId)>, DbErr> {
    let events: Vec<(Timestamp, EventId)> = events.collect();
    let (Some((first, _)), Some((last, _))) = (events.first(), events.last()) else {
        return Ok(HashSet::new());
    };
    // What was made with an event carries its instant.
    let made = "SELECT event_id, subscription_id FROM deliveries WHERE tenant_id = ? AND id >= ? AND id < ?";
    let behind = *last + std::time::Duration::from_millis(1);
    let values =
        vec![tenant.into(), DeliveryId::floor(*first).into(), DeliveryId::floor(behind).into()];
    let mut rows = query_all(db, made, values).await?;
    let ids = events.iter().map(|(_, id)| (*id).into()).collect();
    let (among, mut values) = one_of(db, "uuid", ids);
    let again = format!(
        "SELECT event_id, subscription_id FROM deliveries WHERE event_id {among} AND \"trigger\" <> 0 AND tenant_id = ?"
    );
    values.push(tenant.into());
    rows.extend(query_all(db, &again, values).await?);
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
