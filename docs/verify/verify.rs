//! Verifies deliveries of Posthaste with the crates base64, hex, hmac and sha2. Use either function;
//! both signatures are sent. `body` is the request's body as it came, before any JSON parser; a missing
//! header is "", and `now_s` is the Unix time in seconds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TOLERANCE_S: u64 = 5 * 60;

/// Headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; `secret` is `whsec_…`.
pub fn verify_standard(
    secret: &str,
    id: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now_s: u64,
) -> bool {
    let Ok(key) = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)) else {
        return false;
    };
    if id.is_empty() || !is_fresh(timestamp, now_s) {
        return false;
    }
    let tags = signature.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    tags.filter_map(|tag| STANDARD.decode(tag).ok())
        .any(|tag| matches(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body], &tag))
}

/// Header `X-PT-Signature`; the key is the secret's text as shown, `whsec_` included.
pub fn verify_pt(secret: &str, signature: &str, body: &[u8], now_s: u64) -> bool {
    let mut times = signature.split(',').filter_map(|part| part.strip_prefix("t="));
    let (Some(timestamp), None) = (times.next(), times.next()) else {
        return false;
    };
    let tags = signature.split(',').filter_map(|part| part.strip_prefix("v1="));
    is_fresh(timestamp, now_s)
        && tags
            .filter_map(|tag| hex::decode(tag).ok())
            .any(|tag| matches(secret.as_bytes(), &[timestamp.as_bytes(), body], &tag))
}

// Exactly ten digits: nothing separates the timestamp from the body in what X-PT-Signature signs, so an
// eleventh digit could have been the body's first.
fn is_fresh(timestamp: &str, now_s: u64) -> bool {
    timestamp.len() == 10
        && timestamp.bytes().all(|byte| byte.is_ascii_digit())
        && timestamp.parse::<u64>().is_ok_and(|then_s| now_s.abs_diff(then_s) <= TOLERANCE_S)
}

// `verify_slice` takes constant time, so a forger learns nothing from how long a refusal takes.
fn matches(key: &[u8], signed: &[&[u8]], tag: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in signed {
        mac.update(part);
    }
    mac.verify_slice(tag).is_ok()
}
