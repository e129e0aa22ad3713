//! Bins, and the requests that they have recorded. What others sent is bytes. A request's row goes after a week,
//! or when so many came after it.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0020_bins",
    up: "
CREATE TABLE bins (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    secret_sealed {bytes},
    response_status INTEGER NOT NULL CHECK (response_status BETWEEN 200 AND 599),
    response_delay_ms INTEGER NOT NULL CHECK (response_delay_ms >= 0),
    created_at BIGINT NOT NULL
);
CREATE INDEX bins_tenant ON bins (tenant_id, id);
CREATE TABLE bin_requests (
    id {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL,
    bin_id {uuid} NOT NULL REFERENCES bins (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    url {bytes} NOT NULL,
    headers {bytes} NOT NULL,
    body {bytes} NOT NULL,
    truncated {bool} NOT NULL,
    remote_ip TEXT,
    received_at BIGINT NOT NULL
);
CREATE INDEX bin_requests_bin ON bin_requests (bin_id, id);
CREATE INDEX bin_requests_tenant ON bin_requests (tenant_id);
CREATE INDEX bin_requests_received ON bin_requests (received_at);
",
    down: "
DROP TABLE bin_requests;
DROP TABLE bins;
",
};
