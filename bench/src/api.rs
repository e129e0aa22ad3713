//! What a scenario sets up through the product's own routes: tenants, keys, subscriptions.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// A tenant with a key for everything it owns.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its bearer key.
    pub key: String,
}

/// Calls the server's routes, one at a time.
#[derive(Debug)]
pub struct Api {
    runtime: tokio::runtime::Runtime,
    client: Client,
    base: String,
    admin_key: String,
}

impl Api {
    /// An API client for the server at `address`.
    ///
    /// # Errors
    /// When the machine gives no runtime.
    pub fn new(address: SocketAddr, admin_key: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("starting a runtime for the set-up")?;
        let base = format!("http://{address}");
        Ok(Self { runtime, client: http_client()?, base, admin_key: admin_key.to_owned() })
    }

    /// Whether `/readyz` answers 200 at a process of the server.
    #[must_use]
    pub fn is_ready_at(&self, base: &str) -> bool {
        let url = format!("{base}/readyz");
        let answer = self.runtime.block_on(async { self.client.get(url).send().await });
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Makes tenants with these further fields, each with a key of all scopes.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn tenants(&self, prefix: &str, count: usize, fields: &Value) -> Result<Vec<Tenant>> {
        let make = |number| {
            let mut body = fields.clone();
            body["name"] = format!("{prefix} {number}").into();
            let tenant = self.post("/tenants", &self.admin_key, &body)?;
            let id = text(&tenant, "id")?;
            let request = json!({"name": "bench", "scopes": ["*"]});
            let key = self.post(&format!("/tenants/{id}/keys"), &self.admin_key, &request)?;
            Ok(Tenant { key: text(&key, "secret")? })
        };
        (1..=count).map(make).collect()
    }

    /// Subscribes a url to all of a tenant's events, with these further fields.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn subscribe(&self, tenant: &Tenant, url: &str, fields: &Value) -> Result<()> {
        let mut body = fields.clone();
        body["url"] = url.into();
        self.post("/subscriptions", &tenant.key, &body).map(drop)
    }

    /// Whether a tenant has a delivery with one of these statuses, separated by commas.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn has(&self, tenant: &Tenant, statuses: &str) -> Result<bool> {
        let page = self.get(tenant, &format!("/deliveries?status={statuses}&limit=1"))?;
        Ok(!rows(&page)?.is_empty())
    }

    /// How long each of a tenant's newest deliveries was due before a worker had it, in milliseconds.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn queue_ms(&self, tenant: &Tenant) -> Result<Vec<f64>> {
        let page = self.get(tenant, "/deliveries?limit=250")?;
        let mut waits_ms = Vec::new();
        for delivery in rows(&page)? {
            let id = text(delivery, "id")?;
            let attempts = self.get(tenant, &format!("/deliveries/{id}/attempts"))?;
            for attempt in rows(&attempts)? {
                let wait = attempt["timing"]["queue_ms"].as_f64();
                waits_ms.push(wait.context("an attempt without queue_ms")?);
            }
        }
        Ok(waits_ms)
    }

    /// What a tenant sees at a path.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn get(&self, tenant: &Tenant, path: &str) -> Result<Value> {
        self.call(Method::GET, path, &tenant.key, None)
    }

    /// What the operator sees at a path, across tenants; `None` where there is no such route.
    ///
    /// # Errors
    /// When the server refuses otherwise.
    pub fn find_as_operator(&self, path: &str) -> Result<Option<Value>> {
        let (status, body) = self.ask(Method::GET, path, &self.admin_key, None)?;
        match status.as_u16() {
            404 => Ok(None),
            _ => read(&format!("GET {path}"), status, &body).map(Some),
        }
    }

    /// How long a tenant waits for the answer at a path.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn time(&self, tenant: &Tenant, path: &str) -> Result<Duration> {
        let asked = Instant::now();
        self.get(tenant, path)?;
        Ok(asked.elapsed())
    }

    /// What a tenant posts to a path, and is answered.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn post_as(&self, tenant: &Tenant, path: &str, body: &Value) -> Result<Value> {
        self.post(path, &tenant.key, body)
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, key, Some(body))
    }

    fn call(&self, method: Method, path: &str, key: &str, body: Option<&Value>) -> Result<Value> {
        let what = format!("{method} {path}");
        let (status, text) = self.ask(method, path, key, body)?;
        read(&what, status, &text)
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, String)> {
        let what = format!("{method} {path}");
        let url = format!("{}/api/v1/webhooks{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.runtime.block_on(async {
            let answer = request.send().await?;
            reqwest::Result::Ok((answer.status(), answer.text().await?))
        });
        answer.context(what)
    }
}

fn read(what: &str, status: StatusCode, text: &str) -> Result<Value> {
    if !status.is_success() {
        bail!("{what} was answered with {status}: {text}");
    }
    serde_json::from_str(text).with_context(|| format!("{what}: the answer is no JSON"))
}

fn rows(page: &Value) -> Result<&Vec<Value>> {
    page["data"].as_array().context("a list without data")
}

/// A client that goes straight to the loopback address, whatever proxies the environment names.
///
/// # Errors
/// When it cannot be built.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench dials the server under test and its own receiver, never a tenant's url"
)]
pub fn http_client() -> Result<Client> {
    // Plain http needs no TLS, but the client wants a provider; a second call finds it installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .context("building the HTTP client")
}

fn text(value: &Value, name: &str) -> Result<String> {
    let text = value[name].as_str().with_context(|| format!("no `{name}` in {value}"))?;
    Ok(text.to_owned())
}
