//! What keys look like, and how one is found in a request.
//!
//! A tenant's key is `pht_` and base64url of 32 random bytes; only its SHA-256 is stored. That much
//! randomness needs no slow hash. The prefix makes keys easy to find for scanners of leaked secrets.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

const PREFIX: &str = "pht_";
/// Base64url of 32 bytes.
const RANDOM_CHARS: usize = 43;
/// Characters of a key that are kept to tell keys apart.
const SHOWN_CHARS: usize = 12;

/// A key that has just been made. It cannot be printed.
pub(crate) struct NewKey {
    secret: String,
}

impl NewKey {
    /// A new key.
    pub(crate) fn generate(rng: &mut impl RngCore) -> Self {
        let mut random = [0_u8; 32];
        rng.fill_bytes(&mut random);
        Self { secret: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)) }
    }

    /// The whole key, for the one answer that shows it.
    pub(crate) fn expose(&self) -> &str {
        &self.secret
    }

    /// By which people tell keys apart.
    pub(crate) fn prefix(&self) -> &str {
        &self.secret[..SHOWN_CHARS]
    }

    /// What is stored.
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(self.secret.as_bytes())
    }
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewKey(***)")
    }
}

/// SHA-256 of a key.
pub(crate) fn hash(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Whether it has the shape of a tenant's key; what has not needs no look at the database.
pub(crate) fn is_key(key: &[u8]) -> bool {
    key.strip_prefix(PREFIX.as_bytes()).is_some_and(|random| random.len() == RANDOM_CHARS)
}

/// The key of `Authorization: Bearer <key>`, when there is exactly one such header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next()?.as_bytes();
    if values.next().is_some() || value.len() < SCHEME.len() {
        return None;
    }
    let (scheme, key) = value.split_at(SCHEME.len());
    // The scheme's name is case-insensitive (RFC 9110 section 11.1).
    (scheme.eq_ignore_ascii_case(SCHEME) && !key.is_empty()).then_some(key)
}

const SCHEME: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn a_new_key_has_the_shape_of_a_key_and_is_never_printed() {
        let key =
            NewKey::generate(&mut <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1));
        assert!(is_key(key.expose().as_bytes()));
        assert_eq!(key.prefix(), &key.expose()[..12]);
        assert_eq!(key.hash(), hash(key.expose().as_bytes()));
        assert_eq!(format!("{key:?}"), "NewKey(***)");
    }

    #[test]
    fn only_a_single_bearer_header_is_a_credential() {
        let bearer_of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers
                    .append(AUTHORIZATION, HeaderValue::from_str(value).expect("a header value"));
            }
            bearer(&headers).map(<[u8]>::to_vec)
        };
        assert_eq!(bearer_of(&["Bearer abc"]), Some(b"abc".to_vec()));
        assert_eq!(bearer_of(&["bearer abc"]), Some(b"abc".to_vec()));
        for values in [
            &[][..],
            &["Basic abc"],
            &["Bearer"],
            &["Bearer "],
            &["abc"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(bearer_of(values), None, "{values:?}");
        }
    }
}
