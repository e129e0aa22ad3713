//! One file per table: its row as a struct whose columns have the domain's types.
//!
//! The tables themselves are made by `migration`; `tests/storage` holds the two against each other. There
//! are no relations: what belongs together is asked for by name in `engine::store`, and events,
//! deliveries and attempts have no foreign keys between them. Everything foreign (payloads, error
//! texts, what receivers said) is bytes; everything named `…_sealed` or `sealed` has been encrypted
//! before it comes here.

pub mod api_key;
pub mod attempt;
pub mod audit_entry;
pub mod bin;
pub mod bin_request;
pub mod dead_letter;
pub mod delivery;
pub mod event;
pub mod event_type;
pub mod fan_out;
pub mod idempotency_key;
pub mod instance;
pub mod portal_link;
pub mod replay;
pub mod rollup;
pub mod rollup_delta;
pub mod session;
pub mod subscription;
pub mod subscription_secret;
pub mod subscription_state;
pub mod tenant;
