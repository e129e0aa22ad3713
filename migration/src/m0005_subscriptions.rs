//! Subscriptions, their former states and their secrets.
//!
//! `subscriptions` is the present; `subscription_states` has every state, the present one too, with
//! the instant since which it held, so that an event is explained, and an attempt shown, by what was
//! true then. Rows of deleted subscriptions stay. `clearing` is the intention of a disabling or a
//! deletion whose deliveries are still being brought along in chunks.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0005_subscriptions",
    up: "
CREATE TABLE subscriptions (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    external_id TEXT,
    revision BIGINT NOT NULL CHECK (revision >= 1),
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    event_types {json} NOT NULL,
    filter TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'disabled')),
    disabled_reason TEXT CHECK (disabled_reason IN ('requested', 'gone', 'failing')),
    kind TEXT NOT NULL CHECK (kind IN ('webhook', 'slack')),
    delivery {json} NOT NULL,
    ordered {bool} NOT NULL,
    headers_sealed {bytes},
    rate_limit {json},
    max_in_flight INTEGER NOT NULL CHECK (max_in_flight BETWEEN 1 AND 1000),
    timeout_ms INTEGER NOT NULL CHECK (timeout_ms BETWEEN 100 AND 60000),
    retry {json},
    signing {json} NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('standard', 'cloudevents', 'cloudevents-binary')),
    template TEXT,
    auto_replay {json},
    client_certificate_sealed {bytes},
    metadata {json} NOT NULL,
    last_sequence BIGINT NOT NULL DEFAULT 0,
    lane_revision BIGINT NOT NULL DEFAULT 1,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    circuit_opened_at BIGINT,
    failed_probes INTEGER NOT NULL DEFAULT 0,
    probe_at BIGINT,
    failing_since BIGINT,
    failing_last_at BIGINT,
    failing_attempts INTEGER NOT NULL DEFAULT 0,
    failing_days INTEGER NOT NULL DEFAULT 0,
    clearing TEXT CHECK (clearing IN ('disabled', 'deleted')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CHECK (disabled_reason IS NULL OR status = 'disabled'),
    CHECK ((circuit_opened_at IS NULL) = (probe_at IS NULL)),
    CHECK ((failing_since IS NULL) = (failing_last_at IS NULL))
);
CREATE UNIQUE INDEX subscriptions_external_id ON subscriptions (tenant_id, external_id)
    WHERE deleted_at IS NULL;
CREATE INDEX subscriptions_tenant ON subscriptions (tenant_id, created_at, id);
CREATE TABLE subscription_states (
    subscription_id {uuid} NOT NULL REFERENCES subscriptions (id),
    revision BIGINT NOT NULL,
    tenant_id {uuid} NOT NULL,
    since BIGINT NOT NULL,
    deleted {bool} NOT NULL,
    document {json} NOT NULL,
    PRIMARY KEY (subscription_id, revision)
){without_rowid};
CREATE TABLE subscription_secrets (
    id {uuid} NOT NULL PRIMARY KEY,
    subscription_id {uuid} NOT NULL REFERENCES subscriptions (id),
    tenant_id {uuid} NOT NULL,
    sealed {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX subscription_secrets_subscription
    ON subscription_secrets (subscription_id, created_at);
",
    down: "
DROP TABLE subscription_secrets;
DROP TABLE subscription_states;
DROP TABLE subscriptions;
",
};
