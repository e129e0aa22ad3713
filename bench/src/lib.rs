//! Posthaste's end-to-end benchmark: what the product does, measured from the outside.
//!
//! A run has three parts that share nothing with the server but sockets: a [`generator`] that posts
//! events, a [`receiver`] that takes the deliveries, and the [`server`] under test in a process of
//! its own. Each [`scenario`] puts them together for one question; [`ceiling`] says what the machine
//! could do at most (sign and POST, nothing stored), and [`report`] sets every figure beside that
//! ceiling and beside the bounds of [`targets`]. A figure without its settings and its ceiling is
//! not a figure, so the report never prints one alone.

pub mod api;
pub mod ceiling;
pub mod clock;
pub mod generator;
pub mod measure;
pub mod payload;
pub mod plot;
pub mod proc;
pub mod receiver;
pub mod report;
pub mod results;
pub mod rows;
pub mod scenario;
pub mod server;
pub mod signing;
pub mod slow_clients;
pub mod targets;
pub mod wire;
