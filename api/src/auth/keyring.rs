//! Keys, portal links and tenants' names in use, kept for under a second so that the usual request asks the
//! database for neither.
//!
//! A change holds everywhere within that second, and at once in the process that made it: it forgets
//! what it has, and what was being read meanwhile is not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::audit::Actor;
use domain::ids::{KeyId, TenantId};
use domain::preferences::{Cidrs, Scopes};
use domain::tenant::{RateLimit, TenantStatus};
use domain::time::Timestamp;
use engine::operator_key::OperatorKeys;
use engine::{Engine, store};
use moka::sync::Cache;
use parking_lot::{Mutex, RwLock};

use super::credential::Credential;
use super::session::Session;
use crate::problem::Problem;

/// How long what was read counts.
const KEPT_FOR: Duration = Duration::from_millis(800);
/// Entries of each cache, a few hundred bytes each.
const ENTRIES_MAX: u64 = 20_000;
/// How often a key's last use is written down at most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// How long uses are gathered before they are written down together.
const USES_GATHERED_FOR: Duration = Duration::from_secs(1);

/// A usable key or portal link, and its tenant.
#[derive(Debug)]
pub(crate) struct Known {
    pub granted: Granted,
    pub tenant: Named,
    pub is_suspended: bool,
}

/// What a key or portal link allows.
#[derive(Debug)]
pub(crate) struct Granted {
    /// Whose requests these are.
    pub actor: Actor,
    pub scopes: Scopes,
    pub source_cidrs: Option<Cidrs>,
    tenant: TenantId,
    expires_at: Option<Timestamp>,
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

/// Keys, portal links and tenants' names in use.
#[derive(Debug)]
pub(crate) struct Keyring {
    operator: RwLock<OperatorKeys>,
    /// Held by whoever puts another key in the operator's place.
    pub rotation: tokio::sync::Mutex<()>,
    /// By SHA-256; `None` where there is no such key or link.
    keys: Cache<[u8; 32], Option<Arc<Known>>>,
    tenants: Cache<String, Option<Named>>,
    /// By their cookie's SHA-256; those that are there.
    sessions: Cache<[u8; 32], Session>,
    noted: Cache<KeyId, ()>,
    /// Used and not written down yet.
    used: Arc<Mutex<Vec<KeyId>>>,
    /// Raised by each change; what was read before it is not kept after it.
    changes: AtomicU64,
}

impl Keyring {
    pub(crate) fn new(operator: OperatorKeys) -> Self {
        Self {
            operator: RwLock::new(operator),
            rotation: tokio::sync::Mutex::default(),
            keys: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(KEPT_FOR).build(),
            tenants: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(KEPT_FOR).build(),
            sessions: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(KEPT_FOR).build(),
            noted: Cache::builder().max_capacity(ENTRIES_MAX).time_to_live(USE_NOTED_EVERY).build(),
            used: Arc::default(),
            changes: AtomicU64::new(0),
        }
    }

    /// Whether this is the hash of a key with which the operator may call at `now`.
    pub(crate) fn is_operator(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        self.operator.read().have(hash, now)
    }

    /// Whether the operator's key is kept in the database, and can be rotated there.
    pub(crate) fn keeps_operator(&self) -> bool {
        self.operator.read().is_kept
    }

    /// Lets the operator call with others. Keys that can be rotated are those of a process that runs alone.
    pub(crate) fn set_operator(&self, keys: OperatorKeys) {
        *self.operator.write() = keys;
    }

    /// The usable key or link of a credential.
    pub(crate) async fn find(
        &self,
        engine: &Engine,
        credential: Credential,
    ) -> Result<Option<Arc<Known>>, Problem> {
        // What has neither shape is not looked for, and takes no place from what is known.
        if matches!(credential, Credential::Other(_)) {
            return Ok(None);
        }
        let (now, hash) = (engine.clock.now(), credential.hash());
        let known = match self.keys.get(&hash) {
            Some(known) => known,
            None => {
                let changes = self.changes.load(Ordering::SeqCst);
                let known = read(engine, credential).await?;
                if self.changes.load(Ordering::SeqCst) == changes {
                    self.keys.insert(hash, known.clone());
                }
                known
            }
        };
        Ok(known.filter(|known| known.granted.expires_at.is_none_or(|at| at > now)))
    }

    /// The session of a cookie's hash, unless it has ended.
    pub(crate) async fn session(
        &self,
        engine: &Engine,
        hash: [u8; 32],
    ) -> Result<Option<Session>, Problem> {
        let now = engine.clock.now();
        let kept = self.sessions.get(&hash);
        let session = match kept {
            Some(session) => Some(session),
            None => {
                let changes = self.changes.load(Ordering::SeqCst);
                let row = store::session::find(&engine.database.read, &hash, now).await?;
                let session = row.as_ref().and_then(Session::stored);
                if let Some(session) = session
                    && self.changes.load(Ordering::SeqCst) == changes
                {
                    self.sessions.insert(hash, session);
                }
                session
            }
        };
        Ok(session.filter(|session| session.expires_at > now))
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
        self.sessions.invalidate_all();
    }

    /// Notes that a key was used, if it was one: once a minute, off the request's path, and together with the others
    /// that are used within the same second.
    pub(crate) fn note_use(&self, engine: &Engine, actor: Actor) {
        let Actor::Key(id) = actor else { return };
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

async fn read(engine: &Engine, credential: Credential) -> Result<Option<Arc<Known>>, Problem> {
    let (db, now) = (&engine.database.read, engine.clock.now());
    let found = match credential {
        Credential::Other(_) => None,
        Credential::Key(hash) => {
            let key = store::key::find_usable_across_tenants(db, &hash, now).await?;
            key.map(|key| Granted {
                actor: Actor::Key(key.id),
                tenant: key.tenant_id,
                scopes: key.scopes,
                source_cidrs: key.source_cidrs,
                expires_at: key.expires_at,
            })
        }
        Credential::PortalLink(hash) => {
            let link = store::portal_link::find_usable_across_tenants(db, &hash, now).await?;
            link.map(|link| Granted {
                actor: Actor::PortalLink(link.id),
                tenant: link.tenant_id,
                scopes: link.permissions.scopes(),
                source_cidrs: None,
                expires_at: Some(link.expires_at),
            })
        }
    };
    let Some(granted) = found else { return Ok(None) };
    // What a deleted tenant granted is unknown.
    let tenant = store::tenant::find(db, granted.tenant).await?;
    Ok(tenant.map(|tenant| {
        Arc::new(Known {
            granted,
            tenant: Named::of(&tenant),
            is_suspended: tenant.status == TenantStatus::Suspended,
        })
    }))
}

/// Whether it can be the name of anything: an id or an external id. What cannot is not looked for.
pub(crate) fn is_name(text: &str) -> bool {
    domain::limits::EXTERNAL_ID_CHARS.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}
