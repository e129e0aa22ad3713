//! What belongs to the deployment as a whole: the operator key's hash, the master key's proof.

use sea_orm::{ConnectionTrait, DbErr};

use crate::database::{execute, query_one};

/// The value under a name.
pub async fn get(db: &impl ConnectionTrait, name: &str) -> Result<Option<Vec<u8>>, DbErr> {
    let row = query_one(db, "SELECT value FROM instance WHERE name = ?", vec![name.into()]).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Puts a value under a name unless there is one; returns what is there then.
pub async fn get_or_put(db: &impl ConnectionTrait, name: &str, value: &[u8]) -> Result<Vec<u8>, DbErr> {
    let sql = "INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING";
    execute(db, sql, vec![name.into(), value.into()]).await?;
    get(db, name).await?.ok_or_else(|| DbErr::RecordNotFound(name.to_owned()))
}
