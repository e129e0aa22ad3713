//! The tables and the entities together, on SQLite and on Postgres.

mod constraints;
mod database;
mod migrations;
mod partitions;
mod plans;
mod round_trips;
mod samples;
