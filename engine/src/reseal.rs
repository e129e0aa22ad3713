//! Seals again, under the present master key, what another one has sealed: how one replaces the other.
//!
//! It runs beside processes that know both keys. Each row is changed only if it still holds what was read, so
//! that a change made meanwhile is not undone, and whole passes follow each other until one finds nothing under
//! another key. So a crash, or a process that still sealed under the former key, only leaves more for the next.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sea_orm::{DbErr, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::database::{Database, Row, execute, query_all};
use crate::error::Error;
use crate::sealer::{HEADER_BYTES, Sealer};

/// Rows of one commit.
const CHUNK_ROWS: i64 = 500;

/// Columns with sealed bytes, each bound to its row by the key's bytes.
const COLUMNS: [Column; 6] = [
    Column { table: "subscription_secrets", key: Keyed::Id("id"), name: "sealed" },
    Column { table: "subscriptions", key: Keyed::Id("id"), name: "url_sealed" },
    Column { table: "subscriptions", key: Keyed::Id("id"), name: "headers_sealed" },
    Column { table: "subscriptions", key: Keyed::Id("id"), name: "client_certificate_sealed" },
    Column { table: "bins", key: Keyed::Id("id"), name: "secret_sealed" },
    Column { table: "idempotency_keys", key: Keyed::Digest("claim"), name: "answer" },
];

/// Ends of the names of a state's fields whose texts are sealed bytes in base64.
const SEALED_FIELD: &str = "_sealed";

struct Column {
    table: &'static str,
    key: Keyed,
    name: &'static str,
}

/// The column that names a row, by its type.
#[derive(Clone, Copy)]
enum Keyed {
    Id(&'static str),
    Digest(&'static str),
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub table: &'static str,
    pub column: &'static str,
    /// How many of its rows have been sealed again by now.
    pub resealed: u64,
}

/// Seals everything again that the present key did not seal, and gives how many rows that were.
///
/// # Errors
/// When the database is away, or holds what neither key opens.
pub async fn reseal(
    db: &Database,
    sealer: &Sealer,
    mut told: impl FnMut(Progress),
) -> Result<u64, Error> {
    let mut total = 0;
    loop {
        let mut pass = Pass::default();
        for column in &COLUMNS {
            pass.add(column.reseal(db, sealer, &mut told).await?);
        }
        pass.add(reseal_states(db, sealer, &mut told).await?);
        total += pass.resealed;
        if pass.found == 0 {
            return Ok(total);
        }
    }
}

/// What a pass came to.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// Rows under another key, whatever became of them meanwhile.
    found: u64,
    resealed: u64,
}

impl Pass {
    fn add(&mut self, other: Self) {
        self.found += other.found;
        self.resealed += other.resealed;
    }
}

impl Column {
    async fn reseal(
        &self,
        db: &Database,
        sealer: &Sealer,
        told: &mut impl FnMut(Progress),
    ) -> Result<Pass, Error> {
        let Self { table, key, name } = self;
        let (key_name, first) = match key {
            Keyed::Id(name) => (name, Value::from(Uuid::nil())),
            Keyed::Digest(name) => (name, Value::from(Vec::<u8>::new())),
        };
        let select = format!(
            "SELECT {key_name}, {name} FROM {table} \
             WHERE {key_name} > ? AND {name} IS NOT NULL AND substr({name}, 1, {HEADER_BYTES}) <> ? \
             ORDER BY {key_name} LIMIT ?"
        );
        let update = format!("UPDATE {table} SET {name} = ? WHERE {key_name} = ? AND {name} = ?");
        let (mut after, mut pass) = (first, Pass::default());
        loop {
            let values = vec![after, sealer.header().to_vec().into(), CHUNK_ROWS.into()];
            let rows = query_all(&db.read, &select, values).await?;
            let Some(last) = rows.last() else { return Ok(pass) };
            after = key.of(last)?.0;
            pass.found += rows.len() as u64;
            let transaction = db.begin().await?;
            for row in &rows {
                let (value, aad) = key.of(row)?;
                let former: Vec<u8> = row.get(1)?;
                let sealed = again(sealer, &aad, &former, table)?;
                let values = vec![sealed.into(), value, former.into()];
                pass.resealed += execute(&transaction, &update, values).await?;
            }
            transaction.commit().await?;
            told(Progress { table, column: name, resealed: pass.resealed });
        }
    }
}

impl Keyed {
    /// The key of a row as a value, and the bytes that what is sealed is bound to.
    fn of(self, row: &Row) -> Result<(Value, Vec<u8>), DbErr> {
        match self {
            Self::Id(_) => row.get::<Uuid>(0).map(|id| (id.into(), id.as_bytes().to_vec())),
            Self::Digest(_) => row.get::<Vec<u8>>(0).map(|digest| (digest.clone().into(), digest)),
        }
    }
}

/// Former states of subscriptions keep what was sealed in their documents.
async fn reseal_states(
    db: &Database,
    sealer: &Sealer,
    told: &mut impl FnMut(Progress),
) -> Result<Pass, Error> {
    let (table, column) = ("subscription_states", "document");
    let select = "SELECT subscription_id, revision, document FROM subscription_states \
                  WHERE (subscription_id, revision) > (?, ?) ORDER BY subscription_id, revision LIMIT ?";
    // A state never changes otherwise.
    let update =
        "UPDATE subscription_states SET document = ? WHERE subscription_id = ? AND revision = ?";
    let (mut after, mut pass) = ((Uuid::nil(), 0_i64), Pass::default());
    loop {
        let values = vec![after.0.into(), after.1.into(), CHUNK_ROWS.into()];
        let rows = query_all(&db.read, select, values).await?;
        let Some(last) = rows.last() else { return Ok(pass) };
        let found_before = pass.found;
        after = (last.get(0)?, last.get(1)?);
        let transaction = db.begin().await?;
        for row in &rows {
            let (id, revision): (Uuid, i64) = (row.get(0)?, row.get(1)?);
            let mut document: Json = row.get(2)?;
            if reseal_document(sealer, id, &mut document)? {
                pass.found += 1;
                let values = vec![document.into(), id.into(), revision.into()];
                pass.resealed += execute(&transaction, update, values).await?;
            }
        }
        transaction.commit().await?;
        if pass.found > found_before {
            told(Progress { table, column, resealed: pass.resealed });
        }
    }
}

/// Whether there was something to seal again.
fn reseal_document(sealer: &Sealer, id: Uuid, document: &mut Json) -> Result<bool, Error> {
    let mut is_changed = false;
    let fields = document.as_object_mut().into_iter().flatten();
    for (_, value) in fields.filter(|(name, _)| name.ends_with(SEALED_FIELD)) {
        let Some(text) = value.as_str() else { continue };
        let former =
            STANDARD.decode(text).map_err(|e| Error::internal("a sealed field is no base64", e))?;
        if !former.starts_with(&sealer.header()) {
            *value = STANDARD
                .encode(again(sealer, id.as_bytes(), &former, "subscription_states")?)
                .into();
            is_changed = true;
        }
    }
    Ok(is_changed)
}

fn again(
    sealer: &Sealer,
    aad: &[u8],
    former: &[u8],
    table: &'static str,
) -> Result<Vec<u8>, Error> {
    let plain = sealer.open(aad, former).map_err(|error| Error::internal(table, error))?;
    Ok(sealer.seal(aad, &plain))
}
