//! Bins: addresses of our own that record what is sent to them, so that a developer sees the exact request.
//!
//! A delivery whose url is that of a bin is not dialled but handed over; [`BinUrls`] tells such urls from all
//! others.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::ids::BinId;
use crate::invalid::{Checker, Invalid};
use crate::limits;
use crate::secret::Secret;
use crate::subscription::TargetUrl;

/// Where bins are, below the public url.
const PATH: &str = "/api/v1/webhooks/bin/";

/// A bin as it is written; only `name` is needed. `null` is as good as absent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinInput {
    name: String,
    secret: Option<String>,
    response: Option<BinResponseInput>,
}

/// What a bin answers, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinResponseInput {
    status: Option<u16>,
    delay_ms: Option<u32>,
}

/// A bin's configuration, every part of it checked.
#[derive(Debug, Clone)]
pub struct BinConfig {
    pub name: String,
    /// What requests are held to that no delivery of the tenant explains.
    pub secret: Option<Secret>,
    pub response: BinResponse,
}

/// What a bin answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BinResponse {
    pub status: u16,
    /// Milliseconds before the answer.
    pub delay_ms: u32,
}

impl BinInput {
    /// Checks every field.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(self) -> Result<BinConfig, Invalid> {
        let mut check = Checker::default();
        check.that(limits::NAME_CHARS.contains(&self.name.chars().count()), "/name", || {
            "must have 1 to 255 characters".to_owned()
        });
        let secret = check.take("/secret", self.secret.as_deref().map(Secret::parse).transpose());
        let given = self.response.unwrap_or(BinResponseInput { status: None, delay_ms: None });
        let response = BinResponse {
            status: given.status.unwrap_or(limits::BIN_STATUS_DEFAULT),
            delay_ms: given.delay_ms.unwrap_or(*limits::BIN_DELAY_MS.start()),
        };
        check.that(limits::BIN_STATUS.contains(&response.status), "/response/status", || {
            "must be between 200 and 599".to_owned()
        });
        check.that(limits::BIN_DELAY_MS.contains(&response.delay_ms), "/response/delay_ms", || {
            "must be between 0 and 10000 milliseconds".to_owned()
        });
        check.finish_with(|| Some(BinConfig { name: self.name, secret: secret?, response }))
    }
}

/// The urls of this deployment's bins.
#[derive(Debug, Clone)]
pub struct BinUrls {
    /// What all of them start with, as text and taken apart.
    start: String,
    parsed: Option<Url>,
}

/// What a url has to do with bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlKind {
    /// Nothing: it is dialled.
    Elsewhere,
    /// It is the url that this bin has, or would have.
    Bin(BinId),
    /// It stands where bins are and names none.
    NoBin,
}

impl BinUrls {
    /// Below this public url, which has no slash at its end.
    pub fn new(public_url: &str) -> Self {
        let start = format!("{public_url}{PATH}");
        let parsed = Url::parse(&start).ok();
        Self { start, parsed }
    }

    /// The url of a bin.
    pub fn of(&self, bin: BinId) -> String {
        format!("{}{bin}", self.start)
    }

    /// What `url` has to do with bins; its query does not matter.
    pub fn kind(&self, url: &TargetUrl) -> UrlKind {
        let url = url.as_url();
        let Some(own) = &self.parsed else {
            return UrlKind::Elsewhere;
        };
        // The path first: most urls have another, and origins are made to be compared.
        match url.path().strip_prefix(own.path()) {
            Some(id) if own.origin() == url.origin() => {
                id.parse().map_or(UrlKind::NoBin, UrlKind::Bin)
            }
            _ => UrlKind::Elsewhere,
        }
    }
}

/// The mask over what a bin does not record.
pub const MASK: &str = "***";

/// Whether a header's value is a credential, which is not recorded.
pub fn is_credential(header: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie"]
        .iter()
        .any(|name| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_bins_url_is_known_by_origin_and_path() {
        let id = BinId::derive(Timestamp::from_unix_ms(1), &[b"x"]);
        let urls = BinUrls::new("https://hooks.example.com/base");
        let kind = |text: &str| urls.kind(&TargetUrl::parse(text, false).expect("a url"));
        let own = urls.of(id);
        assert_eq!(kind(&own), UrlKind::Bin(id));
        assert_eq!(kind(&format!("{own}?a=b")), UrlKind::Bin(id));
        assert_eq!(
            kind(&own.replace("hooks.example.com", "HOOKS.example.com:443")),
            UrlKind::Bin(id)
        );
        assert_eq!(kind(&format!("{own}/x")), UrlKind::NoBin);
        assert_eq!(kind(&own.replace("bin_", "sub_")), UrlKind::NoBin);
        for other in [
            own.replace("https", "http"),
            own.replace("/base", ""),
            own.replace("example.com", "example.com:8443"),
            own.replace("/bin/", "/in/"),
        ] {
            assert_eq!(kind(&other), UrlKind::Elsewhere, "{other}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_bin_is_told_at_its_place() {
        let input: BinInput = serde_json::from_str(
            r#"{"name": "", "secret": "x", "response": {"status": 199, "delay_ms": 10001}}"#,
        )
        .expect("the shape is right");
        let faults = input.parse().expect_err("every part is wrong").0;
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/secret", "/response/status", "/response/delay_ms"]);
    }
}
