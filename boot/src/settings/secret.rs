//! Settings that can't be printed.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// Takes base64 with and without its padding; writes it with.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A text that is secret, or an address that may carry a password; wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

/// The 32 bytes that seal secrets at rest; wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl SecretText {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl MasterKey {
    /// A new key from the operating system's randomness.
    pub(crate) fn generate() -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        OsRng.try_fill_bytes(&mut *bytes).expect("a system that runs programs gives randomness");
        Self(bytes)
    }

    /// Base64 of exactly 32 bytes; white space around it is left out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let decoded = Zeroizing::new(BASE64.decode(text.trim()).ok()?);
        let bytes: [u8; 32] = decoded.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// As the settings and `posthaste.key` write it.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64.encode(*self.0))
    }

    /// The bytes, for the sealer.
    pub fn expose(&self) -> [u8; 32] {
        *self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_key_survives_its_text_and_is_never_printed() {
        let key = MasterKey::generate();
        let text = key.to_text();
        assert_eq!(MasterKey::parse(&text), Some(key.clone()));
        assert_eq!(MasterKey::parse(text.trim_end_matches('=')), Some(key.clone()));
        assert_eq!(MasterKey::parse(&format!("{}\n", *text)), Some(key.clone()));
        assert_ne!(MasterKey::generate(), key);
        assert_eq!(
            format!("{key:?} {:?}", SecretText::new("open sesame")),
            "MasterKey(***) SecretText(***)"
        );
    }
}
