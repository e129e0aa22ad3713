//! A lane is filled by an index, in order, without sorting.

use domain::ids::DeliveryId;
use sea_orm::FromQueryResult;

use crate::database::TestDatabase;
use crate::samples::{self, NOW};

#[derive(Debug, FromQueryResult)]
struct Line {
    detail: String,
}

#[tokio::test]
async fn sqlite_fills_a_lane_from_the_due_index() {
    let database = TestDatabase::sqlite().await.migrated().await;
    let subscription = samples::subscription(&samples::tenant("a"), "s").id.0.simple();
    let plan = database
        .rows::<Line>(&format!("EXPLAIN QUERY PLAN {}", lane(&format!("x'{subscription}'"))))
        .await;
    let [line] = plan.as_slice() else { panic!("one search, no sorting: {plan:?}") };
    assert!(line.detail.contains("USING COVERING INDEX deliveries_due"), "{line:?}");
    assert!(
        line.detail.contains("subscription_id=? AND class=? AND next_attempt_at>?"),
        "{line:?}"
    );
}

#[tokio::test]
async fn postgres_fills_a_lane_from_the_due_index_of_each_partition() {
    let database = TestDatabase::postgres().await.migrated().await;
    let subscription = samples::subscription(&samples::tenant("a"), "s").id.0;
    let from = DeliveryId::floor(NOW).0;
    // Ids on both sides of the bound, so that two partitions have rows; most deliveries are final.
    database
        .run(&format!(
            "CREATE TABLE deliveries_late PARTITION OF deliveries
                 FOR VALUES FROM ('{from}') TO (MAXVALUE);
             INSERT INTO deliveries (id, tenant_id, event_id, subscription_id,
                 subscription_revision, event_type, status, \"trigger\", class, attempt_count,
                 max_attempts, next_attempt_at, completed_at)
             SELECT gen_random_uuid(), '{subscription}', gen_random_uuid(),
                 CASE WHEN n % 4 = 0 THEN '{subscription}' ELSE gen_random_uuid() END,
                 1, 'a.b', CASE WHEN n % 10 < 3 THEN 0 ELSE 2 END, 0, 0, 0, 6,
                 CASE WHEN n % 10 < 3 THEN n END, CASE WHEN n % 10 < 3 THEN NULL ELSE n END
             FROM generate_series(1, 20000) AS n;
             ANALYZE deliveries;"
        ))
        .await;

    let indexes = database
        .rows::<Line>(
            "SELECT inhrelid::regclass::text AS detail FROM pg_inherits
             WHERE inhparent = 'deliveries_due'::regclass ORDER BY 1",
        )
        .await;
    assert_eq!(indexes.len(), 2, "one per partition: {indexes:?}");

    let plan = explain(&database, &lane(&format!("'{subscription}'"))).await;
    for index in &indexes {
        assert!(plan.contains(&format!("Index Only Scan using {}", index.detail)), "{plan}");
    }
    assert!(plan.contains("Merge Append"), "{plan}");
    assert!(!plan.contains("Seq Scan"), "{plan}");
    assert!(!plan.contains("Sort  ("), "{plan}");
}

fn lane(subscription: &str) -> String {
    format!(
        "SELECT id FROM deliveries WHERE subscription_id = {subscription} AND class = 0 \
         AND sequence IS NULL AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at, id LIMIT 128"
    )
}

async fn explain(database: &TestDatabase, query: &str) -> String {
    #[derive(FromQueryResult)]
    struct Planned {
        #[sea_orm(from_alias = "QUERY PLAN")]
        line: String,
    }
    let lines = database.rows::<Planned>(&format!("EXPLAIN {query}")).await;
    lines.into_iter().map(|planned| planned.line).collect::<Vec<_>>().join("\n")
}
