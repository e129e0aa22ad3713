//! Adds what commits have noted to the figures.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use domain::ids::{DeltaId, TenantId};
use domain::stats::Sums;
use domain::time::Timestamp;

use super::Tally;
use crate::context::{Engine, Parts, on_a_thread};
use crate::error::Error;
use crate::store;
use crate::store::rollup::{Key, Scope, WIDTHS_S};

/// Commits whose notes are read at once. Each is some hundred bytes, or up to 200 kB.
const DELTAS: usize = 128;
/// Subscriptions' minutes that one transaction adds. Each changes three rows, and up to as many of its
/// tenant's: on SQLite that keeps everybody else from writing for some milliseconds.
const CELLS: usize = 250;

impl Engine {
    /// Adds the oldest of what commits have noted to the figures, as much as one transaction takes; whether
    /// there was more than that.
    ///
    /// # Errors
    /// When the database is away: nothing was added then, or all of it.
    pub async fn fold_figures(&self) -> Result<bool, Error> {
        let Some(portion) = Portion::read(self).await? else { return Ok(false) };
        let is_all = portion.is_all;
        on_a_thread("adding up figures", portion.add(self.parts())).await?;
        Ok(!is_all)
    }
}

/// What one transaction adds.
struct Portion {
    deltas: Vec<DeltaId>,
    tally: Tally,
    /// What its deltas have beyond what it adds.
    rest: Tally,
    /// Whether it is all that there was. What has come meanwhile goes into the next round.
    is_all: bool,
}

impl Portion {
    /// The oldest notes; `None` when there are none.
    async fn read(parts: &Parts) -> Result<Option<Self>, Error> {
        let oldest = store::rollup::oldest_deltas(&parts.database.read, DELTAS).await?;
        let mut portion = Self {
            deltas: Vec::new(),
            tally: Tally::default(),
            rest: Tally::default(),
            is_all: oldest.len() < DELTAS,
        };
        for (id, bytes) in oldest {
            if portion.tally.cells.len() >= CELLS {
                portion.is_all = false;
                break;
            }
            portion.deltas.push(id);
            match Tally::decode(&bytes) {
                Ok(tally) => portion.tally.merge(tally),
                // It would be in the way of all that come after it.
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, delta.id = %id, "figures.unreadable")
                }
            }
        }
        if let Some((last, _)) = portion.tally.cells.iter().nth(CELLS) {
            let last = *last;
            portion.rest.cells = portion.tally.cells.split_off(&last);
            portion.is_all = false;
        }
        Ok((!portion.deltas.is_empty()).then_some(portion))
    }

    /// Adds it in a transaction that takes away what it was read from.
    async fn add(self, parts: Arc<Parts>) -> Result<(), Error> {
        let db = parts.database.begin_group().await?;
        // Rows are read, added to and written: whoever led before may still be at it.
        store::rollup::lock(&db).await?;
        if !store::rollup::take_deltas(&db, &self.deltas).await? {
            return Ok(());
        }
        if let Some(first) = self.deltas.first().filter(|_| !self.rest.cells.is_empty()) {
            store::rollup::insert_delta(&db, *first, self.rest.encode()).await?;
        }
        let tenants: Vec<TenantId> =
            self.tally.cells.keys().map(|(scope, _)| scope.tenant).collect();
        // Seen under the lock, so that nothing is added to a tenant whose figures are erased.
        let tenants = store::tenant::those_there(&db, tenants).await?;
        let mut rows = rows_of(&self.tally, &tenants);
        let keys: Vec<Key> = rows.keys().copied().collect();
        for (key, sums) in store::rollup::find(&db, &keys).await? {
            rows.entry(key).or_default().merge(&sums);
        }
        let rows: Vec<(Key, Sums)> = rows.into_iter().collect();
        store::rollup::put(&db, &rows).await?;
        Ok(db.commit().await?)
    }
}

/// What is added to each row. A tenant that is gone has none of its own; in what is told of all tenants it
/// stays.
fn rows_of(tally: &Tally, tenants: &HashSet<TenantId>) -> BTreeMap<Key, Sums> {
    let mut rows = BTreeMap::new();
    for ((scope, minute), sums) in &tally.cells {
        let is_there = tenants.contains(&scope.tenant);
        let mut of_tenant = sums.clone();
        if scope.is_subscription() {
            // Its events are its tenant's as well, and counted there as such.
            of_tenant.events = 0;
        }
        if is_there && scope.is_subscription() {
            add(&mut rows, *scope, *minute, sums);
        }
        if is_there {
            add(&mut rows, Scope::of_tenant(scope.tenant), *minute, &of_tenant);
        }
        add(&mut rows, Scope::ALL, *minute, &of_tenant);
    }
    rows
}

fn add(rows: &mut BTreeMap<Key, Sums>, scope: Scope, minute: Timestamp, sums: &Sums) {
    for width_s in WIDTHS_S {
        let key = Key::of(width_s, scope, minute);
        rows.entry(key).or_default().merge(sums);
    }
}
