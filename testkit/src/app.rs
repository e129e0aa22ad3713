//! The program, started in this process on a database of its own.

use std::net::TcpListener;

use boot::connect::{self, Connections, Tenure};
use boot::settings::{self, Environment, SettingsFile, Sources};
use boot::{assemble, keys, migrate};
use engine::Engine;
use engine::clock::Clock;
use engine::operator_key;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Client;

const DATABASE_FILE: &str = "test.db";
const OPERATOR_KEY: &str = "operator-key-of-the-tests";

/// What a [`TestApp`] keeps its rows in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Sqlite,
    /// A database of its own on the server that `POSTHASTE_TEST_POSTGRES_URL` names.
    Postgres,
}

/// API and worker on a port of their own. Receivers on this machine are allowed, as with `--dev`.
#[derive(Debug)]
pub struct TestApp {
    pub engine: Engine,
    pub clock: Clock,
    pub operator: Client,
    base: String,
    stop: CancellationToken,
    parts: Vec<JoinHandle<()>>,
    _connections: Connections,
    directory: TempDir,
}

impl TestApp {
    /// On SQLite, with a retry schedule of tenths of seconds.
    pub async fn start() -> Self {
        Self::start_with(
            Storage::Sqlite,
            &[("POSTHASTE_RETRY_SCHEDULE", "100ms,200ms,300ms,400ms,500ms")],
        )
        .await
    }

    /// With variables as an operator would set them.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(storage: Storage, variables: &[(&'static str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = match storage {
            Storage::Sqlite => {
                format!("sqlite://{}?mode=rwc", directory.path().join(DATABASE_FILE).display())
            }
            Storage::Postgres => postgres::fresh_database().await,
        };
        let mut variables = variables.to_vec();
        variables.extend([
            ("POSTHASTE_DATABASE_URL", url.as_str()),
            ("POSTHASTE_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ]);
        let sources = Sources {
            file: SettingsFile::IfPresent(directory.path().join("posthaste.toml")),
            environment: Environment::of(&variables),
            flags: Vec::new(),
            dev: true,
        };
        let (settings, _) = settings::load(&sources).expect("good settings");
        let stop = CancellationToken::new();
        let connections = connect::open(&settings.database, Tenure::Sole { stop: stop.clone() })
            .await
            .expect("a database");
        migrate::run(&settings.database, &connections).await.expect("a schema");
        // As if it had made it at its first start, so that it can be rotated.
        let transaction = connections.database.begin().await.expect("a database");
        let operator_key = operator_key::hash(OPERATOR_KEY);
        operator_key::keep(&transaction, operator_key).await.expect("a schema");
        transaction.commit().await.expect("a database");
        let key_file = keys::file_for(&settings.database);
        let keys =
            keys::open(&connections.database, &settings.keys, &key_file, keys::Making::Allowed)
                .await
                .expect("keys");
        let clock = Clock::default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base =
            format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let database = connections.database.clone();
        let engine = assemble::engine(&settings, database, keys.sealer, clock.clone(), &base)
            .expect("an engine");
        let api_settings = api::Settings {
            public_url: base.clone(),
            portal: api::Portal::default(),
            data_bytes_max: settings.intake.max_payload_bytes,
            connections_max: 1024,
        };
        let state = api::State::new(engine.clone(), keys.operator, api_settings);
        engine.keep_house_once().await.expect("the database is there");
        let worker_settings =
            worker::Settings { concurrency: settings.delivery.worker_concurrency };
        let parts = vec![
            tokio::spawn({
                let worker = worker::run(engine.clone(), worker_settings, stop.clone());
                async move { worker.await.expect("the worker ends without an error") }
            }),
            tokio::spawn({
                let server = api::serve(state, listener, stop.clone());
                async move { server.await.expect("the server ends without an error") }
            }),
            tokio::spawn({
                let (engine, stop) = (engine.clone(), stop.clone());
                let leads = connections.leads.clone();
                async move { engine.keep_figures(leads, stop).await }
            }),
            tokio::spawn({
                let (engine, stop) = (engine.clone(), stop.clone());
                let leads = connections.leads.clone();
                async move { engine.keep_replays(leads, stop).await }
            }),
            tokio::spawn({
                let (engine, stop) = (engine.clone(), stop.clone());
                let leads = connections.leads.clone();
                async move { engine.keep_queue_filled(leads, stop).await }
            }),
        ];
        Self {
            operator: Client::new(&base, OPERATOR_KEY),
            engine,
            clock,
            base,
            stop,
            parts,
            _connections: connections,
            directory,
        }
    }

    /// The SQLite file, where that is what it runs on.
    pub fn database_path(&self) -> std::path::PathBuf {
        self.directory.path().join(DATABASE_FILE)
    }

    /// Scheme, host and port.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Stops as the program does at SIGTERM, and waits for it.
    ///
    /// # Panics
    /// When a part ended with an error.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for part in self.parts.drain(..) {
            part.await.expect("no part panics");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
        for part in &self.parts {
            part.abort();
        }
    }
}

mod postgres {
    use sea_orm::{ConnectionTrait, Database};

    /// Makes a database and gives its url. It is left behind; the server of the tests is a throwaway
    /// or has room for a few empty databases.
    pub(super) async fn fresh_database() -> String {
        #[expect(
            clippy::disallowed_methods,
            reason = "where the tests' server is, is no setting of the product"
        )]
        let server = std::env::var("POSTHASTE_TEST_POSTGRES_URL")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned());
        let name = format!("posthaste_{}", uuid::Uuid::now_v7().simple());
        let admin = Database::connect(&server).await.expect("the tests' Postgres server answers");
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .expect("a database can be made");
        let (base, _) = server.rsplit_once('/').expect("the url names a database");
        format!("{base}/{name}")
    }
}
