//! Which database holds the truth, and which queue stands beside it.

use std::path::PathBuf;
use std::str::FromStr;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use url::Url;

use super::key::{Key, Kind, Shown};
use super::reader::Reader;
use super::secret::SecretText;

pub(super) const DATABASE_URL: Key =
    Key::new("database_url", "POSTHASTE_DATABASE_URL", Kind::Text).shown(Shown::WithoutPassword);
pub(super) const REDIS_URL: Key = Key::new("redis_url", "POSTHASTE_REDIS_URL", Kind::Text)
    .shown(Shown::WithoutPassword)
    .optional();

/// The database (default `sqlite://posthaste.db?mode=rwc`). Change it to Postgres when several
/// processes share the work.
#[derive(Debug, Clone)]
pub enum DatabaseSettings {
    /// A file; `create` makes it when it is not there.
    Sqlite { path: PathBuf, create: bool },
    /// A server, with everything that its url says.
    Postgres { url: SecretText },
}

/// The queue.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// Redis or Valkey (default: none, the queue lives in the process). Set it when several processes
    /// share the work; the database must be Postgres then.
    pub redis_url: Option<SecretText>,
}

impl DatabaseSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.read(&DATABASE_URL, |text| parse_database_url(text.trim()))
    }
}

impl QueueSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let redis_url = reader.optional(&REDIS_URL, |text| match Url::parse(text.trim()) {
            Ok(url) if matches!(url.scheme(), "redis" | "rediss") && url.has_host() => {
                Ok(SecretText::new(text.trim()))
            }
            _ => Err("must be an address such as redis://127.0.0.1:6379/0".to_owned()),
        })?;
        Some(Self { redis_url })
    }
}

fn parse_database_url(text: &str) -> Result<DatabaseSettings, String> {
    if text.starts_with("sqlite:") {
        return parse_sqlite(text);
    }
    let must =
        "must be an address such as sqlite://posthaste.db?mode=rwc or postgres://user@host/name";
    let url = Url::parse(text).map_err(|_| must.to_owned())?;
    // The parser's own error is not passed on: it may quote parts of the address.
    if !matches!(url.scheme(), "postgres" | "postgresql")
        || PgConnectOptions::from_str(text).is_err()
    {
        return Err(must.to_owned());
    }
    Ok(DatabaseSettings::Postgres { url: SecretText::new(text) })
}

/// A file that is written: what the database must keep can't live in memory or be read-only, and a
/// cache shared between connections would undo the isolation of readers.
fn parse_sqlite(text: &str) -> Result<DatabaseSettings, String> {
    let (file, query) = text.split_once('?').unwrap_or((text, ""));
    let create = match query {
        "" | "mode=rw" => false,
        "mode=rwc" => true,
        _ => return Err("must have no other parameter than mode=rw or mode=rwc".to_owned()),
    };
    let options =
        SqliteConnectOptions::from_str(file).map_err(|_| "must name a file".to_owned())?;
    let path = options.get_filename().to_owned();
    if file.contains(":memory:") || path.file_name().is_none() {
        return Err("must name a file, such as sqlite://posthaste.db?mode=rwc".to_owned());
    }
    Ok(DatabaseSettings::Sqlite { path, create })
}
