//! What the API and the worker do, on database and queue.
//!
//! Each verb has one front door: [`publish`] accepts events, [`dispatch`] loads what is due and
//! records outcomes, [`reconcile`] finds what the queue has lost, [`redeliver`] sends an old event
//! again, [`replay`] many, `gather` makes batches, [`explain`] says why an event went where, [`retention`] takes old rows away, [`subscriptions`] changes the address book, [`catalogue`] the event types. [`bins`] keeps what is sent to bins. [`audit`] notes
//! who did what, [`metrics`] counts what is done, `rollups` adds up figures of it. [`store`] holds the queries, one file per
//! noun; [`sender`] is the one HTTP client that dials tenants' urls.

pub mod address_book;
pub mod audit;
pub mod bins;
pub mod catalogue;
pub mod clear;
pub mod clock;
pub mod context;
pub mod database;
pub mod dispatch;
pub mod error;
pub mod explain;
mod gather;
pub mod group;
pub mod housekeeping;
pub mod idempotency;
pub mod lanes;
pub mod matching;
pub mod metrics;
pub mod operator_key;
mod partition;
pub mod publish;
pub mod reconcile;
pub mod redeliver;
pub mod replay;
pub mod reseal;
pub mod retention;
mod rollups;
pub mod sealer;
pub mod sender;
pub mod skew;
pub mod store;
pub mod subscriptions;
pub mod tenants;
pub mod test_event;
mod vital;
mod writer;

pub use context::{Engine, EngineSettings};
pub use error::Error;
