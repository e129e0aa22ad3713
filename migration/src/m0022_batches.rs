//! Deliveries in batches. A batch is what its members say of it: they name it, and each its place in it. One of
//! them, its leader, is due when the batch is; the others are held. `gathers` says by itself, as `delivery` does
//! among other things, that a subscription asks for batches.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0022_batches",
    up: "
ALTER TABLE deliveries ADD COLUMN batch_id {uuid};
ALTER TABLE deliveries ADD COLUMN batch_position SMALLINT;
CREATE INDEX deliveries_batch ON deliveries (batch_id) WHERE batch_id IS NOT NULL;
ALTER TABLE subscriptions ADD COLUMN gathers {bool} NOT NULL DEFAULT FALSE;
",
    down: "
ALTER TABLE subscriptions DROP COLUMN gathers;
DROP INDEX deliveries_batch;
ALTER TABLE deliveries DROP COLUMN batch_position;
ALTER TABLE deliveries DROP COLUMN batch_id;
",
};
