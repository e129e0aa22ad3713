//! The deployment under test: two API processes and two workers on a Postgres and a Redis of their own.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::sleep;

use servers::{Postgres, Redis, Stop, free_port, signal};

/// The operator's key of every deployment here.
pub const OPERATOR_KEY: &str = "operator-key-of-a-chaos-run";
/// Short, so that what failed during a fault is tried again while the run lasts, and long enough not to
/// be used up by one fault.
const RETRY_SCHEDULE: &str = "500ms,1s,2s,4s,8s,8s,8s,8s,8s,8s";
const READY_WAIT: Duration = Duration::from_secs(60);
/// A process has 25 s to finish what it has begun, and a little more to end.
const STOP_WAIT: Duration = Duration::from_secs(30);

/// What is broken.
#[derive(Debug)]
pub struct Deployment {
    pub apis: [Process; 2],
    pub workers: [Process; 2],
    pub redis: Redis,
    pub postgres: Postgres,
    http: reqwest::Client,
    // Last: it is removed when all that writes to it has ended.
    folder: TempDir,
}

impl Deployment {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(binary: &Path) -> Result<Self> {
        let binary = binary.canonicalize().with_context(|| format!("no {}", binary.display()))?;
        let folder = tempfile::tempdir()?;
        let postgres = Postgres::start(folder.path()).await?;
        let redis = Redis::start(folder.path()).await?;
        let settings = Settings {
            binary,
            database_url: postgres.url(),
            redis_url: redis.url(),
            folder: folder.path().to_owned(),
        };
        let apis =
            [Process::start("api", &settings).await?, Process::start("api", &settings).await?];
        let workers = [
            Process::start("worker", &settings).await?,
            Process::start("worker", &settings).await?,
        ];
        let http = client(Duration::from_secs(20))?;
        Ok(Self { apis, workers, redis, postgres, http, folder })
    }

    /// Where the API is.
    #[must_use]
    pub fn api_urls(&self) -> [String; 2] {
        self.bases().map(|base| format!("{base}/api/v1/webhooks"))
    }

    /// Where the API processes listen.
    #[must_use]
    pub fn bases(&self) -> [String; 2] {
        [0, 1].map(|which| format!("http://{}", self.apis[which].address))
    }

    /// The processes that have ended without being told to.
    pub async fn ended(&self) -> Vec<String> {
        let mut ended = Vec::new();
        for process in self.apis.iter().chain(&self.workers) {
            if !matches!(process.child.lock().await.try_wait(), Ok(None)) {
                ended.push(format!("{} {}", process.role, process.address));
            }
        }
        ended
    }

    /// Makes a tenant with a subscription for each of the urls; gives a key of the tenant's.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn set_up(&self, urls: &[String]) -> Result<String> {
        let tenant = self.post(OPERATOR_KEY, "/tenants", json!({"name": "chaos"})).await?;
        let id = tenant["id"].as_str().context("a tenant has an id")?;
        let key = json!({"name": "all", "scopes": ["*"]});
        let key = self.post(OPERATOR_KEY, &format!("/tenants/{id}/keys"), key).await?;
        let key = key["secret"].as_str().context("a new key has a secret")?.to_owned();
        for url in urls {
            self.post(&key, "/subscriptions", json!({ "url": url })).await?;
        }
        Ok(key)
    }

    /// The events of the dead letters; none while the API does not answer.
    pub async fn dead_letters(&self) -> Vec<String> {
        let event = |row: &Value| row["event_id"].as_str().map(str::to_owned);
        let rows = self.all("/dead-letters").await.unwrap_or_default();
        rows.iter().filter_map(event).collect()
    }

    /// How many deliveries are neither delivered nor given up.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn unfinished(&self) -> Result<usize> {
        // An outcome is committed a moment after the receiver has answered.
        let begun = Instant::now();
        loop {
            let unfinished = self.all("/deliveries?status=pending,retrying").await?.len();
            if unfinished == 0 || begun.elapsed() > Duration::from_secs(10) {
                return Ok(unfinished);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends everything.
    pub async fn stop(&self) {
        for process in self.apis.iter().chain(&self.workers) {
            process.kill().await;
        }
        if let Err(error) = self.postgres.end(Stop::Kill).await {
            eprintln!("posthaste-chaos: {error:#}");
        }
    }

    async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let glue = if path.contains('?') { '&' } else { '?' };
            let url = format!("{}{path}{glue}limit=250{cursor}", self.api_urls()[0]);
            let answer = self.http.get(url).bearer_auth(OPERATOR_KEY).send().await?;
            let page: Value = answer.error_for_status()?.json().await?;
            rows.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(rows),
            }
        }
    }

    async fn post(&self, key: &str, path: &str, body: Value) -> Result<Value> {
        let url = format!("{}{path}", self.api_urls()[0]);
        let answer = self.http.post(url).bearer_auth(key).json(&body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "database {}", self.postgres.url())?;
        writeln!(f, "queue    {}", self.redis.url())?;
        for process in self.apis.iter().chain(&self.workers) {
            writeln!(f, "{:<8} http://{}", process.role, process.address)?;
        }
        write!(f, "logs     {}", self.folder.path().display())
    }
}

#[derive(Debug, Clone)]
struct Settings {
    binary: PathBuf,
    database_url: String,
    redis_url: String,
    folder: PathBuf,
}

/// A `posthaste` process on a port of its own, which it keeps when it is started again.
#[derive(Debug)]
pub struct Process {
    role: &'static str,
    address: SocketAddr,
    settings: Settings,
    child: Mutex<Child>,
}

impl Process {
    async fn start(role: &'static str, settings: &Settings) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let child = begin(role, address, settings).await?;
        Ok(Self { role, address, settings: settings.clone(), child: Mutex::new(child) })
    }

    /// Ends it and starts it again after a while.
    ///
    /// # Errors
    /// When it is asked to stop and does not do so in time and without complaint, or does not start.
    pub async fn restart(&self, stop: Stop, pause: Duration) -> Result<()> {
        let mut child = self.child.lock().await;
        match stop {
            Stop::Kill => child.kill().await?,
            Stop::Ask => {
                signal(&child, "TERM").await?;
                let ended = tokio::time::timeout(STOP_WAIT, child.wait()).await;
                let ended = ended.with_context(|| format!("{} does not stop", self.role))??;
                ensure!(ended.success(), "{} ended with {ended}", self.role);
            }
        }
        sleep(pause).await;
        *child = begin(self.role, self.address, &self.settings).await?;
        Ok(())
    }

    /// Lets it do nothing for a while.
    pub(crate) async fn freeze(&self, time: Duration) -> Result<()> {
        let child = self.child.lock().await;
        signal(&child, "STOP").await?;
        sleep(time).await;
        signal(&child, "CONT").await
    }

    async fn kill(&self) {
        // It may have ended by itself, which the report says by what is missing.
        drop(self.child.lock().await.kill().await);
    }
}

async fn begin(role: &str, address: SocketAddr, settings: &Settings) -> Result<Child> {
    let log = settings.folder.join(format!("{role}-{}.log", address.port()));
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    let mut child = Command::new(&settings.binary)
        .args([role, "--dev"])
        .current_dir(&settings.folder)
        .env_clear()
        .env("POSTHASTE_LISTEN", address.to_string())
        .env("POSTHASTE_DATABASE_URL", &settings.database_url)
        .env("POSTHASTE_REDIS_URL", &settings.redis_url)
        .env("POSTHASTE_ADMIN_KEY", OPERATOR_KEY)
        .env("POSTHASTE_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
        .env("POSTHASTE_RETRY_SCHEDULE", RETRY_SCHEDULE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("starting posthaste")?;
    let (begun, http) = (Instant::now(), client(Duration::from_secs(1))?);
    let healthy = format!("http://{address}/healthz");
    while !http.get(&healthy).send().await.is_ok_and(|answer| answer.status().is_success()) {
        ensure!(
            child.try_wait()?.is_none() && begun.elapsed() < READY_WAIT,
            "{role} does not start"
        );
        sleep(Duration::from_millis(20)).await;
    }
    Ok(child)
}

/// A client of our own API.
///
/// # Errors
/// When none can be made.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client> {
    // Whoever was first has installed the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    #[expect(
        clippy::disallowed_methods,
        reason = "this client calls our own API, not a tenant's url"
    )]
    let builder = reqwest::Client::builder();
    Ok(builder.no_proxy().timeout(timeout).build()?)
}
