//! On Postgres the three tables that grow are cut by the time in their ids.

use std::time::Duration;

use domain::ids::EventId;
use entity::event;
use sea_orm::{EntityTrait, FromQueryResult, IntoActiveModel};

use crate::database::TestDatabase;
use crate::samples::{self, NOW};

#[derive(Debug, PartialEq, FromQueryResult)]
struct Partitioned {
    name: String,
    key: String,
    fallback: String,
}

#[tokio::test]
async fn events_deliveries_and_attempts_are_partitioned_with_a_default() {
    let database = TestDatabase::postgres().await.migrated().await;
    let query = "SELECT parent.relname::text AS name, pg_get_partkeydef(parent.oid) AS key,
                     fallback.relname::text AS fallback
                 FROM pg_partitioned_table
                 JOIN pg_class AS parent ON parent.oid = partrelid
                 JOIN pg_class AS fallback ON fallback.oid = partdefid
                 ORDER BY 1";
    let expected = [
        ("attempts", "RANGE (delivery_id)", "attempts_default"),
        ("deliveries", "RANGE (id)", "deliveries_default"),
        ("events", "RANGE (id)", "events_default"),
    ]
    .map(|(name, key, fallback)| Partitioned {
        name: name.to_owned(),
        key: key.to_owned(),
        fallback: fallback.to_owned(),
    });
    assert_eq!(database.rows::<Partitioned>(query).await, expected);
}

#[tokio::test]
async fn a_row_stands_in_the_partition_of_its_ids_time() {
    #[derive(Debug, PartialEq, FromQueryResult)]
    struct Place {
        created_at: i64,
        partition: String,
    }
    let database = TestDatabase::postgres().await.migrated().await;
    let midnight = NOW - Duration::from_secs(12 * 3600);
    let tomorrow = midnight + Duration::from_secs(24 * 3600);
    let (from, to) = (EventId::floor(midnight).0, EventId::floor(tomorrow).0);
    let partition = "CREATE TABLE events_today PARTITION OF events FOR VALUES";
    database.run(&format!("{partition} FROM ('{from}') TO ('{to}')")).await;

    let last_of_yesterday = midnight - Duration::from_millis(1);
    for at in [last_of_yesterday, midnight, NOW, tomorrow] {
        let event = event::Model {
            id: EventId::derive(at, &[b"event"]),
            created_at: at,
            ..samples::event(&samples::tenant("a"))
        };
        let insert = event::Entity::insert(event.into_active_model());
        insert.exec_without_returning(&*database).await.expect("a valid event");
    }

    let query = "SELECT created_at, tableoid::regclass::text AS partition FROM events ORDER BY 1";
    let expected = [
        (last_of_yesterday, "events_default"),
        (midnight, "events_today"),
        (NOW, "events_today"),
        (tomorrow, "events_default"),
    ]
    .map(|(at, partition)| Place { created_at: at.unix_ms(), partition: partition.to_owned() });
    assert_eq!(database.rows::<Place>(query).await, expected);
}
