//! Which addresses may be dialled: deny list, then allow list, then the built-in rules.
//!
//! The built-in rules refuse every address that is not globally reachable by the IANA
//! special-purpose registries for IPv4 and IPv6. They are asked twice: when a subscription is saved,
//! about what its url says in plain sight, and for every attempt, about the address that is then
//! connected to (`engine::sender`). Only the second is the guard; the first is a kindness. The url's
//! port is held to rules of its own, both times.

mod ports;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use url::Host;

use crate::invalid::Invalid;
use crate::subscription::TargetUrl;

/// What an operator opens or closes for one tenant, beside what holds for the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct TenantEgress {
    /// Opened although the built-in rules refuse them.
    pub allow: Vec<IpNet>,
    /// Closed, whatever else opens them.
    pub deny: Vec<IpNet>,
}

/// Which addresses and ports may be dialled, and whether in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Opened although the built-in rules refuse them.
    pub allow: Vec<IpNet>,
    /// Closed, whatever else opens them.
    pub deny: Vec<IpNet>,
    /// The ports that are open; none named: all but those of services that are no web servers.
    pub ports: Vec<RangeInclusive<u16>>,
    /// Whether `http://` is refused.
    pub https_required: bool,
}

/// Why an address or a url may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// An entry of a deny list holds it.
    #[error("the address is on the deny list")]
    Denied,
    /// It is not globally reachable; the text names its kind with an article.
    #[error("the address is {0}, which is not reachable on the internet")]
    NotGlobal(&'static str),
    /// Plain `http://` where https is required.
    #[error("plain http is not allowed")]
    PlainHttp,
    /// The port is not open.
    #[error("port {0} is not one that deliveries may go to")]
    Port(u16),
}

impl Default for EgressPolicy {
    /// The built-in rules alone: https to globally reachable addresses, on ports of web servers.
    fn default() -> Self {
        Self { allow: Vec::new(), deny: Vec::new(), ports: Vec::new(), https_required: true }
    }
}

impl EgressPolicy {
    /// The same with http and loopback receivers opened, as `posthaste serve --dev` has it.
    #[must_use]
    pub fn for_development(mut self) -> Self {
        self.https_required = false;
        self.allow.extend(LOOPBACK);
        self
    }

    /// The same with a tenant's lists added: what either denies is denied.
    #[must_use]
    pub fn with_tenant(&self, tenant: &TenantEgress) -> Self {
        let mut policy = self.clone();
        policy.allow.extend_from_slice(&tenant.allow);
        policy.deny.extend_from_slice(&tenant.deny);
        policy
    }

    /// Whether this address may be dialled.
    ///
    /// An IPv6 form that embeds an IPv4 address (mapped, NAT64, 6to4 and the like) is denied with
    /// that address too, but allowed only by an entry that names the IPv6 form itself.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check(&self, ip: IpAddr) -> Result<(), Blocked> {
        let embedded = embedded_v4(ip).map(IpAddr::V4);
        let holds = |nets: &[IpNet], ip: IpAddr| nets.iter().any(|net| net.contains(&ip));
        if holds(&self.deny, ip) || embedded.is_some_and(|v4| holds(&self.deny, v4)) {
            return Err(Blocked::Denied);
        }
        if holds(&self.allow, ip) {
            return Ok(());
        }
        match special_purpose(ip) {
            Some(kind) => Err(Blocked::NotGlobal(kind)),
            None => Ok(()),
        }
    }

    /// Whether the url itself rules out that it be dialled: plain http, a port that is not open, or a
    /// literal address that may not be. A name passes; what it resolves to is checked for each attempt.
    ///
    /// # Errors
    /// Why it may not be dialled.
    pub fn check_literal(&self, url: &TargetUrl) -> Result<(), Blocked> {
        if self.https_required && url.as_url().scheme() != "https" {
            return Err(Blocked::PlainHttp);
        }
        if let Some(port) = url.as_url().port_or_known_default()
            && !ports::is_open(&self.ports, port)
        {
            return Err(Blocked::Port(port));
        }
        match url.as_url().host() {
            Some(Host::Ipv4(ip)) => self.check(ip.into()),
            Some(Host::Ipv6(ip)) => self.check(ip.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// Refuses at creation what could never be delivered to: ports and literal addresses that may not
    /// be dialled, and the names of the machine itself.
    ///
    /// # Errors
    /// What is wrong with the url, and what mends it.
    pub fn check_url(&self, url: &TargetUrl) -> Result<(), Invalid> {
        let host = url.as_url().host_str().unwrap_or_default();
        let local_name =
            matches!(url.as_url().host(), Some(Host::Domain(name)) if is_local_name(name));
        let verdict = self.check_literal(url).and_then(|()| match local_name {
            true => [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
                .into_iter()
                .map(|ip| self.check(ip))
                .reduce(Result::or)
                .unwrap_or(Ok(())),
            false => Ok(()),
        });
        let detail = match verdict {
            Ok(()) => return Ok(()),
            Err(Blocked::PlainHttp) => {
                "must start with https://; plain http is taken by a server started with \
                 `posthaste serve --dev` (or POSTHASTE_REQUIRE_HTTPS=false)"
                    .to_owned()
            }
            Err(Blocked::Port(port)) => {
                let why = match self.ports.is_empty() {
                    true => "it is known as another service's, not a web server's",
                    false => "it is not among those that are open",
                };
                format!(
                    "must not name port {port}: {why}; the operator can open it (POSTHASTE_EGRESS_PORTS)"
                )
            }
            Err(Blocked::Denied) => {
                format!("must not point to {host}: the address is on the deny list")
            }
            Err(Blocked::NotGlobal(LOOPBACK_KIND)) => format!(
                "must not point to {host}, which is this machine itself; to try things out with receivers on it, start \
                 the server with `posthaste serve --dev`"
            ),
            Err(Blocked::NotGlobal(kind)) => format!(
                "must not point to {host}: it is {kind}, which is not reachable on the internet; the operator can open \
                 it (POSTHASTE_EGRESS_ALLOW, or `egress.allow` of the tenant)"
            ),
        };
        Err(Invalid::one("", detail))
    }
}

/// Names that mean the machine itself, by RFC 6761 and by the usual `/etc/hosts`.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    matches!(
        last,
        "localhost"
            | "localdomain"
            | "localdomain4"
            | "localdomain6"
            | "localhost4"
            | "localhost6"
            | "ip6-localhost"
            | "ip6-loopback"
    )
}

const LOOPBACK_KIND: &str = "a loopback address";

const LOOPBACK: [IpNet; 2] =
    [IpNet::V4(net4([127, 0, 0, 0], 8)), IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128))];

const fn net4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix)
}

const fn net6(a: u16, b: u16, c: u16, d: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}

/// IPv4, after the IANA special-purpose registry. `192.0.0.0/24` is refused whole: its two globally
/// reachable addresses are anycast services of the network, not receivers.
const SPECIAL_V4: [(Ipv4Net, &str); 16] = [
    (net4([0, 0, 0, 0], 8), "an address of \"this network\""),
    (net4([10, 0, 0, 0], 8), "a private address"),
    (net4([100, 64, 0, 0], 10), "a carrier-grade NAT address"),
    (net4([127, 0, 0, 0], 8), LOOPBACK_KIND),
    (net4([169, 254, 0, 0], 16), "a link-local address"),
    (net4([172, 16, 0, 0], 12), "a private address"),
    (net4([192, 0, 0, 0], 24), "a protocol assignment address"),
    (net4([192, 0, 2, 0], 24), "a documentation address"),
    (net4([192, 88, 99, 0], 24), "a 6to4 relay address"),
    (net4([192, 168, 0, 0], 16), "a private address"),
    (net4([198, 18, 0, 0], 15), "a benchmarking address"),
    (net4([198, 51, 100, 0], 24), "a documentation address"),
    (net4([203, 0, 113, 0], 24), "a documentation address"),
    (net4([224, 0, 0, 0], 4), "a multicast address"),
    (net4([255, 255, 255, 255], 32), "the broadcast address"),
    (net4([240, 0, 0, 0], 4), "a reserved address"),
];

/// IPv6. What no entry holds must be global unicast (`2000::/3`). `2001::/23` is refused whole:
/// Teredo, ORCHID, benchmarking and protocol anycast, none of which is a receiver.
const SPECIAL_V6: [(Ipv6Net, &str); 19] = [
    (net6(0, 0, 0, 0, 128), "the unspecified address"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), LOOPBACK_KIND),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), "an IPv4-mapped address"),
    (
        Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
        "an IPv4-translated address",
    ),
    (net6(0, 0, 0, 0, 96), "an IPv4-compatible address"),
    (net6(0x64, 0xff9b, 0, 0, 96), "a NAT64 address"),
    (net6(0x64, 0xff9b, 1, 0, 48), "a NAT64 address"),
    (net6(0x100, 0, 0, 0, 64), "a discard address"),
    (net6(0x2001, 0, 0, 0, 32), "a Teredo address"),
    (net6(0x2001, 2, 0, 0, 48), "a benchmarking address"),
    (net6(0x2001, 0x10, 0, 0, 28), "an ORCHID address"),
    (net6(0x2001, 0x20, 0, 0, 28), "an ORCHID address"),
    (net6(0x2001, 0, 0, 0, 23), "a protocol assignment address"),
    (net6(0x2001, 0xdb8, 0, 0, 32), "a documentation address"),
    (net6(0x2002, 0, 0, 0, 16), "a 6to4 address"),
    (net6(0x3fff, 0, 0, 0, 20), "a documentation address"),
    (net6(0xfc00, 0, 0, 0, 7), "a unique local address"),
    (net6(0xfe80, 0, 0, 0, 9), "a link-local or site-local address"),
    (net6(0xff00, 0, 0, 0, 8), "a multicast address"),
];

const GLOBAL_UNICAST_V6: Ipv6Net = net6(0x2000, 0, 0, 0, 3);

/// The kind of an address that is not globally reachable, `None` for one that is.
fn special_purpose(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => {
            SPECIAL_V4.iter().find(|(net, _)| net.contains(&ip)).map(|(_, kind)| *kind)
        }
        IpAddr::V6(ip) => SPECIAL_V6
            .iter()
            .find(|(net, _)| net.contains(&ip))
            .map(|(_, kind)| *kind)
            .or_else(|| (!GLOBAL_UNICAST_V6.contains(&ip)).then_some("a reserved address")),
    }
}

/// The IPv4 address that an IPv6 one stands for, if it does.
fn embedded_v4(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return None };
    let segments = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // Mapped, translated, compatible and NAT64: the last 32 bits.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if !ip.is_loopback() && !ip.is_unspecified() => v4(high, low),
        // 6to4: the 32 bits after the prefix.
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
