//! CEL filters over events.
