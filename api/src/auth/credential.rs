//! What credentials look like, and how one is found in a request.
//!
//! A tenant's key is `pht_` and base64url of 32 random bytes, the token of a portal link `phl_`, the cookie of
//! a session `phs_` and the same;
//! only their SHA-256 is stored. That much randomness needs no slow hash. The prefixes make them easy to find
//! for scanners of leaked secrets.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

const KEY_PREFIX: &str = "pht_";
const LINK_PREFIX: &str = "phl_";
const SESSION_PREFIX: &str = "phs_";
/// Base64url of 32 bytes.
const RANDOM_CHARS: usize = 43;
/// Characters of a key that are kept to tell keys apart.
const SHOWN_CHARS: usize = 12;

/// What a request carries, told by its shape, as SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A tenant's key.
    Key([u8; 32]),
    /// The token of a portal link.
    PortalLink([u8; 32]),
    /// The operator's key, or nothing.
    Other([u8; 32]),
}

impl Credential {
    /// Of a text as it is sent.
    pub(crate) fn of(text: &[u8]) -> Self {
        let hash = hash(text);
        if has_form(text, KEY_PREFIX) {
            Self::Key(hash)
        } else if has_form(text, LINK_PREFIX) {
            Self::PortalLink(hash)
        } else {
            Self::Other(hash)
        }
    }

    /// Whether a cookie's value has the form of a session's.
    pub(crate) fn is_session(value: &str) -> bool {
        has_form(value.as_bytes(), SESSION_PREFIX)
    }

    /// Its SHA-256.
    pub(crate) fn hash(&self) -> [u8; 32] {
        match self {
            Self::Key(hash) | Self::PortalLink(hash) | Self::Other(hash) => *hash,
        }
    }
}

/// A credential that has just been made. It cannot be printed.
pub(crate) struct NewCredential {
    secret: String,
}

impl NewCredential {
    /// A new key of a tenant.
    pub(crate) fn key(rng: &mut impl RngCore) -> Self {
        Self::generate(KEY_PREFIX, rng)
    }

    /// A new token of a portal link.
    pub(crate) fn portal_link(rng: &mut impl RngCore) -> Self {
        Self::generate(LINK_PREFIX, rng)
    }

    /// A new session's cookie.
    pub(crate) fn session(rng: &mut impl RngCore) -> Self {
        Self::generate(SESSION_PREFIX, rng)
    }

    fn generate(prefix: &str, rng: &mut impl RngCore) -> Self {
        let mut random = [0_u8; 32];
        rng.fill_bytes(&mut random);
        Self { secret: format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)) }
    }

    /// The whole of it, for the one answer that shows it.
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

impl std::fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewCredential(***)")
    }
}

fn has_form(text: &[u8], prefix: &str) -> bool {
    text.strip_prefix(prefix.as_bytes()).is_some_and(|random| random.len() == RANDOM_CHARS)
}

pub(super) fn hash(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
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
    fn a_new_credential_is_told_by_its_shape_and_never_printed() {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
        let (key, link) = (NewCredential::key(&mut rng), NewCredential::portal_link(&mut rng));
        assert_eq!(Credential::of(key.expose().as_bytes()), Credential::Key(key.hash()));
        assert_eq!(Credential::of(link.expose().as_bytes()), Credential::PortalLink(link.hash()));
        let short = &key.expose().as_bytes()[..20];
        assert_eq!(Credential::of(short), Credential::Other(hash(short)));
        assert_eq!(key.prefix(), &key.expose()[..12]);
        assert_eq!(format!("{key:?}"), "NewCredential(***)");
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
