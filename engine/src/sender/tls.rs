//! Whom the sender trusts: TLS 1.2 or later by ring, certificates checked against the system's
//! roots.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::timing;

/// Sessions remembered for resumption; a server holds up to eight.
const SESSIONS: usize = 8 * 1024;

/// Makes ring the process's provider of cryptography, for those who ask rustls for its default.
/// Does nothing when one is installed already.
pub fn install_crypto() {
    // The error hands back the provider that came too late.
    let _ = ring::default_provider().install_default();
}

/// Settings for connections to receivers.
pub(super) fn config(extra_roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous() // The name is rustls's; both verifiers below verify.
        .with_custom_certificate_verifier(verifier(extra_roots, provider)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::store(Arc::new(TimedSessions::new(SESSIONS)));
    Ok(config)
}

/// The system's roots, or on a machine that has none a verifier that says so.
fn verifier(
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let extra = !extra_roots.is_empty();
    match Verifier::new_with_extra_roots(extra_roots, Arc::clone(&provider)) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) if extra => Err(error),
        Err(error) => {
            tracing::warn!(
                error = %error,
                "this machine has no CA certificates: deliveries to https urls will fail until they \
                 are installed (package ca-certificates) and the process is restarted"
            );
            Ok(Arc::new(NoRoots(provider)))
        }
    }
}

/// Trusts nobody, for want of CA certificates.
#[derive(Debug)]
struct NoRoots(Arc<CryptoProvider>);

impl NoRoots {
    fn refuse<T>() -> Result<T, Error> {
        Err(Error::General(
            "the sending machine has no CA certificates to check the receiver's against".to_owned(),
        ))
    }
}

impl ServerCertVerifier for NoRoots {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Self::refuse()
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::refuse()
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::refuse()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// rustls's own session store, which also notes when a handshake begins: rustls asks for the hint
/// of the key exchange while it writes its first message.
#[derive(Debug)]
pub(super) struct TimedSessions(ClientSessionMemoryCache);

impl TimedSessions {
    pub(super) fn new(sessions: usize) -> Self {
        Self(ClientSessionMemoryCache::new(sessions))
    }
}

impl ClientSessionStore for TimedSessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        timing::tls_started();
        self.0.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.0.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        self.0.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(server_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_ca_certificates_every_certificate_is_refused_with_that_reason() {
        let verifier = NoRoots(Arc::new(ring::default_provider()));
        let name = ServerName::try_from("example.com").expect("a name");
        let certificate = CertificateDer::from(Vec::new());
        let refused = verifier
            .verify_server_cert(&certificate, &[], &name, &[], UnixTime::now())
            .expect_err("nobody is trusted");
        assert!(refused.to_string().contains("no CA certificates"));
        assert!(!verifier.supported_verify_schemes().is_empty());
    }

    #[test]
    fn an_extra_root_that_is_no_certificate_is_an_error() {
        assert!(config(vec![CertificateDer::from(vec![1, 2, 3])]).is_err());
    }
}
