//! Calls of the API, as a tenant or the operator makes them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Figures, PATIENCE};

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// The body as JSON, of an answer that must have this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

/// Calls with one credential.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// Calls `base` (scheme, host and port) with `key`.
    ///
    /// # Panics
    /// When no HTTP client can be made.
    pub fn new(base: &str, key: &str) -> Self {
        engine::sender::install_crypto();
        #[expect(
            clippy::disallowed_methods,
            reason = "this client calls our own API, not a tenant's url"
        )]
        let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        let http = builder.build().expect("an HTTP client");
        Self { http, base: base.to_owned(), key: key.to_owned() }
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same client at another process.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Makes a call; `path` is what follows `/api/v1/webhooks`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Reply> {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1/webhooks{path}", self.base))
            .bearer_auth(&self.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await?;
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    /// Makes a call that must be answered.
    ///
    /// # Panics
    /// When it isn't.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.try_call(method, path, body.map(|json| json.to_string()), &[])
            .await
            .expect("an answer")
    }

    /// The page at `/metrics`.
    ///
    /// # Panics
    /// When there is none, or it is not what Prometheus reads.
    pub async fn figures(&self) -> Figures {
        let response = self.http.get(format!("{}/metrics", self.base)).send().await;
        let response = response.and_then(reqwest::Response::error_for_status).expect("a page");
        let content_type = response.headers()["content-type"].to_str().expect("text");
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        let page = response.text().await.expect("text");
        Figures::parse(&page).unwrap_or_else(|fault| panic!("{fault}\n{page}"))
    }

    /// The document at `/readyz`.
    ///
    /// # Panics
    /// When there is none.
    pub async fn readiness(&self) -> Value {
        let response = self.http.get(format!("{}/readyz", self.base)).send().await;
        let text = response.expect("an answer").text().await.expect("text");
        serde_json::from_str(&text).expect("JSON")
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    /// Makes a tenant with a key for everything. The caller is the operator.
    pub async fn new_tenant(&self) -> Tenant {
        let id = text(&self.post("/tenants", json!({"name": "a tenant"})).await.expect(201), "id");
        let key = self
            .post(&format!("/tenants/{id}/keys"), json!({"name": "all", "scopes": ["*"]}))
            .await
            .expect(201);
        Tenant { id, api: self.with_key(&text(&key, "secret")) }
    }
}

/// A tenant, and calls with its key.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: String,
    pub api: Client,
}

impl Tenant {
    /// Registers a subscription; gives its id and its secret.
    pub async fn subscribe(&self, body: Value) -> (String, String) {
        let made = self.api.post("/subscriptions", body).await.expect(201);
        (text(&made, "id"), text(&made, "secret"))
    }

    /// Posts an event that must be accepted; gives its id.
    pub async fn publish(&self, event_type: &str, data: Value) -> String {
        text(
            &self.api.post("/events", json!({"type": event_type, "data": data})).await.expect(202),
            "id",
        )
    }

    /// The rows of a list's first page.
    ///
    /// # Panics
    /// When the answer is no list.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let page = self.api.get(path).await.expect(200);
        page["data"].as_array().expect("a list").clone()
    }
}

/// A field that must be a text.
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}
