//! The two signatures that every delivery carries (docs/integration.md).
//!
//! Standard Webhooks 1.0.0 keys the HMAC with the decoded secret over `id.timestamp.body`;
//! `X-PT-Signature` keys it with the secret's text over `timestamp` immediately followed by `body`. A key pair
//! (Ed25519) signs the former only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::{Key, Secret};
use crate::time::Timestamp;

/// The signature headers' values of one attempt; each carries one signature per live secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatures {
    /// `webhook-timestamp`: whole seconds since the Unix epoch.
    pub timestamp: String,
    /// `webhook-signature`: `v1,<base64>` of a symmetric secret, `v1a,<base64>` of a key pair, space separated.
    pub standard: String,
    /// `X-PT-Signature`: `t=<timestamp>,v1=<hex>`, one `v1=` per symmetric secret.
    pub pt: String,
}

/// Signs `body` as sent under `webhook_id` at `now` with each of the secrets, newest first.
pub fn sign(secrets: &[Secret], webhook_id: &str, now: Timestamp, body: &[u8]) -> Signatures {
    let timestamp = now.unix_s().to_string();
    let mut standard = String::with_capacity(48 * secrets.len());
    let mut pt = format!("t={timestamp}");
    for secret in secrets {
        if !standard.is_empty() {
            standard.push(' ');
        }
        let signed: [&[u8]; 5] = [webhook_id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        match secret.key() {
            Key::Symmetric(key) => {
                standard.push_str("v1,");
                STANDARD.encode_string(hmac(key, &signed), &mut standard);
                pt.push_str(",v1=");
                for byte in hmac(secret.expose().as_bytes(), &[timestamp.as_bytes(), body]) {
                    pt.push(char::from(HEX[usize::from(byte >> 4)]));
                    pt.push(char::from(HEX[usize::from(byte & 15)]));
                }
            }
            Key::Private(key) => {
                standard.push_str("v1a,");
                STANDARD.encode_string(key.sign(&signed.concat()).to_bytes(), &mut standard);
            }
        }
    }
    Signatures { timestamp, standard, pt }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::Algorithm;

    #[test]
    fn standard_webhooks_published_vector_holds() {
        let secret =
            Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a valid secret");
        let signed = sign(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_unix_ms(1_614_265_330_000),
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.standard, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(signed.timestamp, "1614265330");
    }

    #[test]
    fn pt_signature_has_no_separator_between_timestamp_and_body() {
        let tag =
            hmac(b"pt-secret", &[b"1700000000", br#"{"id":"evt_123456","type":"memory.created"}"#]);
        assert_eq!(
            hex::encode(tag),
            "0510623f7b3032f502003b9552fbc9a23401f123ad73351a95cd491a5bda3ad0"
        );
    }

    #[test]
    fn every_live_secret_signs_newest_first() {
        let secrets = [1, 2].map(|seed| {
            let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
            Secret::generate(Algorithm::HmacSha256, &mut rng)
        });
        let now = Timestamp::from_unix_ms(1_700_000_000_999);
        let both = sign(&secrets, "evt_x", now, b"{}");
        let each = secrets.map(|secret| sign(&[secret], "evt_x", now, b"{}"));
        assert_eq!(both.standard, format!("{} {}", each[0].standard, each[1].standard));
        assert_eq!(
            both.pt,
            format!("{}{}", each[0].pt, each[1].pt.trim_start_matches("t=1700000000"))
        );
    }

    #[test]
    fn a_key_pair_signs_what_its_public_half_accepts_and_no_pt_header() {
        use ed25519_dalek::{Signature, VerifyingKey};
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(3);
        let pair = Secret::generate(Algorithm::Ed25519, &mut rng);
        let shared = Secret::generate(Algorithm::HmacSha256, &mut rng);
        let now = Timestamp::from_unix_ms(1_700_000_000_999);
        let both = sign(&[pair.clone(), shared.clone()], "evt_x", now, b"{}");
        let (asymmetric, symmetric) = both.standard.split_once(' ').expect("two signatures");
        let alone = sign(&[shared], "evt_x", now, b"{}");
        assert_eq!((symmetric, &both.pt), (alone.standard.as_str(), &alone.pt));

        let public = pair.public_key().expect("a key pair");
        let bytes =
            STANDARD.decode(public.strip_prefix("whpk_").expect("its kind")).expect("base64");
        let key = VerifyingKey::from_bytes(&bytes.try_into().expect("32 bytes")).expect("a point");
        let signature =
            STANDARD.decode(asymmetric.strip_prefix("v1a,").expect("its version")).expect("base64");
        let signature = Signature::from_slice(&signature).expect("64 bytes");
        assert!(key.verify_strict(b"evt_x.1700000000.{}", &signature).is_ok());
        assert!(key.verify_strict(b"evt_x.1700000001.{}", &signature).is_err());
    }
}
