use std::path::{Path, PathBuf};

use engine::database::{Database, Sql, execute, query_one};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio_util::sync::CancellationToken;

use super::{ConnectError, Connections, Tenure, look, open};
use crate::migrate;
use crate::settings::{DatabaseSettings, SecretText};

fn sole() -> Tenure {
    Tenure::Sole { stop: CancellationToken::new() }
}

fn sqlite(folder: &Path) -> DatabaseSettings {
    DatabaseSettings::Sqlite { path: folder.join("posthaste.db"), create: true }
}

async fn pragma(db: &impl Sql, name: &str) -> String {
    let row = query_one(db, &format!("PRAGMA {name}"), Vec::new())
        .await
        .expect("a pragma")
        .expect("one row");
    row.get::<i64>(0)
        .map(|number| number.to_string())
        .or_else(|_| row.get::<String>(0))
        .expect("a number or a text")
}

#[tokio::test]
async fn pragmas_are_in_force_on_all_sqlite_connections() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connections = open(&sqlite(folder.path()), sole()).await.expect("it opens");
    let both = [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("busy_timeout", "5000"),
        ("auto_vacuum", "2"),
        ("temp_store", "2"),
        ("mmap_size", "0"),
    ];
    let Database { read, .. } = &connections.database;
    for (name, value) in both.into_iter().chain([("cache_size", "-4096"), ("query_only", "1")]) {
        assert_eq!(pragma(read, name).await, value, "{name}");
    }
    let writes =
        [("wal_autocheckpoint", "4096"), ("journal_size_limit", "67108864"), ("query_only", "0")];
    let usual = connections.database.for_migrations();
    for (name, value) in both.into_iter().chain(writes).chain([("cache_size", "-4096")]) {
        assert_eq!(pragma(usual, name).await, value, "{name}");
    }
    let in_place = connections.database.begin_group().await.expect("a transaction");
    for (name, value) in both.into_iter().chain(writes).chain([("cache_size", "-32768")]) {
        assert_eq!(pragma(&in_place, name).await, value, "{name}");
    }
}

#[tokio::test]
async fn readers_see_what_was_written_and_can_not_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connections = open(&sqlite(folder.path()), sole()).await.expect("it opens");
    let database = &connections.database;
    let transaction = database.begin().await.expect("a transaction");
    transaction.execute_unprepared("CREATE TABLE t (a INTEGER)").await.expect("a table");
    execute(&transaction, "INSERT INTO t VALUES (?)", vec![7.into()]).await.expect("a row");
    transaction.commit().await.expect("a commit");
    let row = query_one(&database.read, "SELECT a FROM t", Vec::new())
        .await
        .expect("read")
        .expect("one row");
    assert_eq!(row.get::<i64>(0).expect("a number"), 7);
    let refused = execute(&database.read, "INSERT INTO t VALUES (?)", vec![8.into()]).await;
    assert!(refused.expect_err("readers only read").to_string().contains("readonly"));
}

#[tokio::test]
async fn a_second_process_is_kept_out_by_the_lock_and_told_by_whom() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = sqlite(folder.path());
    let first = open(&settings, sole()).await.expect("it opens");
    let refused = open(&settings, sole()).await.expect_err("it is taken");
    assert!(
        matches!(refused, ConnectError::Taken { pid: Some(pid), .. } if pid == std::process::id())
    );
    let line = refused.to_string();
    assert!(line.contains("posthaste.db.lock is locked") && !line.contains('\n'), "{line}");

    // By another name it is the same file.
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(folder.path().join("posthaste.db"), &link).expect("a link");
    let by_link = DatabaseSettings::Sqlite { path: link, create: true };
    assert!(matches!(open(&by_link, sole()).await, Err(ConnectError::Taken { .. })));

    drop(first);
    open(&settings, sole()).await.expect("the lock is free again");
}

#[tokio::test]
async fn a_look_neither_locks_nor_makes_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = sqlite(folder.path());
    assert!(matches!(look(&settings).await, Err(ConnectError::Missing { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    let _first = open(&settings, sole()).await.expect("it opens");
    look(&settings).await.expect("a look works beside it");
}

#[tokio::test]
async fn what_can_not_be_opened_is_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gone =
        DatabaseSettings::Sqlite { path: folder.path().join("no/posthaste.db"), create: true };
    let line = open(&gone, sole()).await.expect_err("no folder").to_string();
    assert!(line.contains("posthaste.db.lock cannot be made: No such file"), "{line}");

    let missing =
        DatabaseSettings::Sqlite { path: folder.path().join("posthaste.db"), create: false };
    let line = open(&missing, sole()).await.expect_err("no file").to_string();
    assert!(line.ends_with("add ?mode=rwc to POSTHASTE_DATABASE_URL to have it made"), "{line}");

    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, but long enough to be looked at".repeat(40))
        .expect("a file");
    let line = open(&DatabaseSettings::Sqlite { path: text, create: true }, sole()).await;
    let line = line.expect_err("no database").to_string();
    assert!(line.contains("file is not a database") && !line.contains('\n'), "{line}");

    let away =
        DatabaseSettings::Postgres { url: SecretText::new("postgres://ali:sesame@127.0.0.1:1/x") };
    for line in [
        open(&away, sole()).await.expect_err("nobody listens").to_string(),
        look(&away).await.expect_err("nobody listens").to_string(),
    ] {
        assert!(line.starts_with("the database 127.0.0.1:1/x cannot be "), "{line}");
        assert!(!line.contains('\n') && !line.contains("sesame"), "{line}");
    }
}

#[tokio::test]
async fn a_first_start_migrates_and_a_second_one_finds_nothing_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scratch = Scratch::make().await;
    for settings in [sqlite(folder.path()), scratch.settings()] {
        let connections = open(&settings, sole()).await.expect("it opens");
        let missing = migrate::pending(&connections.database.read).await.expect("readable");
        assert!(!missing.is_empty());
        assert_eq!(migrate::run(&settings, &connections).await.expect("migrates"), missing.len());
        assert_eq!(
            migrate::pending(&connections.database.read).await.expect("readable"),
            Vec::<String>::new()
        );
        assert_eq!(migrate::run(&settings, &connections).await.expect("migrates"), 0);
    }
}

#[tokio::test]
async fn processes_that_migrate_postgres_together_wait_for_each_other() {
    let scratch = Scratch::make().await;
    let settings = scratch.settings();
    let (one, two) = (open_shared(&settings).await, open_shared(&settings).await);
    let (one, two) = tokio::join!(migrate::run(&settings, &one), migrate::run(&settings, &two));
    let (one, two) = (one.expect("migrates"), two.expect("migrates"));
    assert!(one.min(two) == 0 && one.max(two) > 0, "{one} and {two}");
}

#[tokio::test]
async fn without_redis_one_process_has_postgres_to_itself() {
    let scratch = Scratch::make().await;
    let settings = scratch.settings();
    let first = open(&settings, sole()).await.expect("it opens");
    let line = open(&settings, sole()).await.expect_err("it is taken").to_string();
    assert!(line.starts_with("another posthaste process works on this database"), "{line}");
    open_shared(&settings).await;
    drop(first);
    open(&settings, sole()).await.expect("the lock is free again");
}

#[tokio::test]
async fn a_lock_lost_with_its_connection_is_taken_again() {
    let scratch = Scratch::make().await;
    let settings = scratch.settings();
    let stop = CancellationToken::new();
    let connections = open(&settings, Tenure::Sole { stop: stop.clone() }).await.expect("it opens");
    let holder = "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database \
                  WHERE locktype = 'advisory' AND datname = current_database() AND granted";
    let db = &connections.database.read;
    let before = pid(db, holder).await.expect("held");
    execute(db, "SELECT pg_terminate_backend(?)", vec![before.into()]).await.expect("ended");
    loop {
        match pid(db, holder).await {
            Some(after) if after != before => break,
            _ => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    assert!(!stop.is_cancelled());
}

#[tokio::test]
async fn statements_on_postgres_have_their_limits() {
    let scratch = Scratch::make().await;
    let connections = open_shared(&scratch.settings()).await;
    for (name, value) in [
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("application_name", "posthaste"),
    ] {
        let row = query_one(&connections.database.read, &format!("SHOW {name}"), Vec::new()).await;
        let row = row.expect("a setting").expect("one row");
        assert_eq!(row.get::<String>(0).expect("a text"), value, "{name}");
    }
}

async fn pid(db: &DatabaseConnection, sql: &str) -> Option<i32> {
    let row = query_one(db, sql, Vec::new()).await.expect("a query")?;
    Some(row.get(0).expect("a number"))
}

async fn open_shared(settings: &DatabaseSettings) -> Connections {
    open(settings, Tenure::Shared).await.expect("it opens")
}

/// A Postgres database of its own, dropped at the end.
struct Scratch {
    server: String,
    name: String,
}

impl Scratch {
    async fn make() -> Self {
        #[expect(clippy::disallowed_methods, reason = "where the tests' server is, is no setting")]
        let server = std::env::var("POSTHASTE_TEST_POSTGRES_URL")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned());
        let unique = tempfile::Builder::new().tempfile().expect("a temporary file");
        let unique = unique.path().file_name().expect("a name").to_string_lossy().to_lowercase();
        let unique = unique.replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let name = format!("boot_{}_{unique}", std::process::id());
        let db = sea_orm::Database::connect(&server).await.expect("a Postgres for tests");
        db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
        Self { server, name }
    }

    fn settings(&self) -> DatabaseSettings {
        let mut url = url::Url::parse(&self.server).expect("a url");
        url.set_path(&self.name);
        DatabaseSettings::Postgres { url: SecretText::new(url.as_str()) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A runtime of its own: the test's is about to end.
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let db = sea_orm::Database::connect(&server).await.expect("a Postgres for tests");
                db.execute_unprepared(&drop).await.expect("dropped");
            });
        });
        ended.join().expect("the database is dropped");
    }
}

#[test]
fn a_path_is_resolved_before_the_file_is_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let real = folder.path().canonicalize().expect("a real path").join("new.db");
    assert_eq!(super::resolve_sqlite_path(&folder.path().join("new.db")), real);
    assert_eq!(
        super::resolve_sqlite_path(Path::new("/nonexistent/new.db")),
        PathBuf::from("/nonexistent/new.db")
    );
}
