//! The delivery worker: runs [`deliver`](deliver::deliver) on every ticket, under apalis.
//!
//! Beside it run what keeps the queue filled and the leases renewed. None of them ends because the
//! database or the queue is away.

mod deliver;
mod run;

pub use run::{Settings, run};
