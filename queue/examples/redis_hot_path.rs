//! What a delivery costs Redis in the hot path: 10 tenants with a subscription each, groups of 13 handed in,
//! of about 15 fetched and of 24 completed, as one API process and one worker process do at 3,000/s.
//!
//! `cargo run --release --package queue --example redis_hot_path` starts a `redis-server` of its own. The
//! figures are its main thread's CPU time as Linux counts it, so that asking costs Redis nothing.

use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::redis::RedisQueue;
use queue::{Class, Completion, Due, Feedback, Next, Queue, WorkerSlots};
use uuid::Uuid;

const PORT: u16 = 7392;
const WORKER: WorkerSlots = WorkerSlots { worker: Uuid::from_u128(7), slots: 512 };
const TENANTS: usize = 10;
const DELIVERIES: usize = 20_000;
const PUSHED: usize = 13;
const FETCHED: usize = 15;
const COMPLETED: usize = 24;

/// A Redis that ends with this process.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Server {
    fn start() -> std::io::Result<Self> {
        Command::new("redis-server")
            .args(["--port", &PORT.to_string(), "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .map(Self)
    }

    /// The nanoseconds that its main thread has run.
    fn cpu(&self) -> std::io::Result<u64> {
        let id = self.0.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/task/{id}/schedstat"))?;
        Ok(stat.split(' ').next().and_then(|ran| ran.parse().ok()).unwrap_or(0))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let url = format!("redis://127.0.0.1:{PORT}/");
    let queue = RedisQueue::open(&url, "cost")?;
    let start = Instant::now();
    while queue.stats().await.is_err() && start.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut lanes = Vec::new();
    for tenant in 0..TENANTS {
        let lane = SubscriptionId(Uuid::now_v7());
        let tenant = TenantId(Uuid::from_u128(tenant as u128 + 1));
        queue.configure_lane(lane, queue::suite::settings(tenant)).await?;
        lanes.push(lane);
    }
    let mut load = Load { server, queue, lanes, random: 1, out: VecDeque::new(), waiting: 0 };
    // Caps grow, the library is loaded.
    load.run(DELIVERIES / 10).await?;
    let [push, fetch, complete] = load.run(DELIVERIES).await?;
    println!(
        "us of Redis per delivery: hand in {push:.1}, fetch {fetch:.1}, complete {complete:.1}, all {:.1}",
        push + fetch + complete
    );
    Ok(())
}

struct Load {
    server: Server,
    queue: RedisQueue,
    lanes: Vec<SubscriptionId>,
    random: u64,
    out: VecDeque<Completion>,
    waiting: usize,
}

impl Load {
    /// Microseconds of Redis per delivery: push, fetch, complete.
    async fn run(&mut self, count: usize) -> Result<[f64; 3], Box<dyn std::error::Error>> {
        let (mut took, mut pushed, mut owed) = ([0; 3], 0, 0);
        while pushed < count {
            let start = self.server.cpu()?;
            self.push().await?;
            pushed += PUSHED;
            owed += PUSHED;
            let after_push = self.server.cpu()?;
            took[0] += after_push - start;
            if owed >= FETCHED {
                owed -= FETCHED;
                self.fetch().await?;
            }
            let after_fetch = self.server.cpu()?;
            took[1] += after_fetch - after_push;
            // So many are out at 3,000/s when an answer takes 15 ms.
            while self.out.len() >= COMPLETED + 45 {
                let done: Vec<_> = self.out.drain(..COMPLETED).collect();
                self.queue.complete(&done).await?;
            }
            took[2] += self.server.cpu()? - after_fetch;
        }
        Ok(took.map(|nanos| nanos as f64 / 1e3 / pushed as f64))
    }

    async fn push(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let mut due = Vec::new();
        for _ in 0..PUSHED {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            due.push(Due {
                lane: self.lanes[(self.random >> 33) as usize % self.lanes.len()],
                delivery: DeliveryId(Uuid::now_v7()),
                class: Class::First,
                delay: Duration::ZERO,
            });
        }
        self.queue.hand_in(&due).await?;
        self.waiting += due.len();
        Ok(())
    }

    async fn fetch(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let looking = self.queue.fetch(WORKER, WORKER.slots);
        // Lanes at their caps have to wait for answers.
        let Ok(tickets) = tokio::time::timeout(Duration::from_millis(200), looking).await else {
            return Ok(());
        };
        for ticket in tickets? {
            self.waiting -= 1;
            self.out.push_back(Completion {
                ticket,
                next: Next::Done,
                feedback: Feedback::Success,
            });
        }
        Ok(())
    }
}
