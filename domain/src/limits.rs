//! Every bound that inputs are held to, in one place, with unit and reason.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Characters of an event type: it is a header value and an index key.
pub const EVENT_TYPE_CHARS: usize = 128;
/// Characters of a subscription's url.
pub const URL_CHARS: usize = 2048;
/// Characters of a filter.
pub const FILTER_CHARS: usize = 4096;
/// Operators of a filter: its cost is bounded before it ever runs.
pub const FILTER_OPERATORS: usize = 64;
/// Elements of a list that a filter with a comprehension may look at.
pub const FILTER_LIST_ELEMENTS: usize = 1000;
/// Brackets, fields, calls and indexes that stand inside or hang on one another in a filter: parser
/// and evaluation recurse.
pub const FILTER_DEPTH: usize = 64;
/// Steps of one evaluation of a filter: about 20 ms at worst, and room for every operator that a
/// filter may have on every element that a list may have.
pub const FILTER_STEPS: usize = 500_000;
/// Steps of all the filters that one event is matched with: about 50 ms at worst.
pub const EVENT_FILTER_STEPS: usize = 1_250_000;
/// Patterns in one subscription's `event_types`.
pub const EVENT_TYPE_PATTERNS: usize = 256;
/// Milliseconds of a whole exchange with a receiver.
pub const TIMEOUT_MS: RangeInclusive<u32> = 100..=60_000;
/// The timeout of a subscription that names none.
pub const TIMEOUT_MS_DEFAULT: u32 = 15_000;
/// Requests in flight to one subscription.
pub const MAX_IN_FLIGHT: RangeInclusive<u32> = 1..=1000;
/// The cap of a subscription that names none.
pub const MAX_IN_FLIGHT_DEFAULT: u32 = 64;
/// Steps of a retry schedule.
pub const RETRY_STEPS: RangeInclusive<usize> = 1..=20;
/// Seconds of one step: at most a week.
pub const RETRY_STEP_S: RangeInclusive<f64> = 0.1..=604_800.0;
/// The furthest that a receiver's `Retry-After` is followed.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Attempts per second.
pub const RATE_PER_SECOND: RangeInclusive<f64> = 0.1..=100_000.0;
/// Attempts at once after a pause.
pub const RATE_BURST: RangeInclusive<u32> = 1..=100_000;
/// Bytes of `metadata` as JSON: it travels in every envelope.
pub const METADATA_BYTES: usize = 16 * 1024;
/// Characters of a correlation id.
pub const CORRELATION_ID_CHARS: usize = 255;
/// Characters of an event's `version`.
pub const VERSION_CHARS: RangeInclusive<usize> = 1..=32;
/// Characters of an external id.
pub const EXTERNAL_ID_CHARS: RangeInclusive<usize> = 1..=128;
/// Seconds that a portal link works: at most a day, since whoever has the link has the tenant.
pub const PORTAL_LINK_S: RangeInclusive<u32> = 1..=86_400;
/// The seconds of a link that names none.
pub const PORTAL_LINK_S_DEFAULT: u32 = 3600;
/// Characters of a name that people give.
pub const NAME_CHARS: RangeInclusive<usize> = 1..=255;
/// Characters of a description.
pub const DESCRIPTION_CHARS: usize = 2048;
/// Event types of one tenant's catalogue: strict tenants' schemas are kept in memory.
pub const EVENT_TYPES: u64 = 1000;
/// Components of an OpenAPI document that one event type may need.
pub const EVENT_TYPE_COMPONENTS: usize = 100;
/// Bytes of a whole catalogue as one document.
pub const CATALOGUE_BYTES: usize = 4 * 1024 * 1024;
/// Versions of one event type.
pub const EVENT_TYPE_VERSIONS: usize = 32;
/// Bytes of a schema as JSON.
pub const SCHEMA_BYTES: usize = 64 * 1024;
/// What a schema may ask of one value: its keywords, with those of the schemas that it applies to the same
/// value, twice where they are alternatives.
pub const SCHEMA_COST: u64 = 1000;
/// Schemas that are applied to the same value from within one another: validators recurse.
pub const SCHEMA_DEPTH: usize = 16;
/// Bytes of a pattern in a schema once it is compiled.
pub const PATTERN_BYTES: usize = 256 * 1024;
/// Values that one validation may look at: all that an event's data can have, and as many again.
pub const SCHEMA_STEPS: usize = 262_144;
/// Faults of one event's data that are told.
pub const SCHEMA_FAULTS: usize = 20;
/// Bytes of a subscription's template: it is read anew for every rendering.
pub const TEMPLATE_BYTES: usize = 16 * 1024;
/// What one rendering may spend: an instruction costs 1, and so do 64 bytes that it makes. About 20 ms at worst.
pub const TEMPLATE_FUEL: u64 = 20_000;
/// Bytes that a template may make: as much as an event's data has by default.
pub const TEMPLATE_OUTPUT_BYTES: usize = 256 * 1024;
/// Characters of a message that Slack takes.
pub const SLACK_TEXT_CHARS: usize = 40_000;
/// Messages per second that Slack takes on one incoming webhook.
pub const SLACK_PER_SECOND: f64 = 1.0;
/// Bytes of metadata in a header of a binary CloudEvent: receivers bound their headers.
pub const CLOUDEVENT_HEADER_BYTES: usize = 4 * 1024;
/// Levels that JSON may nest: parsers recurse.
pub const JSON_DEPTH: usize = 128;
/// Headers that a subscription may add to its requests.
pub const HEADERS: usize = 32;
/// Characters of a header's name.
pub const HEADER_NAME_CHARS: usize = 128;
/// Characters of a header's value.
pub const HEADER_VALUE_CHARS: usize = 1024;
/// Bytes of a client certificate with its chain and its key, as PEM.
pub const CLIENT_CERTIFICATE_BYTES: usize = 64 * 1024;
/// Certificates of a client certificate's chain, itself among them: servers take no longer ones.
pub const CLIENT_CERTIFICATES: usize = 10;
/// Bytes of a secret's key.
pub const SECRET_BYTES: RangeInclusive<usize> = 24..=64;
/// Secrets of one subscription that sign at the same time.
pub const LIVE_SECRETS: usize = 10;
/// Seconds that a rotated secret goes on signing: at most a week.
pub const OVERLAP_S: RangeInclusive<u32> = 0..=604_800;
/// The overlap of a rotation that names none.
pub const OVERLAP_S_DEFAULT: u32 = 86_400;
/// How long a dead letter waits to be looked at: it is discarded then, so that its event can go.
pub const DEAD_LETTER_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How far an event id chosen by the caller may be from now.
pub const EVENT_ID_SKEW: Duration = Duration::from_secs(24 * 60 * 60);
/// How far ahead `deliver_at` may be.
pub const DELIVER_AT_AHEAD: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Events of one batch request.
pub const BATCH_EVENTS: RangeInclusive<usize> = 1..=1000;
/// Bytes of one batch request.
pub const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of the body of any request that carries no event.
pub const REQUEST_BYTES: usize = 256 * 1024;
/// Subscriptions that one event may match.
pub const FAN_OUT: usize = 10_000;
/// Characters of an idempotency key.
pub const IDEMPOTENCY_KEY_CHARS: RangeInclusive<usize> = 1..=255;
/// How long an answer is kept under its idempotency key.
pub const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Characters of a text that is searched for in events.
pub const SEARCHED_TEXT_CHARS: RangeInclusive<usize> = 2..=256;
/// Streams of deliveries that one process serves at once: each looks at the database twice a second.
pub const STREAMS: usize = 256;
/// Rows of a list page.
pub const PAGE_ROWS: RangeInclusive<u32> = 1..=250;
/// Rows of a page whose caller names no limit.
pub const PAGE_ROWS_DEFAULT: u32 = 50;
/// Bytes of a receiver's answer that are read.
pub const RESPONSE_READ_BYTES: usize = 64 * 1024;
/// How long a receiver's body is read once its headers are in.
pub const RESPONSE_READ_TIME: Duration = Duration::from_secs(1);
/// Bytes of a receiver's answer that are kept.
pub const RESPONSE_KEPT_BYTES: usize = 4 * 1024;
/// Bytes of a receiver's response headers.
pub const RESPONSE_HEADER_BYTES: usize = 64 * 1024;
/// Characters of an error text that are kept.
pub const ERROR_CHARS: usize = 512;
/// How long `POST /subscriptions/{id}/test` waits for the receiver.
pub const TEST_TIMEOUT_MS: u32 = 15_000;
/// How far a receiver lets a signature's timestamp be from its own clock.
pub const SIGNATURE_SKEW: Duration = Duration::from_secs(5 * 60);
/// Events of one batch delivery, when a subscription asks for batches.
pub const DELIVERY_BATCH_EVENTS: RangeInclusive<u32> = 2..=1000;
/// Bytes of the events of one batch delivery, about.
pub const DELIVERY_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Milliseconds that the oldest event of a batch delivery waits for others: at most a minute.
pub const DELIVERY_BATCH_WAIT_MS: RangeInclusive<u32> = 0..=60_000;
/// Minutes of health before dead letters are replayed by themselves: at most a day.
pub const AUTO_REPLAY_HEALTHY_MINUTES: RangeInclusive<u32> = 1..=1440;
/// How often dead letters are replayed by themselves before somebody has to look at the subscription.
pub const AUTO_REPLAY_TIMES: RangeInclusive<u32> = 1..=100;
/// First attempts per second of a replay that names no rate: little beside what is delivered, and a million an
/// hour.
pub const REPLAY_PER_SECOND_DEFAULT: f64 = 300.0;
/// Events that are looked through for those that have no delivery.
pub const REPLAY_EVENTS: usize = 100_000;
/// Networks that one key may be used from.
pub const SOURCE_CIDRS: RangeInclusive<usize> = 1..=100;
/// Buckets of one answer with figures: what a chart can show, and a few milliseconds to read.
pub const STATS_BUCKETS: u32 = 1500;
/// The window of figures whose caller names none.
pub const STATS_WINDOW_DEFAULT: Duration = Duration::from_secs(60 * 60);
/// How long figures by hours and days are kept; those by minutes are kept as long as attempts are.
pub const STATS_KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// Bins of one tenant.
pub const BINS: u64 = 100;
/// Requests that a bin keeps: the newest.
pub const BIN_REQUESTS: u64 = 200;
/// How long a bin keeps a request.
pub const BIN_REQUEST_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Bytes of a request's body that a bin keeps.
pub const BIN_BODY_BYTES: usize = 256 * 1024;
/// Bytes of a request's headers that a bin takes.
pub const BIN_HEADER_BYTES: usize = 64 * 1024;
/// Requests per second that a bin takes from outside, and at once: strangers are not to fill the database.
pub const BIN_REQUESTS_PER_SECOND: u32 = 100;
/// Statuses that a bin may answer.
pub const BIN_STATUS: RangeInclusive<u16> = 200..=599;
/// The status of a bin that names none.
pub const BIN_STATUS_DEFAULT: u16 = 200;
/// Milliseconds that a bin may wait before it answers.
pub const BIN_DELAY_MS: RangeInclusive<u32> = 0..=10_000;
