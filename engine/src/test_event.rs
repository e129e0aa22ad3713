//! Sends one example at once, past lane, pause and breaker, to try a receiver.

use std::sync::Arc;
use std::time::Duration;

use domain::catalogue::Versions;
use domain::delivery::{DeliveryStatus, Progress, Trigger};
use domain::event::NewEvent;
use domain::event_type::EventType;
use domain::ids::{DeliveryId, EventId};
use domain::json::JsonText;
use domain::limits;
use domain::time::EventTime;
use entity::subscription::Model;
use queue::{Class, LeaseToken, Ticket};

use crate::context::Engine;
use crate::database::{Transaction, execute};
use crate::dispatch::{
    Content, DueDelivery, Held, Target, attempt_row, insert_attempts, number_of,
};
use crate::error::Error;
use crate::publish::{NO_BOOK, NewDelivery, Prepared, rows};
use crate::rollups::Tally;
use crate::store;

/// The type of a test whose caller names none.
pub const TEST_EVENT_TYPE: &str = "posthaste.test";
/// What a test carries for which the catalogue has no example.
const TEST_DATA: &str = "{\"message\":\"This is a test event from Posthaste.\"}";

impl Engine {
    /// Sends an example of `event_type` (the catalogue's newest, if it has one) to the subscription and waits for
    /// the answer, 15 s at most; then stores event, delivery and attempt within the transaction that `begin` starts. Returns
    /// the delivery's id.
    ///
    /// # Errors
    /// `NotFound` when the subscription was deleted meanwhile, or when the database is away.
    pub async fn send_test(
        &self,
        subscription: &Model,
        event_type: EventType,
    ) -> Result<(Transaction, DeliveryId), Error> {
        let now = self.clock.now();
        let tenant = subscription.tenant_id;
        let entry = store::event_type::find(&self.database.read, tenant, &event_type).await?;
        let prepared = self.example(subscription, event_type, entry.map(|entry| entry.versions));
        let target = Arc::new(Target::read(self, &self.database.read, subscription.id).await?);
        let due = self.due(subscription, &prepared, target);
        let timeout_max = Duration::from_millis(limits::TEST_TIMEOUT_MS.into());
        let outcome = self.attempt(&due, now, timeout_max).await;

        let transaction = self.database.begin().await?;
        let id = subscription.id;
        if !store::subscription::lock(&transaction, tenant, id).await? {
            return Err(Error::NotFound("subscription"));
        }
        let mut tally = Tally::default();
        rows::insert_events(&transaction, &[&prepared], &mut tally).await?;
        let delivery = NewDelivery {
            id: due.id,
            tenant: due.tenant,
            event_id: due.event_id,
            event_type: due.event_type.clone(),
            subscription_id: subscription.id,
            subscription_revision: due.target.revision,
            trigger: Trigger::Test,
            max_attempts: 1,
            due_at: now,
            sequence: None,
        };
        rows::insert_deliveries(&transaction, &[delivery], &mut tally).await?;
        insert_attempts(&transaction, &[attempt_row(&due, now, &outcome)]).await?;
        tally.add_attempt(tenant, id, now, &outcome);
        tally.save(&transaction, self).await?;
        let status = if outcome.failure_reason().is_none() {
            DeliveryStatus::Succeeded
        } else {
            DeliveryStatus::Failed
        };
        let sql = "UPDATE deliveries SET status = ?, attempt_count = 1, next_attempt_at = NULL, completed_at = ?, \
                   last_status_code = ?, failure_reason = ?, last_error = ? WHERE id = ?";
        let values = vec![
            status.into(),
            self.clock.now().into(),
            outcome.status().map(|code| i16::try_from(code).unwrap_or(i16::MAX)).into(),
            outcome.failure_reason().map(number_of).into(),
            outcome.error().map(|error| error.as_bytes().to_vec()).into(),
            due.id.into(),
        ];
        execute(&transaction, sql, values).await?;
        Ok((transaction, due.id))
    }

    fn example(
        &self,
        subscription: &Model,
        event_type: EventType,
        versions: Option<Versions>,
    ) -> Prepared {
        let now = self.clock.now();
        let example = versions.as_ref().and_then(|versions| versions.example(None));
        let data = example.map_or_else(|| TEST_DATA.to_owned(), |(_, data)| data.to_string());
        let event = NewEvent {
            id: None,
            event_type,
            timestamp: EventTime::from_timestamp(now),
            data: JsonText::from_stored(data),
            metadata: JsonText::empty_object(),
            correlation_id: None,
            version: example.map(|(version, _)| version.to_owned()),
            deliver_at: None,
        };
        Prepared {
            id: EventId::generate(now, &mut self.rng()),
            chosen: false,
            tenant: subscription.tenant_id,
            event: Arc::new(event),
            traceparent: None,
            created_at: now,
            due_at: now,
            book_revision: NO_BOOK,
            matched: Ok(Vec::new()),
        }
    }

    fn due(&self, subscription: &Model, prepared: &Prepared, target: Arc<Target>) -> DueDelivery {
        let event = &prepared.event;
        let id = DeliveryId::generate(prepared.created_at, &mut self.rng());
        DueDelivery {
            ticket: Held::past_the_lane(Ticket {
                lane: subscription.id,
                delivery: Some(id),
                class: Class::First,
                lease: LeaseToken(0),
                waited: Duration::ZERO,
                probe: false,
            }),
            id,
            tenant: prepared.tenant,
            event_id: prepared.id,
            event_type: event.event_type.as_str().to_owned(),
            trigger: Trigger::Test,
            progress: Progress { number: 1, max_attempts: 1 },
            traceparent: None,
            content: Content::Posted(event.clone()),
            batch: None,
            target,
        }
    }
}
