//! Where deliveries may go.

use std::net::IpAddr;

use ipnet::IpNet;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const ALLOW: Key = Key::new("egress_allow", "POSTHASTE_EGRESS_ALLOW", Kind::List);
pub(super) const DENY: Key = Key::new("egress_deny", "POSTHASTE_EGRESS_DENY", Kind::List);
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
    /// Refuse `http://` urls (default: true). Change it only for receivers on a network of your own.
    pub require_https: bool,
}

impl EgressSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let allow = reader.read(&ALLOW, parse_networks);
        let deny = reader.read(&DENY, parse_networks);
        let require_https = reader.read(&REQUIRE_HTTPS, |text| match text.trim() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        });
        Some(Self { allow: allow?, deny: deny?, require_https: require_https? })
    }
}

/// Networks between commas or spaces; a bare address is a network of one, host bits are cleared.
fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let items = text.split([',', ' ', '\t', '\n']).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let network =
                item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
            network.map(|network| network.trunc()).map_err(|_| {
                "must be networks such as 10.0.0.0/8, fd00::/8 between commas or spaces".to_owned()
            })
        })
        .collect()
}
