//! What a scenario sets up through the product's own routes: tenants, keys, subscriptions.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method};
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

    /// Makes tenants, each with a key of all scopes.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn tenants(&self, prefix: &str, count: usize) -> Result<Vec<Tenant>> {
        let make = |number| {
            let name = json!({"name": format!("{prefix} {number}")});
            let tenant = self.post("/tenants", &self.admin_key, &name)?;
            let id = text(&tenant, "id")?;
            let request = json!({"name": "bench", "scopes": ["*"]});
            let key = self.post(&format!("/tenants/{id}/keys"), &self.admin_key, &request)?;
            Ok(Tenant { key: text(&key, "secret")? })
        };
        (1..=count).map(make).collect()
    }

    /// Subscribes a url to all of a tenant's events.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn subscribe(&self, tenant: &Tenant, url: &str) -> Result<()> {
        self.post("/subscriptions", &tenant.key, &json!({"url": url})).map(drop)
    }

    /// Whether a tenant has a delivery that was never attempted.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn has_pending(&self, tenant: &Tenant) -> Result<bool> {
        let path = "/deliveries?status=pending&limit=1";
        let page = self.call(Method::GET, path, &tenant.key, None)?;
        let rows = page["data"].as_array().context("a list without data")?;
        Ok(!rows.is_empty())
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, key, Some(body))
    }

    fn call(&self, method: Method, path: &str, key: &str, body: Option<&Value>) -> Result<Value> {
        let what = format!("{method} {path}");
        let url = format!("{}/api/v1/webhooks{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.with_context(|| what.clone())?;
            let status = answer.status();
            let text = answer.text().await.with_context(|| what.clone())?;
            if !status.is_success() {
                bail!("{what} was answered with {status}: {text}");
            }
            serde_json::from_str(&text).with_context(|| format!("{what}: the answer is no JSON"))
        })
    }
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
