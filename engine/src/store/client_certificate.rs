//! Client certificates at rest: sealed with their key, for the row that they stand in.

use domain::client_certificate::ClientCertificate;
use domain::ids::SubscriptionId;
use domain::time::Timestamp;
use entity::subscription::Model;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::sealer::Sealer;

/// What is sealed. Borrowed, so that no copy of the key is left in memory.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    certificate: &'a str,
    private_key: &'a str,
    not_after_ms: i64,
}

/// More than what stands beside the two texts.
const FRAME_BYTES: usize = 32;

/// Seals a subscription's client certificate for its row.
pub fn seal(sealer: &Sealer, id: SubscriptionId, certificate: &ClientCertificate) -> Vec<u8> {
    let sealed = Sealed {
        certificate: certificate.certificate(),
        private_key: certificate.expose_key(),
        not_after_ms: certificate.not_after().unix_ms(),
    };
    // Of the right size from the start: a vector that grows leaves what it held behind.
    let bytes = sealed.certificate.len() + sealed.private_key.len() + FRAME_BYTES;
    let mut plain = Zeroizing::new(vec![0; bytes]);
    let written = postcard::to_slice(&sealed, &mut plain).expect("there is room for all of it");
    sealer.seal(id.as_bytes(), written)
}

/// Opens a subscription's client certificate.
///
/// # Errors
/// When it was sealed with another master key or for another row.
pub fn open(sealer: &Sealer, row: &Model) -> Result<Option<ClientCertificate>, Error> {
    let Some(sealed) = &row.client_certificate_sealed else {
        return Ok(None);
    };
    let plain = sealer
        .open(row.id.as_bytes(), sealed)
        .map_err(|e| Error::internal("a sealed client certificate does not open", e))?;
    let Sealed { certificate, private_key, not_after_ms } = postcard::from_bytes(&plain)
        .map_err(|e| Error::internal("a sealed client certificate is malformed", e))?;
    let not_after = Timestamp::from_unix_ms(not_after_ms);
    Ok(Some(ClientCertificate::from_stored(certificate, private_key, not_after)))
}
