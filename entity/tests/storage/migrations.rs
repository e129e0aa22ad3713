//! The migrations themselves: forth, back and forth again.

use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::{DbBackend, FromQueryResult};

use crate::database::TestDatabase;

#[tokio::test]
async fn sqlite_goes_up_down_and_up_again() {
    goes_up_down_and_up_again(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn postgres_goes_up_down_and_up_again() {
    goes_up_down_and_up_again(TestDatabase::postgres().await).await;
}

async fn goes_up_down_and_up_again(database: TestDatabase) {
    let before = pieces(&database).await;
    assert_eq!(before, []);

    Migrator::up(&*database, None).await.expect("every change applies");
    let first = pieces(&database).await;
    assert!(first.len() > 30, "17 tables and their indexes: {first:?}");
    Migrator::up(&*database, None).await.expect("nothing is left to apply");

    Migrator::down(&*database, None).await.expect("every change can be taken back");
    assert_eq!(pieces(&database).await, before);

    Migrator::up(&*database, None).await.expect("every change applies again");
    assert_eq!(pieces(&database).await, first);
    let changes = Migrator::get_migration_with_status(&*database).await.expect("readable");
    assert!(changes.iter().all(|change| change.status() == MigrationStatus::Applied));
}

#[tokio::test]
async fn sqlite_keeps_the_narrow_tables_without_rowid() {
    #[derive(FromQueryResult)]
    struct Table {
        name: String,
    }
    let database = TestDatabase::sqlite().await.migrated().await;
    let query = "SELECT name FROM pragma_table_list WHERE wr = 1 AND schema = 'main' ORDER BY name";
    let tables = database.rows::<Table>(query).await;
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let expected = [
        "attempts",
        "dead_letters",
        "deliveries",
        "fan_outs",
        "idempotency_keys",
        "rollup_deltas",
        "rollups",
        "subscription_states",
    ];
    assert_eq!(names, expected);
}

/// A table with a column, an index, or a constraint, as the database describes it.
#[derive(Debug, PartialEq, FromQueryResult)]
struct Piece {
    name: String,
    definition: String,
}

/// All that the migrations have made, in a fixed order.
async fn pieces(database: &TestDatabase) -> Vec<Piece> {
    let query = match database.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT name, definition FROM (
                 SELECT table_name || '.' || column_name AS name,
                     data_type || ' ' || is_nullable || coalesce(column_default, '') AS definition
                 FROM information_schema.columns WHERE table_schema = 'public'
                 UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
                 UNION ALL SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             ) AS pieces WHERE name NOT LIKE 'seaql%' ORDER BY name, definition"
        }
        _ => {
            "SELECT name, coalesce(sql, '') AS definition FROM sqlite_master
             WHERE name NOT LIKE 'seaql%' AND tbl_name NOT LIKE 'seaql%' ORDER BY name"
        }
    };
    database.rows(query).await
}
