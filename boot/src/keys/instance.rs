//! Rows of the table `instance`: what belongs to the deployment as a whole.

use engine::database::{Database, execute, query_one};
use sea_orm::{ConnectionTrait, DbErr};

/// The row's value.
pub(super) async fn find(db: &impl ConnectionTrait, name: &str) -> Result<Option<Vec<u8>>, DbErr> {
    let row = query_one(db, "SELECT value FROM instance WHERE name = ?", vec![name.into()]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Keeps the value unless there is one already, and gives the one that is kept.
pub(super) async fn keep(db: &Database, name: &str, value: Vec<u8>) -> Result<Vec<u8>, DbErr> {
    let insert = "INSERT INTO instance (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING";
    let transaction = db.begin().await?;
    execute(&transaction, insert, vec![name.into(), value.into()]).await?;
    let kept = find(&transaction, name)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(format!("the row {name} of instance")))?;
    transaction.commit().await?;
    Ok(kept)
}
