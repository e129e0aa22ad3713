//! One row of each table, every optional column filled; tests change what they are about.

use domain::delivery::{DeliveryStatus, Trigger};
use domain::ids::{
    AuditEntryId, BatchId, BinId, BinRequestId, DeliveryId, DeltaId, EventId, KeyId, PortalLinkId,
    ReplayId, SecretId, SubscriptionId, TenantId,
};
use domain::outcome::{FailureReason, HttpVersion};
use domain::preferences::{AutoReplay, Delivery, Format, Kind, Permissions, Signing};
use domain::retry::RetryPolicy;
use domain::subscription::{DisabledReason, SubscriptionStatus};
use domain::tenant::{RateLimit, TenantStatus};
use domain::time::Timestamp;
use entity::dead_letter::Resolution;
use entity::subscription::Clearing;
use entity::{
    api_key, attempt, audit_entry, bin, bin_request, dead_letter, delivery, event, event_type,
    fan_out, idempotency_key, instance, portal_link, rollup, rollup_delta, session, subscription,
    subscription_secret, subscription_state, tenant,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// When everything here happens: 2026-01-21T12:00:00.007Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_007);

/// No text in any encoding: what receivers and callers may send.
pub(crate) const FOREIGN: &[u8] = b"\xff\x00 caf\xc3\xa9";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a value that keeps its rules")
}

pub(crate) fn instance() -> instance::Model {
    instance::Model { name: "operator_key".to_owned(), value: FOREIGN.to_vec() }
}

pub(crate) fn tenant(name: &str) -> tenant::Model {
    tenant::Model {
        id: TenantId::derive(NOW, &[name.as_bytes()]),
        name: name.to_owned(),
        external_id: Some(format!("crm:{name}")),
        status: TenantStatus::Suspended,
        strict_event_types: true,
        rate_limit: RateLimit::new(0.1, Some(7)).ok(),
        ingest_rate_limit: RateLimit::new(100_000.0, None).ok(),
        egress: read(json!({"allow": ["10.0.0.0/8"], "deny": ["2001:db8::/32"]})),
        sandbox: false,
        metadata: json!({"plan": "café", "seats": [1, -2.5, null, true]}),
        catalogue_revision: 3,
        subscription_revision: i64::MAX,
        created_at: NOW,
        updated_at: NOW,
        deleted_at: None,
    }
}

pub(crate) fn audit_entry(key: &api_key::Model) -> audit_entry::Model {
    audit_entry::Model {
        id: AuditEntryId::derive(NOW, &[b"entry"]),
        tenant_id: Some(key.tenant_id),
        action: "subscription.updated".to_owned(),
        actor: "key".to_owned(),
        actor_id: Some(key.id.0),
        resource_id: "sub_01kfg2v8h0e8ms1x2y3z4a5b6c".to_owned(),
        changes: Some(json!({"description": {"from": null, "to": "café"}})),
        request_id: Some("0".repeat(32)),
        source_ip: Some("2001:db8::1".to_owned()),
    }
}

pub(crate) fn bin(tenant: &tenant::Model) -> bin::Model {
    bin::Model {
        id: BinId::derive(NOW, &[b"bin"]),
        tenant_id: tenant.id,
        name: "café".to_owned(),
        secret_sealed: Some(FOREIGN.to_vec()),
        response_status: 599,
        response_delay_ms: 10_000,
        created_at: NOW,
    }
}

pub(crate) fn bin_request(bin: &bin::Model) -> bin_request::Model {
    bin_request::Model {
        id: BinRequestId::derive(NOW, &[b"request"]),
        tenant_id: bin.tenant_id,
        bin_id: bin.id,
        method: "PURGE".to_owned(),
        url: FOREIGN.to_vec(),
        headers: br#"[["a","b"]]"#.to_vec(),
        body: FOREIGN.to_vec(),
        truncated: true,
        remote_ip: Some("2001:db8::1".to_owned()),
        received_at: NOW,
    }
}

pub(crate) fn portal_link(tenant: &tenant::Model) -> portal_link::Model {
    portal_link::Model {
        id: PortalLinkId::derive(NOW, &[b"link"]),
        tenant_id: tenant.id,
        hash: vec![0xff; 32],
        permissions: Permissions::Write,
        created_at: NOW,
        expires_at: NOW + std::time::Duration::from_secs(3600),
        revoked_at: Some(NOW),
    }
}

pub(crate) fn session() -> session::Model {
    session::Model {
        hash: vec![0x11; 32],
        kind: session::SessionKind::PortalLink,
        credential: vec![0xff; 32],
        created_at: NOW,
        expires_at: NOW + std::time::Duration::from_secs(3600),
    }
}

pub(crate) fn api_key(tenant: &tenant::Model) -> api_key::Model {
    api_key::Model {
        id: KeyId::derive(NOW, &[b"key"]),
        tenant_id: tenant.id,
        name: "backend".to_owned(),
        prefix: "ptk_4f9a".to_owned(),
        hash: vec![0x5a; 32],
        scopes: read(json!(["events:write", "deliveries:read"])),
        source_cidrs: Some(read(json!(["192.0.2.0/24"]))),
        created_at: NOW,
        expires_at: Some(NOW),
        last_used_at: Some(NOW),
        revoked_at: Some(NOW),
    }
}

pub(crate) fn event_type(tenant: &tenant::Model) -> event_type::Model {
    event_type::Model {
        tenant_id: tenant.id,
        name: "content.published".to_owned(),
        description: String::new(),
        versions: read(json!([{"version": "1", "schema": {"type": "object"}, "example": []}])),
        deprecated: true,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn subscription(tenant: &tenant::Model, name: &str) -> subscription::Model {
    subscription::Model {
        id: SubscriptionId::derive(NOW, &[name.as_bytes()]),
        tenant_id: tenant.id,
        external_id: Some(name.to_owned()),
        revision: 1,
        url: "https://example.com/webhooks".to_owned(),
        url_sealed: Some(FOREIGN.to_vec()),
        description: "the warehouse".to_owned(),
        event_types: read(json!(["content.*", "user.**"])),
        filter: Some("data.size > 3".to_owned()),
        status: SubscriptionStatus::Disabled,
        disabled_reason: Some(DisabledReason::Failing),
        kind: Kind::Slack,
        delivery: Delivery::Batch { max_events: 1000, max_wait_ms: 60_000 },
        gathers: true,
        ordered: true,
        headers_sealed: Some(FOREIGN.to_vec()),
        rate_limit: RateLimit::new(2.5, None).ok(),
        max_in_flight: 1000,
        timeout_ms: 60_000,
        retry: RetryPolicy::new(vec![0.1, 604_800.0], 0.5).ok(),
        signing: Signing::default(),
        format: Format::CloudEventsBinary,
        template: Some("{{ data }}".to_owned()),
        auto_replay: AutoReplay::new(5, 100).ok(),
        client_certificate_sealed: Some(FOREIGN.to_vec()),
        metadata: json!({}),
        last_sequence: i64::MAX,
        consecutive_failures: i32::MAX,
        lane_revision: i64::MAX,
        circuit_opened_at: Some(NOW),
        failed_probes: i32::MAX,
        probe_at: Some(NOW),
        failing_since: Some(NOW),
        failing_last_at: Some(NOW),
        failing_attempts: i32::MAX,
        failing_days: i32::MAX,
        clearing: Some(Clearing::Disabled),
        created_at: NOW,
        updated_at: NOW,
        deleted_at: None,
    }
}

pub(crate) fn subscription_state(of: &subscription::Model) -> subscription_state::Model {
    subscription_state::Model {
        subscription_id: of.id,
        revision: of.revision,
        tenant_id: of.tenant_id,
        since: NOW,
        deleted: false,
        document: json!({"url": "https://example.com/webhooks"}),
    }
}

pub(crate) fn subscription_secret(of: &subscription::Model) -> subscription_secret::Model {
    subscription_secret::Model {
        id: SecretId::derive(NOW, &[b"secret"]),
        subscription_id: of.id,
        tenant_id: of.tenant_id,
        sealed: FOREIGN.to_vec(),
        created_at: NOW,
        expires_at: Some(NOW),
    }
}

pub(crate) fn event(tenant: &tenant::Model) -> event::Model {
    event::Model {
        id: EventId::derive(NOW, &[b"event"]),
        tenant_id: tenant.id,
        event_type: "content.published".to_owned(),
        timestamp: "2026-01-21T12:00:00.123456789Z".to_owned(),
        data: br#"{"n": 1e400, "n": 18446744073709551616, "s": "\ud800 \u0000"}"#.to_vec(),
        metadata: br#"{ "b": 1,  "a": "\u0000" }"#.to_vec(),
        correlation_id: Some(FOREIGN.to_vec()),
        version: Some(FOREIGN.to_vec()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        deliver_at: Some(NOW),
        delivery_count: 10_000,
        created_at: NOW,
    }
}

/// A pending delivery.
pub(crate) fn delivery(of: &event::Model, to: &subscription::Model) -> delivery::Model {
    delivery::Model {
        id: DeliveryId::derive(of.created_at, &[of.id.as_bytes(), to.id.as_bytes()]),
        tenant_id: of.tenant_id,
        event_id: of.id,
        subscription_id: to.id,
        subscription_revision: to.revision,
        event_type: of.event_type.clone(),
        status: DeliveryStatus::Pending,
        trigger: Trigger::Event,
        class: 0,
        attempt_count: 0,
        max_attempts: 6,
        next_attempt_at: Some(NOW),
        sequence: Some(1),
        last_status_code: None,
        failure_reason: None,
        last_error: None,
        completed_at: None,
        replay_id: None,
        batch_id: None,
        batch_position: None,
    }
}

/// The same as a dead letter.
pub(crate) fn failed(pending: &delivery::Model) -> delivery::Model {
    delivery::Model {
        status: DeliveryStatus::Failed,
        trigger: Trigger::Replay,
        class: 2,
        attempt_count: 6,
        next_attempt_at: None,
        last_status_code: Some(599),
        failure_reason: Some(FailureReason::HttpStatus),
        last_error: Some(FOREIGN.to_vec()),
        completed_at: Some(NOW),
        replay_id: Some(ReplayId::derive(NOW, &[b"replay"])),
        batch_id: Some(BatchId::derive(NOW, &[b"batch"])),
        batch_position: Some(999),
        ..pending.clone()
    }
}

pub(crate) fn attempt(of: &delivery::Model) -> attempt::Model {
    attempt::Model {
        delivery_id: of.id,
        number: 1,
        subscription_revision: of.subscription_revision,
        started_at: NOW,
        duration_ms: 60_000,
        queue_ms: i32::MAX,
        dns_ms: Some(1),
        connect_ms: Some(2),
        tls_ms: Some(3),
        first_byte_ms: Some(4),
        remote_ip: Some("2001:db8::1".to_owned()),
        http_version: Some(HttpVersion::Http2),
        status_code: Some(500),
        failure_reason: Some(FailureReason::Expired),
        error: Some(FOREIGN.to_vec()),
        response_headers: Some(FOREIGN.to_vec()),
        response_body: Some(FOREIGN.to_vec()),
        response_truncated: true,
    }
}

pub(crate) fn dead_letter(of: &delivery::Model) -> dead_letter::Model {
    dead_letter::Model {
        delivery_id: of.id,
        tenant_id: of.tenant_id,
        event_id: of.event_id,
        subscription_id: of.subscription_id,
        event_type: of.event_type.clone(),
        dead_at: NOW,
        resolved_at: Some(NOW),
        resolution: Some(Resolution::Discarded),
    }
}

pub(crate) fn fan_out(of: &delivery::Model) -> fan_out::Model {
    let recipient = fan_out::Recipient {
        delivery_id: of.id,
        subscription_id: of.subscription_id,
        revision: 3,
        max_attempts: 6,
        ordered: true,
    };
    fan_out::Model {
        event_id: of.event_id,
        tenant_id: of.tenant_id,
        event_type: of.event_type.clone(),
        due_at: NOW,
        recipients: fan_out::Recipients(vec![recipient.clone(), recipient]),
        written: 1,
    }
}

pub(crate) fn idempotency_key() -> idempotency_key::Model {
    idempotency_key::Model {
        claim: vec![1; 32],
        body_hash: vec![2; 32],
        status: 202,
        answer: FOREIGN.to_vec(),
        created_at: NOW,
    }
}

pub(crate) fn rollup(of: &subscription::Model) -> rollup::Model {
    rollup::Model {
        width_s: 86_400,
        tenant_id: of.tenant_id,
        subscription_id: of.id,
        start_at: NOW,
        sums: FOREIGN.to_vec(),
    }
}

pub(crate) fn rollup_delta() -> rollup_delta::Model {
    rollup_delta::Model { id: DeltaId::derive(NOW, &[]), sums: FOREIGN.to_vec() }
}
