//! Replays: many old events sent again, chosen by a window of time and what became of them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::audit::Action;
use domain::event_type::EventTypePatterns;
use domain::ids::{Of, ReplayId, SubscriptionId, TenantId};
use domain::invalid::Invalid;
use domain::limits;
use domain::replay::{FailureReasons, PastStatuses, ReplayInput, ReplayStatus};
use domain::time::Timestamp;
use engine::audit::Act;
use engine::database::Transaction;
use engine::store::{self, Whose};
use entity::replay::Model;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::deliveries::Nothing;
use super::named;
use crate::State;
use crate::auth::need::{DeliveriesRead, DeliveriesWrite};
use crate::auth::{Caller, Lister};
use crate::extract::{Body, fields, parse_or_empty, parse_value};
use crate::once::{Begun, Once};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Listed, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// A replay in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replay {
    #[schema(schema_with = schema::replay_id)]
    id: ReplayId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: Option<TenantId>,
    #[schema(schema_with = schema::replay_status)]
    status: ReplayStatus,
    #[schema(schema_with = schema::time)]
    from: Timestamp,
    #[schema(schema_with = schema::time)]
    to: Timestamp,
    #[schema(schema_with = schema::subscription_id_or_null)]
    subscription_id: Option<SubscriptionId>,
    #[schema(schema_with = schema::event_types)]
    event_types: EventTypePatterns,
    #[schema(schema_with = schema::past_statuses)]
    statuses: PastStatuses,
    /// Which of those that failed; empty: whatever the reason.
    #[schema(schema_with = schema::failure_reason_list)]
    failure_reasons: FailureReasons,
    rate_per_second: f64,
    /// Whether nobody has asked for it: by `auto_replay` of its subscription.
    automatic: bool,
    /// How many there were when it was asked for.
    #[schema(minimum = 0)]
    matched: i64,
    /// Deliveries made so far.
    #[schema(minimum = 0)]
    enqueued: i64,
    /// Those that were not made: an unfinished delivery was there, the subscription takes nothing any more, or
    /// the event is gone.
    #[schema(minimum = 0)]
    skipped: i64,
    #[schema(minimum = 0)]
    succeeded: i64,
    #[schema(minimum = 0)]
    failed: i64,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    /// When all its deliveries were final.
    #[schema(schema_with = schema::time_or_null)]
    completed_at: Option<Timestamp>,
}

/// How many a replay would be about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Matched {
    matched: u64,
}

impl Replay {
    fn new(row: Model, whose: Whose) -> Self {
        Self {
            id: row.id,
            tenant_id: (whose == Whose::AcrossTenants).then_some(row.tenant_id),
            status: row.status,
            from: row.from_at,
            to: row.to_at,
            subscription_id: row.subscription_id,
            event_types: row.event_types,
            statuses: row.statuses,
            failure_reasons: row.failure_reasons,
            rate_per_second: row.rate_per_second,
            automatic: row.automatic,
            matched: row.matched,
            enqueued: row.enqueued,
            skipped: row.skipped,
            succeeded: row.succeeded,
            failed: row.failed,
            created_at: row.created_at,
            completed_at: row.completed_at,
        }
    }
}

/// Starts a replay, or says how many it would be about.
pub(crate) async fn post(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    start(caller, &state, &request, body, |_| Ok(())).await
}

/// The same of dead letters, which are all meant that are not resolved, unless a window is given.
pub(crate) async fn post_dead_letters(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let now = state.engine.clock.now();
    let of_dead_letters = |fields: &mut Map<String, Value>| {
        let is_failed = |statuses: &Value| statuses.is_null() || *statuses == json!(["failed"]);
        if fields.get("statuses").is_some_and(|statuses| !is_failed(statuses)) {
            let detail = "must be [\"failed\"] here, or left out; others are for POST /replays";
            return Err(Invalid::one("/statuses", detail));
        }
        for (name, edge) in [("from", Timestamp::from_unix_ms(0)), ("to", now)] {
            if fields.get(name).is_none_or(Value::is_null) {
                fields.insert(name.to_owned(), json!(edge));
            }
        }
        Ok(())
    };
    start(caller, &state, &request, body, of_dead_letters).await
}

async fn start(
    caller: Caller<DeliveriesWrite>,
    state: &State,
    request: &HttpRequest,
    body: Body,
    complete: impl FnOnce(&mut Map<String, Value>) -> Result<(), Invalid>,
) -> Result<HttpResponse, Problem> {
    let bytes = body.json(limits::REQUEST_BYTES).await?;
    let (engine, tenant) = (&state.engine, caller.tenant);
    let once = match Once::begin(state, request, Some(tenant), &bytes).await? {
        Begun::Answered(response) => return Ok(response),
        Begun::New(once) => once,
    };
    let mut fields = fields(&bytes)?;
    complete(&mut fields)?;
    let plan = parse_value::<ReplayInput>(Value::Object(fields))?.parse()?;
    check_subscription(state, tenant, plan.choice.subscription).await?;
    let matched = engine.count_replay(tenant, &plan).await?;
    if plan.is_dry_run {
        // Nothing is changed, so nothing has to be kept.
        return Ok(HttpResponse::Ok().json(Matched { matched }));
    }
    let done = once
        .commit(state, &caller.by(request), StatusCode::ACCEPTED, async |db| {
            let row = engine.create_replay(db, tenant, plan, matched).await?;
            let told = json!({
                "from": row.from_at, "to": row.to_at, "subscription_id": row.subscription_id,
                "event_types": row.event_types, "statuses": row.statuses, "matched": row.matched,
            });
            let act = Act::new(Action::ReplayCreated, tenant, row.id).creating(&told);
            Ok((Replay::new(row, Whose::Tenant(tenant)), act, ()))
        })
        .await?;
    Ok(done.response)
}

/// One that is named must be there, and the tenant's.
pub(super) async fn check_subscription(
    state: &State,
    tenant: TenantId,
    named: Option<SubscriptionId>,
) -> Result<(), Problem> {
    let Some(id) = named else {
        return Ok(());
    };
    let found =
        store::subscription::find(&state.engine.database.read, tenant, &id.to_string()).await?;
    found.map(drop).ok_or_else(|| Problem::not_found("subscription"))
}

/// Lists replays, newest first.
pub(crate) async fn list(
    lister: Lister<DeliveriesRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR, "status", "subscription_id"])?;
    let wanted = Wanted::of(&query)?;
    let filter = store::replay::Filter {
        statuses: query.any("status", parse_status)?,
        subscriptions: query.any("subscription_id", str::parse::<SubscriptionId>)?,
    };
    let (engine, db) = (&state.engine, &state.engine.database.lists);
    let rows = store::replay::page(db, lister.whose, &filter, wanted.page()).await?;
    let Listed { data, next_cursor } = wanted.show(rows, |row| row.id, |row| row);
    let mut shown = Vec::with_capacity(data.len());
    for row in data {
        shown.push(Replay::new(engine.replay_counted(db, row).await?, lister.whose));
    }
    Ok(HttpResponse::Ok().json(Listed { data: shown, next_cursor }))
}

fn parse_status(text: &str) -> Result<ReplayStatus, &'static str> {
    let named = ReplayStatus::ALL.into_iter().find(|status| status.as_str() == text);
    named.ok_or("must be running, paused, completed or cancelled")
}

/// Shows a replay.
pub(crate) async fn get(
    caller: Caller<DeliveriesRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[])?;
    let replay = in_path(caller.tenant, &request)?;
    let (engine, db) = (&state.engine, &state.engine.database.read);
    let row = store::replay::find(db, replay).await?;
    let row = row.ok_or_else(|| Problem::not_found("replay"))?;
    let row = engine.replay_counted(db, row).await?;
    Ok(HttpResponse::Ok().json(Replay::new(row, Whose::Tenant(caller.tenant))))
}

/// Holds what has not been attempted.
pub(crate) async fn pause(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let change = Change { caller, state: &state, request: &request };
    let engine = &state.engine;
    change
        .make(body, Action::ReplayPaused, async |db, replay| engine.pause_replay(db, replay).await)
        .await
        .map(|(response, _)| response)
}

/// Lets it go on.
pub(crate) async fn resume(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let change = Change { caller, state: &state, request: &request };
    let engine = &state.engine;
    let (response, resumed) = change
        .make(body, Action::ReplayResumed, async |db, replay| {
            engine.resume_replay(db, replay).await
        })
        .await?;
    if let Some(row) = resumed {
        engine.replay_resumed(&row).await;
    }
    Ok(response)
}

/// Cancels what has not been attempted.
pub(crate) async fn cancel(
    caller: Caller<DeliveriesWrite>,
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let change = Change { caller, state: &state, request: &request };
    let engine = &state.engine;
    change
        .make(body, Action::ReplayCancelled, async |db, replay| {
            engine.cancel_replay(db, replay).await
        })
        .await
        .map(|(response, _)| response)
}

/// A change of the replay in the path.
struct Change<'a> {
    caller: Caller<DeliveriesWrite>,
    state: &'a State,
    request: &'a HttpRequest,
}

impl Change<'_> {
    /// Makes it; the answer, and the replay as it is then if it was this request that changed it.
    async fn make(
        self,
        body: Body,
        action: Action,
        work: impl AsyncFnOnce(&Transaction, Of<ReplayId>) -> Result<Model, engine::Error>,
    ) -> Result<(HttpResponse, Option<Model>), Problem> {
        let Self { caller, state, request } = self;
        let bytes = body.json_or_nothing().await?;
        let once = match Once::begin(state, request, Some(caller.tenant), &bytes).await? {
            Begun::Answered(response) => return Ok((response, None)),
            Begun::New(once) => once,
        };
        parse_or_empty::<Nothing>(&bytes)?;
        let replay = in_path(caller.tenant, request)?;
        let done = once
            .commit(state, &caller.by(request), StatusCode::OK, async |db| {
                let row = work(db, replay).await?;
                let shown = Replay::new(row.clone(), Whose::Tenant(caller.tenant));
                Ok((shown, Act::on(action, replay), row))
            })
            .await?;
        Ok((done.response, done.effect))
    }
}

fn in_path(tenant: TenantId, request: &HttpRequest) -> Result<Of<ReplayId>, Problem> {
    named(tenant, request, "id", "replay")
}
