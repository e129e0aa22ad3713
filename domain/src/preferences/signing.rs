//! Which signatures a subscription's requests carry.

use serde::{Deserialize, Serialize};

use super::is_first;
use crate::invalid::{Checker, Invalid};

/// A signature header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// `X-PT-Signature`.
    Pt,
    /// `webhook-signature` (Standard Webhooks 1.0.0).
    Standard,
}

/// What the signatures are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// A secret that both sides hold.
    #[default]
    HmacSha256,
    /// A key pair of which the receiver holds the public half; signs `webhook-signature` only.
    Ed25519,
}

/// The signature headers of a subscription's requests, and what they are made with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "SigningInput")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct Signing {
    schemes: Vec<Scheme>,
    algorithm: Algorithm,
}

/// A signing preference as it is written: what is left out has its default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningInput {
    #[serde(default = "both_schemes")]
    schemes: Vec<Scheme>,
    #[serde(default)]
    algorithm: Algorithm,
}

fn both_schemes() -> Vec<Scheme> {
    vec![Scheme::Pt, Scheme::Standard]
}

impl Signing {
    /// From at least one scheme, each named once.
    ///
    /// # Errors
    /// When there is none, one is there twice, or the algorithm signs none of them.
    pub fn new(schemes: Vec<Scheme>, algorithm: Algorithm) -> Result<Self, Invalid> {
        let mut check = Checker::default();
        check.that(!schemes.is_empty(), "/schemes", || {
            "must name at least one of pt and standard".to_owned()
        });
        for index in 0..schemes.len() {
            check.that(is_first(&schemes, index), &format!("/schemes/{index}"), || {
                "is there twice".to_owned()
            });
        }
        let signs_one = algorithm != Algorithm::Ed25519 || schemes.contains(&Scheme::Standard);
        check.that(signs_one || schemes.is_empty(), "/algorithm", || {
            "ed25519 signs the scheme standard only; add it to schemes".to_owned()
        });
        check.finish(Self { schemes, algorithm })
    }

    /// The headers, in the order given.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// What they are made with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether requests carry the header of this scheme.
    pub fn has(&self, scheme: Scheme) -> bool {
        let signed = self.algorithm == Algorithm::HmacSha256 || scheme == Scheme::Standard;
        signed && self.schemes.contains(&scheme)
    }
}

impl Default for Signing {
    /// Both headers, by HMAC-SHA256.
    fn default() -> Self {
        Self { schemes: both_schemes(), algorithm: Algorithm::default() }
    }
}

impl TryFrom<SigningInput> for Signing {
    type Error = Invalid;

    fn try_from(input: SigningInput) -> Result<Self, Invalid> {
        Self::new(input.schemes, input.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn what_is_left_out_has_its_default() {
        let both = json!({"schemes": ["pt", "standard"], "algorithm": "hmac-sha256"});
        assert_eq!(json!(Signing::default()), both);
        assert_eq!(from_value::<Signing>(json!({})).ok(), Some(Signing::default()));
        let ed25519: Signing = from_value(json!({"algorithm": "ed25519"})).expect("valid");
        assert_eq!(ed25519.algorithm(), Algorithm::Ed25519);
        assert_eq!(ed25519.schemes(), [Scheme::Pt, Scheme::Standard]);
    }

    #[test]
    fn ed25519_signs_the_standard_header_only() {
        let ed25519 = Signing::new(both_schemes(), Algorithm::Ed25519).expect("valid");
        assert!(ed25519.has(Scheme::Standard) && !ed25519.has(Scheme::Pt));
        let hmac = Signing::new(vec![Scheme::Pt], Algorithm::HmacSha256).expect("valid");
        assert!(hmac.has(Scheme::Pt) && !hmac.has(Scheme::Standard));
    }

    #[test]
    fn no_scheme_a_scheme_twice_or_one_that_cannot_be_signed_is_refused() {
        for written in [
            json!({"schemes": []}),
            json!({"schemes": ["pt", "pt"]}),
            json!({"schemes": ["md5"]}),
            json!({"schemes": ["pt"], "algorithm": "ed25519"}),
            json!({"algorithm": "none"}),
            json!({"key": "x"}),
        ] {
            assert!(from_value::<Signing>(written.clone()).is_err(), "{written}");
        }
    }
}
