//! Urls that are credentials are sealed.

use crate::change::Change;

pub(crate) const CHANGE: Change = Change {
    name: "m0021_sealed_urls",
    up: "ALTER TABLE subscriptions ADD COLUMN url_sealed {bytes};",
    down: "ALTER TABLE subscriptions DROP COLUMN url_sealed;",
};
