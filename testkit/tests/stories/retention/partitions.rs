//! On Postgres a day's rows go with their partition.

use domain::time::Timestamp;
use engine::database::query_all;
use sea_orm::ConnectionTrait;
use serde_json::json;
use testkit::{Answer, Receiver, Storage, TestApp};

use super::rows::{count, seed};
use super::{AGED, DAY, age, id_of, retain};
use crate::final_delivery;

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

/// Partitions of days that are wholly over age; those of events a day later.
pub(super) async fn partitions_until_now(app: &TestApp) -> Vec<String> {
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
