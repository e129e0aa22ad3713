//! The tables and the entities together, on SQLite and on Postgres.

#![expect(clippy::disallowed_methods, reason = "it is the entities that are tested")]

mod constraints;
mod database;
mod migrations;
mod partitions;
mod plans;
mod round_trips;
mod samples;
