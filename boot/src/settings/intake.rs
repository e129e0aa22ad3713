//! How large what comes in may be.

use domain::limits;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const MAX_PAYLOAD_BYTES: Key =
    Key::new("max_payload_bytes", "POSTHASTE_MAX_PAYLOAD_BYTES", Kind::Number);
pub(super) const MAX_INBOUND_BYTES: Key =
    Key::new("max_inbound_bytes", "POSTHASTE_MAX_INBOUND_BYTES", Kind::Number);

/// Bytes of the largest inbound request that can be set: it is held in memory as a whole.
const INBOUND_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How large what comes in may be.
#[derive(Debug, Clone)]
pub struct IntakeSettings {
    /// Bytes of one event's `data` (default 262144). Larger ones are refused with `413`. Receivers
    /// often have limits of their own, so raise it with care.
    pub max_payload_bytes: usize,
    /// Bytes of one request to an inbound source (default 1048576). Raise it for a provider that
    /// sends more.
    pub max_inbound_bytes: usize,
}

impl IntakeSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // An event has to fit into a batch request, so that is the bound.
        let max_payload_bytes = reader.number(&MAX_PAYLOAD_BYTES, 1..=limits::BATCH_BYTES, "bytes");
        let max_inbound_bytes = reader.number(&MAX_INBOUND_BYTES, 1..=INBOUND_BYTES_MAX, "bytes");
        Some(Self { max_payload_bytes: max_payload_bytes?, max_inbound_bytes: max_inbound_bytes? })
    }
}
