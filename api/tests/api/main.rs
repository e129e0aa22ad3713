//! The API over real HTTP, against the real engine.

mod auth;
mod deliveries;
mod events;
mod idempotency;
mod lists;
mod raw;
mod refusals;
mod subscriptions;
mod tenants;
