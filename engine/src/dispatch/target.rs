//! A subscription as the sender needs it, cached by revision.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::address::TenantEgress;
use domain::ids::SubscriptionId;
use domain::message::Payload;
use domain::preferences::Signing;
use domain::retry::RetryPolicy;
use domain::secret::Secret;
use domain::subscription::{CustomHeaders, TargetUrl};
use domain::template::Template;
use domain::time::Timestamp;
use sea_orm::ConnectionTrait;

use crate::context::Parts;
use crate::error::Error;
use crate::sender::ClientIdentity;
use crate::store;

/// Where a delivery goes and how, as the subscription is at one revision.
#[derive(Debug)]
pub struct Target {
    pub revision: i64,
    pub url: Arc<TargetUrl>,
    /// The tenant's own address lists, beside the deployment's.
    pub egress: Option<Arc<TenantEgress>>,
    /// Whether nothing may go anywhere but to the tenant's own bins.
    pub sandbox: bool,
    /// What a receiver is shown that asks for a certificate.
    pub identity: Option<Arc<ClientIdentity>>,
    pub headers: CustomHeaders,
    pub timeout: Duration,
    pub retry: RetryPolicy,
    pub signing: Signing,
    /// Whether deliveries are gathered into batches.
    pub gathers: bool,
    /// How an event becomes a body.
    pub payload: Arc<Payload>,
    secrets: Vec<(Secret, Option<Timestamp>)>,
}

impl Target {
    /// The secrets that sign at `now`, newest first: the present one, and rotated ones until their
    /// overlap ends.
    pub fn live_secrets(&self, now: Timestamp) -> Vec<Secret> {
        let live =
            self.secrets.iter().filter(|(_, expires_at)| expires_at.is_none_or(|at| at > now));
        live.map(|(secret, _)| secret.clone()).collect()
    }

    /// Reads a subscription's present state.
    ///
    /// # Errors
    /// When the database is away, there is no such subscription, or a sealed value does not open.
    pub async fn read(
        parts: &Parts,
        db: &impl ConnectionTrait,
        id: SubscriptionId,
    ) -> Result<Self, Error> {
        let row = store::subscription::find_across_tenants(db, id)
            .await?
            .ok_or(Error::NotFound("subscription"))?;
        let secrets = store::secret::all(db, id).await?;
        let tenant = store::tenant::find(db, row.tenant_id).await?;
        let open = |sealed: entity::subscription_secret::Model| {
            Ok((store::secret::open(&parts.sealer, &sealed)?, sealed.expires_at))
        };
        let identity = store::client_certificate::open(&parts.sealer, &row)?
            .map(|certificate| ClientIdentity::new(&certificate).map(Arc::new))
            .transpose()
            .map_err(|e| Error::internal("a stored client certificate", e))?;
        let payload = Arc::new(payload_of(&row));
        Ok(Self {
            revision: row.revision,
            url: Arc::new(
                TargetUrl::parse(&store::subscription::open_url(&parts.sealer, &row)?, false)
                    .map_err(|e| Error::internal("a stored url", e))?,
            ),
            egress: tenant.as_ref().and_then(store::tenant::lists).map(Arc::new),
            sandbox: tenant.is_some_and(|tenant| tenant.sandbox),
            identity,
            headers: store::subscription::open_headers(&parts.sealer, &row)?,
            timeout: Duration::from_millis(u64::try_from(row.timeout_ms).unwrap_or(0)),
            retry: row.retry.unwrap_or_else(|| parts.settings.retry.clone()),
            gathers: row.gathers,
            payload,
            signing: row.signing,
            secrets: secrets.into_iter().map(open).collect::<Result<_, Error>>()?,
        })
    }
}

fn payload_of(row: &entity::subscription::Model) -> Payload {
    Payload::new(row.kind, row.format, row.template.as_deref().map(Template::from_stored))
}

/// Targets in use. An entry of another revision than the row that names it is read again.
#[derive(Debug)]
pub struct Targets {
    cache: moka::sync::Cache<SubscriptionId, Arc<Target>>,
    /// How often everything was forgotten: what was read before does not count after.
    forgotten: AtomicU64,
}

/// Targets kept in memory, about 1 KB each; one with a client certificate or a template counts as so many.
const TARGETS_KEPT: u64 = 50_000;
const WITH_CERTIFICATE: u32 = 32;
const WITH_TEMPLATE: u32 = 16;

impl Default for Targets {
    fn default() -> Self {
        let weight = |_: &SubscriptionId, target: &Arc<Target>| {
            let of_identity = if target.identity.is_some() { WITH_CERTIFICATE } else { 0 };
            let of_template = if target.payload.takes_long() { WITH_TEMPLATE } else { 0 };
            1 + of_identity + of_template
        };
        let cache = moka::sync::Cache::builder().max_capacity(TARGETS_KEPT).weigher(weight).build();
        Self { cache, forgotten: AtomicU64::new(0) }
    }
}

impl Targets {
    /// Forgets everything: a tenant's address lists have changed.
    pub fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate_all();
    }

    /// The subscription at `revision` or newer.
    ///
    /// # Errors
    /// As [`Target::read`].
    pub async fn at(
        &self,
        parts: &Parts,
        id: SubscriptionId,
        revision: i64,
    ) -> Result<Arc<Target>, Error> {
        if let Some(target) = self.cache.get(&id).filter(|target| target.revision >= revision) {
            return Ok(target);
        }
        loop {
            let forgotten = self.forgotten.load(Ordering::SeqCst);
            let target = Arc::new(Target::read(parts, &parts.database.read, id).await?);
            self.cache.insert(id, target.clone());
            if self.forgotten.load(Ordering::SeqCst) == forgotten {
                return Ok(target);
            }
            // The change may have been made while this was read, and forgotten before it was kept.
            self.cache.invalidate(&id);
        }
    }
}
