//! The one TLS provider of the process.

/// Makes ring the provider of every TLS connection. The HTTP client is built without a provider of
/// its own, so this runs before the first one is made; a second call changes nothing.
pub fn install_provider() {
    // The error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
