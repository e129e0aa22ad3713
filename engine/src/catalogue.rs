//! The catalogue of event types: its changes, and what strict tenants' events are held to.
//!
//! A change raises the tenant's `subscription_revision` too, as those of subscriptions do: what was held to an
//! older catalogue is held to the new one before it is committed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::catalogue::{Entry, Held};
use domain::event_type::EventType;
use domain::ids::TenantId;
use domain::limits;
use entity::event_type::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};

use crate::context::{Engine, Parts};
use crate::database::Transaction;
use crate::error::{Error, is_unique_violation};
use crate::store;

/// What the events of one posting are held to, as far as the catalogue has their types.
pub type HeldTypes = HashMap<EventType, Arc<Held>>;

/// Event types of strict tenants that events came of.
#[derive(Debug)]
pub struct Catalogues {
    kept: moka::sync::Cache<(TenantId, EventType), Kept>,
}

/// An event type as it was at a revision of its catalogue, or later.
#[derive(Debug, Clone)]
struct Kept {
    revision: i64,
    held: Arc<Held>,
    bytes: u32,
}

/// Bytes of the schemas that are kept in memory; prepared, each takes several times its size.
const BYTES_KEPT: u64 = 16 * 1024 * 1024;

impl Default for Catalogues {
    fn default() -> Self {
        let kept = moka::sync::Cache::builder()
            .max_capacity(BYTES_KEPT)
            .weigher(|_, kept: &Kept| kept.bytes)
            .build();
        Self { kept }
    }
}

impl Catalogues {
    /// What events of these types are held to, by the tenant's catalogue of this revision or a later one.
    ///
    /// # Errors
    /// When it has to be read and the database is away.
    pub(crate) async fn held(
        &self,
        parts: &Parts,
        tenant: TenantId,
        revision: i64,
        types: impl Iterator<Item = &EventType>,
    ) -> Result<HeldTypes, Error> {
        let mut found = HeldTypes::new();
        let mut missing = Vec::new();
        for name in types.collect::<HashSet<_>>() {
            let kept = self.kept.get(&(tenant, name.clone()));
            match kept.filter(|kept| kept.revision >= revision) {
                Some(kept) => {
                    found.insert(name.clone(), kept.held);
                }
                None => missing.push(name),
            }
        }
        let read = store::event_type::versions_of(&parts.database.read, tenant, &missing).await?;
        for (revision, name, versions) in read {
            let json = serde_json::to_vec(&versions).map_or(0, |json| json.len());
            let bytes = u32::try_from(json).unwrap_or(u32::MAX);
            let held = Arc::new(Held::new(versions));
            found.insert(name.clone(), held.clone());
            self.kept.insert((tenant, name), Kept { revision, held, bytes });
        }
        Ok(found)
    }
}

impl Engine {
    /// Stores a new event type within `db`. The caller commits, then calls [`Engine::catalogue_changed`].
    ///
    /// # Errors
    /// `Conflict` when the name is taken or the tenant has too many.
    pub async fn create_event_type(
        &self,
        db: &Transaction,
        tenant: TenantId,
        entry: Entry,
    ) -> Result<Model, Error> {
        self.begin_catalogue_change(db, tenant).await?;
        let count = u64::try_from(store::event_type::count(db, tenant).await?).unwrap_or(0);
        if count >= limits::EVENT_TYPES {
            return Err(too_many());
        }
        let (name, now) = (entry.name.clone(), self.clock.now());
        let row = ActiveModel {
            tenant_id: Set(tenant),
            created_at: Set(now),
            ..self.to_event_type_row(entry)
        };
        store::event_type::insert(db, row).await.map_err(|error| {
            if is_unique_violation(&error) {
                let detail = format!("{name} is in the catalogue already; change it with PATCH");
                return Error::Conflict(detail);
            }
            error.into()
        })
    }

    /// Stores an event type anew within `db`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn update_event_type(
        &self,
        db: &Transaction,
        tenant: TenantId,
        entry: Entry,
    ) -> Result<Model, Error> {
        let row = ActiveModel {
            tenant_id: Set(tenant),
            created_at: NotSet,
            ..self.to_event_type_row(entry)
        };
        Ok(store::event_type::update(db, row).await?)
    }

    /// Deletes an event type within `db`.
    ///
    /// # Errors
    /// `NotFound` when the catalogue does not have it.
    pub async fn delete_event_type(
        &self,
        db: &Transaction,
        tenant: TenantId,
        name: &EventType,
    ) -> Result<(), Error> {
        self.begin_catalogue_change(db, tenant).await?;
        match store::event_type::delete(db, tenant, name).await? {
            true => Ok(()),
            false => Err(Error::NotFound("event type")),
        }
    }

    /// Stores the entries within `db`; with `is_whole` those that are not among them go. The caller commits, then
    /// calls [`Engine::catalogue_changed`].
    ///
    /// # Errors
    /// `Conflict` when the catalogue would have too many entries.
    pub async fn import_catalogue(
        &self,
        db: &Transaction,
        tenant: TenantId,
        entries: Vec<Entry>,
        is_whole: bool,
    ) -> Result<Imported, Error> {
        self.begin_catalogue_change(db, tenant).await?;
        let mut present: BTreeMap<String, Model> = store::event_type::all(db, tenant)
            .await?
            .into_iter()
            .map(|row| (row.name.clone(), row))
            .collect();
        let mut imported = Imported::default();
        let now = self.clock.now();
        for entry in entries {
            let name = entry.name.as_str().to_owned();
            match present.remove(&name) {
                Some(row) if entry_of(row.clone()) == entry => imported.unchanged.push(name),
                Some(_) => {
                    self.update_event_type(db, tenant, entry).await?;
                    imported.updated.push(name);
                }
                None => {
                    let row = ActiveModel {
                        tenant_id: Set(tenant),
                        created_at: Set(now),
                        ..self.to_event_type_row(entry)
                    };
                    store::event_type::insert(db, row).await?;
                    imported.created.push(name);
                }
            }
        }
        let rest = present.into_keys();
        let kept = match is_whole {
            false => rest.count(),
            true => {
                for name in rest {
                    let event_type = EventType::from_stored(name.clone());
                    store::event_type::delete(db, tenant, &event_type).await?;
                    imported.deleted.push(name);
                }
                0
            }
        };
        let count =
            kept + imported.created.len() + imported.updated.len() + imported.unchanged.len();
        if count as u64 > limits::EVENT_TYPES {
            return Err(too_many());
        }
        Ok(imported)
    }

    /// Raises the revisions of a tenant's catalogue within `db`. Changes of one catalogue follow each other
    /// from there on.
    ///
    /// # Errors
    /// `NotFound` when the tenant is gone.
    pub async fn begin_catalogue_change(
        &self,
        db: &Transaction,
        tenant: TenantId,
    ) -> Result<(), Error> {
        match store::tenant::raise_catalogue(db, tenant).await? {
            true => Ok(()),
            false => Err(Error::NotFound("tenant")),
        }
    }

    /// To be called once a change is committed.
    pub fn catalogue_changed(&self, tenant: TenantId) {
        self.address_book.forget(tenant);
    }

    fn to_event_type_row(&self, entry: Entry) -> ActiveModel {
        ActiveModel {
            name: Set(entry.name.as_str().to_owned()),
            description: Set(entry.description),
            versions: Set(entry.versions),
            deprecated: Set(entry.deprecated),
            updated_at: Set(self.clock.now()),
            ..Default::default()
        }
    }
}

/// What an import came to: names of event types.
#[derive(Debug, Default)]
pub struct Imported {
    pub created: Vec<String>,
    pub updated: Vec<String>,
    pub unchanged: Vec<String>,
    pub deleted: Vec<String>,
}

/// The entry that a row holds.
pub fn entry_of(row: Model) -> Entry {
    Entry {
        name: EventType::from_stored(row.name),
        description: row.description,
        versions: row.versions,
        deprecated: row.deprecated,
    }
}

fn too_many() -> Error {
    let most = limits::EVENT_TYPES;
    Error::Conflict(format!("a catalogue has at most {most} event types; delete one first"))
}
