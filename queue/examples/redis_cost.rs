//! What a delivery costs Redis and its client: push, fetch and complete, at several batch sizes and
//! spread over several numbers of lanes; and what a delivery that waits costs in memory.
//!
//! `cargo run --release --package queue --example redis_cost` starts a `redis-server` of its own. Redis's
//! figures are its CPU time (`INFO cpu`), and the time in scripts (`INFO commandstats`); the client's is
//! the CPU time of this process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::ids::{DeliveryId, SubscriptionId, TenantId};
use queue::redis::RedisQueue;
use queue::{Class, Completion, Due, Feedback, LaneSettings, Next, Queue, QueueError, WorkerSlots};
use uuid::Uuid;

const PORT: u16 = 7391;
const WORKER: WorkerSlots = WorkerSlots { worker: Uuid::from_u128(7), slots: 1024 };
const LANES_PER_TENANT: usize = 10;
const DELIVERIES: usize = 20_000;

/// A Redis that ends with this process.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Command::new("redis-server")
        .args(["--port", &PORT.to_string(), "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()?;
    let _server = Server(server);
    let url = format!("redis://127.0.0.1:{PORT}/");
    let mut admin = redis::Client::open(url.as_str())?.get_connection_with_retries()?;

    println!(
        "batch  lanes | push  fetch  complete | all in scripts | Redis CPU | client CPU | round trips"
    );
    for batch in [1, 32, 256] {
        for lanes in [4, 32, 1_000] {
            redis::cmd("FLUSHALL").exec(&mut admin)?;
            let queue = RedisQueue::open(&url, "cost")?;
            let lanes = set_up(&queue, lanes).await?;
            redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut admin)?;
            measure(&queue, &lanes, batch, &mut admin).await?;
        }
    }
    memory(&url, &mut admin).await
}

trait Retry {
    fn get_connection_with_retries(&self) -> redis::RedisResult<redis::Connection>;
}

impl Retry for redis::Client {
    fn get_connection_with_retries(&self) -> redis::RedisResult<redis::Connection> {
        let start = Instant::now();
        loop {
            match self.get_connection() {
                Err(error) if start.elapsed() > Duration::from_secs(5) => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
                connection => return connection,
            }
        }
    }
}

async fn set_up(queue: &RedisQueue, count: usize) -> Result<Vec<SubscriptionId>, QueueError> {
    let mut lanes = Vec::new();
    for number in 0..count {
        let lane = SubscriptionId(Uuid::now_v7());
        let tenant = TenantId(Uuid::from_u128((number / LANES_PER_TENANT) as u128 + 1));
        let settings = LaneSettings { max_in_flight: 512, ..queue::suite::settings(tenant) };
        queue.configure_lane(lane, settings).await?;
        lanes.push(lane);
    }
    Ok(lanes)
}

/// Times of a round: push, fetch, complete, in scripts.
async fn measure(
    queue: &RedisQueue,
    lanes: &[SubscriptionId],
    batch: usize,
    admin: &mut redis::Connection,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut made = 0_usize;
    let (mut calls, mut took) = (0, [0_u64; 3]);
    let count = if batch == 1 { DELIVERIES / 10 } else { DELIVERIES };
    let (mut redis_before, mut own_before, mut counted) = (0.0, 0.0, 0);
    while made < count * 6 / 5 {
        // The first sixth warms up: caps grow, scripts are loaded.
        if made >= count / 5 && counted == 0 {
            (redis_before, own_before) = (redis_cpu(admin)?, own_cpu()?);
            (calls, took, counted) = (0, [0; 3], made);
        }
        let due: Vec<_> = (0..batch)
            .map(|n| Due {
                lane: lanes[(made + n) * 7_919 % lanes.len()],
                delivery: DeliveryId(Uuid::now_v7()),
                class: Class::First,
                delay: Duration::ZERO,
            })
            .collect();
        made += batch;
        let start = script_micros(admin)?;
        queue.push(&due).await?;
        let pushed = script_micros(admin)?;
        took[0] += pushed - start;
        let mut last = pushed;
        let mut open = batch;
        while open > 0 {
            let tickets = queue.fetch(WORKER, open).await?;
            let fetched = script_micros(admin)?;
            took[1] += fetched - last;
            open -= tickets.len();
            let completions: Vec<_> = tickets
                .into_iter()
                .map(|ticket| Completion { ticket, next: Next::Done, feedback: Feedback::Success })
                .collect();
            queue.complete(&completions).await?;
            last = script_micros(admin)?;
            took[2] += last - fetched;
            calls += 2;
        }
        calls += 1;
    }
    let per = |micros: f64| micros / (made - counted) as f64;
    let [push, fetch, complete] = took.map(|micros| per(micros as f64));
    // Asking for the statistics costs Redis something, too: it is not counted in scripts.
    let (redis, own) = (redis_cpu(admin)? - redis_before, own_cpu()? - own_before);
    println!(
        "{batch:5}  {:5} | {push:4.1}  {fetch:5.1}  {complete:8.1} | {:11.1} us | {:6.1} us | {:7.1} us | {:.3}",
        lanes.len(),
        push + fetch + complete,
        per(redis * 1e6),
        per(own * 1e6),
        per(f64::from(calls)),
    );
    Ok(())
}

async fn memory(
    url: &str,
    admin: &mut redis::Connection,
) -> Result<(), Box<dyn std::error::Error>> {
    redis::cmd("FLUSHALL").exec(admin)?;
    let queue = RedisQueue::open(url, "memory")?;
    let empty = used_memory(admin)?;
    let lanes = set_up(&queue, 1_000).await?;
    let idle = used_memory(admin)?;
    for (what, delay) in [("ready", Duration::ZERO), ("delayed", Duration::from_secs(600))] {
        let before = used_memory(admin)?;
        for lane in &lanes {
            let due: Vec<_> = (0..64)
                .map(|_| Due {
                    lane: *lane,
                    delivery: DeliveryId(Uuid::now_v7()),
                    class: if delay.is_zero() { Class::First } else { Class::Retry },
                    delay,
                })
                .collect();
            queue.push(&due).await?;
        }
        let bytes = used_memory(admin)? - before;
        println!(
            "{:.0} bytes per {what} delivery, 64 in each of {} lanes",
            bytes / 64_000.0,
            lanes.len()
        );
    }
    println!("{:.0} bytes per idle lane", (idle - empty) / 1_000.0);
    Ok(())
}

fn script_micros(admin: &mut redis::Connection) -> redis::RedisResult<u64> {
    let info: String = redis::cmd("INFO").arg("commandstats").query(admin)?;
    let micros = |name: &str| {
        let rest = info.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split("usec=").nth(1)?.split(',').next()?.parse::<u64>().ok()
    };
    Ok(micros("cmdstat_fcall:").unwrap_or(0))
}

fn redis_cpu(admin: &mut redis::Connection) -> redis::RedisResult<f64> {
    let info: String = redis::cmd("INFO").arg("cpu").query(admin)?;
    let seconds = |name: &str| {
        let rest = info.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim().parse::<f64>().ok()
    };
    let (user, system) =
        (seconds("used_cpu_user_main_thread:"), seconds("used_cpu_sys_main_thread:"));
    Ok(user.unwrap_or(0.0) + system.unwrap_or(0.0))
}

fn used_memory(admin: &mut redis::Connection) -> redis::RedisResult<f64> {
    let info: String = redis::cmd("INFO").arg("memory").query(admin)?;
    let bytes = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(bytes.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0.0))
}

/// User and system time of this process, in seconds.
fn own_cpu() -> std::io::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
}
