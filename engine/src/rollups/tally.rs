//! What one commit adds to the figures.

use std::collections::BTreeMap;

use domain::delivery::Trigger;
use domain::ids::{DeltaId, SubscriptionId, TenantId};
use domain::outcome::Outcome;
use domain::stats::{Bucket, Sums};
use domain::time::Timestamp;
use domain::varint::{self, Malformed};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::context::Parts;
use crate::database::Sql;
use crate::publish::NewDelivery;
use crate::store;
use crate::store::rollup::Scope;

/// Counts by subscription and minute. What concerns no subscription stands under its tenant; nothing stands
/// twice, sums of tenants are made when it is added up.
///
/// An attempt counts in the minute in which it started, a dead letter in that in which it died, an
/// event and a delivery in that in which they were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "what was counted is lost unless it is saved with what was written"]
pub(crate) struct Tally {
    pub(super) cells: BTreeMap<(Scope, Timestamp), Sums>,
}

/// The form in which a tally is written; another one gets another number.
const FORM: u8 = 1;
const SAME_TENANT: u8 = 0;
const NEXT_TENANT: u8 = 1;

impl Tally {
    /// Counts an event.
    pub(crate) fn add_event(&mut self, tenant: TenantId, created_at: Timestamp) {
        self.at(Scope::of_tenant(tenant), created_at).events += 1;
    }

    /// Counts a delivery; of its subscription also the event that made it.
    pub(crate) fn add_delivery(&mut self, new: &NewDelivery) {
        let scope = Scope { tenant: new.tenant, subscription: new.subscription_id };
        let sums = self.at(scope, new.id.time());
        sums.deliveries += 1;
        sums.events += u64::from(new.trigger == Trigger::Event);
    }

    /// Counts an attempt.
    pub(crate) fn add_attempt(
        &mut self,
        tenant: TenantId,
        subscription: SubscriptionId,
        started_at: Timestamp,
        outcome: &Outcome,
    ) {
        let sums = self.at(Scope { tenant, subscription }, started_at);
        sums.add_attempt(outcome.timing.total, outcome.failure_reason());
    }

    /// Counts a dead letter.
    pub(crate) fn add_dead_letter(&mut self, new: &store::dead_letter::New<'_>) {
        let scope = Scope { tenant: new.tenant_id, subscription: new.subscription_id };
        self.at(scope, new.dead_at).dead_letters += 1;
    }

    /// Stores what was counted, if anything was, with what it was counted of.
    pub(crate) async fn save(self, db: &impl Sql, parts: &Parts) -> Result<(), DbErr> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let id = DeltaId::generate(parts.clock.now(), &mut parts.rng());
        store::rollup::insert_delta(db, id, self.encode()).await
    }

    /// Counts all that the other has counted.
    pub(super) fn merge(&mut self, other: Self) {
        for (cell, sums) in other.cells {
            self.cells.entry(cell).or_default().merge(&sums);
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        let mut tenant = None;
        for ((scope, minute), sums) in &self.cells {
            if tenant == Some(scope.tenant) {
                bytes.push(SAME_TENANT);
            } else {
                bytes.push(NEXT_TENANT);
                bytes.extend(scope.tenant.as_bytes());
                tenant = Some(scope.tenant);
            }
            bytes.extend(scope.subscription.as_bytes());
            varint::put(&mut bytes, minute.unix_ms().max(0).unsigned_abs() / MINUTE_MS);
            sums.encode(&mut bytes);
        }
        bytes
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self, Malformed> {
        let bytes = &mut bytes;
        if varint::take_byte(bytes)? != FORM {
            return Err(Malformed);
        }
        let mut tally = Self::default();
        let mut tenant = None;
        while !bytes.is_empty() {
            if varint::take_byte(bytes)? == NEXT_TENANT {
                tenant = Some(TenantId(take_uuid(bytes)?));
            }
            let tenant = tenant.ok_or(Malformed)?;
            let scope = Scope { tenant, subscription: SubscriptionId(take_uuid(bytes)?) };
            let ms = varint::take(bytes)?.checked_mul(MINUTE_MS).ok_or(Malformed)?;
            let minute = Timestamp::from_unix_ms(i64::try_from(ms).map_err(|_| Malformed)?);
            let sums = Sums::decode(bytes)?;
            tally.cells.entry((scope, minute)).or_default().merge(&sums);
        }
        Ok(tally)
    }

    fn at(&mut self, scope: Scope, at: Timestamp) -> &mut Sums {
        self.cells.entry((scope, Bucket::Minute.start_of(at))).or_default()
    }
}

const MINUTE_MS: u64 = Bucket::Minute.seconds() as u64 * 1000;

fn take_uuid(bytes: &mut &[u8]) -> Result<Uuid, Malformed> {
    let (uuid, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
    *bytes = rest;
    Ok(Uuid::from_bytes(*uuid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{DeliveryId, EventId};

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_859_999);

    fn tally() -> Tally {
        let mut tally = Tally::default();
        for tenant in [1, 2_u8] {
            let tenant = TenantId::derive(NOW, &[&[tenant]]);
            tally.add_event(tenant, NOW);
            for subscription in [1, 2_u8] {
                let event_id = EventId::derive(NOW, &[]);
                let subscription_id = SubscriptionId(Uuid::from_u128(subscription.into()));
                let new = NewDelivery {
                    id: DeliveryId::derive(NOW, &[]),
                    tenant,
                    event_id,
                    event_type: "a.b".to_owned(),
                    subscription_id,
                    subscription_revision: 1,
                    trigger: if subscription == 1 { Trigger::Event } else { Trigger::Redelivery },
                    max_attempts: 6,
                    due_at: NOW,
                    sequence: None,
                };
                tally.add_delivery(&new);
            }
        }
        tally
    }

    #[test]
    fn what_was_counted_stands_under_its_minute_once() {
        let counted: Vec<(i64, [u64; 2])> = tally()
            .cells
            .into_iter()
            .map(|((_, minute), sums)| (minute.unix_ms(), [sums.events, sums.deliveries]))
            .collect();
        let minute = 1_768_996_800_000;
        let of_tenant = [[1, 0], [1, 1], [0, 1]].map(|counts| (minute, counts));
        assert_eq!(counted, [of_tenant, of_tenant].concat());
    }

    #[test]
    fn a_tally_is_read_as_it_was_written() {
        let tally = tally();
        let bytes = tally.encode();
        assert_eq!(Tally::decode(&bytes), Ok(tally));
        assert!(bytes.len() < 250, "{} bytes for six cells", bytes.len());
        for end in 0..bytes.len() {
            // Cut between two cells it is a shorter tally.
            let _ = Tally::decode(&bytes[..end]);
        }
        assert_eq!(Tally::decode(&bytes[..bytes.len() - 1]), Err(Malformed));
        assert_eq!(Tally::decode(&[]), Err(Malformed));
    }
}
