//! Changes of the address book. Each is one commit, raises the tenant's revision in it, and holds
//! for every event posted after it was answered.

use domain::ids::{SecretId, SubscriptionId, TenantId};
use domain::preferences::Delivery;
use domain::secret::Secret;
use domain::subscription::{DisabledReason, SubscriptionStatus};
use domain::subscription_input::SubscriptionConfig;
use entity::subscription::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};

use crate::context::Engine;
use crate::database::Transaction;
use crate::error::{Error, is_unique_violation};
use crate::{clear, store};

/// A tenant may have this many subscriptions: what one event can match.
const SUBSCRIPTIONS_MAX: i64 = domain::limits::FAN_OUT as i64;

impl Engine {
    /// Stores a new subscription within `db`. The caller commits, then calls
    /// [`Engine::subscription_changed`].
    ///
    /// # Errors
    /// `Conflict` when the external id is taken or the tenant has too many.
    pub async fn create_subscription(
        &self,
        db: &Transaction,
        tenant: TenantId,
        config: SubscriptionConfig,
        secret: &Secret,
    ) -> Result<Model, Error> {
        let now = self.clock.now();
        if store::subscription::count(db, tenant).await? >= SUBSCRIPTIONS_MAX {
            return Err(Error::Conflict(format!(
                "a tenant has at most {SUBSCRIPTIONS_MAX} subscriptions; delete one first"
            )));
        }
        let id = SubscriptionId::generate(now, &mut self.rng());
        let external_id = config.external_id.clone();
        let mut row = self.to_row(id, config);
        row.tenant_id = Set(tenant);
        row.revision = Set(1);
        row.created_at = Set(now);
        row.updated_at = Set(now);
        let stored = store::subscription::insert(db, row)
            .await
            .map_err(|error| taken(error, external_id.as_deref()))?;
        let secret_id = SecretId::generate(now, &mut self.rng());
        store::secret::insert(db, &self.sealer, secret_id, (tenant, id), secret, now).await?;
        Ok(stored)
    }

    /// Stores a subscription's whole configuration anew within `db`.
    ///
    /// # Errors
    /// `Conflict` when the external id is taken.
    pub async fn update_subscription(
        &self,
        db: &Transaction,
        row: &Model,
        config: SubscriptionConfig,
    ) -> Result<Model, Error> {
        let external_id = config.external_id.clone();
        let (status, url) = (config.status, config.url.as_str().to_owned());
        let algorithm = config.signing.algorithm();
        let mut changed = self.to_row(row.id, config);
        if status == row.status {
            changed.disabled_reason = NotSet;
        } else {
            let clearing = entity::subscription::Clearing::Disabled;
            changed.clearing = Set((status == SubscriptionStatus::Disabled).then_some(clearing));
        }
        // What signs is of the algorithm's kind. The receiver gets both signatures until it has the new key.
        if algorithm != row.signing.algorithm() {
            let secret = Secret::generate(algorithm, &mut self.rng());
            self.replace_secret(db, row, &secret, domain::limits::OVERLAP_S_DEFAULT).await?;
        }
        // What was counted against the receiver is forgotten when it is started again, or another one.
        if status != row.status || url != store::subscription::open_url(&self.sealer, row)? {
            store::health::forget(&mut changed);
        }
        let now = self.clock.now();
        let stored = store::subscription::update(db, changed, row, now).await;
        stored.map_err(|error| taken(error, external_id.as_deref()))
    }

    /// Deletes a subscription within `db`: its row stays, what waits for it is cancelled.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn delete_subscription(&self, db: &Transaction, row: &Model) -> Result<(), Error> {
        Ok(store::subscription::mark_deleted(db, row, self.clock.now()).await?)
    }

    /// Gives a subscription a new secret within `db`; those that sign now go on for `overlap_s`.
    ///
    /// # Errors
    /// `Conflict` when too many secrets would sign at once.
    pub async fn rotate_secret(
        &self,
        db: &Transaction,
        row: &Model,
        secret: &Secret,
        overlap_s: u32,
    ) -> Result<(), Error> {
        self.replace_secret(db, row, secret, overlap_s).await?;
        let unchanged = ActiveModel { id: Set(row.id), ..Default::default() };
        store::subscription::update(db, unchanged, row, self.clock.now()).await?;
        Ok(())
    }

    async fn replace_secret(
        &self,
        db: &Transaction,
        row: &Model,
        secret: &Secret,
        overlap_s: u32,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let ends_at = now + std::time::Duration::from_secs(overlap_s.into());
        let secrets = store::secret::all(db, row.id).await?;
        let live = secrets.iter().filter(|old| old.expires_at.unwrap_or(ends_at) > now).count();
        if live >= domain::limits::LIVE_SECRETS {
            return Err(Error::Conflict("ten secrets sign at once already; wait until an overlap ends, or rotate with overlap_s 0".to_owned()));
        }
        store::secret::expire_present(db, row.id, ends_at).await?;
        // Newest first is by id: within one millisecond the later one must not sort before.
        let after = secrets
            .first()
            .map_or(now, |newest| newest.created_at + std::time::Duration::from_millis(1));
        let created_at = now.max(after);
        let id = SecretId::generate(created_at, &mut self.rng());
        store::secret::insert(db, &self.sealer, id, (row.tenant_id, row.id), secret, created_at)
            .await?;
        Ok(())
    }

    /// To be called once a change is committed: tells the queue, and clears what waits when the
    /// subscription was disabled or deleted. A failure costs time only: the reconciler mends it.
    pub async fn subscription_changed(&self, row: &Model) {
        self.address_book.forget(row.tenant_id);
        self.forget_fresh().await;
        if row.clearing.is_some() {
            clear::start(self.parts(), row.tenant_id, row.id);
            return;
        }
        if let Err(error) = self.configure_lane(row).await {
            tracing::warn!(error = &error as &dyn std::error::Error, subscription.id = %row.id, "lane.configure_failed");
        }
    }

    fn to_row(&self, id: SubscriptionId, config: SubscriptionConfig) -> ActiveModel {
        let disabled = config.status == SubscriptionStatus::Disabled;
        let (url, url_sealed) =
            store::subscription::seal_url(&self.sealer, id, config.kind, config.url.as_str());
        ActiveModel {
            id: Set(id),
            external_id: Set(config.external_id),
            url: Set(url),
            url_sealed: Set(url_sealed),
            description: Set(config.description),
            event_types: Set(config.event_types),
            filter: Set(config.filter.map(|filter| filter.as_str().to_owned())),
            status: Set(config.status),
            disabled_reason: Set(disabled.then_some(DisabledReason::Requested)),
            kind: Set(config.kind),
            gathers: Set(config.delivery != Delivery::Single),
            delivery: Set(config.delivery),
            ordered: Set(config.ordered),
            headers_sealed: Set(store::subscription::seal_headers(
                &self.sealer,
                id,
                &config.headers,
            )),
            rate_limit: Set(config.rate_limit),
            max_in_flight: Set(i32::try_from(config.max_in_flight).unwrap_or(1)),
            timeout_ms: Set(i32::try_from(config.timeout_ms).unwrap_or(i32::MAX)),
            retry: Set(config.retry),
            signing: Set(config.signing),
            format: Set(config.format),
            template: Set(config.template.map(|template| template.as_str().to_owned())),
            auto_replay: Set(config.auto_replay),
            client_certificate_sealed: Set(config
                .client_certificate
                .as_ref()
                .map(|certificate| store::client_certificate::seal(&self.sealer, id, certificate))),
            metadata: Set(serde_json::Value::Object(config.metadata)),
            ..Default::default()
        }
    }
}

fn taken(error: sea_orm::DbErr, external_id: Option<&str>) -> Error {
    if is_unique_violation(&error) {
        return Error::Conflict(format!(
            "the external id {} is taken; choose another",
            external_id.unwrap_or_default()
        ));
    }
    error.into()
}
