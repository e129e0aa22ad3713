//! Keeps the queue filled from the database: at the start, when a lane has room, and every few
//! seconds for what was lost in between.
//!
//! The database is the truth. Whatever the queue has forgotten is found here by an index, lane by
//! lane: the work follows the number of lanes, not the backlog.

use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId};
use domain::subscription::SubscriptionStatus;
use domain::tenant::TenantStatus;
use domain::time::Timestamp;
use queue::{Class, Due, Refill, RefillRequest, WINDOW};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::context::{Engine, Parts};
use crate::error::Error;
use crate::gather::{self, Gathering};
use crate::store::delivery::WaitingDelivery;
use crate::store::subscription::Standing;
use crate::{clear, publish, store, tenants};

/// How often the database is searched for what the queue has lost.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// What is due for less long is on its way.
const OVERDUE: Duration = Duration::from_secs(5);
/// Deliveries of a large fan-out that are due for less long are being written.
const FAN_OUT_OVERDUE: Duration = Duration::from_secs(60);
/// How long to wait before trying again while the database or the queue is away.
const AWAY_WAIT: Duration = Duration::from_millis(500);

const CLASSES: [Class; 3] = [Class::First, Class::Retry, Class::Replay];

impl Engine {
    /// Resumes what a crash interrupted and fills the queue with what waits.
    ///
    /// # Errors
    /// When the database or the queue is away.
    pub async fn fill_queue(&self) -> Result<usize, Error> {
        for (tenant, subscription) in
            store::subscription::clearing_across_tenants(&self.database.read).await?
        {
            clear::start(self.parts(), tenant, subscription);
        }
        for tenant in tenants::deleted(self).await? {
            tenants::start_erasing(self.parts(), tenant);
        }
        publish::resume_fan_outs(&self.parts(), None).await?;
        self.sweep(None).await
    }

    /// Keeps the queue filled until told to stop: refills lanes as they get room and, while `leads`,
    /// searches the database every few seconds for what the queue does not know. Of all processes on
    /// one database one leads.
    pub async fn keep_queue_filled(&self, leads: watch::Receiver<bool>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep_refilling() => {}
            () = self.keep_sweeping(leads.clone()) => {}
            () = self.rebuild_when_lost(leads) => {}
        }
    }

    /// For a process that only pushes: tells the queue anew how lanes are served once it has lost that.
    pub async fn notice_losses(&self, stop: CancellationToken) {
        let notice = async {
            loop {
                self.lanes.queue().lost().await;
                self.lanes.forget_told();
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = notice => {}
        }
    }

    async fn keep_refilling(&self) {
        loop {
            if let Err(error) = self.refill_lanes().await {
                warn("reconcile.refill_failed", &error);
                tokio::time::sleep(AWAY_WAIT).await;
            }
        }
    }

    async fn keep_sweeping(&self, mut leads: watch::Receiver<bool>) {
        loop {
            // Whoever begins to lead does not know what the one before had left undone.
            if leads.wait_for(|leads| *leads).await.is_err() {
                return std::future::pending().await;
            }
            if let Err(error) = self.fill_queue().await {
                warn("reconcile.fill_failed", &error);
                tokio::time::sleep(AWAY_WAIT).await;
                continue;
            }
            while *leads.borrow() {
                tokio::time::sleep(SWEEP_EVERY).await;
                let parts = self.parts();
                if let Err(error) = publish::resume_fan_outs(&parts, Some(FAN_OUT_OVERDUE)).await {
                    warn("reconcile.fan_outs_failed", &error);
                }
                match self.sweep(Some(OVERDUE)).await {
                    Ok(0) => {}
                    Ok(found) => {
                        self.metrics.deliveries_found.inc_by(found as u64);
                        tracing::debug!(deliveries = found, "reconcile.swept");
                    }
                    Err(error) => warn("reconcile.sweep_failed", &error),
                }
            }
        }
    }

    /// When the queue's contents were lost: forgets what it was told, says which tickets are out, and
    /// (who leads) pushes all that waits.
    async fn rebuild_when_lost(&self, leads: watch::Receiver<bool>) {
        loop {
            self.lanes.queue().lost().await;
            self.lanes.forget_told();
            self.renew_leases().await;
            while *leads.borrow() {
                match self.sweep(None).await {
                    Ok(found) => {
                        self.metrics.deliveries_found.inc_by(found as u64);
                        tracing::info!(deliveries = found, "queue.rebuilt");
                        break;
                    }
                    Err(error) => {
                        warn("queue.rebuild_failed", &error);
                        tokio::time::sleep(AWAY_WAIT).await;
                    }
                }
            }
        }
    }

    /// Pushes the next due deliveries of every lane that waits; with `overdue`, only of lanes in
    /// which something has been due for longer. Returns how many of them the queue did not know.
    async fn sweep(&self, overdue: Option<Duration>) -> Result<usize, Error> {
        let mut found = 0;
        for lane in store::delivery::lanes_waiting_across_tenants(&self.database.read).await? {
            found += self.sweep_lane(lane, overdue).await?;
        }
        Ok(found)
    }

    async fn sweep_lane(
        &self,
        lane: SubscriptionId,
        overdue: Option<Duration>,
    ) -> Result<usize, Error> {
        let db = &self.database.read;
        // Most lanes have nothing overdue, and that costs one look at an index.
        if let Some(overdue) = overdue
            && !store::delivery::is_overdue(db, lane, self.clock.now() - overdue).await?
        {
            return Ok(0);
        }
        let Some(row) = store::subscription::find_across_tenants(db, lane).await? else {
            return Ok(0);
        };
        if Standing::of(&row).has_ended() {
            return self.clear_straggler(&row).await.map(|()| 0);
        }
        let is_full = overdue.is_none();
        if row.status != SubscriptionStatus::Active && !is_full {
            return Ok(0);
        }
        let Some(tenant) = store::tenant::find(db, row.tenant_id).await? else {
            return Ok(0);
        };
        if tenant.status == TenantStatus::Suspended && !is_full {
            return Ok(0);
        }
        self.lanes.configure_tenant(tenant.id, &store::tenant::queue_settings(&tenant)).await?;
        fill_lane(self, &row).await
    }

    /// Something waits for a subscription that is disabled or deleted. Where it is being cleared, that
    /// is how it should be; else it was committed (on Postgres) by a process that had not seen the
    /// change yet, after the rest had been cleared.
    async fn clear_straggler(&self, row: &entity::subscription::Model) -> Result<(), Error> {
        if row.clearing.is_none() {
            let transaction = self.database.begin().await?;
            store::subscription::clear_again(&transaction, row.id).await?;
            transaction.commit().await?;
        }
        clear::start(self.parts(), row.tenant_id, row.id);
        Ok(())
    }

    async fn refill_lanes(&self) -> Result<(), Error> {
        for request in self.lanes.queue().wants_refill().await? {
            let refill = self.read_refill(request).await?;
            self.lanes.queue().refill(refill).await?;
        }
        Ok(())
    }

    async fn read_refill(&self, request: RefillRequest) -> Result<Refill, Error> {
        let now = self.clock.now();
        // What was read of it lately is as good as its row: who gathers by now, and did not then, is found out
        // when what is pushed is loaded.
        let target = self.targets.at(self, request.lane, 0).await;
        let gathers = target.is_ok_and(|target| target.gathers);
        let page = store::delivery::due_page(
            &self.database.due,
            request.lane,
            request.class,
            gathers,
            request.limit + 1,
        )
        .await?;
        let mut due: Vec<Due> =
            page.iter().map(|one| due(request.lane, request.class, *one, now)).collect();
        let beyond = (due.len() > request.limit).then(|| due.pop()).flatten().map(|one| one.delay);
        Ok(Refill { request, due, beyond })
    }
}

/// Tells the queue how a lane is served, and pushes the next that is due in it. Returns how many of them
/// the queue did not know.
pub(crate) async fn fill_lane(
    parts: &Parts,
    row: &entity::subscription::Model,
) -> Result<usize, Error> {
    let (db, lane, now) = (&parts.database.due, row.id, parts.clock.now());
    parts.configure_lane(row).await?;
    let mut due_now = Vec::new();
    let gathering = Gathering::of(row);
    if row.ordered {
        let head = store::delivery::head_of(db, lane).await?;
        due_now.extend(head.map(|head| due(lane, Class::First, head, now)));
    } else {
        for class in CLASSES {
            // One more than the window holds: the lane then knows that the database holds more.
            let gathers = gathering.is_some();
            let waiting = store::delivery::due_page(db, lane, class, gathers, WINDOW + 1).await?;
            due_now.extend(waiting.into_iter().map(|one| due(lane, class, one, now)));
        }
    }
    if let Some(gathering) = gathering
        && let Some(at) = store::batch::first_due(db, lane).await?
    {
        due_now.push(Due {
            lane: gather::lane_of(lane),
            // An ordered lane's ticket names none.
            delivery: DeliveryId(lane.0),
            class: Class::First,
            delay: (at + gathering.max_wait).since(now),
        });
    }
    parts.lanes.push(&due_now).await
}

fn warn(what: &'static str, error: &Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}

fn due(lane: SubscriptionId, class: Class, waiting: WaitingDelivery, now: Timestamp) -> Due {
    Due { lane, delivery: waiting.id, class, delay: waiting.next_attempt_at.since(now) }
}
