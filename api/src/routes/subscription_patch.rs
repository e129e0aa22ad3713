//! Changes of a subscription: RFC 7396 merged into what it is now, then checked as a whole.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::invalid::{Checker, Invalid};
use domain::limits;
use domain::subscription_input::merge_patch;
use serde_json::{Map, Value};

use super::subscription_view::{Shown, Subscription, document};
use super::subscriptions::{egress_of, find_locked, parse_config};
use crate::State;
use crate::auth::Caller;
use crate::auth::need::SubscriptionsWrite;
use crate::extract::{Body, parse};
use crate::problem::Problem;

/// What can be written, and of the objects among it the fields: a `null` for anything else would
/// leave no trace in what is merged, and an unknown name is refused whatever its value.
const WRITABLE: [(&str, &[&str]); 19] = [
    ("url", &[]),
    ("external_id", &[]),
    ("description", &[]),
    ("event_types", &[]),
    ("filter", &[]),
    ("status", &[]),
    ("kind", &[]),
    ("delivery", &["mode", "max_events", "max_wait_ms"]),
    ("ordered", &[]),
    ("headers", &[]),
    ("rate_limit", &["per_second", "burst"]),
    ("max_in_flight", &[]),
    ("timeout_ms", &[]),
    ("retry", &["schedule_s", "jitter"]),
    ("signing", &["schemes", "algorithm"]),
    ("format", &[]),
    ("template", &[]),
    ("auto_replay", &["healthy_minutes", "max"]),
    ("client_certificate", &[]),
];
/// Writable too, and any field may be in it.
const METADATA: &str = "metadata";

/// Changes a subscription.
pub(crate) async fn patch(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let patch: Map<String, Value> = parse(&bytes)?;
    check_names(&patch)?;
    let engine = &state.engine;
    let transaction = engine.database.begin().await?;
    let row = find_locked(&transaction, caller.tenant, &request).await?;
    let mut merged = document(engine, &row, &patch)?;
    merge_patch(&mut merged, Value::Object(patch));
    let egress = egress_of(engine, &transaction, caller.tenant).await?;
    let config = match merged {
        Value::Object(fields) => parse_config(fields, &egress)?,
        _ => return Err(Invalid::one("", "must be an object").into()),
    };
    let stored = engine.update_subscription(&transaction, &row, config).await?;
    transaction.commit().await?;
    engine.subscription_changed(&stored).await;
    Ok(HttpResponse::Ok().json(Subscription::new(engine, stored, Shown::Masked)?))
}

/// Refuses fields that cannot be written.
fn check_names(patch: &Map<String, Value>) -> Result<(), Invalid> {
    let mut check = Checker::default();
    for (name, value) in patch {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let known = WRITABLE.iter().find(|(known, _)| known == name);
        check.that(known.is_some() || name == METADATA, &pointer, || "is unknown here, or read-only; leave it out".to_owned());
        let (Some((_, parts)), Value::Object(fields)) = (known, value) else { continue };
        for part in fields.keys().filter(|part| !parts.is_empty() && !parts.contains(&part.as_str())) {
            let pointer = format!("{pointer}/{}", part.replace('~', "~0").replace('/', "~1"));
            check.that(false, &pointer, || format!("is unknown; known here: {}", parts.join(", ")));
        }
    }
    check.finish(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::subscription_input::SubscriptionInput;
    use serde_json::json;

    #[test]
    fn the_writable_names_are_those_that_a_subscription_is_made_from() {
        let unknown = serde_json::from_value::<SubscriptionInput>(json!({"?": 1})).expect_err("unknown").to_string();
        let mut expected: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        let mut writable: Vec<&str> = WRITABLE.iter().map(|(name, _)| *name).chain([METADATA]).collect();
        expected.sort_unstable();
        writable.sort_unstable();
        assert_eq!(writable, expected);
    }

    #[test]
    fn an_unknown_name_is_refused_even_as_null() {
        for (patch, pointer) in [
            (json!({"id": null}), "/id"),
            (json!({"a/b": 1}), "/a~1b"),
            (json!({"retry": {"steps": null}}), "/retry/steps"),
        ] {
            let Value::Object(fields) = patch else { panic!("an object") };
            assert_eq!(check_names(&fields).expect_err("refused").0[0].pointer, pointer);
        }
        let Value::Object(fields) = json!({"headers": {"x-a": null}, "metadata": {"any": null}}) else { panic!("an object") };
        assert_eq!(check_names(&fields), Ok(()));
    }
}
