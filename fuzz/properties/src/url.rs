//! Urls of receivers, and the guard in front of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use domain::address::EgressPolicy;
use domain::subscription::TargetUrl;
use domain::{limits, subscription};
use http::Uri;

/// A url that is taken is read back as it was written, means the same host to the client that dials it, and
/// names no inner address in any spelling.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let in_the_clear = EgressPolicy { https_required: false, ..EgressPolicy::default() };
    for policy in [EgressPolicy::default(), in_the_clear] {
        if let Ok(url) = TargetUrl::parse(text, policy.https_required) {
            is_kept(&url, policy.https_required);
            means_the_same_to_the_client(&url);
            if policy.check_url(&url).is_ok() {
                leads_outside(&url);
            }
        }
    }
    let _ = subscription::parse_external_id(text);
}

pub(crate) fn is_kept(url: &TargetUrl, https_required: bool) {
    assert!(url.as_str().chars().count() <= limits::URL_CHARS, "{url:?} is too long");
    let again = TargetUrl::parse(url.as_str(), https_required);
    assert_eq!(again.as_ref(), Ok(url), "read back");
}

/// Two parsers that see two hosts in one url are the usual way around a guard.
fn means_the_same_to_the_client(url: &TargetUrl) {
    let uri: Uri = url.as_str().parse().expect("the client can read what was taken");
    let url = url.as_url();
    assert_eq!(uri.scheme_str(), Some(url.scheme()));
    assert_eq!(uri.host(), url.host_str());
    assert_eq!(uri.port_u16(), url.port());
    assert_eq!(uri.path(), url.path());
    assert_eq!(uri.query(), url.query());
}

/// Told by other rules than the guard's own tables.
fn leads_outside(url: &TargetUrl) {
    let host = url.as_url().host_str().expect("a url that was taken names a host");
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
    match literal {
        Ok(IpAddr::V4(ip)) => assert!(!is_inner_v4(ip), "{host} is taken"),
        Ok(IpAddr::V6(ip)) => assert!(!is_inner_v6(ip), "{host} is taken"),
        Err(_) => is_a_name(host),
    }
}

fn is_inner_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
}

fn is_inner_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_global_unicast = first & 0xe000 == 0x2000;
    !is_global_unicast || first == 0x2002 || (first == 0x2001 && second < 0x200)
}

/// The resolvers of some systems read names that end in a number as addresses.
fn is_a_name(host: &str) {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let digits = last.strip_prefix("0x").unwrap_or(last);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || (digits.len() < last.len() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!is_number, "{host} is a number to a resolver");
    assert!(last != "localhost", "{host} is this machine");
}
