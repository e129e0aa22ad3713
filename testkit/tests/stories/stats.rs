//! What the figures say is what the lists say.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::delivery::Verdict;
use domain::outcome::{Failure, FailureReason, Outcome, Response, Timing};
use engine::database::query_all;
use entity::rollup;
use queue::{Class, LeaseToken, Ticket};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use testkit::{Answer, Receiver, Reply, Tenant, TestApp, eventually};

use crate::{final_delivery, stories};

stories! {
    the_figures_are_what_the_attempts_say
    an_attempt_that_two_workers_made_counts_as_often_as_it_is_listed
    an_adding_up_that_fails_half_way_neither_loses_nor_repeats_anything
    figures_of_a_deleted_tenant_go_but_for_those_of_all_tenants
    minutes_go_with_the_attempts_and_days_stay
}

/// What the lists say of a tenant, or of one of its subscriptions.
#[derive(Debug, PartialEq)]
struct Listed {
    counts: BTreeMap<&'static str, u64>,
    failure_reasons: BTreeMap<String, u64>,
    durations: Vec<u64>,
}

impl Listed {
    async fn of(tenant: &Tenant, filter: &str) -> Self {
        let deliveries = tenant.list(&format!("/deliveries?limit=250{filter}")).await;
        let mut letters = tenant.list(&format!("/dead-letters?limit=250{filter}")).await;
        letters
            .extend(tenant.list(&format!("/dead-letters?limit=250&resolved=true{filter}")).await);
        let (mut succeeded, mut durations) = (0, Vec::new());
        let mut failure_reasons = BTreeMap::new();
        for delivery in &deliveries {
            let id = delivery["id"].as_str().expect("an id");
            for attempt in tenant.list(&format!("/deliveries/{id}/attempts?limit=250")).await {
                durations.push(attempt["duration_ms"].as_u64().expect("a number"));
                match attempt["failure_reason"].as_str() {
                    None => succeeded += 1,
                    Some(reason) => *failure_reasons.entry(reason.to_owned()).or_default() += 1,
                }
            }
        }
        durations.sort_unstable();
        let events = match filter {
            "" => tenant.list("/events?limit=250").await.len(),
            _ => deliveries.iter().filter(|delivery| delivery["trigger"] == "event").count(),
        };
        let counts = [
            ("attempts", durations.len() as u64),
            ("succeeded", succeeded),
            ("failed", durations.len() as u64 - succeeded),
            ("events", events as u64),
            ("deliveries", deliveries.len() as u64),
            ("dead_letters", letters.len() as u64),
        ];
        Self { counts: counts.into(), failure_reasons, durations }
    }

    fn together(parts: [Self; 2]) -> Self {
        let [mut sum, other] = parts;
        sum.counts
            .iter_mut()
            .zip(other.counts.values())
            .for_each(|((_, count), more)| *count += more);
        for (reason, count) in other.failure_reasons {
            *sum.failure_reasons.entry(reason).or_default() += count;
        }
        sum.durations.extend(other.durations);
        sum.durations.sort_unstable();
        sum
    }

    /// The value that so many percent of all are not above.
    fn percentile(&self, percent: usize) -> u64 {
        self.durations[(self.durations.len() * percent).div_ceil(100) - 1]
    }

    /// Holds an answer against the lists.
    fn check(&self, stats: &Value) {
        let totals = &stats["totals"];
        for (name, count) in &self.counts {
            assert_eq!(totals[name], *count, "{name} of {totals}");
        }
        assert_eq!(stats["failure_reasons"], json!(self.failure_reasons));
        for percent in [50, 95, 99] {
            let told = totals[format!("p{percent}_ms")].as_u64().expect("a number");
            let exact = self.percentile(percent);
            assert!(told.abs_diff(exact) * 20 <= exact, "p{percent}: {told} for {exact}");
        }
        let buckets = stats["buckets"].as_array().expect("buckets");
        for name in ["attempts", "succeeded", "failed"] {
            let sum: u64 =
                buckets.iter().map(|bucket| bucket[name].as_u64().expect("a number")).sum();
            assert_eq!(sum, self.counts[name], "{name} of all buckets");
        }
        for bucket in buckets {
            assert_eq!(bucket["p50_ms"].is_null(), bucket["attempts"] == 0, "{bucket}");
        }
    }
}

/// The figures, once so many attempts are in them.
async fn stats_of(path: &str, attempts: usize, call: impl AsyncFn(&str) -> Reply) -> Value {
    let path = format!("/stats{path}");
    eventually("the attempts are in the figures", || async {
        let stats = call(&path).await.expect(200);
        (stats["totals"]["attempts"] == attempts).then_some(stats)
    })
    .await
}

async fn the_figures_are_what_the_attempts_say(app: TestApp) {
    let tenants = [app.operator.new_tenant().await, app.operator.new_tenant().await];
    let good = Receiver::new(|number, _| {
        Answer::status(200).after(Duration::from_millis(10 * (number as u64 % 8)))
    })
    .await;
    let failing = Receiver::answering([500]).await;
    let slow = Receiver::new(|_, _| Answer::status(200).after(Duration::from_secs(30))).await;
    // Not often enough that a circuit opens.
    let retry = json!({"schedule_s": [0.1], "jitter": 0});
    let mut subscriptions = Vec::new();
    for receiver in [&good, &failing, &slow] {
        let url = receiver.url("/");
        let body = json!({"url": url, "retry": retry, "timeout_ms": 100, "event_types": ["a.*"]});
        subscriptions.push(tenants[0].subscribe(body).await.0);
    }
    tenants[1].subscribe(json!({"url": good.url("/")})).await;

    let mut events = Vec::new();
    for number in 0..6 {
        events.push(tenants[0].publish("a.b", json!(number)).await);
        tenants[1].publish("a.b", json!(number)).await;
    }
    tenants[0].publish("matches.nothing.at.all", json!(0)).await;
    let batch = json!({"events": [{"type": "a.c", "data": 1}, {"type": "a.c", "data": 2}]});
    let batch = tenants[0].api.post("/events/batch", batch).await.expect(202);
    let duplicate = json!({"type": "a.b", "data": 0, "id": batch["data"][0]["id"]});
    tenants[0].api.post("/events", duplicate).await.expect(409);
    all_final(&tenants).await;

    // A receiver that has healed, a test, and a subscription that ends while something waits for it.
    failing.behave(|_, _| Answer::status(204));
    let letters = tenants[0]
        .list(&format!("/dead-letters?subscription_id={}&event_id={}", subscriptions[1], events[0]))
        .await;
    let letter = letters[0]["id"].as_str().expect("an id");
    tenants[0].api.post(&format!("/dead-letters/{letter}/replay"), json!({})).await.expect(202);
    let test = format!("/subscriptions/{}/test", subscriptions[0]);
    tenants[0].api.post(&test, json!({})).await.expect(200);
    let of_slow = format!("/subscriptions/{}", subscriptions[2]);
    tenants[0].api.patch(&of_slow, json!({"status": "paused"})).await.expect(200);
    tenants[0].publish("a.b", json!("waits")).await;
    tenants[0].api.patch(&of_slow, json!({"status": "disabled"})).await.expect(200);
    all_final(&tenants).await;

    let [first, second] = &tenants;
    let of_first = Listed::of(first, "").await;
    let (calls, operator) = (async |path: &str| first.api.get(path).await, &app.operator);
    of_first.check(&stats_of("", of_first.durations.len(), calls).await);
    assert!(of_first.failure_reasons.len() >= 2, "{of_first:?}");
    for subscription in &subscriptions {
        let filter = format!("&subscription_id={subscription}");
        let listed = Listed::of(first, &filter).await;
        let stats = stats_of(&filter.replace('&', "?"), listed.durations.len(), calls).await;
        listed.check(&stats);
        for bucket in ["5m", "1h", "1d"] {
            let path = format!("/stats?bucket={bucket}{filter}");
            listed.check(&first.api.get(&path).await.expect(200));
        }
        let of_other = format!("/stats?subscription_id={subscription}");
        second.api.get(&of_other).await.expect(404);
        assert_eq!(operator.get(&of_other).await.expect(200)["totals"], stats["totals"]);
    }
    let of_second = Listed::of(second, "").await;
    let calls = async |path: &str| second.api.get(path).await;
    of_second.check(&stats_of("", of_second.durations.len(), calls).await);
    let of_all = Listed::together([of_first, of_second]);
    let calls = async |path: &str| operator.get(path).await;
    of_all.check(&stats_of("", of_all.durations.len(), calls).await);
}

async fn all_final(tenants: &[Tenant]) {
    for tenant in tenants {
        eventually("nothing waits", || async {
            let waiting = tenant.list("/deliveries?status=pending,retrying").await;
            waiting.is_empty().then_some(())
        })
        .await;
    }
}

async fn an_attempt_that_two_workers_made_counts_as_often_as_it_is_listed(app: TestApp) {
    let receiver =
        Receiver::new(|_, _| Answer::status(200).after(Duration::from_millis(500))).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(0)).await;
    receiver.wait_for(1).await;

    // While that one is under way, another worker has the same deliveries under leases that are lost.
    let lane = subscription.parse().expect("an id");
    let delivery = &tenant.list(&format!("/deliveries?event_id={event}")).await[0];
    let ticket = Ticket {
        lane,
        delivery: Some(delivery["id"].as_str().expect("an id").parse().expect("an id")),
        class: Class::First,
        lease: LeaseToken(0),
        waited: Duration::ZERO,
        probe: false,
    };
    let mut loaded = Vec::new();
    for _ in 0..3 {
        loaded.push(app.engine.load(&ticket).await.expect("readable").expect("it is due"));
    }
    let now = app.clock.now();
    let failed = || Outcome {
        meaning: None,
        result: Err(Failure { reason: FailureReason::Dns, error: "no such name".to_owned() }),
        timing: Timing::default(),
        remote_ip: None,
        http_version: None,
    };
    let response = Response {
        status: 200,
        headers: Vec::new(),
        body: Vec::new(),
        truncated: false,
        retry_after: None,
    };
    let succeeded = || Outcome { result: Ok(response.clone()), ..failed() };
    let later = now + Duration::from_secs(60 * 60);
    let [first, second, third] = <[_; 3]>::try_from(loaded).expect("three");
    app.engine.record(first, now, failed(), Verdict::RetryAt(later)).await;
    tokio::join!(
        app.engine.record(second, now, succeeded(), Verdict::Succeeded),
        app.engine.record(third, now, succeeded(), Verdict::Succeeded),
    );
    assert_eq!(final_delivery(&tenant, &event).await["status"], "succeeded");
    eventually("nothing is in flight", || async {
        let in_flight = app.engine.lanes.queue().in_flight(lane).await.expect("the queue is there");
        in_flight.is_empty().then_some(())
    })
    .await;

    let listed = Listed::of(&tenant, "").await;
    assert_eq!((listed.counts["attempts"], listed.counts["failed"]), (1, 1));
    while app.engine.fold_figures().await.expect("the database is there") {}
    let calls = async |path: &str| tenant.api.get(path).await;
    listed.check(&stats_of("", 1, calls).await);
}

async fn an_adding_up_that_fails_half_way_neither_loses_nor_repeats_anything(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    tenant.publish("a.b", json!(0)).await;
    let calls = async |path: &str| tenant.api.get(path).await;
    stats_of("", 1, calls).await;

    // What is noted has been taken by then, within the transaction that fails.
    let run = async |sql: &str| {
        // SQLite says so while its other connections are at it.
        eventually(sql, || async {
            let transaction = app.engine.database.begin().await.ok()?;
            transaction.execute_unprepared(sql).await.ok()?;
            transaction.commit().await.ok()
        })
        .await
    };
    run("ALTER TABLE rollups RENAME TO rollups_away").await;
    for number in 0..5 {
        let event = tenant.publish("a.b", json!(number)).await;
        final_delivery(&tenant, &event).await;
        assert!(app.engine.fold_figures().await.is_err());
    }
    run("ALTER TABLE rollups_away RENAME TO rollups").await;

    // Several at once, as when the one that led before is still at it.
    let fold = async || {
        let fold = async || app.engine.fold_figures().await.expect("the database is there");
        while fold().await {}
    };
    tokio::join!(fold(), fold(), fold());
    let stats = stats_of("", 6, calls).await;
    Listed::of(&tenant, "").await.check(&stats);
    let left = query_all(&app.engine.database.read, "SELECT id FROM rollup_deltas", vec![]).await;
    assert!(left.expect("readable").is_empty(), "nothing is left");
    assert_eq!(tenant.api.get("/stats").await.expect(200)["totals"], stats["totals"]);
}

async fn figures_of_a_deleted_tenant_go_but_for_those_of_all_tenants(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(0)).await;
    final_delivery(&tenant, &event).await;
    let operators = async |path: &str| app.operator.get(path).await;
    stats_of("", 1, operators).await;
    assert!(rows_of(&app, &tenant).await > 0);

    app.operator.delete(&format!("/tenants/{}", tenant.id)).await.expect(204);
    eventually("its figures are gone", || async {
        (rows_of(&app, &tenant).await == 0).then_some(())
    })
    .await;
    stats_of("", 1, operators).await;
}

async fn rows_of(app: &TestApp, tenant: &Tenant) -> usize {
    let id: domain::ids::TenantId = tenant.id.parse().expect("an id");
    let rows = rollup::Entity::find().filter(rollup::Column::TenantId.eq(id));
    rows.all(&app.engine.database.read).await.expect("readable").len()
}

async fn minutes_go_with_the_attempts_and_days_stay(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(0)).await;
    let delivery = final_delivery(&tenant, &event).await;
    let calls = async |path: &str| tenant.api.get(path).await;
    stats_of("", 1, calls).await;

    let created_at = delivery["created_at"].as_str().expect("an instant");
    let from: domain::time::Timestamp = created_at.parse().expect("an instant");
    let window = format!("from={from}&to={}", from + Duration::from_secs(60 * 60));
    let attempts = async |bucket: &str| {
        let path = format!("/stats?{window}&bucket={bucket}");
        tenant.api.get(&path).await.expect(200)["totals"]["attempts"].clone()
    };
    let erase = async || {
        app.engine.retain_once().await.expect("the database is there");
    };
    erase().await;
    assert_eq!(attempts("1m").await, 1, "as long as the attempts are kept");
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    erase().await;
    assert_eq!(attempts("1m").await, 0);
    assert_eq!((attempts("1h").await, attempts("1d").await), (json!(1), json!(1)));
    app.clock.advance(Duration::from_secs(370 * 24 * 60 * 60));
    erase().await;
    assert_eq!((attempts("1h").await, attempts("1d").await), (json!(0), json!(0)));
    assert_eq!(rows_of(&app, &tenant).await, 0);
}
