//! Keys of tenants, found by the hash of the secret. A revoked one keeps its row.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0003_api_keys",
    up: "
CREATE TABLE api_keys (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    scopes {json} NOT NULL,
    source_cidrs {json},
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);
",
    down: "DROP TABLE api_keys;",
};
