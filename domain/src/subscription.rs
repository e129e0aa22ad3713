//! Subscriptions: where events go, which ones, and how.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::invalid::{Checker, Invalid};
use crate::limits;

/// Whether a subscription is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    #[cfg_attr(feature = "columns", sea_orm(string_value = "active"))]
    Active,
    /// Deliveries are made and held.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "paused"))]
    Paused,
    /// No deliveries are made; what waited is dead letters.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "disabled"))]
    Disabled,
}

impl SubscriptionStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// Why a subscription is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// By `PATCH`.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "requested"))]
    Requested,
    /// The receiver answered `410`.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "gone"))]
    Gone,
    /// No success for five days.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "failing"))]
    Failing,
}

impl DisabledReason {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// What stands for a sealed value wherever one is shown.
pub const SEALED: &str = "***";

/// A url that requests may be made to: `https` (or `http` where allowed), a host, no credentials.
///
/// Whether its host may be dialled is [`crate::address`]'s question.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetUrl(Url);

impl TargetUrl {
    /// Parses and normalises (WHATWG URL: IDN to punycode, odd IPv4 forms to dotted ones).
    ///
    /// # Errors
    /// When it is no absolute http(s) url, too long, has credentials or (with `https_required`) is
    /// plain http.
    pub fn parse(text: &str, https_required: bool) -> Result<Self, Invalid> {
        let fault = |detail: &str| Err(Invalid::one("", detail));
        if text.chars().count() > limits::URL_CHARS {
            return fault("must have at most 2048 characters");
        }
        if text.chars().any(|c| c.is_ascii_control() || c == ' ') {
            return fault("must not contain spaces or control characters; percent-encode them");
        }
        let Ok(url) = Url::parse(text) else {
            return fault("must be an absolute url such as https://example.com/webhooks");
        };
        match url.scheme() {
            "https" => {}
            "http" if !https_required => {}
            "http" => {
                return fault(
                    "must start with https://; plain http is taken by a server started with --dev \
                     (or POSTHASTE_REQUIRE_HTTPS=false)",
                );
            }
            _ => return fault("must start with https://"),
        }
        // Counted again as it is kept and read back: percent-encoding makes it longer.
        if url.as_str().chars().count() > limits::URL_CHARS {
            return fault("must have at most 2048 characters once it is percent-encoded");
        }
        match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => {
                if !is_host_name(name) {
                    return fault(
                        "must name a host of letters, digits, '-', '_' and '.', with at most 63 characters in \
                         each part and 253 in all",
                    );
                }
            }
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => {}
            _ => return fault("must name a host"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return fault(
                "must not contain credentials; send them in a header of the subscription (`headers`)",
            );
        }
        if url.fragment().is_some() {
            return fault("must not have a fragment (#…): it would never be sent");
        }
        if url.port() == Some(0) {
            return fault("must not name port 0");
        }
        Ok(Self(url))
    }

    /// The parsed url.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Whether a name can be looked up (RFC 1035 section 2.3.4), and written into a request.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(is_part)
}

/// Headers that a subscription adds to its requests. Their values may be credentials: they are
/// sealed at rest and cannot be printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CustomHeaders(BTreeMap<String, String>);

impl CustomHeaders {
    /// Checks names (RFC 9110 tokens, none that Posthaste or HTTP itself sets) and values (visible
    /// ASCII and spaces).
    ///
    /// # Errors
    /// Every header that does not fit.
    pub fn parse(given: BTreeMap<String, String>) -> Result<Self, Invalid> {
        if given.len() > limits::HEADERS {
            return Err(Invalid::one("", format!("must have at most {} entries", limits::HEADERS)));
        }
        let mut check = Checker::default();
        let mut seen = std::collections::BTreeSet::new();
        for (name, value) in &given {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let lower = name.to_ascii_lowercase();
            check.that(is_token(name), &pointer, || {
                "the name must be an HTTP token (RFC 9110)".to_owned()
            });
            check.that(!is_reserved(&lower), &pointer, || {
                "the name is reserved: host, content-*, user-agent, webhook-*, x-pt-* and hop-by-hop headers are set by \
                 Posthaste"
                    .to_owned()
            });
            check.that(seen.insert(lower), &pointer, || "the name is there twice".to_owned());
            check.that(is_value(value), &pointer, || {
                format!(
                    "the value must be at most {} visible ASCII characters",
                    limits::HEADER_VALUE_CHARS
                )
            });
        }
        check.finish(Self(given))
    }

    /// Trusts headers that were parsed before they were stored.
    pub fn from_stored(headers: BTreeMap<String, String>) -> Self {
        Self(headers)
    }

    /// Names and values. For sending, sealing and the answers that reveal them.
    pub fn expose(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for CustomHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, "***"))).finish()
    }
}

fn is_token(name: &str) -> bool {
    (1..=limits::HEADER_NAME_CHARS).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_value(value: &str) -> bool {
    value.len() <= limits::HEADER_VALUE_CHARS
        && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && value.trim() == value
}

fn is_reserved(lower: &str) -> bool {
    const HOP_BY_HOP: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    lower == "host"
        || lower == "user-agent"
        || lower == "expect"
        || lower == "traceparent"
        || HOP_BY_HOP.contains(&lower)
        || ["content-", "webhook-", "x-pt-"].iter().any(|prefix| lower.starts_with(prefix))
}

/// Parses an external id: 1 to 128 of `[A-Za-z0-9_.:-]`, and not of the form of a generated one.
///
/// # Errors
/// When it does not fit.
pub fn parse_external_id(text: &str) -> Result<String, Invalid> {
    let fits = limits::EXTERNAL_ID_CHARS.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte));
    if !fits {
        return Err(Invalid::one("", "must be 1 to 128 letters, digits, _, ., : and -"));
    }
    if text.parse::<crate::ids::SubscriptionId>().is_ok()
        || text.parse::<crate::ids::TenantId>().is_ok()
    {
        return Err(Invalid::one("", "must not look like a generated id"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_https_without_credentials() {
        for (text, fits) in [
            ("https://example.com/hooks?x=1", true),
            ("https://example.com:8443/", true),
            ("http://example.com/", false),
            ("ftp://example.com/", false),
            ("https://user:pw@example.com/", false),
            ("https://user@example.com/", false),
            ("https://example.com/#top", false),
            ("https://example.com:0/", false),
            ("https:///nohost", true), // WHATWG: the host is "nohost".
            ("example.com", false),
            ("https://exa mple.com", false),
            ("https://example.com/\n", false),
            ("https://example.com./", true),
            ("https://a_b.bücher.example/", true),
            ("https://a\"b/", false),
            ("https://a{b}/", false),
            ("https://*.example/", false),
            ("https://a..b/", false),
            ("https://[2001:db8::1]/", true),
            ("", false),
        ] {
            assert_eq!(TargetUrl::parse(text, true).is_ok(), fits, "{text}");
        }
        assert!(TargetUrl::parse("http://example.com/", false).is_ok());
        assert!(
            TargetUrl::parse(&format!("https://example.com/{}", "x".repeat(2048)), true).is_err()
        );
        let grows = format!("https://example.com/{}", "é".repeat(700));
        assert!(TargetUrl::parse(&grows, true).is_err(), "it could not be read back");
        for (label, fits) in [(63, true), (64, false)] {
            let long = format!("https://{}.example/", "a".repeat(label));
            assert_eq!(TargetUrl::parse(&long, true).is_ok(), fits, "{label}");
        }
    }

    #[test]
    fn odd_forms_of_ipv4_become_plain_ones() {
        for text in [
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://１２７.0.0.1/",
        ] {
            assert_eq!(
                TargetUrl::parse(text, true).map(|url| url.as_str().to_owned()),
                Ok("https://127.0.0.1/".to_owned())
            );
        }
    }

    fn headers(name: &str, value: &str) -> Result<CustomHeaders, Invalid> {
        CustomHeaders::parse(BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn headers_are_tokens_that_nobody_else_sets() {
        assert!(headers("Authorization", "Bearer x y").is_ok());
        for name in [
            "Host",
            "content-length",
            "User-Agent",
            "webhook-id",
            "X-PT-Event",
            "te",
            "Transfer-Encoding",
            "a b",
            "",
            "ä",
        ] {
            assert!(headers(name, "x").is_err(), "{name}");
        }
        for value in ["a\r\nb", "ä", " x", &"x".repeat(1025)] {
            assert!(headers("x-a", value).is_err(), "{value}");
        }
        let two =
            BTreeMap::from([("A".to_owned(), String::new()), ("a".to_owned(), String::new())]);
        assert!(CustomHeaders::parse(two).is_err(), "twice in different case");
    }

    #[test]
    fn header_values_are_never_printed() {
        let printed = format!("{:?}", headers("authorization", "s3cret").expect("valid"));
        assert_eq!(printed, "{\"authorization\": \"***\"}");
    }
}
