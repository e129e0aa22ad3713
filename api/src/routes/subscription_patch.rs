//! Changes of a subscription: RFC 7396 merged into what it is now, then checked as a whole.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::client_certificate::MASKED_KEY;
use domain::invalid::Invalid;
use domain::limits;
use domain::preferences::Kind;
use domain::subscription::SEALED;
use domain::subscription_input::{SubscriptionConfig, merge_patch};
use engine::Engine;
use engine::audit::Act;
use engine::store;
use entity::subscription::Model;
use serde_json::{Map, Value};

use super::patch_names::check_names;
use super::subscription_url::Asked;
use super::subscription_view::{Shown, Subscription, document};
use super::subscriptions::{find_locked, parse_config};
use crate::State;
use crate::auth::Caller;
use crate::auth::need::SubscriptionsWrite;
use crate::change;
use crate::extract::{Body, fields};
use crate::problem::Problem;

/// What can be written, for [`super::patch_names`].
const WRITABLE: [(&str, &[&str]); 20] = [
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
    ("client_certificate", &["certificate", "private_key"]),
    ("metadata", &[]),
];

/// Changes a subscription.
pub(crate) async fn patch(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let mut patch = fields(&bytes)?;
    check_names(&patch, &WRITABLE)?;
    let engine = &state.engine;
    let stored = change::commit(&state, &caller.by(&request), async |db| {
        let row = find_locked(db, caller.tenant, &request).await?;
        keep_sealed(&row, &mut patch);
        if row.kind == Kind::Slack
            && patch.get("kind").is_some_and(|kind| kind != Kind::Slack.as_str())
            && !patch.contains_key("url")
        {
            let why = "needs a url beside it: the one of Slack is a credential, and that of a webhook is shown";
            return Err(Invalid::one("/kind", why).into());
        }
        let mut merged = document(engine, &row, &patch)?;
        merge_patch(&mut merged, Value::Object(patch));
        let config = match merged {
            Value::Object(fields) => {
                let kept = store::subscription::open_url(&engine.sealer, &row)?;
                let asked = Asked::of(engine, db, caller.tenant, &fields, Some(&kept)).await?;
                parse_config(fields, asked.rule())?
            }
            _ => return Err(Invalid::one("", "must be an object").into()),
        };
        check_certificate(engine, &row, &config)?;
        let stored = engine.update_subscription(db, &row, config).await?;
        Ok((updated(engine, row, &stored)?, stored))
    })
    .await?;
    engine.subscription_changed(&stored).await;
    Ok(HttpResponse::Ok().json(Subscription::new(engine, stored, Shown::Masked)?))
}

/// The mask that answers show in the place of a key or of a url means the one that is kept, so that what was read
/// can be sent back. Where none is kept, it is refused as none.
fn keep_sealed(row: &Model, patch: &mut Map<String, Value>) {
    if row.url_sealed.is_some() && patch.get("url").is_some_and(|url| url == SEALED) {
        patch.remove("url");
    }
    if row.client_certificate_sealed.is_some()
        && let Some(Value::Object(certificate)) = patch.get_mut("client_certificate")
        && certificate.get("private_key").is_some_and(|key| key == MASKED_KEY)
    {
        certificate.remove("private_key");
    }
}

/// Refuses a new certificate that has expired. The one that is kept may have: it is no fault of a
/// patch that leaves it alone.
fn check_certificate(
    engine: &Engine,
    row: &Model,
    config: &SubscriptionConfig,
) -> Result<(), Problem> {
    let Some(certificate) = &config.client_certificate else {
        return Ok(());
    };
    let kept = store::client_certificate::open(&engine.sealer, row)?;
    if kept.is_some_and(|kept| kept.certificate() == certificate.certificate()) {
        return Ok(());
    }
    Ok(certificate.check_at(engine.clock.now()).map_err(|e| e.under("/client_certificate"))?)
}

/// What the audit log says of a change.
fn updated(engine: &Engine, before: Model, after: &Model) -> Result<Act, Problem> {
    let shown = |row: &Model, shown| -> Result<Value, Problem> {
        Ok(serde_json::to_value(Subscription::new(engine, row.clone(), shown)?)?)
    };
    let [plain, masked] = [Shown::Revealed, Shown::Masked]
        .map(|how| -> Result<_, Problem> { Ok([shown(&before, how)?, shown(after, how)?]) });
    let ([was, is], [was_shown, is_shown]) = (plain?, masked?);
    let act = Act::new(Action::SubscriptionUpdated, after.tenant_id, after.id);
    Ok(act.changing([&was, &is], [&was_shown, &is_shown]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::subscription_input::SubscriptionInput;
    use serde_json::json;

    #[test]
    fn the_writable_names_are_those_that_a_subscription_is_made_from() {
        let unknown = serde_json::from_value::<SubscriptionInput>(json!({"?": 1}))
            .expect_err("unknown")
            .to_string();
        let mut expected: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        let mut writable: Vec<&str> = WRITABLE.iter().map(|(name, _)| *name).collect();
        expected.sort_unstable();
        writable.sort_unstable();
        assert_eq!(writable, expected);
    }
}
