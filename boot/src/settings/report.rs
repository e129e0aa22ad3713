//! What `posthaste config` prints: what is in force and where it was set, secrets masked.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use url::Url;

use super::key::{Key, Kind, Shown};
use super::layers::{Layers, Origin};
use super::{HttpSettings, KEYS, Settings, http};

const MASK: &str = "***";

/// Every setting with its value and where that was set.
#[derive(Debug)]
pub struct Report(Vec<Row>);

#[derive(Debug)]
struct Row {
    key: &'static Key,
    /// Masked already; `None` when unset.
    value: Option<String>,
    origin: Origin,
}

impl Report {
    pub(super) fn new(layers: &Layers, settings: &Settings) -> Self {
        let rows = KEYS.iter().map(|key| match layers.find(key) {
            Some((value, origin)) => {
                Row { key, value: Some(mask(key, value)), origin: origin.clone() }
            }
            None => Row { key, value: derived(key, &settings.http), origin: Origin::Default },
        });
        Self(rows.collect())
    }

    /// As lines that can stand in `posthaste.toml` (but for the masked ones).
    pub fn to_text(&self) -> String {
        let mut lines = String::new();
        for Row { key, value, origin } in &self.0 {
            let origin = match origin {
                Origin::Default => "default".to_owned(),
                Origin::File(path) => path.display().to_string(),
                Origin::Variable => key.variable.to_owned(),
                Origin::Flag => key.flag(),
                Origin::Dev => "--dev".to_owned(),
            };
            let line = match value {
                Some(value) => format!("{} = {}", key.name, typed(key, value)),
                None => format!("# {} is not set", key.name),
            };
            writeln!(lines, "{line:<64}  # {origin}").expect("writing to a string");
        }
        lines
    }

    /// As one document: by key, its value, source and variable.
    pub fn to_json(&self) -> Value {
        let entry = |Row { key, value, origin }: &Row| {
            let source = match origin {
                Origin::Default => "default",
                Origin::File(_) => "file",
                Origin::Variable => "variable",
                Origin::Flag => "flag",
                Origin::Dev => "dev",
            };
            let value = value.as_deref().map_or(Value::Null, |value| typed(key, value));
            let mut entry = json!({"value": value, "source": source, "variable": key.variable});
            if let Origin::File(path) = origin {
                entry["file"] = json!(path.display().to_string());
            }
            (key.name.to_owned(), entry)
        };
        Value::Object(self.0.iter().map(entry).collect::<Map<_, _>>())
    }
}

/// The one default that depends on another setting.
fn derived(key: &Key, http: &HttpSettings) -> Option<String> {
    (*key == http::PUBLIC_URL && http.listen.port() != 0).then(|| http.public_url(http.listen))
}

/// JSON's numbers, texts and lists are TOML's too.
fn typed(key: &Key, value: &str) -> Value {
    match key.kind {
        Kind::Text => json!(value),
        Kind::Number => {
            value.trim().parse::<u64>().map_or_else(|_| json!(value), |number| json!(number))
        }
        Kind::Boolean => json!(matches!(value.trim(), "true" | "1")),
        Kind::List => {
            json!(value.split([',', ' ']).filter(|item| !item.is_empty()).collect::<Vec<_>>())
        }
    }
}

fn mask(key: &Key, value: &str) -> String {
    match key.shown {
        Shown::Whole => value.to_owned(),
        Shown::Never => MASK.to_owned(),
        Shown::WithoutPassword => mask_password(value.trim()),
    }
}

/// The address with its password, also one among the parameters, replaced.
fn mask_password(address: &str) -> String {
    if address.starts_with("sqlite:") {
        return address.to_owned();
    }
    let Ok(mut url) = Url::parse(address) else {
        return MASK.to_owned();
    };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let hide = |name: &str| name.contains("pass");
        let shown = pairs.iter().map(|(name, value)| (name, if hide(name) { MASK } else { value }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.into()
}
