//! Rows that are written past the server, held to the schema of both databases.

use bench::rows::{attempts_of, fill};
use bench::server::Database;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use servers::Postgres;

/// A whole hundred thousand would have one of every kind; so many have all but the rarest.
const COUNT: u64 = 20_000;

const OWNERS: &str = "
INSERT INTO tenants (id, name, status, strict_event_types, egress, sandbox, metadata, created_at, updated_at)
    VALUES (UUID1, 'a', 'active', FALSE, '{}', FALSE, '{}', 1, 1);
INSERT INTO subscriptions (id, tenant_id, revision, url, description, event_types, status, kind, delivery,
    ordered, max_in_flight, timeout_ms, signing, format, metadata, created_at, updated_at)
    VALUES (UUID2, UUID1, 1, '', '', '[]', 'active', 'webhook', '{}', FALSE, 1, 1000, '{}', 'standard', '{}', 1, 1),
           (UUID3, UUID1, 1, '', '', '[]', 'active', 'webhook', '{}', FALSE, 1, 1000, '{}', 'standard', '{}', 1, 1);
";

fn owners(uuid: impl Fn(u32) -> String) -> String {
    (1..=3).fold(OWNERS.to_owned(), |sql, n| sql.replace(&format!("UUID{n}"), &uuid(n)))
}

async fn migrated(url: &str) -> DatabaseConnection {
    let database = sea_orm::Database::connect(url).await.expect("the database is there");
    Migrator::up(&database, None).await.expect("the schema can be made");
    database
}

async fn count(database: &DatabaseConnection, of: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM {of}");
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await.expect("it counts").expect("one row");
    row.try_get_by_index::<i64>(0).expect("a number").unsigned_abs()
}

async fn check(database: &DatabaseConnection) {
    for (of, expected) in [
        ("events WHERE delivery_count = 1 AND data = metadata", COUNT),
        ("deliveries", COUNT),
        ("deliveries WHERE status = 3", COUNT / 100),
        ("deliveries WHERE status = 0 AND next_attempt_at IS NOT NULL", COUNT / 1_000),
        ("dead_letters", COUNT / 100),
        ("attempts", COUNT - COUNT / 1_000),
        ("(SELECT DISTINCT subscription_id FROM deliveries WHERE status = 3) AS lanes", 2),
        (
            "deliveries AS d JOIN events AS e ON e.id = d.event_id AND e.tenant_id = d.tenant_id",
            COUNT,
        ),
        (
            "attempts AS a JOIN deliveries AS d ON d.id = a.delivery_id AND d.completed_at > a.started_at",
            COUNT - COUNT / 1_000,
        ),
    ] {
        assert_eq!(count(database, of).await, expected, "{of}");
    }
    assert!(attempts_of(COUNT).abs_diff(COUNT - COUNT / 1_000) <= 1);
}

#[test]
fn sqlite_takes_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("rows.db");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    runtime.block_on(async {
        let database = migrated(&url).await;
        let sql = owners(|n| format!("x'{n:032x}'"));
        database.execute_unprepared(&sql).await.expect("owners");
        database.close().await.expect("it closes");
    });
    fill(&Database::Sqlite(file), COUNT).expect("rows are written");
    runtime.block_on(async {
        let database = migrated(&url).await;
        check(&database).await;
        let sevens = "deliveries WHERE substr(hex(id), 13, 1) = '7' AND length(id) = 16";
        assert_eq!(count(&database, sevens).await, COUNT);
    });
}

#[test]
fn postgres_takes_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(Postgres::start(directory.path())).expect("a Postgres");
    runtime.block_on(async {
        let database = migrated(&server.url()).await;
        let sql = owners(|n| format!("'{:032x}'::uuid", n));
        database.execute_unprepared(&sql).await.expect("owners");
        database.close().await.expect("it closes");
    });
    let database = Database::Postgres { server: &server, runtime: &runtime };
    fill(&database, COUNT).expect("rows are written");
    runtime.block_on(async {
        let database = migrated(&server.url()).await;
        check(&database).await;
        let sevens = "deliveries WHERE substr(id::text, 15, 1) = '7'";
        assert_eq!(count(&database, sevens).await, COUNT);
    });
}
