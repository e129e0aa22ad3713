//! HTTP only: who calls, what is asked, what is answered. What is done is the engine's.
//!
//! A request passes [`middleware`] (its id, and the one place where problems are written), is found
//! in [`routes`], names its caller by an extractor of [`auth`], and only then is its body read
//! ([`extract`]). So the order of refusals is fixed: unknown path, wrong method, no key, missing
//! scope, unreadable body, broken contract, no such thing.

mod auth;
mod bin_limit;
mod change;
mod dashboard;
mod extract;
mod ingest_limit;
mod middleware;
mod once;
pub mod openapi;
mod page;
pub mod problem;
mod query;
mod request_metrics;
pub mod routes;
mod server;
mod sign_in_limit;
mod state;

pub use server::{configure, serve, serve_probes};
pub use state::{Portal, Settings, State};
