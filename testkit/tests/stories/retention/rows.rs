//! Rows that are looked at, or put there, past the API.

use std::time::Duration;

use domain::ids::{DeliveryId, EventId, SubscriptionId, TenantId};
use domain::time::Timestamp;
use engine::database::query_one;
use sea_orm::{ConnectionTrait, DbBackend};
use testkit::{Tenant, TestApp};

pub(super) fn is_postgres(app: &TestApp) -> bool {
    app.engine.database.backend() == DbBackend::Postgres
}

pub(super) async fn count(app: &TestApp, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let row = query_one(&app.engine.database.read, &sql, Vec::new()).await.expect("readable");
    row.expect("a row").get(0).expect("a number")
}

/// Stores events as if they had been posted a millisecond apart, each delivered, or dead.
pub(super) async fn seed(
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
