//! Secrets that callers bring, and what is signed with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::limits;
use domain::preferences::Algorithm;
use domain::secret::Secret;
use domain::signature::{Signatures, sign};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{NOW, parted};

const ID: &str = "evt_01kfg0xk00e5ps9v2a4n0y6rrt";

/// A secret, then a body. A secret that is taken is kept as it was written and not printed, a caller brings no
/// half of a key pair, and a receiver with the published libraries accepts what it signs.
pub fn secret(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, body) = parted(&text);
    let Ok(secret) = Secret::from_stored(text) else {
        return assert!(Secret::parse(text).is_err(), "what a caller brings can be read back");
    };
    assert_eq!(secret.expose(), text);
    assert_eq!(format!("{secret:?}"), "Secret(***)");
    let symmetric = secret.algorithm() == Algorithm::HmacSha256;
    assert_eq!(Secret::parse(text).is_ok(), symmetric);
    assert_eq!(secret.public_key().is_none(), symmetric);

    let body = body.unwrap_or_default().as_bytes();
    let signed = sign(std::slice::from_ref(&secret), ID, NOW, body);
    assert_eq!(signed.timestamp, NOW.unix_s().to_string());
    let said = [ID.as_bytes(), b".", signed.timestamp.as_bytes(), b".", body].concat();
    match secret.public_key() {
        None => is_accepted_with_the_secret(text, &signed, &said, body),
        Some(public) => is_accepted_with_the_public_key(&public, &signed, &said),
    }
}

fn is_accepted_with_the_secret(text: &str, signed: &Signatures, said: &[u8], body: &[u8]) {
    let key = decoded(text, "whsec_");
    assert!(limits::SECRET_BYTES.contains(&key.len()));
    verify(&key, said, &decoded(&signed.standard, "v1,"));
    let prefix = format!("t={},v1=", signed.timestamp);
    let hex = signed.pt.strip_prefix(&prefix).expect("the time and one signature");
    let tag: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    verify(text.as_bytes(), &[signed.timestamp.as_bytes(), body].concat(), &tag);
}

fn is_accepted_with_the_public_key(public: &str, signed: &Signatures, said: &[u8]) {
    assert_eq!(signed.pt, format!("t={}", signed.timestamp));
    let key = decoded(public, "whpk_").try_into().expect("32 bytes");
    let key = VerifyingKey::from_bytes(&key).expect("a point of the curve");
    let signature = Signature::from_slice(&decoded(&signed.standard, "v1a,")).expect("64 bytes");
    key.verify_strict(said, &signature).expect("the receiver accepts it");
}

fn verify(key: &[u8], said: &[u8], tag: &[u8]) {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(said);
    mac.verify_slice(tag).expect("the receiver accepts it");
}

fn decoded(text: &str, prefix: &str) -> Vec<u8> {
    STANDARD.decode(text.strip_prefix(prefix).expect("its kind in front")).expect("base64")
}
