//! The API over real HTTP, against the real engine.

mod audit_log;
mod auth;
mod batches;
mod bins;
mod catalogue;
mod client_certificates;
mod deliveries;
mod document;
mod event_types;
mod events;
mod explain;
mod formats;
mod idempotency;
mod isolation;
mod lines;
mod lists;
mod portal_links;
mod raw;
mod refusals;
mod replays;
mod schema;
mod signing;
mod slack;
mod stats;
mod subscriptions;
mod tenants;
