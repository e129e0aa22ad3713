//! Checks the signatures of a request as its receiver would, against secrets that are at hand.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::limits;
use crate::secret::{Key, Secret};
use crate::signature::hmac;
use crate::time::Timestamp;

/// How one signature of a request was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// `standard` or `pt`, as in a subscription's `signing`.
    pub scheme: &'static str,
    pub valid: bool,
    /// Why not.
    pub reason: Option<Fault>,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing to check it with.
    NoSecret,
    /// A header that belongs to it is not there, there twice, or not as it has to be.
    Malformed,
    /// Its timestamp is more than five minutes off.
    Stale,
    /// No secret gives it.
    Mismatch,
    /// The body was not kept whole.
    Truncated,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NoSecret, Self::Malformed, Self::Stale, Self::Mismatch, Self::Truncated];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Malformed => "malformed",
            Self::Stale => "stale",
            Self::Mismatch => "mismatch",
            Self::Truncated => "truncated",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A request whose signatures are to be checked.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// Names and values, in any case and order.
    pub headers: &'a [(String, String)],
    /// What was kept of the body.
    pub body: &'a [u8],
    /// Whether that is not all of it.
    pub truncated: bool,
    pub received_at: Timestamp,
}

impl Signed<'_> {
    /// Checks every signature that is there; none is no fault.
    pub fn verify(&self, secrets: &[Secret]) -> Vec<Verified> {
        let standard = self
            .value("webhook-signature")
            .map(|value| ("standard", value.and_then(|value| self.check_standard(value, secrets))));
        let pt = self
            .value("x-pt-signature")
            .map(|value| ("pt", value.and_then(|value| self.check_pt(value, secrets))));
        [standard, pt]
            .into_iter()
            .flatten()
            .map(|(scheme, checked)| Verified {
                scheme,
                valid: checked.is_ok(),
                reason: checked.err(),
            })
            .collect()
    }

    /// The value of a header that may be there once.
    fn value(&self, name: &str) -> Option<Result<&str, Fault>> {
        let mut values = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        Some(match values.next() {
            None => Ok(value),
            Some(_) => Err(Fault::Malformed),
        })
    }

    /// `webhook-signature`: `v1,<base64>` and `v1a,<base64>`, space separated.
    fn check_standard(&self, value: &str, secrets: &[Secret]) -> Result<(), Fault> {
        let id = self.value("webhook-id").unwrap_or(Err(Fault::Malformed))?;
        let timestamp = self.value("webhook-timestamp").unwrap_or(Err(Fault::Malformed))?;
        self.check_time(timestamp)?;
        self.check_secrets(secrets)?;
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", self.body];
        let given: Vec<(&str, Vec<u8>)> = value
            .split(' ')
            .filter_map(|part| part.split_once(','))
            .filter_map(|(version, text)| Some((version, STANDARD.decode(text).ok()?)))
            .collect();
        let holds = secrets.iter().any(|secret| match secret.key() {
            Key::Symmetric(key) => {
                let expected = hmac(key, &signed);
                given.iter().any(|(version, tag)| *version == "v1" && is_same(&expected, tag))
            }
            Key::Private(pair) => {
                let message = signed.concat();
                given.iter().any(|(version, tag)| {
                    *version == "v1a"
                        && Signature::from_slice(tag).is_ok_and(|signature| {
                            pair.verifying_key().verify(&message, &signature).is_ok()
                        })
                })
            }
        });
        if holds { Ok(()) } else { Err(Fault::Mismatch) }
    }

    /// `X-PT-Signature`: `t=<timestamp>,v1=<hex>`, one `v1=` per secret.
    fn check_pt(&self, value: &str, secrets: &[Secret]) -> Result<(), Fault> {
        let mut parts = value.split(',').filter_map(|part| part.split_once('='));
        let timestamp = match parts.next() {
            Some(("t", timestamp)) => timestamp,
            _ => return Err(Fault::Malformed),
        };
        self.check_time(timestamp)?;
        self.check_secrets(secrets)?;
        let given: Vec<Vec<u8>> = parts
            .filter(|(version, _)| *version == "v1")
            .filter_map(|(_, text)| hex::decode(text).ok())
            .collect();
        let holds = secrets.iter().any(|secret| match secret.key() {
            Key::Symmetric(_) => {
                let signed = [timestamp.as_bytes(), self.body];
                let expected = hmac(secret.expose().as_bytes(), &signed);
                given.iter().any(|tag| is_same(&expected, tag))
            }
            // A key pair does not sign this header.
            Key::Private(_) => false,
        });
        if holds { Ok(()) } else { Err(Fault::Mismatch) }
    }

    /// Ten digits, within five minutes of the arrival.
    fn check_time(&self, text: &str) -> Result<(), Fault> {
        if text.len() != 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::Malformed);
        }
        let signed_at: i64 = text.parse().map_err(|_| Fault::Malformed)?;
        match signed_at.abs_diff(self.received_at.unix_s()) <= limits::SIGNATURE_SKEW.as_secs() {
            true => Ok(()),
            false => Err(Fault::Stale),
        }
    }

    fn check_secrets(&self, secrets: &[Secret]) -> Result<(), Fault> {
        match (secrets.is_empty(), self.truncated) {
            (true, _) => Err(Fault::NoSecret),
            (false, true) => Err(Fault::Truncated),
            (false, false) => Ok(()),
        }
    }
}

fn is_same(expected: &[u8], given: &[u8]) -> bool {
    expected.ct_eq(given).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::Algorithm;
    use crate::signature::sign;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_999);
    const BODY: &[u8] = b"{\"a\": \xff}";

    fn secret(algorithm: Algorithm, seed: u64) -> Secret {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
        Secret::generate(algorithm, &mut rng)
    }

    fn headers(secrets: &[Secret]) -> Vec<(String, String)> {
        let signed = sign(secrets, "evt_x", NOW, BODY);
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            of("Webhook-Id", "evt_x"),
            of("webhook-timestamp", &signed.timestamp),
            of("webhook-signature", &signed.standard),
            of("x-pt-signature", &signed.pt),
        ]
    }

    fn reasons(
        headers: &[(String, String)],
        body: &[u8],
        received_at: Timestamp,
        secrets: &[Secret],
    ) -> Vec<(&'static str, Option<Fault>)> {
        let signed = Signed { headers, body, truncated: false, received_at };
        let verified = signed.verify(secrets);
        assert!(verified.iter().all(|found| found.valid == found.reason.is_none()));
        verified.into_iter().map(|found| (found.scheme, found.reason)).collect()
    }

    #[test]
    fn what_was_signed_holds_and_a_changed_byte_does_not() {
        let (one, other) = (secret(Algorithm::HmacSha256, 1), secret(Algorithm::HmacSha256, 2));
        let sent = headers(&[one.clone(), other.clone()]);
        let fine = [("standard", None), ("pt", None)];
        assert_eq!(reasons(&sent, BODY, NOW, std::slice::from_ref(&one)), fine);
        assert_eq!(reasons(&sent, BODY, NOW, &[other]), fine, "an older secret's too");
        let no = Some(Fault::Mismatch);
        let wrong = [("standard", no), ("pt", no)];
        assert_eq!(reasons(&sent, b"{}", NOW, std::slice::from_ref(&one)), wrong);
        assert_eq!(reasons(&sent, BODY, NOW, &[secret(Algorithm::HmacSha256, 3)]), wrong);
        let none = Some(Fault::NoSecret);
        assert_eq!(reasons(&sent, BODY, NOW, &[]), [("standard", none), ("pt", none)]);
        assert!(reasons(&[], BODY, NOW, &[one]).is_empty(), "nothing is signed");
    }

    #[test]
    fn a_key_pair_verifies_the_standard_header_alone() {
        let pair = secret(Algorithm::Ed25519, 4);
        let sent = headers(std::slice::from_ref(&pair));
        let found = reasons(&sent[..3], BODY, NOW, std::slice::from_ref(&pair));
        assert_eq!(found, [("standard", None)]);
        let found = reasons(&sent[..3], b"{}", NOW, &[pair]);
        assert_eq!(found, [("standard", Some(Fault::Mismatch))]);
    }

    #[test]
    fn a_signature_is_stale_after_five_minutes_and_malformed_without_its_parts() {
        let one = [secret(Algorithm::HmacSha256, 1)];
        let sent = headers(&one);
        let late = NOW + limits::SIGNATURE_SKEW;
        assert_eq!(reasons(&sent, BODY, late, &one), [("standard", None), ("pt", None)]);
        let stale = Some(Fault::Stale);
        let later = late + std::time::Duration::from_secs(1);
        assert_eq!(reasons(&sent, BODY, later, &one), [("standard", stale), ("pt", stale)]);
        let malformed = [("standard", Some(Fault::Malformed))];
        assert_eq!(reasons(&sent[1..3], BODY, NOW, &one), malformed, "no id");
        let twice = [&sent[..3], &sent[2..3]].concat();
        assert_eq!(reasons(&twice, BODY, NOW, &one), malformed, "two values");
    }
}
