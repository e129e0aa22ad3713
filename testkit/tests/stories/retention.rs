//! What goes when its time is over, what stays, and what others notice of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::time::Timestamp;
use engine::database::{query_all, query_one};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};
use testkit::{Answer, Receiver, Storage, Tenant, TestApp};

use crate::{final_delivery, stories};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Past the retention (30 days) with all of the day's partitions: a day ends, and events follow their
/// deliveries a day later.
const AGED: Duration = Duration::from_secs(33 * 24 * 60 * 60);

stories! {
    what_has_been_kept_long_enough_is_gone
    a_dead_letter_keeps_its_event_until_it_is_replayed
    what_was_due_for_the_whole_retention_is_a_dead_letter
    what_is_due_later_waits_with_its_event
    a_dead_letter_that_nobody_looks_at_goes_after_90_days
    a_redelivery_in_the_making_keeps_its_event
    a_request_in_flight_is_not_expired
    deliveries_go_on_while_much_is_purged
}

async fn age(app: &TestApp, by: Duration) {
    app.clock.advance(by);
    app.engine.keep_house_once().await.expect("the database is there");
}

async fn retain(app: &TestApp) -> engine::retention::Purged {
    app.engine.retain_once().await.expect("the database is there")
}

fn id_of(row: &Value) -> String {
    row["id"].as_str().expect("an id").to_owned()
}

async fn what_has_been_kept_long_enough_is_gone(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let events = [tenant.publish("a.b", json!(1)).await, tenant.publish("a.b", json!(2)).await];
    let unmatched = {
        let lonely = app.operator.new_tenant().await;
        (lonely.publish("a.b", json!(3)).await, lonely)
    };
    let mut deliveries = Vec::new();
    for event in &events {
        deliveries.push(id_of(&final_delivery(&tenant, event).await));
    }
    let page = tenant.api.get("/events?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("there is a second event").to_owned();

    age(&app, 29 * DAY).await;
    retain(&app).await;
    tenant.api.get(&format!("/events/{}", events[0])).await.expect(200);
    assert_eq!(tenant.list(&format!("/deliveries/{}/attempts", deliveries[0])).await.len(), 1);

    age(&app, 4 * DAY).await;
    retain(&app).await;
    for event in &events {
        tenant.api.get(&format!("/events/{event}")).await.expect(404);
    }
    unmatched.1.api.get(&format!("/events/{}", unmatched.0)).await.expect(404);
    for delivery in &deliveries {
        tenant.api.get(&format!("/deliveries/{delivery}")).await.expect(404);
        tenant.api.get(&format!("/deliveries/{delivery}/attempts")).await.expect(404);
        tenant.api.post(&format!("/deliveries/{delivery}/redeliver"), json!({})).await.expect(404);
    }
    for list in ["/events", "/deliveries", "/dead-letters", "/dead-letters?resolved=true"] {
        assert!(tenant.list(list).await.is_empty(), "{list}");
    }
    assert!(tenant.list(&format!("/events?limit=1&cursor={cursor}")).await.is_empty());
    for table in ["events", "deliveries", "attempts"] {
        assert_eq!(count(&app, table).await, 0, "{table}");
    }

    let new = tenant.publish("a.b", json!(4)).await;
    assert_eq!(final_delivery(&tenant, &new).await["status"], "succeeded");
    retain(&app).await;
    assert_eq!(tenant.list("/deliveries").await.len(), 1);
}

async fn a_dead_letter_keeps_its_event_until_it_is_replayed(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!({"n": 1})).await;
    let dead = id_of(&final_delivery(&tenant, &event).await);
    receiver.behave(|_, _| Answer::status(200));
    let other = tenant.publish("a.b", json!({"n": 2})).await;
    final_delivery(&tenant, &other).await;

    age(&app, AGED).await;
    let purged = retain(&app).await;
    tenant.api.get(&format!("/events/{other}")).await.expect(404);
    if is_postgres(&app) {
        assert!(purged.partitions >= 3, "{purged:?}");
        assert!(partitions_until_now(&app).await.is_empty(), "they are really dropped");
        assert_eq!(count(&app, "ONLY events_default").await, 1);
        assert_eq!(count(&app, "ONLY deliveries_default").await, 1);
        assert_eq!(count(&app, "ONLY attempts_default").await, 6);
    }
    tenant.api.get(&format!("/events/{event}")).await.expect(200);
    assert_eq!(tenant.list("/dead-letters").await.len(), 1);
    assert_eq!(tenant.list(&format!("/deliveries/{dead}/attempts")).await.len(), 6);

    let came = receiver.count();
    let new = tenant.api.post(&format!("/dead-letters/{dead}/replay"), json!({})).await.expect(202);
    let requests = receiver.wait_for(came + 1).await;
    assert_eq!(requests.last().expect("one more").json()["data"], json!({"n": 1}));
    testkit::eventually("the dead letter is resolved", || async {
        tenant.list("/dead-letters").await.is_empty().then_some(())
    })
    .await;

    // The old delivery goes; the new one is young, and keeps the event.
    retain(&app).await;
    tenant.api.get(&format!("/deliveries/{dead}")).await.expect(404);
    assert!(tenant.list("/dead-letters?resolved=true").await.is_empty());
    tenant.api.get(&format!("/deliveries/{}", id_of(&new))).await.expect(200);
    tenant.api.get(&format!("/events/{event}")).await.expect(200);
    age(&app, AGED).await;
    retain(&app).await;
    tenant.api.get(&format!("/deliveries/{}", id_of(&new))).await.expect(404);
    tenant.api.get(&format!("/events/{event}")).await.expect(404);
}

async fn what_was_due_for_the_whole_retention_is_a_dead_letter(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let mut subscriptions = Vec::new();
    for ordered in [false, true] {
        let body = json!({"url": receiver.url("/"), "status": "paused", "ordered": ordered});
        subscriptions.push(tenant.subscribe(body).await.0);
    }
    let event = tenant.publish("a.b", json!(1)).await;
    age(&app, 29 * DAY).await;
    assert_eq!(retain(&app).await.expired, 0);
    let young = tenant.publish("a.b", json!(2)).await;
    age(&app, 2 * DAY).await;
    assert_eq!(retain(&app).await.expired, 2);
    assert_eq!(retain(&app).await.expired, 0);

    let letters = tenant.list("/dead-letters").await;
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(letter["failure_reason"], "expired");
        assert_eq!(letter["event_id"], event.as_str());
        assert_eq!(letter["status"], "failed");
    }
    for subscription in &subscriptions {
        let path = format!("/subscriptions/{subscription}");
        tenant.api.patch(&path, json!({"status": "active"})).await.expect(200);
    }
    for request in receiver.wait_for(2).await {
        assert_eq!(request.header("webhook-id"), young, "the expired ones are not sent");
    }
    age(&app, 3 * DAY).await;
    retain(&app).await;
    for letter in &letters {
        let path = format!("/dead-letters/{}/replay", id_of(letter));
        tenant.api.post(&path, json!({})).await.expect(202);
    }
    for request in &receiver.wait_for(4).await[2..] {
        assert_eq!(request.header("webhook-id"), event);
    }
}

async fn what_is_due_later_waits_with_its_event(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) =
        tenant.subscribe(json!({"url": receiver.url("/"), "status": "paused"})).await;
    let deliver_at = (app.clock.now() + 29 * DAY).to_string();
    let body = json!({"type": "a.b", "data": 1, "deliver_at": deliver_at});
    let event = id_of(&tenant.api.post("/events", body).await.expect(202));
    // Due for four days, made 33 ago.
    age(&app, AGED).await;
    assert_eq!(retain(&app).await.expired, 0);
    tenant.api.get(&format!("/events/{event}")).await.expect(200);
    let path = format!("/subscriptions/{subscription}");
    tenant.api.patch(&path, json!({"status": "active"})).await.expect(200);
    assert_eq!(final_delivery(&tenant, &event).await["status"], "succeeded");
    assert_eq!(receiver.received()[0].header("webhook-id"), event);
    retain(&app).await;
    tenant.api.get(&format!("/events/{event}")).await.expect(404);
}

async fn a_dead_letter_that_nobody_looks_at_goes_after_90_days(app: TestApp) {
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(1)).await;
    final_delivery(&tenant, &event).await;
    age(&app, 89 * DAY).await;
    assert_eq!(retain(&app).await.discarded, 0);
    assert_eq!(tenant.list("/dead-letters").await.len(), 1);
    age(&app, 2 * DAY).await;
    assert_eq!(retain(&app).await.discarded, 1);
    for list in ["/dead-letters", "/dead-letters?resolved=true", "/deliveries", "/events"] {
        assert!(tenant.list(list).await.is_empty(), "{list}");
    }
}

async fn a_redelivery_in_the_making_keeps_its_event(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    // On Postgres the first goes with its partition; the second has none, and goes by itself.
    let mut old = Vec::new();
    for number in 0..2 {
        let event = tenant.publish("a.b", json!(number)).await;
        let delivery = id_of(&final_delivery(&tenant, &event).await);
        old.push((event, delivery.parse::<DeliveryId>().expect("a delivery's id")));
        app.clock.advance(AGED);
    }
    let tenant_id: TenantId = tenant.id.parse().expect("a tenant's id");
    let transaction = app.engine.database.begin().await.expect("a transaction");
    let mut made = Vec::new();
    for (_, delivery) in &old {
        let redelivery = app.engine.redeliver(&transaction, tenant_id, *delivery).await;
        made.push(redelivery.expect("it is still there"));
    }
    // On Postgres the two go on beside each other; on SQLite the run has to wait.
    if is_postgres(&app) {
        retain(&app).await;
        transaction.commit().await.expect("committed");
        retain(&app).await;
    } else {
        let run = tokio::spawn({
            let engine = app.engine.clone();
            async move { engine.retain_once().await }
        });
        transaction.commit().await.expect("committed");
        run.await.expect("no panic").expect("the database is there");
    }
    for redelivery in &made {
        app.engine.push_redelivery(redelivery).await;
    }
    let mut sent: Vec<String> = Vec::new();
    for request in &receiver.wait_for(4).await[2..] {
        sent.push(request.header("webhook-id").to_owned());
    }
    for (event, delivery) in &old {
        assert!(sent.contains(event), "{sent:?}");
        tenant.api.get(&format!("/events/{event}")).await.expect(200);
        tenant.api.get(&format!("/deliveries/{delivery}")).await.expect(404);
    }
}

async fn a_request_in_flight_is_not_expired(app: TestApp) {
    let receiver = Receiver::new(|_, _| Answer::status(200).after(Duration::from_secs(2))).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let event = tenant.publish("a.b", json!(1)).await;
    testkit::eventually("it is in flight", || async {
        (!app.engine.in_flight.is_empty()).then_some(())
    })
    .await;
    age(&app, 31 * DAY).await;
    assert_eq!(retain(&app).await.expired, 0);
    testkit::eventually("its outcome is recorded", || async {
        app.engine.in_flight.is_empty().then_some(())
    })
    .await;
    let deliveries = tenant.list(&format!("/deliveries?event_id={event}")).await;
    assert!(deliveries.iter().all(|delivery| delivery["status"] == "succeeded"), "{deliveries:?}");
    assert!(tenant.list("/dead-letters").await.is_empty());
}

/// How it is shared: of every so many commits of the purge, at least one event has been taken meanwhile.
const CHUNKS_PER_EVENT: u64 = 4;

async fn deliveries_go_on_while_much_is_purged(app: TestApp) {
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    // What it was posted on goes as a partition; what is seeded has none, and goes in chunks.
    let aged = tenant.publish("a.b", json!("aged")).await;
    final_delivery(&tenant, &aged).await;
    age(&app, AGED).await;
    let first = app.clock.now() - 73 * DAY;
    seed(&app, &tenant, &subscription, first, 50_000, false).await;

    let is_over = AtomicBool::new(false);
    let publishing = async {
        let mut events = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            events.push(tenant.publish("a.b", json!(events.len())).await);
        }
        events
    };
    let purging = async {
        let purged = retain(&app).await;
        is_over.store(true, Ordering::Relaxed);
        purged
    };
    let (events, purged) = tokio::join!(publishing, purging);
    let in_chunks = if is_postgres(&app) { 50_000 } else { 50_001 };
    assert_eq!((purged.deliveries, purged.events), (in_chunks, in_chunks));
    tenant.api.get(&format!("/events/{aged}")).await.expect(404);
    assert!(purged.chunks >= 200, "at most 500 rows of each table at once: {purged:?}");
    let taken = u64::try_from(events.len()).expect("a count");
    assert!(taken * CHUNKS_PER_EVENT >= purged.chunks, "{taken} events beside {purged:?}");
    receiver.wait_for(events.len() + 1).await;
    let last = events.last().expect("some were taken");
    assert_eq!(final_delivery(&tenant, last).await["status"], "succeeded");
    let left = i64::try_from(events.len()).expect("a count");
    for table in ["events", "deliveries", "attempts"] {
        testkit::eventually("what is new stays", || async {
            (count(&app, table).await == left).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_somebody_reads_goes_in_several_runs() {
    let app = crate::app(Storage::Postgres).await;
    let receiver = Receiver::answering([500]).await;
    let tenant = app.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let held = tenant.publish("a.b", json!(1)).await;
    let dead = id_of(&final_delivery(&tenant, &held).await);
    receiver.behave(|_, _| Answer::status(200));
    let event = tenant.publish("a.b", json!(2)).await;
    final_delivery(&tenant, &event).await;
    age(&app, AGED).await;

    // As if a run had been cut off after each of its steps.
    for (table, left) in [
        ("deliveries", vec!["attempts", "deliveries", "events"]),
        ("attempts", vec!["attempts"]),
        ("", vec![]),
    ] {
        let reading = app.engine.database.begin().await.expect("a transaction");
        if !table.is_empty() {
            let sql = format!("SELECT 1 FROM {table} LIMIT 1");
            query_all(&reading, &sql, Vec::new()).await.expect("readable");
        }
        retain(&app).await;
        let partitions = partitions_until_now(&app).await;
        let tables: std::collections::BTreeSet<&str> =
            partitions.iter().filter_map(|name| Some(name.split_once('_')?.0)).collect();
        assert_eq!(tables.into_iter().collect::<Vec<_>>(), left, "while {table} is read");
        tenant.api.get(&format!("/events/{held}")).await.expect(200);
        assert_eq!(tenant.list(&format!("/deliveries/{dead}/attempts")).await.len(), 6);
        let during = tenant.publish("a.b", json!(3)).await;
        assert_eq!(final_delivery(&tenant, &during).await["status"], "succeeded");
        reading.rollback().await.expect("ended");
    }
    tenant.api.get(&format!("/events/{event}")).await.expect(404);
    assert_eq!(count(&app, "ONLY attempts_default").await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_detached_is_dropped_by_the_next_run() {
    let app = crate::app(Storage::Postgres).await;
    let left = "retired_deliveries_20250101";
    for sql in [
        format!("CREATE TABLE {left} (id uuid)"),
        "CREATE TABLE retired_staff (id uuid)".to_owned(),
    ] {
        app.engine.database.read.execute_unprepared(&sql).await.expect("made");
    }
    retain(&app).await;
    let sql = "SELECT relname::text FROM pg_class WHERE relname LIKE 'retired%'";
    let rows = query_all(&app.engine.database.read, sql, Vec::new()).await.expect("readable");
    let names: Vec<String> = rows.iter().map(|row| row.get(0).expect("a name")).collect();
    assert_eq!(names, ["retired_staff"], "somebody else's table is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_holds_too_much_is_swept_until_little_is_left() {
    let app = crate::app(Storage::Postgres).await;
    let receiver = Receiver::answering([200]).await;
    let tenant = app.operator.new_tenant().await;
    let (subscription, _) = tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let today = app.clock.now();
    seed(&app, &tenant, &subscription, today, 2_500, true).await;
    seed(&app, &tenant, &subscription, today, 700, false).await;
    age(&app, AGED).await;
    let purged = retain(&app).await;
    assert_eq!((purged.deliveries, purged.events), (700, 700), "{purged:?}");
    assert_eq!(count(&app, "events").await, 2_500);
    assert_eq!(count(&app, "ONLY events_default").await, 0, "they stay where they are");

    let resolve = "UPDATE dead_letters SET resolved_at = dead_at, resolution = 'discarded' WHERE delivery_id IN \
                   (SELECT delivery_id FROM dead_letters LIMIT 2490)";
    app.engine.database.read.execute_unprepared(resolve).await.expect("resolved");
    retain(&app).await;
    assert!(partitions_until_now(&app).await.is_empty());
    for table in ["events", "deliveries", "attempts", "dead_letters"] {
        assert_eq!(count(&app, table).await, 10, "{table}");
    }
}

fn is_postgres(app: &TestApp) -> bool {
    app.engine.database.backend() == DbBackend::Postgres
}

async fn count(app: &TestApp, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let row = query_one(&app.engine.database.read, &sql, Vec::new()).await.expect("readable");
    row.expect("a row").get(0).expect("a number")
}

/// Partitions of days that are wholly over age; those of events a day later.
async fn partitions_until_now(app: &TestApp) -> Vec<String> {
    let day_of = |at: Timestamp| {
        at.to_string().chars().take(10).filter(char::is_ascii_digit).collect::<String>()
    };
    let over = app.clock.now() - 30 * DAY;
    let sql = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE c.relkind = 'r' ORDER BY 1";
    let rows = query_all(&app.engine.database.read, sql, Vec::new()).await.expect("readable");
    let names = rows.iter().map(|row| row.get::<String>(0).expect("a name"));
    let is_over = |name: &String| {
        let (table, day) = name.split_once('_').expect("a partition's name");
        let until = if table == "events" { day_of(over - DAY) } else { day_of(over) };
        day != "default" && day < until.as_str()
    };
    names.filter(is_over).collect()
}

/// Stores events as if they had been posted a millisecond apart, each delivered, or dead.
async fn seed(
    app: &TestApp,
    tenant: &Tenant,
    subscription: &str,
    first: Timestamp,
    events: u32,
    dead: bool,
) {
    let tenant: TenantId = tenant.id.parse().expect("a tenant's id");
    let subscription: SubscriptionId = subscription.parse().expect("a subscription's id");
    let (open, close) = if is_postgres(app) { ("'", "'") } else { ("X'", "'") };
    let quote = |id: &[u8; 16]| format!("{open}{}{close}", uuid::Uuid::from_bytes(*id).simple());
    let empty = if is_postgres(app) { "'\\x7b7d'" } else { "X'7b7d'" };
    let (tenant, subscription) = (quote(tenant.as_bytes()), quote(subscription.as_bytes()));
    let (status, letter) = if dead { (3, true) } else { (2, false) };
    for chunk in (0..events).collect::<Vec<_>>().chunks(1_000) {
        let mut rows: [Vec<String>; 4] = Default::default();
        for number in chunk {
            let at = first + Duration::from_millis((*number / 2).into());
            let seed: [&[u8]; 2] = [&number.to_be_bytes(), &[u8::from(dead)]];
            let event = quote(EventId::derive(at, &seed).as_bytes());
            let delivery = quote(DeliveryId::derive(at, &seed).as_bytes());
            let ms = at.unix_ms();
            rows[0].push(format!(
                "({event}, {tenant}, 'a.b', '2026-01-01T00:00:00Z', {empty}, {empty}, 1, {ms})"
            ));
            rows[1].push(format!(
                "({delivery}, {tenant}, {event}, {subscription}, 1, 'a.b', {status}, 0, 0, 1, 6, {ms})"
            ));
            rows[2].push(format!("({delivery}, 1, 1, {ms}, 5, 0, FALSE)"));
            if letter {
                rows[3]
                    .push(format!("({delivery}, {tenant}, {event}, {subscription}, 'a.b', {ms})"));
            }
        }
        let heads = [
            "events (id, tenant_id, type, timestamp, data, metadata, delivery_count, created_at)",
            "deliveries (id, tenant_id, event_id, subscription_id, subscription_revision, event_type, status, \
             \"trigger\", class, attempt_count, max_attempts, completed_at)",
            "attempts (delivery_id, number, subscription_revision, started_at, duration_ms, queue_ms, response_truncated)",
            "dead_letters (delivery_id, tenant_id, event_id, subscription_id, event_type, dead_at)",
        ];
        let transaction = app.engine.database.begin().await.expect("a transaction");
        for (head, rows) in heads.into_iter().zip(rows).filter(|(_, rows)| !rows.is_empty()) {
            let sql = format!("INSERT INTO {head} VALUES {}", rows.join(","));
            transaction.execute_unprepared(&sql).await.expect("inserted");
        }
        transaction.commit().await.expect("committed");
    }
}
