//! The checks that a receiver makes, written apart from the product's own signing.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Received;

/// Whether one of the request's `X-PT-Signature` tags is the secret's, and its time is now.
pub fn pt_signature_holds(secret: &str, request: &Received) -> bool {
    let header = request.header("x-pt-signature");
    let Some((timestamp, tags)) = header.strip_prefix("t=").and_then(|rest| rest.split_once(','))
    else {
        return false;
    };
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(&request.body);
    let expected = hex::encode(mac.finalize().into_bytes());
    is_now(timestamp, request)
        && tags.split(',').any(|tag| tag.strip_prefix("v1=") == Some(&expected))
}

/// Whether one of the request's `webhook-signature` tags is the secret's, and its time is now.
pub fn standard_signature_holds(secret: &str, request: &Received) -> bool {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let Some(Ok(key)) = secret.strip_prefix("whsec_").map(|text| base64.decode(text)) else {
        return false;
    };
    let timestamp = request.header("webhook-timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    for part in
        [request.header("webhook-id").as_bytes(), b".", timestamp.as_bytes(), b".", &request.body]
    {
        mac.update(part);
    }
    let expected = base64.encode(mac.finalize().into_bytes());
    let mut tags = request.header("webhook-signature").split(' ');
    is_now(timestamp, request) && tags.any(|tag| tag.strip_prefix("v1,") == Some(&expected))
}

fn is_now(timestamp: &str, request: &Received) -> bool {
    timestamp.len() == 10
        && timestamp.parse::<u64>().is_ok_and(|sent| request.at_unix_s.abs_diff(sent) <= 300)
}
