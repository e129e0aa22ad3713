//! What is asked of the url that a subscription names: by the deployment, its tenant, and the bins there are.

use domain::address::EgressPolicy;
use domain::bin::UrlKind;
use domain::ids::{Of, TenantId};
use domain::subscription::TargetUrl;
use domain::subscription_input::UrlRule;
use engine::{Engine, store};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// What is asked of one url.
#[derive(Debug)]
pub(super) enum Asked {
    /// It is dialled, as this allows.
    Dialled(EgressPolicy),
    /// It is that of a bin of the tenant.
    OwnBin,
    /// It cannot be had.
    Refused(&'static str),
}

impl Asked {
    /// Of the url in a subscription's fields. One that is `kept` may name a bin that is gone: it is no fault of
    /// a patch that leaves it alone.
    pub(super) async fn of(
        engine: &Engine,
        db: &impl ConnectionTrait,
        tenant: TenantId,
        fields: &Map<String, Value>,
        kept: Option<&str>,
    ) -> Result<Self, Problem> {
        let row = store::tenant::find(db, tenant).await?;
        let row = row.ok_or_else(|| Problem::not_found("tenant"))?;
        let url = fields.get("url").and_then(Value::as_str);
        let parsed = url.and_then(|url| TargetUrl::parse(url, false).ok());
        let bins = &engine.settings.bin_urls;
        let kind = parsed.map_or(UrlKind::Elsewhere, |url| bins.kind(&url));
        Ok(match kind {
            UrlKind::Bin(_) if url == kept => Self::OwnBin,
            UrlKind::Bin(bin) => match store::bin::find(db, Of::new(tenant, bin)).await? {
                Some(_) => Self::OwnBin,
                None => Self::Refused("must name a bin of this tenant: there is no such bin"),
            },
            UrlKind::NoBin => Self::Refused("must name a bin of this tenant: there is no such bin"),
            UrlKind::Elsewhere if row.sandbox => Self::Refused(
                "must be the url of a bin of this tenant, which is a sandbox; make one by POST /bins",
            ),
            UrlKind::Elsewhere => {
                let policy = &engine.settings.egress;
                let lists = store::tenant::lists(&row);
                Self::Dialled(
                    lists.map_or_else(|| policy.clone(), |lists| policy.with_tenant(&lists)),
                )
            }
        })
    }

    /// The same, for the rules.
    pub(super) fn rule(&self) -> UrlRule<'_> {
        match self {
            Self::Dialled(egress) => UrlRule::Dialled(egress),
            Self::OwnBin => UrlRule::OwnBin,
            Self::Refused(why) => UrlRule::Refused(why),
        }
    }
}
