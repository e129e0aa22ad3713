use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().expect(text)).collect()
}

fn url(text: &str) -> TargetUrl {
    TargetUrl::parse(text, false).expect(text)
}

#[test]
fn addresses_on_the_internet_may_be_dialled() {
    let policy = EgressPolicy::default();
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.31.196.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700:4700::1111",
        "2620:4f:8000::1",
        "2a00:1450:4001::1",
        "3ffe:ffff::1",
    ] {
        assert_eq!(policy.check(ip(text)), Ok(()), "{text}");
    }
}

#[test]
fn special_purpose_addresses_are_refused() {
    let policy = EgressPolicy::default();
    for (text, kind) in [
        ("0.0.0.0", "this network"),
        ("0.255.255.255", "this network"),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.0", "carrier-grade"),
        ("100.127.255.255", "carrier-grade"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.0.1", "link-local"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.1", "protocol"),
        ("192.0.0.9", "protocol"),
        ("192.0.0.170", "protocol"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4"),
        ("192.168.0.1", "private"),
        ("192.168.255.255", "private"),
        ("198.18.0.1", "benchmarking"),
        ("198.19.255.255", "benchmarking"),
        ("198.51.100.7", "documentation"),
        ("203.0.113.7", "documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.254", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::2", "compatible"),
        ("::127.0.0.1", "compatible"),
        ("::8.8.8.8", "compatible"),
        ("::ffff:127.0.0.1", "mapped"),
        ("::ffff:8.8.8.8", "mapped"),
        ("::ffff:0:127.0.0.1", "translated"),
        ("64:ff9b::7f00:1", "NAT64"),
        ("64:ff9b::808:808", "NAT64"),
        ("64:ff9b:1::a00:1", "NAT64"),
        ("64:ff9b:2::1", "reserved"),
        ("100::1", "discard"),
        ("100:0:0:1::1", "reserved"),
        ("200::1", "reserved"),
        ("1fff::1", "reserved"),
        ("2001::1", "Teredo"),
        ("2001:0:7f00:1::1", "Teredo"),
        ("2001:1::1", "protocol"),
        ("2001:2::1", "benchmarking"),
        ("2001:3::1", "protocol"),
        ("2001:10::1", "ORCHID"),
        ("2001:20::1", "ORCHID"),
        ("2001:2f:ffff::1", "ORCHID"),
        ("2001:1ff::1", "protocol"),
        ("2001:db8::1", "documentation"),
        ("2001:db8:ffff::1", "documentation"),
        ("2002::1", "6to4"),
        ("2002:7f00:1::1", "6to4"),
        ("2002:808:808::1", "6to4"),
        ("3fff::1", "documentation"),
        ("3fff:fff::1", "documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fbff::1", "reserved"),
        ("fc00::1", "unique local"),
        ("fd00:ec2::254", "unique local"),
        ("fe00::1", "reserved"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
    ] {
        match policy.check(ip(text)) {
            Err(Blocked::NotGlobal(said)) => assert!(said.contains(kind), "{text}: {said}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_deny_list_goes_before_the_allow_list() {
    let policy = EgressPolicy {
        allow: nets(&["10.0.0.0/8", "8.8.8.8/32"]),
        deny: nets(&["10.1.0.0/16", "8.8.0.0/16", "2606:4700::/32"]),
        ..EgressPolicy::default()
    };
    assert_eq!(policy.check(ip("10.0.0.1")), Ok(()), "opened");
    assert_eq!(policy.check(ip("10.1.0.1")), Err(Blocked::Denied));
    assert_eq!(policy.check(ip("8.8.8.8")), Err(Blocked::Denied), "also when both name it");
    assert_eq!(policy.check(ip("2606:4700::1")), Err(Blocked::Denied));
    assert_eq!(policy.check(ip("9.9.9.9")), Ok(()));
    assert!(policy.check(ip("192.168.0.1")).is_err(), "the allow list opens what it names only");
}

#[test]
fn forms_that_embed_an_ipv4_address_are_denied_with_it() {
    let policy = EgressPolicy {
        allow: nets(&["::/0"]),
        deny: nets(&["10.0.0.0/8"]),
        ..EgressPolicy::default()
    };
    for text in
        ["::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"]
    {
        assert_eq!(policy.check(ip(text)), Err(Blocked::Denied), "{text}");
    }
    assert_eq!(policy.check(ip("::ffff:11.0.0.1")), Ok(()));
}

#[test]
fn a_mapped_address_is_allowed_only_as_such() {
    let by_v4 = EgressPolicy { allow: nets(&["127.0.0.0/8"]), ..EgressPolicy::default() };
    assert!(by_v4.check(ip("::ffff:127.0.0.1")).is_err());
    let by_v6 = EgressPolicy { allow: nets(&["::ffff:127.0.0.0/104"]), ..EgressPolicy::default() };
    assert_eq!(by_v6.check(ip("::ffff:127.0.0.1")), Ok(()));
    assert!(by_v6.check(ip("127.0.0.1")).is_err());
}

#[test]
fn a_tenants_lists_are_added_to_the_deployments() {
    let policy = EgressPolicy { deny: nets(&["10.1.0.0/16"]), ..EgressPolicy::default() };
    let tenant = TenantEgress { allow: nets(&["10.0.0.0/8"]), deny: nets(&["1.1.1.1/32"]) };
    let both = policy.with_tenant(&tenant);
    assert_eq!(both.check(ip("10.0.0.1")), Ok(()));
    assert_eq!(
        both.check(ip("10.1.0.1")),
        Err(Blocked::Denied),
        "the deployment's deny list holds"
    );
    assert_eq!(both.check(ip("1.1.1.1")), Err(Blocked::Denied));
    assert!(policy.check(ip("10.0.0.1")).is_err(), "other tenants get nothing of it");
}

#[test]
fn urls_with_refused_literals_or_local_names_are_refused_at_creation() {
    let policy = EgressPolicy { https_required: false, ..EgressPolicy::default() };
    for text in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        "https://0/",
        "https://0.0.0.0:8443/hook",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://localhost:8080/hook",
        "https://ｌｏｃａｌｈｏｓｔ/",
        "https://receiver.localhost/",
        "https://a.b.localhost./",
        "https://localhost.localdomain/",
        "https://ip6-loopback/",
        "http://localhost:3000/hook",
    ] {
        assert!(policy.check_url(&url(text)).is_err(), "{text}");
    }
    for text in [
        "https://example.com/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://localhost.example.com/",
        "https://mylocalhost/",
        "https://127.0.0.1.nip.io/", // What it resolves to is refused when it is dialled.
    ] {
        assert_eq!(policy.check_url(&url(text)), Ok(()), "{text}");
    }
}

#[test]
fn ports_of_other_services_are_refused_unless_they_are_named() {
    let policy = EgressPolicy::default().for_development();
    let mail = url("https://example.com:25/");
    assert_eq!(policy.check_literal(&mail), Err(Blocked::Port(25)));
    assert!(policy.check_literal(&url("http://127.0.0.1:6000/")).is_err());
    assert_eq!(policy.check_url(&url("https://example.com:9443/")), Ok(()));
    let named = EgressPolicy { ports: vec![25..=25, 8000..=8999], ..policy };
    for text in ["https://example.com:25/", "http://127.0.0.1:8000/", "https://8.8.8.8:8999/"] {
        assert_eq!(named.check_url(&url(text)), Ok(()), "{text}");
    }
    // A url that names none has the one of its scheme.
    for (text, port) in [
        ("https://example.com/", 443),
        ("http://example.com/", 80),
        ("https://8.8.8.8:9000/", 9000),
    ] {
        assert_eq!(named.check_literal(&url(text)), Err(Blocked::Port(port)), "{text}");
    }
    let tenant = TenantEgress { allow: nets(&["10.0.0.0/8"]), deny: Vec::new() };
    let tenants = named.with_tenant(&tenant);
    assert!(tenants.check_url(&url("https://10.0.0.1/")).is_err(), "ports hold for all");
}

#[test]
fn development_opens_http_and_loopback_only() {
    let policy = EgressPolicy::default().for_development();
    for text in [
        "http://127.0.0.1:3000/",
        "http://127.8.8.8/",
        "http://[::1]:3000/",
        "http://localhost:3000/",
        "https://localhost/",
        "http://example.com/",
    ] {
        assert_eq!(policy.check_url(&url(text)), Ok(()), "{text}");
    }
    for text in ["http://10.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/"] {
        assert!(policy.check_url(&url(text)).is_err(), "{text}");
    }
}

#[test]
fn refusals_say_what_mends_them() {
    let said = |policy: &EgressPolicy, text: &str| {
        policy.check_url(&url(text)).expect_err(text).to_string()
    };
    let policy = EgressPolicy::default();
    for text in ["https://localhost/", "https://127.0.0.1/", "https://[::1]/"] {
        assert!(said(&policy, text).contains("`posthaste serve --dev`"), "{text}");
    }
    assert!(said(&policy, "http://localhost/").contains("--dev"));
    assert!(said(&policy, "https://10.0.0.1/").contains("POSTHASTE_EGRESS_ALLOW"));
    let denied = EgressPolicy { deny: nets(&["8.8.8.0/24"]), ..EgressPolicy::default() };
    assert!(said(&denied, "https://8.8.8.8/").contains("deny list"));
    assert!(said(&policy, "https://example.com:25/").contains("another service's"));
    let named = EgressPolicy { ports: vec![443..=443], ..EgressPolicy::default() };
    let refusal = said(&named, "https://example.com:8443/");
    assert!(refusal.contains("8443") && refusal.contains("POSTHASTE_EGRESS_PORTS"), "{refusal}");
}
