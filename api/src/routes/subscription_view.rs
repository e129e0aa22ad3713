//! A subscription in answers, and as the document that a patch is merged into.

use std::collections::BTreeMap;

use domain::client_certificate::{ClientCertificate, MASKED_KEY};
use domain::event_type::EventTypePatterns;
use domain::ids::{SubscriptionId, TenantId};
use domain::preferences::{AutoReplay, Delivery, Format, Kind, Signing};
use domain::retry::RetryPolicy;
use domain::subscription::{DisabledReason, SEALED, SubscriptionStatus};
use domain::tenant::RateLimit;
use domain::time::Timestamp;
use engine::{Engine, store};
use entity::subscription::Model;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::openapi::schema;
use crate::problem::Problem;

/// A subscription in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscription {
    #[schema(schema_with = schema::subscription_id)]
    id: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    url: String,
    #[schema(schema_with = schema::external_id_or_null)]
    external_id: Option<String>,
    description: String,
    #[schema(schema_with = schema::event_types)]
    event_types: EventTypePatterns,
    filter: Option<String>,
    #[schema(schema_with = schema::subscription_status)]
    status: SubscriptionStatus,
    #[schema(schema_with = schema::disabled_reason_or_null)]
    disabled_reason: Option<DisabledReason>,
    #[schema(schema_with = schema::kind)]
    kind: Kind,
    #[schema(schema_with = schema::delivery_mode)]
    delivery: Delivery,
    ordered: bool,
    #[schema(schema_with = schema::headers)]
    headers: BTreeMap<String, String>,
    #[schema(schema_with = schema::rate_limit_or_null)]
    rate_limit: Option<RateLimit>,
    max_in_flight: i32,
    timeout_ms: i32,
    #[schema(schema_with = schema::retry)]
    retry: RetryPolicy,
    #[schema(schema_with = schema::signing)]
    signing: Signing,
    #[schema(schema_with = schema::format)]
    format: Format,
    template: Option<String>,
    #[schema(schema_with = schema::auto_replay_or_null)]
    auto_replay: Option<AutoReplay>,
    #[schema(schema_with = schema::client_certificate_or_null)]
    client_certificate: Option<ShownCertificate>,
    #[schema(schema_with = schema::metadata)]
    metadata: Value,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time)]
    updated_at: Timestamp,
}

/// A client certificate in answers. Its key is in none of them.
#[derive(Debug, Serialize)]
struct ShownCertificate {
    certificate: String,
    private_key: &'static str,
    not_after: Timestamp,
}

impl From<ClientCertificate> for ShownCertificate {
    fn from(kept: ClientCertificate) -> Self {
        Self {
            certificate: kept.certificate().to_owned(),
            private_key: MASKED_KEY,
            not_after: kept.not_after(),
        }
    }
}

/// What of a subscription an answer shows beside the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Sealed values as `***`.
    Masked,
    /// Values of headers, and a url that is a credential, as they are.
    Revealed,
    /// Masked, with the tenant that it belongs to.
    MaskedWithTenant,
}

impl Subscription {
    pub(super) fn new(engine: &Engine, row: Model, shown: Shown) -> Result<Self, Problem> {
        let mut headers = store::subscription::open_headers(&engine.sealer, &row)?.expose().clone();
        if shown != Shown::Revealed {
            headers.values_mut().for_each(|value| SEALED.clone_into(value));
        }
        let client_certificate = store::client_certificate::open(&engine.sealer, &row)?;
        let url = match shown {
            Shown::Revealed => store::subscription::open_url(&engine.sealer, &row)?,
            Shown::Masked | Shown::MaskedWithTenant => row.url,
        };
        Ok(Self {
            id: row.id,
            tenant_id: (shown == Shown::MaskedWithTenant).then_some(row.tenant_id),
            url,
            external_id: row.external_id,
            description: row.description,
            event_types: row.event_types,
            filter: row.filter,
            status: row.status,
            disabled_reason: row.disabled_reason,
            kind: row.kind,
            delivery: row.delivery,
            ordered: row.ordered,
            headers,
            rate_limit: row.rate_limit,
            max_in_flight: row.max_in_flight,
            timeout_ms: row.timeout_ms,
            retry: row.retry.unwrap_or_else(|| engine.settings.retry.clone()),
            signing: row.signing,
            format: row.format,
            template: row.template,
            auto_replay: row.auto_replay,
            client_certificate: client_certificate.map(ShownCertificate::from),
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The subscription as it could be written. What has the deployment's default is left out, unless
/// the patch changes a part of it.
pub(super) fn document(
    engine: &Engine,
    row: &Model,
    patch: &Map<String, Value>,
) -> Result<Value, Problem> {
    let mut document = json!({
        "url": store::subscription::open_url(&engine.sealer, row)?,
        "external_id": row.external_id,
        "description": row.description,
        "event_types": row.event_types,
        "filter": row.filter,
        "status": row.status,
        "kind": row.kind,
        "delivery": row.delivery,
        "ordered": row.ordered,
        "headers": store::subscription::open_headers(&engine.sealer, row)?.expose(),
        "rate_limit": row.rate_limit,
        "max_in_flight": row.max_in_flight,
        "timeout_ms": row.timeout_ms,
        "signing": row.signing,
        "format": row.format,
        "template": row.template,
        "auto_replay": row.auto_replay,
        "metadata": row.metadata,
    });
    if let Some(kept) = store::client_certificate::open(&engine.sealer, row)? {
        let (certificate, private_key) = (kept.certificate(), kept.expose_key());
        document["client_certificate"] =
            json!({"certificate": certificate, "private_key": private_key});
    }
    let retry = match patch.get("retry") {
        Some(Value::Object(_)) => Some(row.retry.as_ref().unwrap_or(&engine.settings.retry)),
        _ => row.retry.as_ref(),
    };
    document["retry"] = json!(retry);
    Ok(document)
}
