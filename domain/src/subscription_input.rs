//! A subscription as its owner writes it, and the configuration that comes of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::address::EgressPolicy;
use crate::client_certificate::{ClientCertificate, ClientCertificateInput};
use crate::event_type::EventTypePatterns;
use crate::filter::Filter;
use crate::invalid::{Checker, Invalid};
use crate::limits;
use crate::preferences::{
    AutoReplay, AutoReplayInput, Delivery, DeliveryInput, Format, Kind, Signing, SigningInput,
};
use crate::retry::{RetryPolicy, RetryPolicyInput};
use crate::slack;
use crate::subscription::{CustomHeaders, SubscriptionStatus, TargetUrl, parse_external_id};
use crate::template::Template;
use crate::tenant::{RateLimit, RateLimitInput};

/// What is asked of a subscription's url.
#[derive(Debug, Clone, Copy)]
pub enum UrlRule<'a> {
    /// It is dialled, as this allows.
    Dialled(&'a EgressPolicy),
    /// It is that of a bin of the tenant: nothing is dialled.
    OwnBin,
    /// It cannot be had, whatever it is otherwise.
    Refused(&'static str),
}

/// What `POST /subscriptions` takes; only `url` is needed. `null` is as good as absent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionInput {
    pub url: String,
    pub external_id: Option<String>,
    pub description: Option<String>,
    pub event_types: Option<Vec<String>>,
    pub filter: Option<String>,
    pub status: Option<SubscriptionStatus>,
    pub kind: Option<Kind>,
    pub delivery: Option<DeliveryInput>,
    pub ordered: Option<bool>,
    pub headers: Option<BTreeMap<String, String>>,
    pub rate_limit: Option<RateLimitInput>,
    pub max_in_flight: Option<u32>,
    pub timeout_ms: Option<u32>,
    pub retry: Option<RetryPolicyInput>,
    pub signing: Option<SigningInput>,
    pub format: Option<Format>,
    pub template: Option<String>,
    pub auto_replay: Option<AutoReplayInput>,
    pub client_certificate: Option<ClientCertificateInput>,
    pub metadata: Option<Value>,
}

/// A subscription's configuration, every part of it checked.
#[derive(Debug, Clone)]
pub struct SubscriptionConfig {
    pub url: TargetUrl,
    pub external_id: Option<String>,
    pub description: String,
    pub event_types: EventTypePatterns,
    pub filter: Option<Filter>,
    pub status: SubscriptionStatus,
    pub kind: Kind,
    pub delivery: Delivery,
    pub ordered: bool,
    pub headers: CustomHeaders,
    pub rate_limit: Option<RateLimit>,
    pub max_in_flight: u32,
    pub timeout_ms: u32,
    /// `None`: the deployment's.
    pub retry: Option<RetryPolicy>,
    pub signing: Signing,
    pub format: Format,
    pub template: Option<Template>,
    pub auto_replay: Option<AutoReplay>,
    pub client_certificate: Option<ClientCertificate>,
    pub metadata: Map<String, Value>,
}

impl SubscriptionInput {
    /// Checks every field.
    ///
    /// # Errors
    /// All the faults found.
    pub fn parse(self, rule: UrlRule<'_>) -> Result<SubscriptionConfig, Invalid> {
        let mut check = Checker::default();
        let url = check.take("/url", parse_url(&self.url, rule));
        let external_id = check
            .take("/external_id", self.external_id.as_deref().map(parse_external_id).transpose());
        let description = self.description.unwrap_or_default();
        check.that(
            description.chars().count() <= limits::DESCRIPTION_CHARS,
            "/description",
            || format!("must have at most {} characters", limits::DESCRIPTION_CHARS),
        );
        let event_types =
            check.take("/event_types", self.event_types.unwrap_or_default().try_into());
        let filter = check.take("/filter", self.filter.as_deref().map(Filter::parse).transpose());
        let delivery = check
            .take("/delivery", self.delivery.map_or(Ok(Delivery::default()), Delivery::try_from));
        let headers =
            check.take("/headers", CustomHeaders::parse(self.headers.unwrap_or_default()));
        let rate_limit =
            check.take("/rate_limit", self.rate_limit.map(RateLimit::try_from).transpose());
        let retry = check.take("/retry", self.retry.map(RetryPolicy::try_from).transpose());
        let signing = check.take(
            "/signing",
            self.signing.map_or_else(|| Ok(Signing::default()), Signing::try_from),
        );
        let client_certificate = check.take(
            "/client_certificate",
            self.client_certificate.map(ClientCertificate::parse).transpose(),
        );
        let is_https = url.as_ref().is_none_or(|url| url.as_url().scheme() == "https");
        let is_shown = !matches!(client_certificate, Some(Some(_))) || is_https;
        check.that(is_shown, "/client_certificate", || {
            "needs an https:// url: over plain http it would never be shown".to_owned()
        });
        let auto_replay =
            check.take("/auto_replay", self.auto_replay.map(AutoReplay::try_from).transpose());
        let metadata = check.take("/metadata", parse_metadata(self.metadata));
        let max_in_flight = self.max_in_flight.unwrap_or(limits::MAX_IN_FLIGHT_DEFAULT);
        check.that(limits::MAX_IN_FLIGHT.contains(&max_in_flight), "/max_in_flight", || {
            "must be between 1 and 1000".to_owned()
        });
        let timeout_ms = self.timeout_ms.unwrap_or(limits::TIMEOUT_MS_DEFAULT);
        check.that(limits::TIMEOUT_MS.contains(&timeout_ms), "/timeout_ms", || {
            "must be between 100 and 60000 milliseconds".to_owned()
        });
        let kind = self.kind.unwrap_or_default();
        let format = self.format.unwrap_or_default();
        let template =
            check.take("/template", self.template.as_deref().map(Template::parse).transpose());
        check.that(kind == Kind::Webhook || format == Format::Standard, "/format", || {
            "goes with kind webhook; Slack has a form of its own".to_owned()
        });
        check.that(self.template.is_none() || format == Format::Standard, "/template", || {
            "goes with format standard only: a CloudEvent's form is its own".to_owned()
        });
        let is_single = delivery.is_none_or(|delivery| delivery == Delivery::Single);
        let is_plain = kind == Kind::Webhook
            && format == Format::Standard
            && template.as_ref().is_none_or(Option::is_none);
        check.that(is_single || is_plain, "/delivery/mode", || {
            "batch goes with kind webhook and format standard, and without a template: a batch has a form of its own"
                .to_owned()
        });
        check.that(is_single || self.ordered != Some(true), "/ordered", || {
            "goes with delivery mode single only".to_owned()
        });
        let rate_limit = rate_limit.map(|given| match kind {
            Kind::Webhook => given,
            Kind::Slack => given.or(Some(slack::rate_limit())),
        });
        check.finish_with(|| {
            Some(SubscriptionConfig {
                url: url?,
                external_id: external_id?,
                description,
                event_types: event_types?,
                filter: filter?,
                status: self.status.unwrap_or(SubscriptionStatus::Active),
                kind,
                delivery: delivery?,
                ordered: self.ordered.unwrap_or(false),
                headers: headers?,
                rate_limit: rate_limit?,
                max_in_flight,
                timeout_ms,
                retry: retry?,
                signing: signing?,
                format,
                template: template?,
                auto_replay: auto_replay?,
                client_certificate: client_certificate?,
                metadata: metadata?,
            })
        })
    }
}

fn parse_url(text: &str, rule: UrlRule<'_>) -> Result<TargetUrl, Invalid> {
    match rule {
        UrlRule::Dialled(egress) => {
            let url = TargetUrl::parse(text, egress.https_required)?;
            egress.check_url(&url)?;
            Ok(url)
        }
        UrlRule::OwnBin => TargetUrl::parse(text, false),
        UrlRule::Refused(why) => Err(Invalid::one("", why)),
    }
}

/// Free-form metadata of a resource: an object of bounded size.
///
/// # Errors
/// When it is no object, or too large.
pub fn parse_metadata(value: Option<Value>) -> Result<Map<String, Value>, Invalid> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => {
            let bytes = serde_json::to_vec(&map).map_or(usize::MAX, |json| json.len());
            if bytes > limits::METADATA_BYTES {
                return Err(Invalid::one(
                    "",
                    format!("must have at most {} bytes", limits::METADATA_BYTES),
                ));
            }
            Ok(map)
        }
        Some(_) => Err(Invalid::one("", "must be an object")),
    }
}

/// Merges a patch into a document (RFC 7396): `null` removes, objects merge, all else replaces.
pub fn merge_patch(document: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *document = patch;
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Value::Object(fields) = document else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            merge_patch(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merging_follows_the_rfcs_examples() {
        for (mut document, patch, merged) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": "foo"}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
        ] {
            merge_patch(&mut document, patch);
            assert_eq!(document, merged);
        }
    }
}
