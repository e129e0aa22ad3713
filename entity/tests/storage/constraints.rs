//! What the databases refuse, whoever asks.

use domain::delivery::DeliveryStatus;
use domain::subscription::SubscriptionStatus;
use entity::{
    api_key, attempt, audit_entry, dead_letter, delivery, event, event_type, idempotency_key,
    portal_link, subscription, tenant,
};
use sea_orm::{
    ActiveModelBehavior, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, SqlErr,
};

use crate::database::TestDatabase;
use crate::samples::{self, NOW};

crate::on_both! {
    an_event_id_is_unique_within_its_tenant_only,
    a_delivery_is_due_exactly_while_it_is_not_final,
    numbers_out_of_their_range_are_refused,
    an_external_id_is_unique_among_what_is_not_deleted,
    only_a_disabled_subscription_has_a_reason,
    a_dead_letter_is_resolved_one_way_and_at_an_instant,
    configuration_belongs_to_something_that_exists,
    claims_hashes_and_attempt_numbers_are_taken_once,
    an_entry_of_the_audit_log_is_never_changed,
}

async fn insert<E>(database: &TestDatabase, row: &E::Model) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone,
    E::ActiveModel: ActiveModelBehavior + Send,
{
    let insert = E::insert(row.clone().into_active_model());
    insert.exec_without_returning(&**database).await.map(|_| ())
}

fn is_taken(result: Result<(), DbErr>) -> bool {
    matches!(
        result.map_err(|error| error.sql_err()),
        Err(Some(SqlErr::UniqueConstraintViolation(_)))
    )
}

fn is_orphan(result: Result<(), DbErr>) -> bool {
    let error = result.map_err(|error| error.sql_err());
    matches!(error, Err(Some(SqlErr::ForeignKeyConstraintViolation(_))))
}

/// Whether a `CHECK` refused it; sea-orm has no name for that, so the message has to tell.
fn breaks_a_check(result: Result<(), DbErr>) -> bool {
    result.is_err_and(|error| error.to_string().to_lowercase().contains("check constraint"))
}

/// Whether deliveries are checked: by SQLite alone, on which all that writes them runs as well.
fn checks_deliveries(database: &TestDatabase) -> bool {
    database.get_database_backend() == DbBackend::Sqlite
}

/// A tenant with a subscription and a delivery that is not stored yet.
async fn one_of_each(
    database: &TestDatabase,
) -> (tenant::Model, subscription::Model, delivery::Model) {
    let tenant = samples::tenant("a");
    let subscription = samples::subscription(&tenant, "s");
    insert::<tenant::Entity>(database, &tenant).await.expect("a valid tenant");
    insert::<subscription::Entity>(database, &subscription).await.expect("a valid subscription");
    let delivery = samples::delivery(&samples::event(&tenant), &subscription);
    (tenant, subscription, delivery)
}

async fn an_event_id_is_unique_within_its_tenant_only(database: &TestDatabase) {
    let event = samples::event(&samples::tenant("a"));
    insert::<event::Entity>(database, &event).await.expect("the first");
    assert!(is_taken(insert::<event::Entity>(database, &event).await));
    let others = event::Model { tenant_id: samples::tenant("b").id, ..event };
    insert::<event::Entity>(database, &others).await.expect("the same id of another tenant");
}

async fn a_delivery_is_due_exactly_while_it_is_not_final(database: &TestDatabase) {
    let (_, _, pending) = one_of_each(database).await;
    let failed = samples::failed(&pending);
    let all_broken = [
        delivery::Model { status: DeliveryStatus::Succeeded, ..pending.clone() },
        delivery::Model { next_attempt_at: None, ..pending.clone() },
        delivery::Model { completed_at: Some(NOW), ..pending.clone() },
        delivery::Model { status: DeliveryStatus::Retrying, ..failed.clone() },
        delivery::Model { completed_at: None, ..failed.clone() },
        delivery::Model { next_attempt_at: Some(NOW), ..failed.clone() },
        delivery::Model { next_attempt_at: Some(NOW), completed_at: None, ..failed.clone() },
    ];
    for broken in all_broken.iter().filter(|_| checks_deliveries(database)) {
        let result = insert::<delivery::Entity>(database, broken).await;
        assert!(breaks_a_check(result), "{broken:?}");
    }
    insert::<delivery::Entity>(database, &pending).await.expect("a valid delivery");
    assert!(is_taken(insert::<delivery::Entity>(database, &pending).await));
}

async fn numbers_out_of_their_range_are_refused(database: &TestDatabase) {
    use sea_orm::ConnectionTrait;

    let (_, _, pending) = one_of_each(database).await;
    insert::<delivery::Entity>(database, &pending).await.expect("a valid delivery");
    let of_deliveries = [
        "UPDATE deliveries SET status = 5",
        "UPDATE deliveries SET status = -1",
        "UPDATE deliveries SET \"trigger\" = 4",
        "UPDATE deliveries SET class = 3",
        "UPDATE deliveries SET attempt_count = 7",
        "UPDATE deliveries SET attempt_count = -1",
    ];
    let of_others = [
        "UPDATE subscriptions SET max_in_flight = 0",
        "UPDATE subscriptions SET max_in_flight = 1001",
        "UPDATE subscriptions SET timeout_ms = 99",
        "UPDATE subscriptions SET timeout_ms = 60001",
        "UPDATE subscriptions SET revision = 0",
        "UPDATE subscriptions SET kind = 'email'",
        "UPDATE subscriptions SET format = 'xml'",
        "UPDATE subscriptions SET clearing = 'paused'",
        "UPDATE subscriptions SET disabled_reason = 'tired'",
        "UPDATE tenants SET status = 'deleted'",
    ];
    let of_deliveries = of_deliveries.into_iter().filter(|_| checks_deliveries(database));
    for change in of_deliveries.chain(of_others) {
        let result = database.execute_unprepared(change).await.map(|_| ());
        assert!(breaks_a_check(result), "{change}");
    }
    database.run("UPDATE deliveries SET status = 1, class = 1, attempt_count = 6").await;
}

async fn an_external_id_is_unique_among_what_is_not_deleted(database: &TestDatabase) {
    let first = samples::tenant("a");
    let second = tenant::Model { external_id: first.external_id.clone(), ..samples::tenant("b") };
    insert::<tenant::Entity>(database, &first).await.expect("the first");
    assert!(is_taken(insert::<tenant::Entity>(database, &second).await));
    database.run("UPDATE tenants SET deleted_at = 1").await;
    insert::<tenant::Entity>(database, &second).await.expect("the id is free again");

    let one = samples::subscription(&first, "one");
    let two = subscription::Model {
        external_id: one.external_id.clone(),
        ..samples::subscription(&first, "two")
    };
    let others = subscription::Model {
        external_id: one.external_id.clone(),
        ..samples::subscription(&second, "three")
    };
    insert::<subscription::Entity>(database, &one).await.expect("the first");
    insert::<subscription::Entity>(database, &others).await.expect("another tenant's");
    assert!(is_taken(insert::<subscription::Entity>(database, &two).await));
    database.run("UPDATE subscriptions SET deleted_at = 1").await;
    insert::<subscription::Entity>(database, &two).await.expect("the id is free again");
}

async fn only_a_disabled_subscription_has_a_reason(database: &TestDatabase) {
    let tenant = samples::tenant("a");
    insert::<tenant::Entity>(database, &tenant).await.expect("a valid tenant");
    for status in [SubscriptionStatus::Active, SubscriptionStatus::Paused] {
        let row = subscription::Model { status, ..samples::subscription(&tenant, "s") };
        assert!(breaks_a_check(insert::<subscription::Entity>(database, &row).await), "{status:?}");
    }
}

async fn a_dead_letter_is_resolved_one_way_and_at_an_instant(database: &TestDatabase) {
    let (_, _, delivery) = one_of_each(database).await;
    let resolved = samples::dead_letter(&delivery);
    for broken in [
        dead_letter::Model { resolved_at: None, ..resolved.clone() },
        dead_letter::Model { resolution: None, ..resolved.clone() },
    ] {
        let result = insert::<dead_letter::Entity>(database, &broken).await;
        assert!(breaks_a_check(result), "{broken:?}");
    }
    insert::<dead_letter::Entity>(database, &resolved).await.expect("a valid dead letter");
}

async fn configuration_belongs_to_something_that_exists(database: &TestDatabase) {
    let nobody = samples::tenant("nobody");
    let subscription = samples::subscription(&nobody, "s");
    let event_type = samples::event_type(&nobody);
    let state = samples::subscription_state(&subscription);
    let secret = samples::subscription_secret(&subscription);
    assert!(is_orphan(insert::<api_key::Entity>(database, &samples::api_key(&nobody)).await));
    assert!(is_orphan(insert::<subscription::Entity>(database, &subscription).await));
    assert!(is_orphan(insert::<event_type::Entity>(database, &event_type).await));
    assert!(is_orphan(insert::<entity::subscription_state::Entity>(database, &state).await));
    assert!(is_orphan(insert::<entity::subscription_secret::Entity>(database, &secret).await));
}

async fn claims_hashes_and_attempt_numbers_are_taken_once(database: &TestDatabase) {
    let (tenant, _, delivery) = one_of_each(database).await;
    let claim = samples::idempotency_key();
    insert::<idempotency_key::Entity>(database, &claim).await.expect("the first");
    assert!(is_taken(insert::<idempotency_key::Entity>(database, &claim).await));

    let key = samples::api_key(&tenant);
    insert::<api_key::Entity>(database, &key).await.expect("the first");
    let same_secret = api_key::Model { id: domain::ids::KeyId::derive(NOW, &[b"other"]), ..key };
    assert!(is_taken(insert::<api_key::Entity>(database, &same_secret).await));

    let link = samples::portal_link(&tenant);
    insert::<portal_link::Entity>(database, &link).await.expect("the first");
    let same_token =
        portal_link::Model { id: domain::ids::PortalLinkId::derive(NOW, &[b"other"]), ..link };
    assert!(is_taken(insert::<portal_link::Entity>(database, &same_token).await));

    let attempt = samples::attempt(&delivery);
    insert::<attempt::Entity>(database, &attempt).await.expect("the first");
    assert!(is_taken(insert::<attempt::Entity>(database, &attempt).await));
    let next = attempt::Model { number: 2, ..attempt };
    insert::<attempt::Entity>(database, &next).await.expect("the next number");
}

async fn an_entry_of_the_audit_log_is_never_changed(database: &TestDatabase) {
    let entry = samples::audit_entry(&samples::api_key(&samples::tenant("a")));
    insert::<audit_entry::Entity>(database, &entry).await.expect("a valid entry");
    for sql in
        ["UPDATE audit_log SET action = 'key.created'", "UPDATE audit_log SET changes = NULL"]
    {
        let error = database.execute_unprepared(sql).await.expect_err("it stays as it is");
        assert!(error.to_string().contains("audit_log is append-only"), "{error}");
    }
    let id = domain::ids::AuditEntryId::derive(NOW, &[b"other"]);
    let by_nobody = audit_entry::Model { id, actor_id: None, ..entry };
    assert!(breaks_a_check(insert::<audit_entry::Entity>(database, &by_nobody).await));
    let unasked = audit_entry::Model { actor: "system".to_owned(), ..by_nobody };
    assert!(breaks_a_check(insert::<audit_entry::Entity>(database, &unasked).await));
    let unasked = audit_entry::Model { request_id: None, ..unasked };
    insert::<audit_entry::Entity>(database, &unasked).await.expect("what nobody asked for");
}
