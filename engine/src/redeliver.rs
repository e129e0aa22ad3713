//! Sends an old event again, by hand: a new delivery, to the subscription as it is now.

use std::time::Duration;

use domain::delivery::Trigger;
use domain::ids::{DeliveryId, Of};
use domain::subscription::SubscriptionStatus;
use entity::delivery::Model;
use queue::Class;

use crate::address_book::Lane;
use crate::context::Engine;
use crate::database::Transaction;
use crate::error::Error;
use crate::publish::{NewDelivery, rows};
use crate::rollups::Tally;
use crate::store;

/// A redelivery on its way: to be pushed once it is committed.
#[derive(Debug)]
pub struct Redelivery {
    pub delivery: Model,
    subscription: entity::subscription::Model,
}

impl Engine {
    /// Makes a new delivery of an old one's event within `db`. The caller commits, then calls
    /// [`Engine::push_redelivery`].
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such delivery, or its event has just gone; `Conflict` while it is not final, or when its
    /// subscription takes nothing any more.
    pub async fn redeliver(
        &self,
        db: &Transaction,
        delivery: Of<DeliveryId>,
    ) -> Result<Redelivery, Error> {
        let tenant = delivery.tenant();
        let old = store::delivery::find(db, delivery).await?.ok_or(Error::NotFound("delivery"))?;
        if !old.status.is_final() {
            return Err(Error::Conflict(
                "the delivery is not final yet; wait for it, or cancel it first".to_owned(),
            ));
        }
        // Taking the row first makes a disabling that is under way visible, or wait for us.
        store::subscription::lock(db, tenant, old.subscription_id).await?;
        let subscription =
            store::subscription::find(db, tenant, &old.subscription_id.to_string()).await?;
        let subscription = subscription
            .ok_or_else(|| Error::Conflict("the subscription is deleted".to_owned()))?;
        if subscription.status == SubscriptionStatus::Disabled {
            return Err(Error::Conflict(
                "the subscription is disabled; set its status to active first".to_owned(),
            ));
        }
        if !store::event::hold(db, Of::new(tenant, old.event_id)).await? {
            return Err(Error::NotFound("event"));
        }
        let now = self.clock.now();
        let sequence = match subscription.is_numbered() {
            true => Some(rows::take_sequence(db, subscription.id, 1).await?),
            false => None,
        };
        let new = NewDelivery {
            id: DeliveryId::generate(now, &mut self.rng()),
            tenant,
            event_id: old.event_id,
            event_type: old.event_type,
            subscription_id: subscription.id,
            subscription_revision: subscription.revision,
            trigger: Trigger::Redelivery,
            max_attempts: subscription
                .retry
                .as_ref()
                .unwrap_or(&self.settings.retry)
                .max_attempts(),
            due_at: now,
            sequence,
        };
        let mut tally = Tally::default();
        rows::insert_deliveries(db, std::slice::from_ref(&new), &mut tally).await?;
        tally.save(db, self).await?;
        let delivery = store::delivery::find(db, Of::new(tenant, new.id))
            .await?
            .ok_or(Error::NotFound("delivery"))?;
        Ok(Redelivery { delivery, subscription })
    }

    /// Hands a committed redelivery to the queue. A failure costs time only: its row is there.
    pub async fn push_redelivery(&self, redelivery: &Redelivery) {
        let (row, id) = (&redelivery.subscription, redelivery.delivery.id);
        let due = Lane::of(row).due(row.id, id, Class::First, Duration::ZERO);
        let pushed = async {
            self.configure_lane(row).await?;
            self.lanes.push(&[due]).await
        };
        if let Err(error) = pushed.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "queue.push_failed");
        }
    }

    /// Cancels a delivery that is not final.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such delivery, `Conflict` when it is final or in a batch.
    pub async fn cancel(&self, db: &Transaction, delivery: Of<DeliveryId>) -> Result<Model, Error> {
        // Before it is committed: what is put later is put with a delivery that is still to come.
        self.forget_fresh().await;
        let cancelled = store::delivery::cancel(db, delivery, self.clock.now()).await?;
        let delivery =
            store::delivery::find(db, delivery).await?.ok_or(Error::NotFound("delivery"))?;
        if !cancelled && !delivery.status.is_final() {
            return Err(Error::Conflict(
                "the delivery is in a batch, and a batch never changes; wait for it".to_owned(),
            ));
        }
        if !cancelled {
            return Err(Error::Conflict("the delivery is final already".to_owned()));
        }
        Ok(delivery)
    }
}
