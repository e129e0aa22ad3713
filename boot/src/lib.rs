//! How a process starts and stops: settings, telemetry, the database, keys, signals.
//!
//! The order is fixed: [`settings`] are read and checked as a whole, then [`telemetry`] speaks, then
//! [`connect`] opens the database (alone, where only one process may), [`migrate`] brings the schema
//! up, [`keys`] are found or made, and [`shutdown`] ends it.

pub mod assemble;
pub mod connect;
pub mod keys;
pub mod migrate;
pub mod open_files;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
