//! The rules of Posthaste: what an event, a subscription, a signature and a delivery are.
//!
//! Nothing here does I/O, reads a clock or draws randomness: `now` and `rng` come in as
//! parameters, so that every rule can be tested with plain values.

pub mod address;
pub mod audit;
pub mod bin;
pub mod catalogue;
pub mod client_certificate;
pub mod cursor;
pub mod delivery;
pub mod event;
pub mod event_type;
pub mod filter;
pub mod health;
pub mod histogram;
pub mod ids;
pub mod invalid;
pub mod json;
pub mod limits;
pub mod message;
pub mod outcome;
pub mod preferences;
pub mod replay;
pub mod retry;
pub mod schema;
pub mod secret;
pub mod signature;
pub mod slack;
pub mod stats;
pub mod subscription;
pub mod subscription_input;
pub mod template;
pub mod tenant;
pub mod time;
pub mod varint;
pub mod verification;
