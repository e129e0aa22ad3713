//! Links into tenants' portals, found by the hash of their token. A revoked one keeps its row until it
//! would have expired.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0017_portal_links",
    up: "
CREATE TABLE portal_links (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    hash {bytes} NOT NULL UNIQUE,
    permissions TEXT NOT NULL CHECK (permissions IN ('read', 'write')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX portal_links_tenant ON portal_links (tenant_id, id);
CREATE INDEX portal_links_expiry ON portal_links (expires_at);
",
    down: "DROP TABLE portal_links;",
};
