//! What every verb works with, and the engine that the API and the worker hold.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use domain::retry::RetryPolicy;
use queue::Queue;

use crate::address_book::{AddressBook, Lane};
use crate::catalogue::Catalogues;
use crate::clear;
use crate::clock::Clock;
use crate::database::Database;
use crate::dispatch::{Audience, Fresh, InFlight, Loader, Targets};
use crate::error::Error;
use crate::lanes::Lanes;
use crate::matching::Matching;
use crate::metrics::Metrics;
use crate::publish::Crowding;
use crate::sealer::Sealer;
use crate::sender::Sender;
use crate::skew::ClockSkew;
use crate::writer::Writer;

/// What the deployment has chosen.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// The retry policy of subscriptions without one of their own.
    pub retry: RetryPolicy,
    /// Bytes of one event's `data`.
    pub data_bytes_max: usize,
    /// Which addresses may be dialled, and whether https is required.
    pub egress: domain::address::EgressPolicy,
    /// Whether no other process delivers from this database.
    pub delivers_alone: bool,
    /// How long events, deliveries and attempts are kept.
    pub retention: Duration,
    /// By which urls are told that are those of our own bins.
    pub bin_urls: domain::bin::BinUrls,
}

impl EngineSettings {
    /// Attempts of a delivery whose subscription has no retry policy of its own.
    pub fn max_attempts(&self) -> u32 {
        self.retry.max_attempts()
    }
}

/// What every verb works with.
#[derive(Debug)]
pub struct Parts {
    pub database: Database,
    pub lanes: Lanes,
    pub clock: Clock,
    pub sealer: Sealer,
    pub sender: Sender,
    pub settings: EngineSettings,
    pub address_book: AddressBook,
    pub catalogues: Catalogues,
    pub targets: Targets,
    pub in_flight: InFlight,
    pub crowding: Crowding,
    pub fresh: Fresh,
    pub audience: Audience,
    pub clearing: clear::UnderWay,
    pub matching: Matching,
    pub metrics: Metrics,
    pub skew: ClockSkew,
}

impl Parts {
    /// Tells the queue how a subscription's lane is served by now.
    ///
    /// # Errors
    /// When the queue is away: the reconciler mends it.
    pub async fn configure_lane(&self, row: &entity::subscription::Model) -> Result<(), Error> {
        self.lanes.configure(row.id, &Lane::of(row), self.clock.now()).await
    }

    /// A source of randomness for ids, secrets and jitter.
    pub fn rng(&self) -> impl rand::Rng + rand::CryptoRng + use<> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the engine draws randomness"
        )]
        rand::rng()
    }
}

/// The verbs of Posthaste on a database and a queue. Cheap to clone; the last clone stops its
/// background writers.
#[derive(Debug, Clone)]
pub struct Engine {
    parts: Arc<Parts>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) loader: Arc<Loader>,
}

impl Engine {
    /// Starts the writers. Must be called within the runtime that they are to run on.
    pub fn start(
        database: Database,
        queue: Arc<dyn Queue>,
        clock: Clock,
        sealer: Sealer,
        sender: Sender,
        settings: EngineSettings,
    ) -> Self {
        let parts = Arc::new(Parts {
            database,
            lanes: Lanes::new(queue),
            clock,
            sealer,
            sender,
            address_book: AddressBook::default(),
            catalogues: Catalogues::default(),
            targets: Targets::default(),
            in_flight: InFlight::default(),
            crowding: Crowding::default(),
            fresh: Fresh::default(),
            audience: Audience::default(),
            clearing: clear::UnderWay::default(),
            matching: Matching::default(),
            metrics: Metrics::default(),
            skew: ClockSkew::default(),
            settings,
        });
        Self {
            writer: Arc::new(Writer::start(parts.clone())),
            loader: Arc::new(Loader::start(parts.clone())),
            parts,
        }
    }

    pub(crate) fn parts(&self) -> Arc<Parts> {
        self.parts.clone()
    }

    /// Gives this clone up and waits, for a few seconds, until the last one is gone and the writer with
    /// it: nothing is written after that.
    pub async fn stop(self) {
        let ended = self.writer.ended.clone();
        drop(self);
        if tokio::time::timeout(Self::WRITER_WAIT, ended.cancelled()).await.is_err() {
            tracing::warn!("writer.still_writing");
        }
    }

    const WRITER_WAIT: Duration = Duration::from_secs(5);

    /// How long a stopping process waits for what is under way.
    pub const STOP_WAIT: Duration = Duration::from_secs(25);
}

impl Deref for Engine {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// Does what writes in place ([`Database::begin_group`]) on a thread that may be held up.
///
/// # Errors
/// What `work` refuses; or when it panics.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    what: &'static str,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work));
    done.await.map_err(|error| Error::internal(what, error))?
}
