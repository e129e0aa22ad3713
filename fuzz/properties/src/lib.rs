//! What has to hold of every parser that reads foreign bytes, whatever the bytes.
//!
//! Each function takes an input as a fuzzer makes it and panics where something does not hold; what is no
//! input for its parser passes. The fuzzers (`fuzz/fuzz_targets`) and the test of the kept inputs
//! (`tests/corpus.rs`) call the same functions.

mod catalogue;
mod cursor;
mod event;
mod event_type;
mod figures;
mod filter;
mod id;
mod json;
mod retry;
mod schema;
mod secret;
mod subscription;
mod template;
mod time;
mod url;

pub use self::catalogue::catalogue;
pub use self::cursor::cursor;
pub use self::event::event;
pub use self::event_type::event_type;
pub use self::figures::figures;
pub use self::filter::filter;
pub use self::id::id;
pub use self::json::json;
pub use self::retry::retry;
pub use self::schema::schema;
pub use self::secret::secret;
pub use self::subscription::subscription;
pub use self::template::template;
pub use self::time::time;
pub use self::url::url;

use domain::time::Timestamp;

/// A property and the name of its fuzzer and of its folder of kept inputs.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 15] = [
    ("catalogue", catalogue),
    ("cursor", cursor),
    ("event", event),
    ("event_type", event_type),
    ("figures", figures),
    ("filter", filter),
    ("id", id),
    ("json", json),
    ("retry", retry),
    ("schema", schema),
    ("secret", secret),
    ("subscription", subscription),
    ("template", template),
    ("time", time),
    ("url", url),
];

/// When all inputs come in: 2026-01-21T12:00:00.250Z.
const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_250);

/// An input of two parts: what is before the first line that is empty, and what is behind it.
fn parted(text: &str) -> (&str, Option<&str>) {
    match text.split_once("\n\n") {
        Some((first, second)) => (first, Some(second)),
        None => (text, None),
    }
}
