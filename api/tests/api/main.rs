//! The API over real HTTP, against the real engine.

mod audit_log;
mod auth;
mod client_certificates;
mod deliveries;
mod document;
mod events;
mod idempotency;
mod isolation;
mod lists;
mod portal_links;
mod raw;
mod refusals;
mod schema;
mod signing;
mod stats;
mod subscriptions;
mod tenants;
