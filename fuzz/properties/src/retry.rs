//! What a receiver asks for in `Retry-After`, and the waits that an owner chooses.

use domain::limits;
use domain::retry::{RetryPolicy, parse_retry_after};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use crate::NOW;

/// A header's value, or a policy's JSON. A receiver is followed a bounded way, never into the past; a policy
/// that is taken is read back as it was, and its waits are within their jitter.
pub fn retry(data: &[u8]) {
    if let Some(at) = parse_retry_after(data, NOW) {
        assert!((NOW..=NOW + limits::RETRY_AFTER_MAX).contains(&at), "{at}");
        let seconds = std::str::from_utf8(data).ok().and_then(|text| text.trim().parse().ok());
        if let Some(seconds) = seconds {
            let asked = std::time::Duration::from_secs(seconds).min(limits::RETRY_AFTER_MAX);
            assert_eq!(at, NOW + asked);
        }
    }
    let Ok(policy) = serde_json::from_slice::<RetryPolicy>(data) else { return };
    let read = serde_json::from_str::<RetryPolicy>(&json!(policy).to_string());
    assert_eq!(read.ok().as_ref(), Some(&policy));
    assert!(limits::RETRY_STEPS.contains(&policy.schedule_s().len()));
    assert_eq!(policy.max_attempts() as usize, policy.schedule_s().len() + 1);
    let mut rng = StdRng::seed_from_u64(7);
    let last = policy.schedule_s().len() - 1;
    for number in [0, 1, 2, policy.max_attempts(), u32::MAX] {
        let step = policy.schedule_s()[(number.max(1) as usize - 1).min(last)];
        assert!(limits::RETRY_STEP_S.contains(&step));
        let wait = policy.wait_after(number, &mut rng).as_secs_f64();
        let spread = step * policy.jitter() + 1e-6;
        assert!((step - spread..=step + spread).contains(&wait), "{wait} s for {step} s");
    }
}
