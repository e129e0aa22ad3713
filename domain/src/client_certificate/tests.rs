use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../tests/certificates/", $name))
    };
}

const RSA: &str = file!("rsa.pem");
const RSA_KEY: &str = file!("rsa.key");
const EC: &str = file!("ec.pem");
const EC_KEY: &str = file!("ec.key");

fn parse(certificate: &str, private_key: &str) -> Result<ClientCertificate, Invalid> {
    ClientCertificate::parse(ClientCertificateInput {
        certificate: certificate.to_owned(),
        private_key: private_key.to_owned(),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// Where the fault is, and what it says.
fn fault(certificate: &str, private_key: &str) -> (String, String) {
    let violation = parse(certificate, private_key).expect_err("refused").0.remove(0);
    for secret in [private_key, "sesame"] {
        assert!(secret.len() < 5 || !violation.detail.contains(secret), "{}", violation.detail);
    }
    (violation.pointer, violation.detail)
}

#[test]
fn a_certificate_is_taken_with_its_key_in_any_of_the_three_forms() {
    let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).expect("a name");
    let certificate = pem("CERTIFICATE", made.cert.der());
    let pkcs8 = pem("PRIVATE KEY", &made.signing_key.serialize_der());
    for (certificate, key) in [(RSA, RSA_KEY), (EC, EC_KEY), (&certificate, &pkcs8)] {
        let parsed = parse(certificate, key).expect("they belong together");
        assert_eq!((parsed.certificate(), parsed.expose_key()), (certificate, key));
        let kept = ClientCertificate::from_stored(certificate, key, parsed.not_after());
        assert_eq!(kept, parsed);
        assert!(kept.certified_key().is_ok());
    }
}

#[test]
fn its_end_is_that_of_the_first_of_the_chain() {
    let chain = format!("subject=CN = rsa.test\n{RSA}\n{EC}");
    let parsed = parse(&chain, RSA_KEY).expect("a chain with words between");
    assert_eq!(parsed.not_after().to_string(), "2126-11-04T01:09:58.000Z");
    assert_eq!(parsed.certified_key().map(|certified| certified.cert.len()), Ok(2));
    let (pointer, detail) = fault(&format!("{EC}{RSA}"), RSA_KEY);
    assert!(pointer == "/private_key" && detail.contains("first"), "{detail}");
}

#[test]
fn an_expired_one_is_refused() {
    let parsed = parse(RSA, RSA_KEY).expect("they belong together");
    let end = parsed.not_after();
    assert_eq!(parsed.check_at(end - Duration::from_millis(1)), Ok(()));
    let refused = parsed.check_at(end).expect_err("expired").0.remove(0);
    assert_eq!(refused.pointer, "/certificate");
    assert!(refused.detail.contains("2126-11-04"), "{}", refused.detail);
}

#[test]
fn what_is_no_certificate_is_refused_at_the_certificate() {
    let many = RSA.repeat(11);
    let cut = RSA.replacen("MII", "MIJ", 1);
    for (text, says) in [
        ("", "PEM"),
        ("certificate", "PEM"),
        ("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n", "PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "X.509"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "PEM"),
        (&format!("{RSA}-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "PEM"),
        (&format!("{RSA}{RSA_KEY}"), "private_key"),
        (&cut, "X.509"),
        (&many, "at most 10"),
    ] {
        let (pointer, detail) = fault(text, RSA_KEY);
        assert!(pointer == "/certificate" && detail.contains(says), "{text}: {detail}");
    }
    assert!(parse(&RSA.repeat(10), RSA_KEY).is_ok());
}

#[test]
fn what_is_not_its_key_is_refused_at_the_key() {
    let two = format!("{RSA_KEY}{EC_KEY}");
    for (certificate, key, says) in [
        (RSA, "", "PEM"),
        (RSA, "key", "PEM"),
        (RSA, RSA, "PEM"),
        (RSA, "***", "kept"),
        (RSA, EC_KEY, "first certificate"),
        (RSA, &two, "one private key"),
        (RSA, file!("rsa-encrypted.key"), "encrypted"),
        (RSA, file!("rsa8-encrypted.key"), "encrypted"),
        (RSA, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "RSA"),
        (file!("short.pem"), file!("short.key"), "2048"),
        (file!("p521.pem"), file!("p521.key"), "P-256"),
    ] {
        let (pointer, detail) = fault(certificate, key);
        assert!(pointer == "/private_key" && detail.contains(says), "{says}: {detail}");
    }
}

#[test]
fn together_they_have_a_bound() {
    let room = limits::CLIENT_CERTIFICATE_BYTES - RSA.len() - RSA_KEY.len();
    assert!(parse(&format!("{}{RSA}", "\n".repeat(room)), RSA_KEY).is_ok());
    let (pointer, detail) = fault(&format!("{}{RSA}", "\n".repeat(room + 1)), RSA_KEY);
    assert!(pointer.is_empty() && detail.contains("65536"), "{detail}");
}

#[test]
fn the_key_is_never_printed() {
    let input =
        ClientCertificateInput { certificate: RSA.to_owned(), private_key: RSA_KEY.to_owned() };
    let printed = format!("{input:?} {:?}", ClientCertificate::parse(input.clone()));
    assert!(printed.contains("ClientCertificate"));
    for line in RSA_KEY.lines() {
        assert!(!printed.contains(line), "{printed}");
    }
}
