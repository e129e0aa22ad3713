//! Keys and tenants' names in use, kept for under a second so that the usual request asks the
//! database for neither.
//!
//! A change holds everywhere within that second, and at once in the process that made it: it forgets
//! what it has, and what was being read meanwhile is not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::ids::{KeyId, TenantId};
use domain::preferences::{Cidrs, Scopes};
use domain::tenant::{RateLimit, TenantStatus};
use engine::{Engine, store};
use moka::sync::Cache;
use parking_lot::Mutex;
use subtle::ConstantTimeEq;

use crate::problem::Problem;

/// How long what was read counts.
const KEPT_FOR: Duration = Duration::from_millis(800);
/// Entries of each cache, a few hundred bytes each.
const ENTRIES_MAX: u64 = 20_000;
/// How often a key's last use is written down at most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// How long uses are gathered before they are written down together.
const USES_GATHERED_FOR: Duration = Duration::from_secs(1);

/// A usable key.
#[derive(Debug)]
pub(crate) struct Known {
    pub id: KeyId,
    pub tenant: Named,
    pub scopes: Scopes,
    pub source_cidrs: Option<Cidrs>,
    pub is_suspended: bool,
    expires_at: Option<domain::time::Timestamp>,
}

/// A tenant that was named, by itself or by its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub id: TenantId,
    pub ingest_rate_limit: Option<RateLimit>,
}

impl Named {
    fn of(row: &entity::tenant::Model) -> Self {
        Self { id: row.id, ingest_rate_limit: row.ingest_rate_limit }
    }
}

/// Keys and tenants' names in use.
#[derive(Debug)]
pub(crate) struct Keyring {
    operator_key_hash: [u8; 32],
    /// By SHA-256; `None` where there is no such key.
    keys: Cache<[u8; 32], Option<Arc<Known>>>,
    tenants: Cache<String, Option<Named>>,
    noted: Cache<KeyId, ()>,
    /// Used and not written down yet.
    used: Arc<Mutex<Vec<KeyId>>>,
    /// Raised by each change; what was read before it is not kept after it.
    changes: AtomicU64,
}

impl Keyring {
    pub(crate) fn new(operator_key_hash: [u8; 32]) -> Self {
        Self {
            operator_key_hash,
            keys: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(KEPT_FOR).build(),
            tenants: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(KEPT_FOR).build(),
            noted: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(USE_NOTED_EVERY).build(),
            used: Arc::default(),
            changes: AtomicU64::new(0),
        }
    }

    /// Whether this is the operator key's hash; takes the same time whatever it is.
    pub(crate) fn is_operator(&self, hash: &[u8; 32]) -> bool {
        self.operator_key_hash.ct_eq(hash).into()
    }

    /// The usable key of a hash.
    pub(crate) async fn find(
        &self,
        engine: &Engine,
        hash: [u8; 32],
    ) -> Result<Option<Arc<Known>>, Problem> {
        let now = engine.clock.now();
        let known = match self.keys.get(&hash) {
            Some(known) => known,
            None => {
                let changes = self.changes.load(Ordering::SeqCst);
                let known = read(engine, &hash).await?;
                if self.changes.load(Ordering::SeqCst) == changes {
                    self.keys.insert(hash, known.clone());
                }
                known
            }
        };
        Ok(known.filter(|known| known.expires_at.is_none_or(|at| at > now)))
    }

    /// The tenant of an id or external id.
    pub(crate) async fn tenant(
        &self,
        engine: &Engine,
        name: &str,
    ) -> Result<Option<Named>, Problem> {
        if !is_name(name) {
            return Ok(None);
        }
        if let Some(named) = self.tenants.get(name) {
            return Ok(named);
        }
        let changes = self.changes.load(Ordering::SeqCst);
        let named = store::tenant::find_named(&engine.database.read, name)
            .await?
            .map(|row| Named::of(&row));
        if self.changes.load(Ordering::SeqCst) == changes {
            self.tenants.insert(name.to_owned(), named);
        }
        Ok(named)
    }

    /// Forgets everything: a key or a tenant has changed.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.keys.invalidate_all();
        self.tenants.invalidate_all();
    }

    /// Notes that a key was used: once a minute, off the request's path, and together with the others
    /// that are used within the same second.
    pub(crate) fn note_use(&self, engine: &Engine, id: KeyId) {
        if self.noted.contains_key(&id) {
            return;
        }
        self.noted.insert(id, ());
        let mut used = self.used.lock();
        used.push(id);
        if used.len() > 1 {
            return;
        }
        let (used, engine) = (self.used.clone(), engine.clone());
        tokio::spawn(async move {
            tokio::time::sleep(USES_GATHERED_FOR).await;
            let used = std::mem::take(&mut *used.lock());
            let note = async {
                let transaction = engine.database.begin().await?;
                store::key::touch_across_tenants(&transaction, &used, engine.clock.now()).await?;
                transaction.commit().await
            };
            if let Err(error) = note.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    keys = used.len(),
                    "key.touch_failed"
                );
            }
        });
    }
}

async fn read(engine: &Engine, hash: &[u8; 32]) -> Result<Option<Arc<Known>>, Problem> {
    let db = &engine.database.read;
    let found = store::key::find_usable_across_tenants(db, hash, engine.clock.now()).await?;
    let Some(key) = found else { return Ok(None) };
    // A deleted tenant's keys are unknown.
    let tenant = store::tenant::find(db, key.tenant_id).await?;
    Ok(tenant.map(|tenant| {
        Arc::new(Known {
            id: key.id,
            tenant: Named::of(&tenant),
            scopes: key.scopes,
            source_cidrs: key.source_cidrs,
            is_suspended: tenant.status == TenantStatus::Suspended,
            expires_at: key.expires_at,
        })
    }))
}

/// Whether it can be the name of anything: an id or an external id. What cannot is not looked for.
pub(crate) fn is_name(text: &str) -> bool {
    domain::limits::EXTERNAL_ID_CHARS.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}
