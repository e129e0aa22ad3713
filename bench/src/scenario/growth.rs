//! What a database that has grown costs: the start, the lists, the statistics.
//!
//! The rows are written past the routes ([`crate::rows`]); everything is asked through them.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::stage::{Stage, rfc3339};
use super::{Options, Run};
use crate::api::{Api, Tenant};
use crate::measure::Latency;
use crate::receiver::Answer;
use crate::rows;
use crate::server::Server;
use crate::targets::Bound;

const TENANTS: usize = 10;

/// How often each page is asked for, and the statistics.
const ASKED: usize = 50;
const STATISTICS_ASKED: usize = 10;

/// The promise for the start is for so many deliveries.
pub(super) const START_ROWS: u64 = 1_000_000;

/// A server on so many deliveries, and who owns them.
struct Grown {
    server: Server,
    tenants: Vec<Tenant>,
    fill_s: f64,
    /// The database's room.
    _directory: tempfile::TempDir,
}

/// Start to ready alone, on a million deliveries or as many as are wanted.
pub(super) fn start(options: &Options) -> Result<Run> {
    let count = START_ROWS.min(options.counts.rows);
    let grown = grow(options, count)?;
    let mut run = Run::default();
    let ready_ms = grown.server.ready_ms();
    run.read("start to ready with them", "ms", ready_ms, Bound::at_most(3_000.0, 500.0));
    read_size(&grown, count, &mut run);
    Ok(run)
}

/// Lists and statistics.
pub(super) fn run(options: &Options) -> Result<Run> {
    let count = options.counts.rows;
    let grown = grow(options, count)?;
    let api = grown.server.api();
    let mut run = Run::default();
    read_pages(api, &grown.tenants[0], &mut run)?;
    read_statistics(api, rows::attempts_of(count), &mut run)?;
    run.read("start to ready with them", "ms", grown.server.ready_ms(), Bound::Told);
    read_size(&grown, count, &mut run);
    Ok(run)
}

fn grow(options: &Options, count: u64) -> Result<Grown> {
    let stage = Stage::open(options)?;
    let nobody = stage.receiver(Answer::Ok)?;
    let tenants = stage.tenants("grown", TENANTS, 1, &nobody)?;
    let Stage { server, directory, .. } = stage;
    let began = Instant::now();
    let mut fill_s = 0.0;
    let server = server.restart_after(&options.server_bin, directory.path(), |database| {
        rows::fill(database, count)?;
        fill_s = began.elapsed().as_secs_f64();
        Ok(())
    })?;
    Ok(Grown { server, tenants, fill_s, _directory: directory })
}

fn read_size(grown: &Grown, count: u64, run: &mut Run) {
    run.read("deliveries in the database", "", count as f64, Bound::Told);
    run.read("time to write them", "s", grown.fill_s, Bound::Told);
}

/// Every kind of page by itself: the slowest is held to the bound, so that the quick ones hide nothing.
fn read_pages(api: &Api, tenant: &Tenant, run: &mut Run) -> Result<()> {
    let mut slowest = (Latency::default(), String::new());
    let mut all_ns = Vec::new();
    for path in pages(api, tenant)? {
        api.time(tenant, &path)?;
        let mut times_ns = Vec::with_capacity(ASKED);
        for _ in 0..ASKED {
            times_ns.push(crate::clock::duration_ns(api.time(tenant, &path)?));
        }
        all_ns.extend_from_slice(&times_ns);
        let found = Latency::of(&mut times_ns);
        run.notes.push(format!("p50 {:.1}, p95 {:.1} ms: {path}", found.p50_ms, found.p95_ms));
        if found.p95_ms > slowest.0.p95_ms {
            slowest = (found, path);
        }
    }
    run.read("slowest list page p95", "ms", slowest.0.p95_ms, Bound::at_most(50.0, 10.0));
    run.read("slowest list page p50", "ms", slowest.0.p50_ms, Bound::Told);
    run.read("all list pages p95", "ms", Latency::of(&mut all_ns).p95_ms, Bound::Told);
    run.limit = Some(format!("the page {}", slowest.1));
    Ok(())
}

/// The newest page and one in the middle, by every filter that a person looks by.
fn pages(api: &Api, tenant: &Tenant) -> Result<Vec<String>> {
    let newest = api.get(tenant, "/deliveries?limit=50")?;
    let name = |field: &str| -> Result<String> {
        let value = newest["data"][0][field].as_str();
        Ok(value.with_context(|| format!("the newest delivery has no {field}"))?.to_owned())
    };
    let (id, event, lane) = (name("id")?, name("event_id")?, name("subscription_id")?);
    let middle = rfc3339(SystemTime::now() - rows::SPAN / 2);
    let day_later = rfc3339(SystemTime::now() - rows::SPAN / 2 + Duration::from_secs(86_400));
    let mut pages: Vec<String> = [
        "/deliveries?limit=50".to_owned(),
        "/deliveries?limit=250".to_owned(),
        "/deliveries?limit=50&status=failed".to_owned(),
        "/deliveries?limit=50&status=pending,retrying".to_owned(),
        "/deliveries?limit=50&status=cancelled".to_owned(),
        format!("/deliveries?limit=50&subscription_id={lane}"),
        format!("/deliveries?limit=50&subscription_id={lane}&status=failed"),
        format!("/deliveries?limit=50&event_id={event}"),
        "/deliveries?limit=50&event_type=bench.rare".to_owned(),
        format!("/deliveries?limit=50&to={middle}"),
        format!("/deliveries?limit=50&from={middle}&to={day_later}&status=failed"),
        format!("/deliveries/{id}/attempts?limit=50"),
        "/dead-letters?limit=50".to_owned(),
        "/events?limit=50".to_owned(),
        "/events?limit=50&type=bench.rare".to_owned(),
        format!("/events?limit=50&to={middle}"),
    ]
    .into();
    if let Some(cursor) = cursor(&api.get(tenant, &format!("/deliveries?limit=50&to={middle}"))?) {
        pages.push(format!("/deliveries?limit=50&to={middle}&cursor={cursor}"));
    }
    Ok(pages)
}

fn cursor(page: &Value) -> Option<&str> {
    page["next_cursor"].as_str()
}

/// Over everything, by the hour, across tenants; told as skipped where there is nothing to measure.
fn read_statistics(api: &Api, attempts: u64, run: &mut Run) -> Result<()> {
    let from = rfc3339(SystemTime::now() - rows::SPAN - Duration::from_secs(2 * 3_600));
    let path = format!("/stats?from={from}&to={}&bucket=1h", rfc3339(SystemTime::now()));
    let Some(found) = api.find_as_operator(&path)? else {
        run.notes.push("SKIPPED: statistics: there is no GET /stats yet".to_owned());
        return Ok(());
    };
    let counted = found["totals"]["attempts"].as_u64().unwrap_or(0);
    // Within what the last part of a hundred thousand makes of the shares.
    if counted.abs_diff(attempts) > attempts / 100 {
        run.notes.push(format!(
            "SKIPPED: statistics: GET /stats counts {counted} of {attempts} attempts that were \
             written past the routes"
        ));
        return Ok(());
    }
    let mut times_ns = Vec::with_capacity(STATISTICS_ASKED);
    for _ in 0..STATISTICS_ASKED {
        let asked = Instant::now();
        api.find_as_operator(&path)?;
        times_ns.push(crate::clock::duration_ns(asked.elapsed()));
    }
    let found = Latency::of(&mut times_ns);
    run.read("statistics over all attempts p95", "ms", found.p95_ms, Bound::at_most(200.0, 50.0));
    run.read("statistics over all attempts p50", "ms", found.p50_ms, Bound::Told);
    run.read("attempts", "", counted as f64, Bound::Told);
    Ok(())
}
