//! Where deliveries may go.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use engine::sender::ForwardProxy;
use ipnet::IpNet;

use super::key::{Key, Kind, Shown};
use super::reader::Reader;

pub(super) const ALLOW: Key = Key::new("egress_allow", "POSTHASTE_EGRESS_ALLOW", Kind::List);
pub(super) const DENY: Key = Key::new("egress_deny", "POSTHASTE_EGRESS_DENY", Kind::List);
pub(super) const PORTS: Key = Key::new("egress_ports", "POSTHASTE_EGRESS_PORTS", Kind::List);
pub(super) const PROXY: Key = Key::new("egress_proxy", "POSTHASTE_EGRESS_PROXY", Kind::Text)
    .shown(Shown::WithoutPassword)
    .optional();
pub(super) const REQUIRE_HTTPS: Key =
    Key::new("require_https", "POSTHASTE_REQUIRE_HTTPS", Kind::Boolean);

/// Where deliveries may go. The deny list goes before the allow list, and that before the built-in
/// rule that only public addresses are reached.
#[derive(Debug, Clone)]
pub struct EgressSettings {
    /// Networks that may be reached although they are not public (default: none). Change it for
    /// receivers on a private network.
    pub allow: Vec<IpNet>,
    /// Networks that may never be reached (default: none).
    pub deny: Vec<IpNet>,
    /// Ports that may be reached (default: none named, so all but those of services that are no web
    /// servers). Change it to keep receivers to the ports that you know.
    pub ports: Vec<RangeInclusive<u16>>,
    /// The HTTP proxy that all deliveries go through (default: none). Set it where machines reach the
    /// internet in no other way, or to give deliveries an address of their own.
    pub proxy: Option<ForwardProxy>,
    /// Refuse `http://` urls (default: true). Change it only for receivers on a network of your own.
    pub require_https: bool,
}

impl EgressSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let allow = reader.read(&ALLOW, parse_networks);
        let deny = reader.read(&DENY, parse_networks);
        let ports = reader.read(&PORTS, parse_ports);
        let proxy = reader.optional(&PROXY, |text| {
            ForwardProxy::parse(text.trim()).map_err(|error| error.to_string())
        });
        let require_https = reader.read(&REQUIRE_HTTPS, |text| match text.trim() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        });
        Some(Self {
            allow: allow?,
            deny: deny?,
            ports: ports?,
            proxy: proxy?,
            require_https: require_https?,
        })
    }
}

/// What stands between commas or spaces.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n']).filter(|item| !item.is_empty())
}

/// Networks between commas or spaces; a bare address is a network of one, host bits are cleared.
fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    items(text)
        .map(|item| {
            let network =
                item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
            network.map(|network| network.trunc()).map_err(|_| {
                "must be networks such as 10.0.0.0/8, fd00::/8 between commas or spaces".to_owned()
            })
        })
        .collect()
}

/// Ports and ranges of them between commas or spaces.
fn parse_ports(text: &str) -> Result<Vec<RangeInclusive<u16>>, String> {
    // Rust's own parser also takes a sign.
    let must = "must be ports such as 443, 8443, 8000-8999 between commas or spaces";
    // A slip must not open what was to be closed.
    if !text.trim().is_empty() && items(text).next().is_none() {
        return Err(must.to_owned());
    }
    let port =
        |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0 && !text.starts_with('+'));
    items(text)
        .map(|item| {
            let (low, high) = item.split_once('-').unwrap_or((item, item));
            match (port(low), port(high)) {
                (Some(low), Some(high)) if low <= high => Ok(low..=high),
                _ => Err(must.to_owned()),
            }
        })
        .collect()
}
