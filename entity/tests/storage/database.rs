//! A database of each kind for one test: a file in a temporary folder, or one of its own on the
//! Postgres server of `POSTHASTE_TEST_POSTGRES_URL`, dropped at the end.

use std::ops::Deref;

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult, Statement,
};
use tempfile::TempDir;
use uuid::Uuid;

/// Writes each test that takes `&TestDatabase` (migrated) down once per kind of database.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&$crate::database::TestDatabase::sqlite().await.migrated().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&$crate::database::TestDatabase::postgres().await.migrated().await).await;
            })+
        }
    };
}

/// A database that ends with its test.
pub(crate) struct TestDatabase {
    connection: DatabaseConnection,
    home: Home,
}

enum Home {
    Folder { _kept: TempDir },
    Server { url: String, name: String },
}

impl TestDatabase {
    /// An empty SQLite file.
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        Self { connection: connect(url).await, home: Home::Folder { _kept: folder } }
    }

    /// An empty database on the Postgres server.
    pub(crate) async fn postgres() -> Self {
        let url = server_url();
        let name = format!("storage_{}", Uuid::now_v7().simple());
        let server = connect(url.clone()).await;
        let create = format!("CREATE DATABASE {name}");
        server.execute_unprepared(&create).await.expect("the test user may make databases");
        server.close().await.expect("nothing is under way");
        let (base, _) = url.rsplit_once('/').expect("the url names a database");
        let connection = connect(format!("{base}/{name}")).await;
        Self { connection, home: Home::Server { url, name } }
    }

    /// With all the tables.
    pub(crate) async fn migrated(self) -> Self {
        Migrator::up(&self.connection, None).await.expect("the migrations run");
        self
    }

    /// Runs one or more statements.
    pub(crate) async fn run(&self, sql: &str) {
        self.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The rows that a query without parameters gives.
    pub(crate) async fn rows<R: FromQueryResult>(&self, sql: &str) -> Vec<R> {
        let query = Statement::from_string(self.get_database_backend(), sql);
        R::find_by_statement(query).all(&self.connection).await.expect("a valid query")
    }
}

impl Deref for TestDatabase {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Server { url, name } = &self.home else {
            return;
        };
        let (url, drop) = (url.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
        // A test's runtime cannot be waited on from inside it; a thread has one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
            runtime.block_on(async {
                let server = connect(url).await;
                server.execute_unprepared(&drop).await.expect("the database is ours");
            });
        });
        if dropped.join().is_err() {
            eprintln!("a test database was left on the server");
        }
    }
}

async fn connect(url: String) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the database can be reached")
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings; this names their server")]
fn server_url() -> String {
    std::env::var("POSTHASTE_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned())
}
