//! A tenant as the operator writes it, and what comes of it.

use domain::address::TenantEgress;
use domain::invalid::{Checker, Invalid};
use domain::limits;
use domain::subscription::parse_external_id;
use domain::subscription_input::parse_metadata;
use domain::tenant::{RateLimit, RateLimitInput, TenantStatus};
use entity::tenant::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What `POST /tenants` takes; only `name` is needed. `null` is as good as absent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantInput {
    name: String,
    external_id: Option<String>,
    status: Option<TenantStatus>,
    strict_event_types: Option<bool>,
    rate_limit: Option<RateLimitInput>,
    ingest_rate_limit: Option<RateLimitInput>,
    egress: Option<TenantEgress>,
    sandbox: Option<bool>,
    metadata: Option<Value>,
}

/// A tenant's configuration, every part of it checked.
#[derive(Debug, Clone)]
pub(crate) struct TenantConfig {
    name: String,
    pub external_id: Option<String>,
    status: TenantStatus,
    strict_event_types: bool,
    rate_limit: Option<RateLimit>,
    ingest_rate_limit: Option<RateLimit>,
    egress: TenantEgress,
    sandbox: bool,
    metadata: Map<String, Value>,
}

/// What can be written, for [`super::patch_names`].
pub(crate) const WRITABLE: [(&str, &[&str]); 9] = [
    ("name", &[]),
    ("external_id", &[]),
    ("status", &[]),
    ("strict_event_types", &[]),
    ("rate_limit", &["per_second", "burst"]),
    ("ingest_rate_limit", &["per_second", "burst"]),
    ("egress", &["allow", "deny"]),
    ("sandbox", &[]),
    ("metadata", &[]),
];

/// Networks in each of a tenant's address lists.
pub(crate) const EGRESS_NETWORKS: usize = 1000;

impl TenantInput {
    /// Checks every field.
    ///
    /// # Errors
    /// All the faults found.
    pub(crate) fn parse(self) -> Result<TenantConfig, Invalid> {
        let mut check = Checker::default();
        check_name(&mut check, &self.name);
        let external_id = check
            .take("/external_id", self.external_id.as_deref().map(parse_external_id).transpose());
        let rate_limit =
            check.take("/rate_limit", self.rate_limit.map(RateLimit::try_from).transpose());
        let ingest_rate_limit = check.take(
            "/ingest_rate_limit",
            self.ingest_rate_limit.map(RateLimit::try_from).transpose(),
        );
        let egress = self.egress.unwrap_or_default();
        for (list, pointer) in [(&egress.allow, "/egress/allow"), (&egress.deny, "/egress/deny")] {
            check.that(list.len() <= EGRESS_NETWORKS, pointer, || {
                format!("must have at most {EGRESS_NETWORKS} networks")
            });
        }
        let metadata = check.take("/metadata", parse_metadata(self.metadata));
        check.finish_with(|| {
            Some(TenantConfig {
                name: self.name,
                external_id: external_id?,
                status: self.status.unwrap_or(TenantStatus::Active),
                strict_event_types: self.strict_event_types.unwrap_or(false),
                rate_limit: rate_limit?,
                ingest_rate_limit: ingest_rate_limit?,
                egress,
                sandbox: self.sandbox.unwrap_or(false),
                metadata: metadata?,
            })
        })
    }
}

/// Checks a name that people give.
pub(crate) fn check_name(check: &mut Checker, name: &str) {
    check.that(limits::NAME_CHARS.contains(&name.chars().count()), "/name", || {
        "must have 1 to 255 characters".to_owned()
    });
}

impl TenantConfig {
    /// The columns that the configuration fills.
    pub(crate) fn into_row(self) -> ActiveModel {
        ActiveModel {
            name: Set(self.name),
            external_id: Set(self.external_id),
            status: Set(self.status),
            strict_event_types: Set(self.strict_event_types),
            rate_limit: Set(self.rate_limit),
            ingest_rate_limit: Set(self.ingest_rate_limit),
            egress: Set(self.egress),
            sandbox: Set(self.sandbox),
            metadata: Set(Value::Object(self.metadata)),
            ..Default::default()
        }
    }
}

/// The tenant as it could be written, for a patch to be merged into.
pub(crate) fn document(row: &Model) -> Value {
    json!({
        "name": row.name,
        "external_id": row.external_id,
        "status": row.status,
        "strict_event_types": row.strict_event_types,
        "rate_limit": row.rate_limit,
        "ingest_rate_limit": row.ingest_rate_limit,
        "egress": row.egress,
        "sandbox": row.sandbox,
        "metadata": row.metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writable_names_are_those_that_a_tenant_is_made_from() {
        let unknown = serde_json::from_value::<TenantInput>(json!({"?": 1}))
            .expect_err("unknown")
            .to_string();
        let mut expected: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        let mut writable: Vec<&str> = WRITABLE.iter().map(|(name, _)| *name).collect();
        expected.sort_unstable();
        writable.sort_unstable();
        assert_eq!(writable, expected);
    }
}
