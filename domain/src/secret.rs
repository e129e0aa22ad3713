//! Subscription secrets: what signs deliveries. They cannot be printed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use zeroize::Zeroizing;

use crate::invalid::Invalid;
use crate::limits;

const PREFIX: &str = "whsec_";

/// A symmetric secret, `whsec_` and base64 (Standard Webhooks 1.0.0); wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: Zeroizing<String>,
    key: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// A new secret of 32 random bytes.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        let mut key = Zeroizing::new(vec![0_u8; 32]);
        rng.fill_bytes(&mut key);
        Self { text: Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*key))), key }
    }

    /// A secret that the caller brings.
    ///
    /// # Errors
    /// When it is not `whsec_` and base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fault = || Invalid::one("", "must be whsec_ followed by base64 of 24 to 64 bytes");
        let encoded = text.strip_prefix(PREFIX).ok_or_else(fault)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| fault())?);
        if !limits::SECRET_BYTES.contains(&key.len()) {
            return Err(fault());
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), key })
    }

    /// The text as the receiver configures it. For signing, sealing and the answers that show it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The decoded key.
    pub fn key(&self) -> &[u8] {
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
    fn secrets_are_32_bytes_and_never_printed() {
        let secret =
            Secret::generate(&mut <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1));
        assert_eq!(secret.key().len(), 32);
        assert_eq!(Secret::parse(secret.expose()).as_ref(), Ok(&secret));
        assert_eq!(format!("{secret:?}"), "Secret(***)");
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
