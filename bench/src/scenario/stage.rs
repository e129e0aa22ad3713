//! What every scenario stands on: a server, its tenants, and one way of putting a load on it.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Options, Run};
use crate::api::Tenant;
use crate::clock::Clock;
use crate::generator::{self, Load, Pace, Sent};
use crate::measure::{Outcome, outcome};
use crate::payload::EventPosts;
use crate::proc::MachineTicks;
use crate::receiver::{Answer, Receiver};
use crate::server::Server;
use crate::targets::Bound;

/// Events in each request when a backlog is put in place.
const BACKLOG_BATCH: u32 = 100;
/// Requests under way then.
const BACKLOG_CONNECTIONS: usize = 4;

/// A fresh server and its database.
pub(super) struct Stage {
    pub(super) server: Server,
    pub(super) directory: TempDir,
    pub(super) clock: Clock,
    next_seq: u32,
}

/// What is posted, by whom, and how often each event is delivered.
pub(super) struct Traffic<'a> {
    pub(super) tenants: &'a [Tenant],
    pub(super) receiver: &'a Receiver,
    pub(super) pace: Pace,
    pub(super) events_per_request: u32,
    pub(super) lanes: u32,
}

impl<'a> Traffic<'a> {
    /// Single events, each delivered once.
    pub(super) fn single(tenants: &'a [Tenant], receiver: &'a Receiver, pace: Pace) -> Self {
        Self { tenants, receiver, pace, events_per_request: 1, lanes: 1 }
    }
}

/// Events that are posted at once.
pub(super) struct Backlog {
    pub(super) events: u32,
    /// When they are to be delivered, in turn; empty means at once.
    pub(super) deliver_at: Vec<String>,
    /// What is not posted by then is left out.
    pub(super) within: Duration,
    /// Whether that, or a refusal, is no error.
    pub(super) may_be_less: bool,
}

/// What came of a load, and what it cost in the window.
pub(super) struct Measured {
    pub(super) outcome: Outcome,
    pub(super) sent: Sent,
    pub(super) server_cpu_s: f64,
    receiver_cpu_s: f64,
    generator_cpu_s: f64,
    idle_percent: f64,
    disk_percent: f64,
}

impl Stage {
    pub(super) fn open(options: &Options) -> Result<Self> {
        Self::open_with_workers(options, 1)
    }

    /// With so many workers, where they are processes of their own.
    pub(super) fn open_with_workers(options: &Options, workers: usize) -> Result<Self> {
        std::fs::create_dir_all(&options.data_dir)
            .with_context(|| format!("making {}", options.data_dir.display()))?;
        // Absolute, because the server runs in that directory.
        let data_dir = options.data_dir.canonicalize().context("finding the data directory")?;
        let directory = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(data_dir)
            .context("making a directory for the database")?;
        let (binary, deployment) = (&options.server_bin, options.deployment);
        let server = Server::start(binary, directory.path(), deployment, workers)?;
        Ok(Self { server, directory, clock: Clock::start(), next_seq: 0 })
    }

    pub(super) fn receiver(&self, answer: Answer) -> Result<Receiver> {
        Receiver::start(answer, self.clock)
    }

    /// Makes tenants with so many subscriptions each, all at one receiver.
    pub(super) fn tenants(
        &self,
        prefix: &str,
        count: usize,
        subscriptions: u16,
        receiver: &Receiver,
    ) -> Result<Vec<Tenant>> {
        let tenants = self.server.api().tenants(prefix, count, &json!({}))?;
        self.subscribe(&tenants, subscriptions, receiver, &json!({}))?;
        Ok(tenants)
    }

    /// Gives tenants so many subscriptions each, with these further fields.
    pub(super) fn subscribe(
        &self,
        tenants: &[Tenant],
        subscriptions: u16,
        receiver: &Receiver,
        fields: &Value,
    ) -> Result<()> {
        for tenant in tenants {
            for lane in 0..subscriptions {
                self.server.api().subscribe(tenant, &receiver.url(lane), fields)?;
            }
        }
        Ok(())
    }

    /// Puts a load on the server, measures one window of it, and waits until all of it has arrived.
    pub(super) fn measure(&mut self, options: &Options, traffic: &Traffic<'_>) -> Result<Measured> {
        let receiver = traffic.receiver;
        // Longer than needed: the window decides when it ends, not the generator's own clock.
        let duration = options.warm_up + options.window + Duration::from_secs(5);
        let running = self.generate(traffic, duration)?;
        std::thread::sleep(options.warm_up);
        let cpu = || -> Result<[f64; 3]> {
            let generator_s = running.thread().cpu_s();
            Ok([self.server.cpu_s()?, receiver.thread().cpu_s(), generator_s])
        };
        let (start_ns, before, ticks) = (self.clock.now_ns(), cpu()?, MachineTicks::read()?);
        std::thread::sleep(options.window);
        let (end_ns, after) = (self.clock.now_ns(), cpu()?);
        let (idle_percent, disk_percent) =
            MachineTicks::read()?.idle_and_disk_percent_since(&ticks);
        let sent = self.stop(running)?;
        let window = start_ns..end_ns;
        let outcome = drained(options, receiver, &sent, traffic.lanes, &window);
        Ok(Measured {
            outcome,
            sent,
            server_cpu_s: after[0] - before[0],
            receiver_cpu_s: after[1] - before[1],
            generator_cpu_s: after[2] - before[2],
            idle_percent,
            disk_percent,
        })
    }

    /// Posts so many events at once, in batches, without waiting for their deliveries.
    pub(super) fn post_backlog(&mut self, tenants: &[Tenant], backlog: &Backlog) -> Result<Sent> {
        self.post(tenants, backlog, BACKLOG_BATCH, BACKLOG_CONNECTIONS)
    }

    /// The same, one request after the other.
    pub(super) fn post_in_order(&mut self, tenants: &[Tenant], backlog: &Backlog) -> Result<Sent> {
        self.post(tenants, backlog, BACKLOG_BATCH, 1)
    }

    /// The same one by one, so that the tenants get the same number each.
    pub(super) fn post_singly(&mut self, tenants: &[Tenant], backlog: &Backlog) -> Result<Sent> {
        self.post(tenants, backlog, 1, BACKLOG_CONNECTIONS)
    }

    fn post(
        &mut self,
        tenants: &[Tenant],
        backlog: &Backlog,
        batch: u32,
        connections: usize,
    ) -> Result<Sent> {
        let posts = EventPosts::due(&self.host(), &keys(tenants), batch, &backlog.deliver_at);
        let load = Load {
            target: self.server.address(),
            pace: Pace::Closed { connections },
            first_seq: self.next_seq,
            duration: backlog.within,
            requests_max: Some(u64::from(backlog.events.div_ceil(batch))),
        };
        let sent = generator::start(load, posts, self.clock)?.finish()?;
        self.next_seq = sent.end_seq();
        ensure!(
            backlog.may_be_less || sent.accepted_count() >= u64::from(backlog.events),
            "only {} of {} events were accepted (last refusal: {:?})",
            sent.accepted_count(),
            backlog.events,
            sent.last_refusal
        );
        Ok(sent)
    }

    /// Ends a load that was begun with [`Self::generate`].
    pub(super) fn stop(&mut self, running: generator::Running) -> Result<Sent> {
        let sent = running.stop()?;
        self.next_seq = sent.end_seq();
        Ok(sent)
    }

    /// Waits until an attempt of every delivery of the tenants is recorded, for so long since an instant.
    pub(super) fn wait_recorded(
        &self,
        tenants: &[Tenant],
        since: Instant,
        wait: Duration,
    ) -> Result<()> {
        for tenant in tenants {
            while self.server.api().has(tenant, "pending")? {
                ensure!(since.elapsed() < wait, "attempts are not being recorded");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Begins a load; nothing else may be posted until it is stopped.
    pub(super) fn generate(
        &self,
        traffic: &Traffic<'_>,
        duration: Duration,
    ) -> Result<generator::Running> {
        let posts =
            EventPosts::new(&self.host(), &keys(traffic.tenants), traffic.events_per_request);
        let load = Load {
            target: self.server.address(),
            pace: traffic.pace,
            first_seq: self.next_seq,
            duration,
            requests_max: None,
        };
        generator::start(load, posts, self.clock)
    }

    fn host(&self) -> String {
        self.server.address().to_string()
    }
}

impl Backlog {
    /// So many at least, due at once.
    pub(super) fn of(events: u32) -> Self {
        Self::due(events, Vec::new())
    }

    /// So many at least, due at these instants in turn.
    pub(super) fn due(events: u32, deliver_at: Vec<String>) -> Self {
        let within = Duration::from_secs(300);
        Self { events, deliver_at, within, may_be_less: false }
    }
}

impl Measured {
    /// The figures that every load has: losses, who used how much processor, and what limits.
    pub(super) fn read_common(&self, run: &mut Run) {
        run.read("missing", "deliveries", self.outcome.missing as f64, Bound::Never);
        run.read("duplicates", "deliveries", self.outcome.duplicates as f64, Bound::NONE);
        let refused = (self.sent.refused + self.sent.unanswered) as f64;
        run.read("refused or unanswered", "events", refused, Bound::NONE);
        run.read("CPU, server", "s", self.server_cpu_s, Bound::Told);
        run.read("CPU, receiver", "s", self.receiver_cpu_s, Bound::Told);
        run.read("CPU, generator", "s", self.generator_cpu_s, Bound::Told);
        run.read("machine idle", "%", self.idle_percent, Bound::Told);
        run.read("machine idle for the disk", "%", self.disk_percent, Bound::Told);
        run.limit = Some(self.limit());
    }

    fn limit(&self) -> String {
        let (idle, disk) = (self.idle_percent, self.disk_percent);
        if disk >= 20.0 {
            format!("the disk: the machine waited for it {disk:.0} % of the time")
        } else if idle + disk < 10.0 {
            "the processors: less than a tenth of them was idle".to_owned()
        } else {
            format!("neither processors ({idle:.0} % idle) nor disk ({disk:.0} %)")
        }
    }
}

/// Waits until every accepted event has arrived everywhere, or nothing more comes.
pub(super) fn drained(
    options: &Options,
    receiver: &Receiver,
    sent: &Sent,
    lanes: u32,
    window: &std::ops::Range<u64>,
) -> Outcome {
    let expected = sent.accepted_count() * u64::from(lanes);
    let mut last = (receiver.arrived(), std::time::Instant::now());
    loop {
        let arrived = receiver.arrived();
        if arrived > last.0 {
            last = (arrived, std::time::Instant::now());
        }
        let stalled = last.1.elapsed() > options.stalled;
        // The count includes other loads and repeats, so it only says when looking is worth while.
        if arrived >= expected || stalled {
            let found = outcome(sent, &receiver.arrivals(), lanes, window);
            if found.missing == 0 || stalled {
                return found;
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// An instant as the routes want it.
pub(super) fn rfc3339(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn keys(tenants: &[Tenant]) -> Vec<String> {
    tenants.iter().map(|tenant| tenant.key.clone()).collect()
}
