//! The two signature schemes of a delivery, written from their description and not from the product.
//!
//! The ceiling signs as a sender does: keys are prepared once and cloned for each request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a subscription's secret looks like; the ceiling needs one of the usual size.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Signs bodies with one secret, both ways.
#[derive(Debug, Clone)]
pub struct Signer {
    standard: Hmac<Sha256>,
    pt: Hmac<Sha256>,
}

impl Signer {
    /// Prepares the keys of a `whsec_` secret; `None` when it is not one.
    #[must_use]
    pub fn new(secret: &str) -> Option<Self> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        Some(Self {
            standard: Hmac::new_from_slice(&key).ok()?,
            pt: Hmac::new_from_slice(secret.as_bytes()).ok()?,
        })
    }

    /// Standard Webhooks: base64 of the HMAC over `id.timestamp.body`.
    #[must_use]
    pub fn standard(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.standard.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// `X-PT-Signature`: hex of the HMAC over the timestamp directly followed by the body.
    #[must_use]
    pub fn pt(&self, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.pt.clone();
        mac.update(timestamp.as_bytes());
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::Signer;

    #[test]
    fn agrees_with_a_published_standard_webhooks_vector() {
        let signer = Signer::new("whsec_plJ3nmyCDGBKInavdOK15jsl").expect("a well-formed secret");
        let body = br#"{"event_type":"ping","data":{"success":true}}"#;
        assert_eq!(
            signer.standard("msg_loFOjxBNrRLzqYUf", "1731705121", body),
            "rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
        );
    }

    #[test]
    fn the_pt_scheme_depends_on_every_part() {
        let signer = Signer::new(super::SECRET).expect("a well-formed secret");
        let signature = signer.pt("1768996800", b"{}");
        assert_eq!(signature.len(), 64);
        assert_ne!(signature, signer.pt("1768996801", b"{}"));
        assert_ne!(signature, signer.pt("1768996800", b"[]"));
        assert!(Signer::new("whsec").is_none());
    }
}
