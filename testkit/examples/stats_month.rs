//! How long `GET /stats` takes over a month of ten million attempts, on SQLite and on Postgres.
//!
//! `scripts/services.sh cargo run --package testkit --example stats_month` fills the figures of 100
//! subscriptions of 10 tenants, each with something in every minute, and asks for them as a dashboard does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::{SubscriptionId, TenantId};
use domain::outcome::FailureReason;
use domain::stats::{Bucket, Sums};
use domain::time::Timestamp;
use engine::store::rollup::{Key, Scope, WIDTHS_S, put};
use serde_json::json;
use testkit::{Client, Storage, TestApp};

const DAYS: u32 = 30;
const TENANTS: usize = 10;
const SUBSCRIPTIONS_EACH: usize = 10;
const CALLS: usize = 21;
/// Attempts of a subscription in a minute, in turn: ten million in all.
const ATTEMPTS: [u32; 10] = [1, 2, 2, 3, 2, 3, 2, 3, 2, 3];

#[tokio::main]
async fn main() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let app = TestApp::start_with(storage, &[]).await;
        let (scopes, names) = scopes(&app.operator).await;
        let midnight = Bucket::Day.start_of(app.clock.now());
        let from = midnight - Duration::from_secs(u64::from(DAYS) * 24 * 60 * 60);
        let began = Instant::now();
        let rows = fill(&app, &scopes, from).await;
        println!("{storage:?}: {rows} rows in {:.0} s", began.elapsed().as_secs_f64());
        let month = format!("from={from}&to={midnight}");
        let minutes = |width_s: u64| {
            let from = midnight - Duration::from_secs(1_500 * width_s);
            format!("from={from}&to={midnight}")
        };
        for (bucket, window) in
            [("1h", month.clone()), ("1d", month), ("1m", minutes(60)), ("5m", minutes(300))]
        {
            for (whose, tenant, subscription) in [
                ("everybody", None, ""),
                ("a tenant", Some(names.0.as_str()), ""),
                ("a subscription", Some(names.0.as_str()), names.1.as_str()),
            ] {
                let path = format!("/stats?bucket={bucket}&{window}{subscription}");
                ask(&app.operator, &path, tenant, &format!("{bucket} of {whose}")).await;
            }
        }
        app.stop().await;
    }
}

/// Subscriptions that are there, and one of them as it is asked for.
async fn scopes(operator: &Client) -> (Vec<Scope>, (String, String)) {
    let mut scopes = Vec::new();
    let mut names = (String::new(), String::new());
    for _ in 0..TENANTS {
        let tenant = operator.new_tenant().await;
        for _ in 0..SUBSCRIPTIONS_EACH {
            let (id, _) = tenant.subscribe(json!({"url": "http://127.0.0.1:59999/"})).await;
            scopes.push(Scope {
                tenant: tenant.id.parse::<TenantId>().expect("an id"),
                subscription: id.parse::<SubscriptionId>().expect("an id"),
            });
            names = (tenant.id.clone(), format!("&subscription_id={id}"));
        }
    }
    (scopes, names)
}

/// Writes the month's rows, as adding up would have; how many.
async fn fill(app: &TestApp, scopes: &[Scope], from: Timestamp) -> usize {
    let mut written = 0;
    let mut turn = 0_u32;
    for day in 0..DAYS {
        let mut rows: BTreeMap<Key, Sums> = BTreeMap::new();
        for minute in 0..24 * 60 {
            let at = from + Duration::from_secs(u64::from(day * 24 * 60 + minute) * 60);
            for scope in scopes {
                turn = turn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let sums = sums(turn);
                for scope in [*scope, Scope::of_tenant(scope.tenant), Scope::ALL] {
                    for width_s in WIDTHS_S {
                        rows.entry(Key::of(width_s, scope, at)).or_default().merge(&sums);
                    }
                }
            }
        }
        let rows: Vec<(Key, Sums)> = rows.into_iter().collect();
        written += rows.len();
        for rows in rows.chunks(5_000) {
            let db = app.engine.database.begin_group().await.expect("a transaction");
            put(&db, rows).await.expect("written");
            db.commit().await.expect("committed");
        }
    }
    written
}

fn sums(turn: u32) -> Sums {
    let mut sums = Sums::default();
    (sums.events, sums.deliveries) = (1, 2);
    for attempt in 0..ATTEMPTS[(turn >> 8) as usize % ATTEMPTS.len()] {
        let draw = (turn >> 4).wrapping_mul(attempt + 1);
        let is_slow = draw.is_multiple_of(20);
        let ms = 20 + u64::from(draw % 60) * if is_slow { 50 } else { 1 };
        let failure = draw.is_multiple_of(50).then_some(FailureReason::HttpStatus);
        sums.add_attempt(Duration::from_millis(ms), failure);
    }
    sums
}

async fn ask(operator: &Client, path: &str, tenant: Option<&str>, what: &str) {
    let headers: Vec<(&str, &str)> =
        tenant.iter().map(|tenant| ("posthaste-tenant", *tenant)).collect();
    let mut took_ms = Vec::new();
    let mut attempts = json!(0);
    for _ in 0..CALLS {
        let began = Instant::now();
        let reply = operator.try_call(reqwest::Method::GET, path, None, &headers).await;
        let stats = reply.expect("an answer").expect(200);
        took_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        attempts = stats["totals"]["attempts"].clone();
    }
    let first = took_ms[0];
    took_ms.sort_unstable_by(f64::total_cmp);
    let (median, most) = (took_ms[CALLS / 2], took_ms[CALLS - 1]);
    println!(
        "  {what}: {attempts} attempts; first {first:.1}, median {median:.1}, most {most:.1} ms"
    );
}
