//! Where HTTP is served, and how it is reached from outside.

use std::net::SocketAddr;

use url::Url;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const LISTEN: Key = Key::new("listen", "POSTHASTE_LISTEN", Kind::Text);
pub(super) const PUBLIC_URL: Key =
    Key::new("public_url", "POSTHASTE_PUBLIC_URL", Kind::Text).optional();

/// Where HTTP is served, and how it is reached from outside.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Address and port (default `127.0.0.1:8080`). Change it to be reached from other machines;
    /// port 0 takes a free one.
    pub listen: SocketAddr,
    /// What urls of sources, bins and portal links start with, without a slash at the end (default:
    /// `http://` and the listen address). Set it behind a proxy.
    pub public_url: Option<String>,
}

impl HttpSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listen = reader.read(&LISTEN, |text| {
            let must = "must be an IP address and a port, such as 127.0.0.1:8080 or [::]:8080";
            text.trim().parse().map_err(|_| must.to_owned())
        });
        let public_url = reader.optional(&PUBLIC_URL, parse_public_url);
        Some(Self { listen: listen?, public_url: public_url? })
    }

    /// The url that stands for this deployment, once the server listens at `bound`.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }
}

fn parse_public_url(text: &str) -> Result<String, String> {
    let must = "must be an http or https url without user, query or fragment";
    let url = Url::parse(text.trim()).map_err(|_| must.to_owned())?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(must.to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
