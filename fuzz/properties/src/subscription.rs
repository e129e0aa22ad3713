//! Subscriptions as their owners write and change them.

use domain::address::EgressPolicy;
use domain::limits;
use domain::retry::RetryPolicy;
use domain::subscription_input::{SubscriptionConfig, SubscriptionInput, UrlRule, merge_patch};
use domain::tenant::RateLimit;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, from_str, from_value, json};

use crate::parted;
use crate::url::is_kept;

/// What a subscription is until it is changed.
const FORMER: &str = r#"{"url": "https://example.com/hook", "event_types": ["a.*"], "headers": {"x-a": "1"},
    "retry": {"schedule_s": [1, 2.5], "jitter": 0.1}, "metadata": {"team": {"name": "a", "size": 2}}}"#;

/// A subscription, then a patch of it. What is taken is within its bounds, before it is patched and afterwards,
/// and a patch that is applied twice does what it does once.
pub fn subscription(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, patch) = parted(text);
    is_taken_within_its_bounds(first);
    let Ok(patch) = from_str::<Value>(patch.unwrap_or(first)) else { return };
    for former in [FORMER, first] {
        let Ok(mut document) = from_str::<Value>(former) else { continue };
        merge_patch(&mut document, patch.clone());
        let once = document.clone();
        merge_patch(&mut document, patch.clone());
        assert_eq!(document, once);
        is_taken_within_its_bounds(&once.to_string());
    }
}

fn is_taken_within_its_bounds(text: &str) {
    let egress = EgressPolicy::default();
    if let Ok(input) = from_str::<SubscriptionInput>(text) {
        match input.parse(UrlRule::Dialled(&egress)) {
            Ok(config) => is_within_its_bounds(&config, &egress),
            Err(invalid) => assert!(!invalid.0.is_empty()),
        }
    }
}

fn is_within_its_bounds(config: &SubscriptionConfig, egress: &EgressPolicy) {
    is_kept(&config.url, true);
    assert!(egress.check_url(&config.url).is_ok());
    let external_id = config.external_id.as_deref();
    assert!(
        external_id.is_none_or(|id| limits::EXTERNAL_ID_CHARS.contains(&id.len()) && id.is_ascii())
    );
    assert!(config.description.chars().count() <= limits::DESCRIPTION_CHARS);
    assert!(config.event_types.as_slice().len() <= limits::EVENT_TYPE_PATTERNS);
    assert!(limits::MAX_IN_FLIGHT.contains(&config.max_in_flight));
    assert!(limits::TIMEOUT_MS.contains(&config.timeout_ms));
    let metadata = serde_json::to_vec(&config.metadata).expect("a map of JSON is JSON");
    assert!(metadata.len() <= limits::METADATA_BYTES);

    let headers = config.headers.expose();
    assert!(headers.len() <= limits::HEADERS);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name that can be sent");
        assert!(!["host", "webhook-id", "content-length"].contains(&name.as_str()));
        HeaderValue::from_str(value).expect("a value that can be sent");
    }
    if let Some(limit) = config.rate_limit {
        assert!(limits::RATE_PER_SECOND.contains(&limit.per_second()));
        assert!(limits::RATE_BURST.contains(&limit.burst()));
        assert_eq!(from_value::<RateLimit>(json!(limit)).ok(), Some(limit), "read back");
    }
    if let Some(retry) = &config.retry {
        assert_eq!(from_value::<RetryPolicy>(json!(retry)).ok().as_ref(), Some(retry));
    }
    assert_eq!(from_value(json!(config.signing)).ok().as_ref(), Some(&config.signing));
    assert_eq!(from_value(json!(config.delivery)).ok(), Some(config.delivery));
}
