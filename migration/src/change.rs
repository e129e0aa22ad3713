//! A change whose two directions are SQL texts.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::dialect;

/// One change of the tables, as templates of `dialect`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// Its file's name; databases remember it, so it never changes.
    pub(crate) name: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

impl Change {
    async fn run(template: &str, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let sql = dialect::render(template, manager.get_database_backend())?;
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }
}

impl MigrationName for Change {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Change {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Self::run(self.up, manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Self::run(self.down, manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        // SQLite has transactional DDL too, but would not be given a transaction unasked.
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::Database;
    use sea_orm_migration::{MigratorTrait, SchemaManager};

    use super::*;

    struct BreaksHalfWay;

    impl MigratorTrait for BreaksHalfWay {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            let up = "CREATE TABLE first (id {uuid}); CREATE TABLE second (";
            vec![Box::new(Change { name: "m0001_breaks", up, down: "" })]
        }
    }

    #[tokio::test]
    async fn a_change_that_breaks_half_way_leaves_nothing() {
        let database = Database::connect("sqlite::memory:").await.expect("a database in memory");
        assert!(BreaksHalfWay::up(&database, None).await.is_err());
        let manager = SchemaManager::new(&database);
        assert!(!manager.has_table("first").await.expect("readable"));
        let applied = BreaksHalfWay::get_applied_migrations(&database).await.expect("readable");
        assert!(applied.is_empty());
    }
}
