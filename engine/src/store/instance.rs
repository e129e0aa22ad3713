//! What belongs to the deployment as a whole: small values by name.

use sea_orm::DbErr;

use crate::database::{Sql, execute, query_one};

/// The value of a name.
pub async fn find(db: &impl Sql, name: &str) -> Result<Option<Vec<u8>>, DbErr> {
    let row = query_one(db, "SELECT value FROM instance WHERE name = ?", vec![name.into()]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Keeps the value unless there is one already, and gives the one that is kept.
pub async fn keep(db: &impl Sql, name: &str, value: Vec<u8>) -> Result<Vec<u8>, DbErr> {
    let insert = "INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING";
    execute(db, insert, vec![name.into(), value.into()]).await?;
    find(db, name)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(format!("the row {name} of instance")))
}

/// Keeps the value in the place of the one that there may be.
pub async fn put(db: &impl Sql, name: &str, value: Vec<u8>) -> Result<(), DbErr> {
    let upsert = "INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    execute(db, upsert, vec![name.into(), value.into()]).await.map(|_| ())
}
