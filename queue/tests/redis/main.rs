//! The queue in Redis: the suite in real time, several instances as one, wake-ups, news, and losses.
//!
//! Needs a Redis (`POSTHASTE_TEST_REDIS_URL`, by default the one on this machine's usual port) in
//! which each test keeps to a prefix of its own, and the `redis-server` binary for tests that
//! restart or empty one.

mod conformance;
mod loss;
mod news;
mod server;
mod together;
mod waking;
mod world;
