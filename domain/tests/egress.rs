//! The corpus of ways around the egress guard: all of it is refused when a subscription is saved.

use domain::address::EgressPolicy;
use domain::subscription::TargetUrl;

const CORPUS: &str = include_str!("corpus/egress.txt");

/// A line with its `\u{…}` read.
fn unescaped(line: &str) -> String {
    let mut parts = line.split("\\u{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').expect("an end");
        let code = u32::from_str_radix(code, 16).expect("a number");
        text.push(char::from_u32(code).expect("a character"));
        text.push_str(rest);
    }
    text
}

fn corpus() -> Vec<String> {
    let lines = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(unescaped).collect()
}

#[test]
fn no_way_of_writing_an_inner_address_is_taken() {
    let open = EgressPolicy { https_required: false, ..EgressPolicy::default() };
    let corpus = corpus();
    assert!(corpus.len() >= 120, "{}", corpus.len());
    for rest in &corpus {
        for (scheme, policy) in [("https", &EgressPolicy::default()), ("http", &open)] {
            let text = format!("{scheme}://{rest}");
            if let Ok(url) = TargetUrl::parse(&text, policy.https_required) {
                assert!(policy.check_url(&url).is_err(), "{text:?} is taken as {}", url.as_url());
            }
        }
    }
}

#[test]
fn other_schemes_are_none() {
    for text in [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "dict://127.0.0.1:11211/stats",
        "ldap://127.0.0.1/",
        "jar:http://127.0.0.1!/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "//127.0.0.1/",
        "127.0.0.1",
        "https:127.0.0.1",
        "https:///127.0.0.1",
        "unix:/var/run/docker.sock",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    ] {
        let policy = EgressPolicy { https_required: false, ..EgressPolicy::default() };
        let refused = match TargetUrl::parse(text, false) {
            Ok(url) => policy.check_url(&url).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{text}");
    }
}

#[test]
fn what_the_allow_list_names_is_open_and_nothing_beside_it() {
    let policy = EgressPolicy {
        allow: vec!["10.1.2.0/24".parse().expect("a network")],
        https_required: true,
        ..EgressPolicy::default()
    };
    let is_open = |text: &str| {
        let url = TargetUrl::parse(text, true).expect(text);
        policy.check_url(&url).is_ok()
    };
    for text in
        ["https://10.1.2.0/", "https://10.1.2.255/", "https://0x0a010203/", "https://10.66051/"]
    {
        assert!(is_open(text), "{text}");
    }
    for text in [
        "https://10.1.1.255/",
        "https://10.1.3.0/",
        "https://10.0.0.1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/",
        // The same address in another form is another address.
        "https://[::ffff:10.1.2.3]/",
        "https://[64:ff9b::10.1.2.3]/",
        "https://[2002:a01:203::]/",
    ] {
        assert!(!is_open(text), "{text}");
    }
    for rest in corpus().iter().filter(|rest| !rest.contains("10.1") && !rest.contains("12.0.0.1"))
    {
        if let Ok(url) = TargetUrl::parse(&format!("https://{rest}"), true) {
            assert!(policy.check_url(&url).is_err(), "{rest:?}");
        }
    }
}
