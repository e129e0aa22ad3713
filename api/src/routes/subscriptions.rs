//! Subscriptions: made, listed, shown, deleted. Changing one is [`super::subscription_patch`].

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::cursor;
use domain::event_type::EventType;
use domain::ids::{SubscriptionId, TenantId};
use domain::invalid::Invalid;
use domain::limits;
use domain::preferences::Scope;
use domain::secret::Secret;
use domain::subscription::{SubscriptionStatus, parse_external_id};
use domain::subscription_input::{SubscriptionConfig, SubscriptionInput, UrlRule};
use engine::Engine;
use engine::audit::Act;
use engine::store::{self, Whose};
use entity::subscription::Model;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::secrets::{ShownSecret, new_secret};
use super::segment;
use super::subscription_url::Asked;
use super::subscription_view::{Shown, Subscription};
use crate::State;
use crate::auth::need::{SubscriptionsRead, SubscriptionsWrite};
use crate::auth::{Caller, Lister, is_name};
use crate::change;
use crate::extract::{Body, fields, parse_value};
use crate::once::{Begun, Once};
use crate::page::{CURSOR, LIMIT, Listed, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// A subscription that has just been made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeSubscription {
    #[serde(flatten)]
    subscription: Subscription,
    #[serde(flatten)]
    secret: ShownSecret,
}

/// Makes a subscription.
pub(crate) async fn post(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let once = match Once::begin(&state, &request, Some(caller.tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let engine = &state.engine;
    let fields = fields(&bytes)?;
    let asked = Asked::of(engine, &engine.database.read, caller.tenant, &fields, None).await?;
    let (config, secret) = parse_new(engine, fields, asked.rule())?;
    let done = once
        .commit(&state, &caller.by(&request), StatusCode::CREATED, async |db| {
            let row = engine.create_subscription(db, caller.tenant, config, &secret).await?;
            let subscription = Subscription::new(engine, row.clone(), Shown::Masked)?;
            let act = Act::new(Action::SubscriptionCreated, caller.tenant, row.id);
            Ok((MadeSubscription { subscription, secret: ShownSecret::from(&secret) }, act, row))
        })
        .await?;
    if let Some(row) = done.effect {
        engine.subscription_changed(&row).await;
    }
    Ok(done.response)
}

/// The configuration, and the secret that the caller brings or a new one.
fn parse_new(
    engine: &Engine,
    mut fields: Map<String, Value>,
    rule: UrlRule<'_>,
) -> Result<(SubscriptionConfig, Secret), Problem> {
    let secret = match fields.remove("secret") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            Secret::parse(&text).map(Some).map_err(|invalid| invalid.under("/secret"))
        }
        Some(_) => Err(Invalid::one("/secret", "must be a string")),
    };
    match (parse_config(fields, rule), secret) {
        (Ok(config), Ok(given)) => {
            if let Some(certificate) = &config.client_certificate {
                let checked = certificate.check_at(engine.clock.now());
                checked.map_err(|invalid| invalid.under("/client_certificate"))?;
            }
            let secret = new_secret(config.signing.algorithm(), given, engine)?;
            Ok((config, secret))
        }
        (Err(problem), Ok(_)) => Err(problem),
        (Ok(_), Err(invalid)) => Err(invalid.into()),
        (Err(problem), Err(invalid)) => Err(problem.with(invalid)),
    }
}

/// A configuration from the fields of a document.
pub(super) fn parse_config(
    fields: Map<String, Value>,
    rule: UrlRule<'_>,
) -> Result<SubscriptionConfig, Problem> {
    let input: SubscriptionInput = parse_value(Value::Object(fields))?;
    Ok(input.parse(rule)?)
}

/// Lists subscriptions, newest first.
pub(crate) async fn list(
    lister: Lister<SubscriptionsRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR, "status", "event_type", "external_id"])?;
    let wanted: Wanted<SubscriptionId> = Wanted::of(&query)?;
    let filter = store::subscription::Filter {
        statuses: query.any("status", parse_status)?,
        external_ids: query.any("external_id", parse_external_id)?,
    };
    let types = query.any("event_type", str::parse::<EventType>)?;
    let engine = &state.engine;
    let (rows, next_cursor) = match types.is_empty() {
        true => {
            let rows = store::subscription::page(
                &engine.database.lists,
                lister.whose,
                &filter,
                wanted.page(),
            )
            .await?;
            let listed = wanted.show(rows, |row| row.id, |row| row);
            (listed.data, listed.next_cursor)
        }
        false => matching(engine, lister.whose, &filter, &types, &wanted).await?,
    };
    let shown =
        if lister.whose == Whose::AcrossTenants { Shown::MaskedWithTenant } else { Shown::Masked };
    let data = rows
        .into_iter()
        .map(|row| Subscription::new(engine, row, shown))
        .collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Listed { data, next_cursor }))
}

/// A page of those that would match one of the types. Patterns are no matter for an index, so rows
/// are looked through, a bounded number per request: a page may be short and still have a next one.
async fn matching(
    engine: &Engine,
    whose: Whose,
    filter: &store::subscription::Filter,
    types: &[EventType],
    wanted: &Wanted<SubscriptionId>,
) -> Result<(Vec<Model>, Option<String>), Problem> {
    let mut page = store::Page { limit: u64::from(*limits::PAGE_ROWS.end()), after: wanted.after };
    let (mut matched, mut seen) = (Vec::new(), 0);
    loop {
        let rows = store::subscription::page(&engine.database.lists, whose, filter, page).await?;
        let is_last = (rows.len() as u64) < page.limit;
        for row in rows {
            if matched.len() == wanted.limit() || seen == store::LOOKED_THROUGH {
                return Ok((matched, page.after.as_ref().map(cursor::seal)));
            }
            page.after = Some(row.id);
            seen += 1;
            if types.iter().any(|name| row.event_types.matches(name)) {
                matched.push(row);
            }
        }
        if is_last {
            return Ok((matched, None));
        }
    }
}

fn parse_status(text: &str) -> Result<SubscriptionStatus, &'static str> {
    let all =
        [SubscriptionStatus::Active, SubscriptionStatus::Paused, SubscriptionStatus::Disabled];
    all.into_iter()
        .find(|status| status.as_str() == text)
        .ok_or("must be active, paused or disabled")
}

/// Shows a subscription; `?reveal=true` with its sealed values as they are.
pub(crate) async fn get(
    caller: Caller<SubscriptionsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&["reveal"])?;
    let is_revealed = query.flag("reveal")?;
    if is_revealed {
        caller.require(Scope::SubscriptionsWrite)?;
    }
    let engine = &state.engine;
    let row = find(&engine.database.read, caller.tenant, &request).await?;
    let shown = if is_revealed { Shown::Revealed } else { Shown::Masked };
    if is_revealed {
        let act = Act::new(Action::SubscriptionRevealed, caller.tenant, row.id);
        change::commit(&state, &caller.by(&request), async |_| Ok((act, ()))).await?;
    }
    Ok(HttpResponse::Ok().json(Subscription::new(engine, row, shown)?))
}

/// Deletes a subscription: what waits for it is cancelled.
pub(crate) async fn delete(
    caller: Caller<SubscriptionsWrite>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let engine = &state.engine;
    let row = change::commit(&state, &caller.by(&request), async |db| {
        let row = find_locked(db, caller.tenant, &request).await?;
        engine.delete_subscription(db, &row).await?;
        Ok((Act::new(Action::SubscriptionDeleted, caller.tenant, row.id), row))
    })
    .await?;
    let deleted = Model { clearing: Some(entity::subscription::Clearing::Deleted), ..row };
    engine.subscription_changed(&deleted).await;
    Ok(HttpResponse::NoContent().finish())
}

/// The subscription in the path.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    request: &HttpRequest,
) -> Result<Model, Problem> {
    let name = segment(request, "id");
    let found =
        if is_name(name) { store::subscription::find(db, tenant, name).await? } else { None };
    found.ok_or_else(|| Problem::not_found("subscription"))
}

/// The same, with its row taken for the rest of the transaction: what is read is what is changed.
pub(super) async fn find_locked(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    request: &HttpRequest,
) -> Result<Model, Problem> {
    let found = find(db, tenant, request).await?;
    store::subscription::lock(db, tenant, found.id).await?;
    let again = store::subscription::find(db, tenant, &found.id.to_string()).await?;
    again.ok_or_else(|| Problem::not_found("subscription"))
}
