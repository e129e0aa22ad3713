//! What is written through an entity is read back the same.

use std::fmt::Debug;

use entity::{
    api_key, attempt, audit_entry, bin, bin_request, dead_letter, delivery, event, event_type,
    fan_out, idempotency_key, instance, portal_link, rollup, rollup_delta, session, subscription,
    subscription_secret, subscription_state, tenant,
};
use sea_orm::{ActiveModelBehavior, EntityTrait, IntoActiveModel};

use crate::database::TestDatabase;
use crate::samples::{self, NOW};

crate::on_both! {
    a_row_of_every_table_comes_back_as_it_was_written,
    empty_columns_come_back_empty,
}

async fn comes_back<E>(database: &TestDatabase, row: E::Model)
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone + PartialEq + Debug,
    E::ActiveModel: ActiveModelBehavior + Send,
{
    let insert = E::insert(row.clone().into_active_model());
    insert.exec_without_returning(&**database).await.expect("the row keeps the constraints");
    let rows = E::find().all(&**database).await.expect("the columns have the declared types");
    assert!(rows.contains(&row), "{row:?} is not among {rows:?}");
}

async fn a_row_of_every_table_comes_back_as_it_was_written(database: &TestDatabase) {
    let tenant = samples::tenant("a");
    let subscription = samples::subscription(&tenant, "s");
    let event_type = samples::event_type(&tenant);
    let event = samples::event(&tenant);
    let delivery = samples::failed(&samples::delivery(&event, &subscription));

    comes_back::<instance::Entity>(database, samples::instance()).await;
    comes_back::<tenant::Entity>(database, tenant.clone()).await;
    let key = samples::api_key(&tenant);
    comes_back::<api_key::Entity>(database, key.clone()).await;
    comes_back::<portal_link::Entity>(database, samples::portal_link(&tenant)).await;
    comes_back::<session::Entity>(database, samples::session()).await;
    let bin = samples::bin(&tenant);
    comes_back::<bin::Entity>(database, bin.clone()).await;
    comes_back::<bin_request::Entity>(database, samples::bin_request(&bin)).await;
    comes_back::<audit_entry::Entity>(database, samples::audit_entry(&key)).await;
    comes_back::<event_type::Entity>(database, event_type.clone()).await;
    comes_back::<subscription::Entity>(database, subscription.clone()).await;
    let state = samples::subscription_state(&subscription);
    comes_back::<subscription_state::Entity>(database, state).await;
    let secret = samples::subscription_secret(&subscription);
    comes_back::<subscription_secret::Entity>(database, secret).await;
    comes_back::<event::Entity>(database, event).await;
    comes_back::<delivery::Entity>(database, delivery.clone()).await;
    comes_back::<attempt::Entity>(database, samples::attempt(&delivery)).await;
    comes_back::<dead_letter::Entity>(database, samples::dead_letter(&delivery)).await;
    comes_back::<fan_out::Entity>(database, samples::fan_out(&delivery)).await;
    comes_back::<idempotency_key::Entity>(database, samples::idempotency_key()).await;
    comes_back::<rollup::Entity>(database, samples::rollup(&subscription)).await;
    comes_back::<rollup_delta::Entity>(database, samples::rollup_delta()).await;
}

async fn empty_columns_come_back_empty(database: &TestDatabase) {
    let tenant = tenant::Model {
        external_id: None,
        rate_limit: None,
        ingest_rate_limit: None,
        deleted_at: Some(NOW),
        ..samples::tenant("a")
    };
    let subscription = subscription::Model {
        external_id: None,
        filter: None,
        disabled_reason: None,
        url_sealed: None,
        headers_sealed: None,
        rate_limit: None,
        retry: None,
        template: None,
        auto_replay: None,
        client_certificate_sealed: None,
        lane_revision: 1,
        circuit_opened_at: None,
        failed_probes: 0,
        probe_at: None,
        failing_since: None,
        failing_last_at: None,
        failing_attempts: 0,
        failing_days: 0,
        clearing: None,
        deleted_at: Some(NOW),
        ..samples::subscription(&tenant, "s")
    };
    let key = api_key::Model {
        source_cidrs: None,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
        ..samples::api_key(&tenant)
    };
    let event = event::Model {
        correlation_id: None,
        version: None,
        traceparent: None,
        deliver_at: None,
        ..samples::event(&tenant)
    };
    let delivery = delivery::Model { sequence: None, ..samples::delivery(&event, &subscription) };
    let attempt = attempt::Model {
        dns_ms: None,
        connect_ms: None,
        tls_ms: None,
        first_byte_ms: None,
        remote_ip: None,
        http_version: None,
        status_code: None,
        failure_reason: None,
        error: None,
        response_headers: None,
        response_body: None,
        ..samples::attempt(&delivery)
    };
    let dead_letter = dead_letter::Model {
        resolved_at: None,
        resolution: None,
        ..samples::dead_letter(&delivery)
    };
    let event_type = samples::event_type(&tenant);
    let bin = bin::Model { secret_sealed: None, ..samples::bin(&tenant) };
    let bin_request = bin_request::Model { remote_ip: None, ..samples::bin_request(&bin) };

    comes_back::<tenant::Entity>(database, tenant).await;
    comes_back::<bin::Entity>(database, bin).await;
    comes_back::<bin_request::Entity>(database, bin_request).await;
    comes_back::<subscription::Entity>(database, subscription).await;
    comes_back::<api_key::Entity>(database, key).await;
    comes_back::<event_type::Entity>(database, event_type).await;
    comes_back::<event::Entity>(database, event).await;
    comes_back::<delivery::Entity>(database, delivery).await;
    comes_back::<attempt::Entity>(database, attempt).await;
    comes_back::<dead_letter::Entity>(database, dead_letter).await;
}
