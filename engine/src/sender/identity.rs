//! Who a request's sender is to a receiver that asks: the subscription's client certificate.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use domain::client_certificate::ClientCertificate;
use domain::invalid::Invalid;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use sha2::{Digest, Sha256};

use super::tls::TimedSessions;

/// Sessions remembered for resumption: a subscription has one receiver.
const SESSIONS: usize = 8;

/// A client certificate, ready for handshakes. Two are equal when certificate and key are.
pub struct ClientIdentity {
    digest: [u8; 32],
    shown: Arc<SingleCertAndKey>,
    /// A session that this certificate has begun must not be resumed by who does not have it.
    sessions: Arc<TimedSessions>,
}

impl ClientIdentity {
    /// Makes a certificate ready.
    ///
    /// # Errors
    /// When it is none, or its key is another's.
    pub fn new(certificate: &ClientCertificate) -> Result<Self, Invalid> {
        let digest = Sha256::new()
            .chain_update(certificate.certificate())
            .chain_update([0])
            .chain_update(certificate.expose_key())
            .finalize();
        Ok(Self {
            digest: digest.into(),
            shown: Arc::new(SingleCertAndKey::from(certificate.certified_key()?)),
            sessions: Arc::new(TimedSessions::new(SESSIONS)),
        })
    }

    /// Lets connections show it.
    pub(super) fn show_in(&self, tls: &mut ClientConfig) {
        tls.client_auth_cert_resolver = self.shown.clone();
        tls.resumption = Resumption::store(self.sessions.clone());
    }
}

impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ClientIdentity {}

impl Hash for ClientIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(***)")
    }
}
