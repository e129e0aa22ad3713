//! Seals what must not be readable in a copy of the database: subscription secrets, header values,
//! client certificates with their keys, answers that carry a secret.
//!
//! XChaCha20-Poly1305 under the master key. Its nonce has 24 bytes, so that random ones never meet
//! however many rows are sealed. Sealed bytes are `version (1) · key id (4) · nonce (24) ·
//! ciphertext and tag`; the key id tells which master key opens them, for the time when one key
//! replaces another. The associated data names the row, so that sealed bytes moved to another row
//! don't open there.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
/// Bytes of version and key id.
pub const HEADER_BYTES: usize = 1 + KEY_ID_BYTES;
const TAG_BYTES: usize = 16;

/// Bytes that sealing adds to what is sealed.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

/// Seals under one master key, and opens under it or another one that it replaces. Keys are wiped from memory
/// on drop.
#[derive(Clone)]
pub struct Sealer {
    present: Key,
    also: Option<Key>,
}

#[derive(Clone)]
struct Key {
    cipher: XChaCha20Poly1305,
    header: [u8; HEADER_BYTES],
}

/// Why sealed bytes don't open. Says nothing of what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short, or of a version that this program doesn't know.
    #[error("the sealed bytes are not of a form that this version knows")]
    Malformed,
    /// Sealed under another master key.
    #[error("sealed under another master key")]
    OtherKey,
    /// Changed since, or sealed for another row.
    #[error("the sealed bytes were changed, or belong to another row")]
    Refused,
}

impl Sealer {
    /// Seals under `master_key`, which is wiped once it is taken over.
    pub fn new(master_key: [u8; 32]) -> Self {
        Self { present: Key::new(master_key), also: None }
    }

    /// The same, but what `master_key` sealed is opened too.
    #[must_use]
    pub fn opening_also(self, master_key: [u8; 32]) -> Self {
        Self { also: Some(Key::new(master_key)), ..self }
    }

    /// Seals `plain` for the row that `aad` names; the same `aad` opens it again. The result is
    /// [`OVERHEAD_BYTES`] longer and differs each time.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_BYTES];
        OsRng.try_fill_bytes(&mut nonce).expect("a system that runs programs gives randomness");
        let Key { cipher, header } = &self.present;
        let bound = bound(header, aad);
        let ciphertext = cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &bound })
            .expect("encryption fails only above 256 GiB");
        [header.as_slice(), &nonce, &ciphertext].concat()
    }

    /// What was sealed for the row that `aad` names; wiped from memory on drop.
    ///
    /// # Errors
    /// When the bytes are not ours, are under another key, were changed, or belong to another row.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.len() < OVERHEAD_BYTES || sealed[0] != VERSION {
            return Err(OpenError::Malformed);
        }
        let (header, rest) = sealed.split_at(HEADER_BYTES);
        let mut keys = std::iter::once(&self.present).chain(&self.also);
        let key = keys.find(|key| key.header == header).ok_or(OpenError::OtherKey)?;
        let (nonce, ciphertext) = rest.split_at(NONCE_BYTES);
        let bound = bound(header, aad);
        key.cipher
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &bound })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Refused)
    }

    /// What everything that is sealed now begins with; whatever begins otherwise is under another key.
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        self.present.header
    }
}

impl Key {
    fn new(mut master_key: [u8; 32]) -> Self {
        let digest =
            Sha256::new().chain_update(b"posthaste key id").chain_update(master_key).finalize();
        let mut header = [VERSION; HEADER_BYTES];
        header[1..].copy_from_slice(&digest[..KEY_ID_BYTES]);
        let cipher = XChaCha20Poly1305::new(&master_key.into());
        master_key.zeroize();
        Self { cipher, header }
    }
}

/// The header is authenticated with the row's name; its length is fixed, so the two can't run
/// into each other.
fn bound(header: &[u8], aad: &[u8]) -> Vec<u8> {
    [header, aad].concat()
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &[u8] = b"subscription_secrets/1";

    fn sealer() -> Sealer {
        Sealer::new([7; 32])
    }

    #[test]
    fn opens_what_it_sealed() {
        for plain in [b"".as_slice(), b"whsec_x", &[0; 100_000]] {
            let sealed = sealer().seal(ROW, plain);
            assert_eq!(sealed.len(), plain.len() + OVERHEAD_BYTES);
            assert_eq!(
                sealer().open(ROW, &sealed).map(|opened| opened.to_vec()),
                Ok(plain.to_vec())
            );
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        assert_ne!(sealer().seal(ROW, b"secret"), sealer().seal(ROW, b"secret"));
    }

    #[test]
    fn sealed_bytes_do_not_open_in_another_row() {
        let sealed = sealer().seal(ROW, b"secret");
        assert_eq!(sealer().open(b"subscription_secrets/2", &sealed), Err(OpenError::Refused));
    }

    #[test]
    fn another_master_key_is_told_apart_from_changed_bytes() {
        let sealed = sealer().seal(ROW, b"secret");
        assert_eq!(Sealer::new([8; 32]).open(ROW, &sealed), Err(OpenError::OtherKey));
    }

    #[test]
    fn what_the_former_key_sealed_opens_beside_the_present_one_which_alone_seals() {
        let former = sealer().seal(ROW, b"secret");
        let both = Sealer::new([8; 32]).opening_also([7; 32]);
        assert_eq!(both.open(ROW, &former).map(|opened| opened.to_vec()), Ok(b"secret".to_vec()));
        assert!(!former.starts_with(&both.header()));
        let present = both.seal(ROW, b"secret");
        assert!(present.starts_with(&both.header()));
        assert_eq!(sealer().open(ROW, &present), Err(OpenError::OtherKey));
        assert!(Sealer::new([8; 32]).open(ROW, &present).is_ok());
    }

    #[test]
    fn no_changed_byte_and_no_cut_is_accepted() {
        let sealed = sealer().seal(ROW, b"secret");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(sealer().open(ROW, &changed).is_err(), "byte {index}");
            assert!(sealer().open(ROW, &sealed[..index]).is_err(), "cut to {index} bytes");
        }
    }

    #[test]
    fn the_key_is_never_printed() {
        assert_eq!(format!("{:?}", sealer()), "Sealer(***)");
    }

    /// Draft irtf-cfrg-xchacha-03, appendix A.3: ours is the published construction.
    #[test]
    fn the_cipher_is_xchacha20_poly1305_as_published() {
        let key: [u8; 32] =
            std::array::from_fn(|index| 0x80 + u8::try_from(index).expect("below 32"));
        let nonce: [u8; 24] =
            std::array::from_fn(|index| 0x40 + u8::try_from(index).expect("below 24"));
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let plain =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                      future, sunscreen would be it.";
        let sealed = XChaCha20Poly1305::new(&key.into())
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &aad })
            .expect("a short text");
        assert_eq!(sealed[..8], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b]);
        assert_eq!(sealed[plain.len()..plain.len() + 4], [0xc0, 0x87, 0x59, 0x24]);
    }
}
