//! Subscription secrets: what signs deliveries. They cannot be printed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use rand::RngCore;
use zeroize::Zeroizing;

use crate::invalid::Invalid;
use crate::limits;
use crate::preferences::Algorithm;

const SYMMETRIC: &str = "whsec_";
/// What this deployment keeps of a key pair; nobody is shown it.
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// What signs a subscription's deliveries (Standard Webhooks 1.0.0); wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: Zeroizing<String>,
    key: Key,
}

/// The key that the text stands for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// The bytes that both sides hold.
    Symmetric(Zeroizing<Vec<u8>>),
    /// The half that signs (RFC 8032); the receiver holds the other.
    Private(Box<SigningKey>),
}

/// Seconds that a former secret or key goes on beside the one that takes its place.
///
/// # Errors
/// When they are more than [`limits::OVERLAP_S`] has.
pub fn parse_overlap_s(given: Option<u32>) -> Result<u32, Invalid> {
    let overlap_s = given.unwrap_or(limits::OVERLAP_S_DEFAULT);
    let (low, high) = (limits::OVERLAP_S.start(), limits::OVERLAP_S.end());
    match limits::OVERLAP_S.contains(&overlap_s) {
        true => Ok(overlap_s),
        false => {
            Err(Invalid::one("/overlap_s", format!("must be between {low} and {high} seconds")))
        }
    }
}

impl Secret {
    /// A new one: 32 random bytes as `whsec_`, or a key pair.
    pub fn generate(algorithm: Algorithm, rng: &mut impl RngCore) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rng.fill_bytes(&mut bytes[..]);
        let (prefix, key) = match algorithm {
            Algorithm::HmacSha256 => (SYMMETRIC, Key::Symmetric(Zeroizing::new(bytes.to_vec()))),
            Algorithm::Ed25519 => (PRIVATE, Key::Private(Box::new(SigningKey::from_bytes(&bytes)))),
        };
        Self { text: Zeroizing::new(format!("{prefix}{}", STANDARD.encode(bytes.as_slice()))), key }
    }

    /// A secret that the caller brings: a symmetric one.
    ///
    /// # Errors
    /// When it is not `whsec_` and base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fault = || Invalid::one("", "must be whsec_ followed by base64 of 24 to 64 bytes");
        let encoded = text.strip_prefix(SYMMETRIC).ok_or_else(fault)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| fault())?);
        if !limits::SECRET_BYTES.contains(&key.len()) {
            return Err(fault());
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), key: Key::Symmetric(key) })
    }

    /// One of either kind, as [`Secret::expose`] gave it.
    ///
    /// # Errors
    /// When it is neither.
    pub fn from_stored(text: &str) -> Result<Self, Invalid> {
        let Some(encoded) = text.strip_prefix(PRIVATE) else {
            return Self::parse(text);
        };
        let fault = || Invalid::one("", "must be whsk_ followed by base64 of 32 bytes");
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| fault())?);
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| fault())?);
        let key = Key::Private(Box::new(SigningKey::from_bytes(&bytes)));
        Ok(Self { text: Zeroizing::new(text.to_owned()), key })
    }

    /// The text: of a symmetric one as the receiver configures it. For signing, sealing and the answers that
    /// show it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self.key {
            Key::Symmetric(_) => Algorithm::HmacSha256,
            Key::Private(_) => Algorithm::Ed25519,
        }
    }

    /// The half of a key pair that the receiver checks with: `whpk_` and base64.
    pub fn public_key(&self) -> Option<String> {
        match &self.key {
            Key::Symmetric(_) => None,
            Key::Private(key) => {
                Some(format!("{PUBLIC}{}", STANDARD.encode(key.verifying_key().as_bytes())))
            }
        }
    }

    /// The key.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_either_kind_are_32_bytes_kept_as_they_are_and_never_printed() {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
        for (algorithm, prefix) in
            [(Algorithm::HmacSha256, "whsec_"), (Algorithm::Ed25519, "whsk_")]
        {
            let secret = Secret::generate(algorithm, &mut rng);
            let encoded = secret.expose().strip_prefix(prefix).expect("its kind in front");
            assert_eq!(STANDARD.decode(encoded).map(|bytes| bytes.len()), Ok(32));
            assert_eq!(Secret::from_stored(secret.expose()).as_ref(), Ok(&secret));
            assert_eq!(secret.algorithm(), algorithm);
            assert_eq!(format!("{secret:?}"), "Secret(***)");
        }
    }

    /// RFC 8032, section 7.1, test 1.
    #[test]
    fn the_public_half_is_the_published_one() {
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .expect("hex");
        let secret =
            Secret::from_stored(&format!("whsk_{}", STANDARD.encode(seed))).expect("a seed");
        let public =
            hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
                .expect("hex");
        assert_eq!(secret.public_key(), Some(format!("whpk_{}", STANDARD.encode(public))));
    }

    #[test]
    fn a_caller_brings_no_private_key() {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
        assert!(Secret::parse(Secret::generate(Algorithm::Ed25519, &mut rng).expose()).is_err());
        for text in ["whsk_", "whsk_AAAA", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(Secret::from_stored(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_callers_secret_has_24_to_64_bytes() {
        for (bytes, fits) in [(23, false), (24, true), (64, true), (65, false)] {
            let text = format!("whsec_{}", STANDARD.encode(vec![7_u8; bytes]));
            assert_eq!(Secret::parse(&text).is_ok(), fits, "{bytes} bytes");
        }
        for text in ["", "whsec_", "secret", "whsec_***", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
    }
}
