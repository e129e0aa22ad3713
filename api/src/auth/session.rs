//! Sessions of the dashboard: a cookie that stands for the key it was opened with.
//!
//! The cookie is out of the page's reach (`HttpOnly`) and of other sites' (`SameSite=Strict`); what changes something
//! has to show the session's CSRF token besides, which only a page of this origin can have read.

use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Timestamp;
use entity::session::SessionKind;
use sha2::{Digest, Sha256};

use super::credential::{Credential, NewCredential, hash};

/// How long a session lasts.
pub(crate) const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

const COOKIE_NAME: &str = "posthaste_session";
const CSRF_HEADER: &str = "posthaste-csrf";

/// A session that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub credential: Credential,
    pub expires_at: Timestamp,
}

impl Session {
    /// As it is stored.
    pub(super) fn stored(row: &entity::session::Model) -> Option<Self> {
        let hash = row.credential.as_slice().try_into().ok()?;
        let credential = match row.kind {
            SessionKind::Operator => Credential::Other(hash),
            SessionKind::Key => Credential::Key(hash),
            SessionKind::PortalLink => Credential::PortalLink(hash),
        };
        Some(Self { credential, expires_at: row.expires_at })
    }
}

/// What a session that was opened with a credential is stored as.
pub(crate) fn kind_of(credential: Credential) -> SessionKind {
    match credential {
        Credential::Other(_) => SessionKind::Operator,
        Credential::Key(_) => SessionKind::Key,
        Credential::PortalLink(_) => SessionKind::PortalLink,
    }
}

/// The value of a session's cookie, as a request shows it. It cannot be printed.
pub(crate) struct Token<'a>(&'a str);

impl<'a> Token<'a> {
    /// Of the first cookie of its name that has its form.
    pub(crate) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, value)| *name == COOKIE_NAME && Credential::is_session(value))
            .map(|(_, value)| Self(value))
    }

    /// Of a session that was just made.
    pub(crate) fn new(made: &'a NewCredential) -> Self {
        Self(made.expose())
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(self.0.as_bytes())
    }

    /// What a page shows to change something. Made from the cookie, which it cannot read.
    pub(crate) fn csrf_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("csrf {}", self.0)))
    }

    /// Whether the request shows it.
    pub(crate) fn has_csrf_token(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(CSRF_HEADER);
        let first = shown.next().map(|value| hash(value.as_bytes()));
        // By their hashes: how long it takes tells nothing.
        first == Some(hash(self.csrf_token().as_bytes())) && shown.next().is_none()
    }

    /// `Set-Cookie` (RFC 6265 section 4.1) of a session that lasts from now on; `secure` when the site has https.
    pub(crate) fn cookie(&self, secure: bool) -> String {
        cookie(self.0, LASTS.as_secs(), secure)
    }
}

/// `Set-Cookie` that takes it away.
pub(crate) fn no_cookie(secure: bool) -> String {
    cookie("", 0, secure)
}

fn cookie(value: &str, max_age_s: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_in_its_form() {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
        let made = NewCredential::session(&mut rng);
        let cookies =
            format!("a=b; posthaste_session=short;posthaste_session={} ;c", made.expose());
        let headers = headers(&[("cookie", "x=y"), ("cookie", &cookies)]);
        let token = Token::of(&headers).expect("it is there");
        assert_eq!(token.hash(), made.hash());
        assert!(Token::new(&made).cookie(true).ends_with("HttpOnly; SameSite=Strict; Secure"));
    }

    #[test]
    fn only_the_sessions_own_csrf_token_counts_and_only_once() {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
        let [one, other] = [(); 2].map(|()| NewCredential::session(&mut rng));
        let (token, csrf) = (Token::new(&one), Token::new(&one).csrf_token());
        assert!(token.has_csrf_token(&headers(&[("posthaste-csrf", &csrf)])));
        assert!(!Token::new(&other).has_csrf_token(&headers(&[("posthaste-csrf", &csrf)])));
        assert!(!token.has_csrf_token(&headers(&[])));
        let twice = [("posthaste-csrf", csrf.as_str()), ("posthaste-csrf", "x")];
        assert!(!token.has_csrf_token(&headers(&twice)));
    }
}
