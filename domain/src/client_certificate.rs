//! The certificate by which deliveries show a receiver whose they are (mutual TLS). Its key cannot be
//! printed, and is shown to nobody once it is kept.

use std::fmt;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use serde::Deserialize;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use zeroize::{Zeroize, Zeroizing};

use crate::invalid::Invalid;
use crate::limits;
use crate::time::Timestamp;

/// What stands for the key wherever the certificate is shown.
pub const MASKED_KEY: &str = "***";

const CERTIFICATE: &str = "/certificate";
const PRIVATE_KEY: &str = "/private_key";

/// A certificate as its owner writes it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificateInput {
    pub certificate: String,
    pub private_key: String,
}

/// A certificate with its chain and its key, which belong together; the key is wiped from memory on
/// drop.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    certificate: String,
    private_key: Zeroizing<String>,
    not_after: Timestamp,
}

impl ClientCertificate {
    /// Checks that it is a chain in PEM with the key of its first certificate. Whether it has expired
    /// is [`Self::check_at`]'s question.
    ///
    /// # Errors
    /// What is wrong with the certificate, or with the key. Neither is quoted.
    pub fn parse(input: ClientCertificateInput) -> Result<Self, Invalid> {
        let ClientCertificateInput { certificate, private_key } = input;
        let private_key = Zeroizing::new(private_key);
        if certificate.len() + private_key.len() > limits::CLIENT_CERTIFICATE_BYTES {
            let detail =
                format!("must have at most {} bytes in all", limits::CLIENT_CERTIFICATE_BYTES);
            return Err(Invalid::one("", detail));
        }
        let (_, not_after) = parse_chain(&certificate)?;
        let parsed = Self { certificate, private_key, not_after };
        parsed.certified_key()?;
        Ok(parsed)
    }

    /// Trusts what was parsed before it was stored.
    pub fn from_stored(certificate: &str, private_key: &str, not_after: Timestamp) -> Self {
        Self {
            certificate: certificate.to_owned(),
            private_key: Zeroizing::new(private_key.to_owned()),
            not_after,
        }
    }

    /// Refuses one that can be of no use any more.
    ///
    /// # Errors
    /// When it has expired.
    pub fn check_at(&self, now: Timestamp) -> Result<(), Invalid> {
        match self.not_after > now {
            true => Ok(()),
            false => Err(Invalid::one(CERTIFICATE, format!("has expired at {}", self.not_after))),
        }
    }

    /// The certificate and its chain, as they were given.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The key as it was given. For sealing, and for a patch to be merged into.
    pub fn expose_key(&self) -> &str {
        &self.private_key
    }

    /// When the certificate itself expires, whatever its chain does.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Chain and key, ready to sign with.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together.
    pub fn certified_key(&self) -> Result<CertifiedKey, Invalid> {
        let (chain, _) = parse_chain(&self.certificate)?;
        let mut key = parse_key(&self.private_key)?;
        let loaded = any_supported_type(&key);
        key.zeroize();
        let loaded = loaded.map_err(|_| {
            let detail = "must be an RSA key of 2048 to 4096 bits, or one of ECDSA (P-256, P-384) or Ed25519";
            Invalid::one(PRIVATE_KEY, detail)
        })?;
        let certified = CertifiedKey::new(chain, loaded);
        match certified.keys_match() {
            Ok(()) => Ok(certified),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(Invalid::one(
                PRIVATE_KEY,
                "must be the key of the first certificate; the chain starts with the one that the key belongs to",
            )),
            Err(_) => {
                Err(Invalid::one(CERTIFICATE, "must start with an X.509 certificate of version 3"))
            }
        }
    }
}

/// The chain, and when its first certificate expires.
fn parse_chain(text: &str) -> Result<(Vec<CertificateDer<'static>>, Timestamp), Invalid> {
    let fault = |detail: &str| Invalid::one(CERTIFICATE, detail);
    // It is shown to whoever may read subscriptions.
    if text.contains(KEY_LABEL) {
        return Err(fault("must hold certificates only; the key goes into private_key"));
    }
    let must = "must be certificates in PEM (-----BEGIN CERTIFICATE-----), and nothing else in PEM";
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| fault(must))?;
    if chain.is_empty() || chain.len() != text.matches("-----BEGIN ").count() {
        return Err(fault(must));
    }
    if chain.len() > limits::CLIENT_CERTIFICATES {
        return Err(fault(&format!(
            "must have at most {} certificates",
            limits::CLIENT_CERTIFICATES
        )));
    }
    let mut ends = Vec::with_capacity(chain.len());
    for der in &chain {
        let read = CertificateInner::<Raw>::from_der(der)
            .map_err(|_| fault("must be X.509 certificates"))?;
        let end = read.tbs_certificate.validity.not_after.to_unix_duration();
        ends.push(Timestamp::from_unix_ms(i64::try_from(end.as_millis()).unwrap_or(i64::MAX)));
    }
    let not_after = ends.first().copied().unwrap_or_default();
    Ok((chain, not_after))
}

const KEY_LABEL: &str = "PRIVATE KEY-----";

fn parse_key(text: &str) -> Result<PrivateKeyDer<'static>, Invalid> {
    let fault = |detail: &str| Invalid::one(PRIVATE_KEY, detail);
    if text == MASKED_KEY {
        return Err(fault("must be the key itself: *** only stands for one that is kept already"));
    }
    if text.contains("ENCRYPTED") {
        return Err(fault(
            "must not be encrypted; `openssl pkey -in FILE` takes the passphrase away",
        ));
    }
    let must = "must be one private key in PEM (PKCS#8, PKCS#1 or SEC1)";
    let mut keys: Vec<PrivateKeyDer<'static>> = PrivateKeyDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| fault(must))?;
    match keys.pop() {
        Some(key) if keys.is_empty() => Ok(key),
        _ => Err(fault(must)),
    }
}

impl fmt::Debug for ClientCertificateInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificateInput(***)")
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
