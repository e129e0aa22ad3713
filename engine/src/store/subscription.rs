//! Subscriptions, and the states that they have been in.

use std::collections::{BTreeMap, HashMap};

use domain::delivery::DeliveryStatus;
use domain::ids::{SubscriptionId, TenantId};
use domain::message::Payload;
use domain::preferences::{Format, Kind};
use domain::subscription::{CustomHeaders, DisabledReason, SEALED, SubscriptionStatus};
use domain::template::Template;
use domain::time::Timestamp;
use entity::subscription::{ActiveModel, Clearing, Column, Entity, Model};
use entity::subscription_state;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use serde::{Deserialize, Serialize};

use super::{Page, Whose, tenant};
use crate::database::{Row, Sql, execute, one_of, query_all, query_one};
use crate::error::Error;
use crate::sealer::Sealer;

/// Which subscriptions a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub statuses: Vec<SubscriptionStatus>,
    pub external_ids: Vec<String>,
}

/// The tenant's subscription of an id or external id, unless it is deleted.
pub async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    name: &str,
) -> Result<Option<Model>, DbErr> {
    let query =
        Entity::find().filter(Column::TenantId.eq(tenant)).filter(Column::DeletedAt.is_null());
    match name.parse::<SubscriptionId>() {
        Ok(id) => query.filter(Column::Id.eq(id)).one(db).await,
        Err(_) => query.filter(Column::ExternalId.eq(name)).one(db).await,
    }
}

/// The subscription of an id, whoever's it is, even when it is deleted.
pub async fn find_across_tenants(
    db: &impl ConnectionTrait,
    id: SubscriptionId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// Where subscriptions send to, whoever's they are, deleted ones too; `***` where that is a credential.
pub async fn urls_across_tenants(
    db: &impl ConnectionTrait,
    ids: Vec<SubscriptionId>,
) -> Result<HashMap<SubscriptionId, String>, DbErr> {
    let rows: Vec<(SubscriptionId, String)> = Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::Url)
        .filter(Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Those of a tenant that events are delivered to: active and paused ones.
pub async fn receiving(db: &impl ConnectionTrait, tenant: TenantId) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(tenant))
        .filter(Column::DeletedAt.is_null())
        .filter(Column::Status.ne(SubscriptionStatus::Disabled))
        .order_by_asc(Column::Id)
        .all(db)
        .await
}

/// Those of some that events are delivered to.
pub async fn receiving_among(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    ids: impl IntoIterator<Item = SubscriptionId>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(tenant))
        .filter(Column::Id.is_in(ids))
        .filter(Column::DeletedAt.is_null())
        .filter(Column::Status.ne(SubscriptionStatus::Disabled))
        .all(db)
        .await
}

/// Subscriptions whose dead letters come back by themselves, and that have some and a receiver that is well.
pub async fn to_replay_across_tenants(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    use entity::dead_letter::{Column as LetterColumn, Entity as Letters};
    let unresolved = Letters::find()
        .select_only()
        .column(LetterColumn::SubscriptionId)
        .filter(LetterColumn::ResolvedAt.is_null())
        .filter(Expr::col((Letters, LetterColumn::SubscriptionId)).equals((Entity, Column::Id)));
    Entity::find()
        .filter(Column::AutoReplay.is_not_null())
        .filter(Column::DeletedAt.is_null())
        .filter(Column::Status.eq(SubscriptionStatus::Active))
        .filter(Column::FailingSince.is_null())
        .filter(Column::ProbeAt.is_null())
        .filter(Expr::exists(unresolved.into_query()))
        .all(db)
        .await
}

/// Newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<SubscriptionId>,
) -> Result<Vec<Model>, DbErr> {
    let query = whose.of(Entity::find(), Column::TenantId).filter(Column::DeletedAt.is_null());
    let mut query = query.order_by_desc(Column::Id).limit(page.limit);
    if !filter.statuses.is_empty() {
        query = query.filter(Column::Status.is_in(filter.statuses.iter().copied()));
    }
    if !filter.external_ids.is_empty() {
        query = query.filter(Column::ExternalId.is_in(&filter.external_ids));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.all(db).await
}

/// Where a subscription stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub id: SubscriptionId,
    pub status: SubscriptionStatus,
    pub is_deleted: bool,
}

impl Standing {
    /// Where a subscription stands by its row.
    pub fn of(row: &Model) -> Self {
        Self { id: row.id, status: row.status, is_deleted: row.deleted_at.is_some() }
    }

    /// Whether nothing is delivered any more.
    pub fn has_ended(&self) -> bool {
        self.ends_in().is_some()
    }

    /// What a delivery becomes instead of being tried again, when the subscription has ended.
    pub fn ends_in(&self) -> Option<DeliveryStatus> {
        match self.status {
            _ if self.is_deleted => Some(DeliveryStatus::Cancelled),
            SubscriptionStatus::Disabled => Some(DeliveryStatus::Failed),
            SubscriptionStatus::Active | SubscriptionStatus::Paused => None,
        }
    }
}

/// Where subscriptions stand, whoever's they are.
pub async fn states_across_tenants(
    db: &impl Sql,
    ids: &[SubscriptionId],
) -> Result<Vec<Standing>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = one_of(db, "uuid", ids.iter().map(|id| (*id).into()).collect());
    let sql =
        format!("SELECT id, status, deleted_at IS NOT NULL FROM subscriptions WHERE id {among}");
    let standing =
        |row: &Row| Ok(Standing { id: row.get(0)?, status: row.get(1)?, is_deleted: row.get(2)? });
    query_all(db, &sql, values).await?.iter().map(standing).collect()
}

/// Stores a new subscription and its first state.
pub async fn insert(db: &impl ConnectionTrait, subscription: ActiveModel) -> Result<Model, DbErr> {
    let stored = subscription.insert(db).await?;
    keep_state(db, &stored, stored.created_at).await?;
    tenant::raise_revision(db, stored.tenant_id).await?;
    Ok(stored)
}

/// Stores changes as the next revision, and keeps the state that they make.
pub async fn update(
    db: &impl ConnectionTrait,
    mut subscription: ActiveModel,
    row: &Model,
    now: Timestamp,
) -> Result<Model, DbErr> {
    subscription.revision = Set(row.revision + 1);
    subscription.lane_revision = Set(row.lane_revision + 1);
    subscription.updated_at = Set(now);
    let stored = subscription.update(db).await?;
    keep_state(db, &stored, now).await?;
    tenant::raise_revision(db, stored.tenant_id).await?;
    Ok(stored)
}

/// Takes the subscription's row for the rest of the transaction, so that changes of one
/// subscription follow each other; `false` when the tenant has no such subscription.
pub async fn lock(db: &impl Sql, tenant: TenantId, id: SubscriptionId) -> Result<bool, DbErr> {
    let sql = "UPDATE subscriptions SET revision = revision WHERE id = ? AND tenant_id = ? AND deleted_at IS NULL";
    Ok(execute(db, sql, vec![id.into(), tenant.into()]).await? > 0)
}

/// Holds a subscription for the rest of the transaction that asks for batches and may be sent some; `false` when it is
/// none by now.
pub async fn hold_gathering(db: &impl Sql, id: SubscriptionId) -> Result<bool, DbErr> {
    let sql = "UPDATE subscriptions SET gathers = gathers \
               WHERE id = ? AND gathers AND deleted_at IS NULL AND status <> ?";
    let values = vec![id.into(), SubscriptionStatus::Disabled.into()];
    Ok(execute(db, sql, values).await? > 0)
}

/// Disables a subscription, unless it is disabled or deleted: nothing is delivered from this commit
/// on. What waits is cleared afterwards. Tells what its status was, if it was neither.
pub async fn disable(
    db: &impl Sql,
    tenant: TenantId,
    id: SubscriptionId,
    reason: DisabledReason,
    now: Timestamp,
) -> Result<Option<SubscriptionStatus>, DbErr> {
    let disable = "UPDATE subscriptions SET status = ?, disabled_reason = ?, clearing = ?, revision = revision + 1, \
                   lane_revision = lane_revision + 1, updated_at = ? WHERE id = ? AND tenant_id = ? AND deleted_at IS NULL AND status <> ? RETURNING revision";
    let values = vec![
        SubscriptionStatus::Disabled.into(),
        reason.into(),
        Clearing::Disabled.into(),
        now.into(),
        id.into(),
        tenant.into(),
        SubscriptionStatus::Disabled.into(),
    ];
    let Some(row) = query_one(db, disable, values).await? else {
        return Ok(None);
    };
    let revision: i64 = row.get(0)?;
    let former =
        "SELECT document FROM subscription_states WHERE subscription_id = ? AND revision = ?";
    let row = query_one(db, former, vec![id.into(), (revision - 1).into()]).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a subscription's state".to_owned()))?;
    let mut state: State = serde_json::from_value(row.get(0)?).map_err(json_error)?;
    let status = std::mem::replace(&mut state.status, SubscriptionStatus::Disabled);
    let keep = "INSERT INTO subscription_states (subscription_id, revision, tenant_id, since, deleted, document) \
                VALUES (?, ?, ?, ?, ?, ?)";
    let document = serde_json::to_value(state).map_err(json_error)?;
    let values =
        vec![id.into(), revision.into(), tenant.into(), now.into(), false.into(), document.into()];
    execute(db, keep, values).await?;
    tenant::raise_revision(db, tenant).await?;
    Ok(Some(status))
}

fn json_error(error: serde_json::Error) -> DbErr {
    DbErr::Json(error.to_string())
}

/// Marks a subscription deleted; its row stays for the history that names it.
pub async fn mark_deleted(
    db: &impl ConnectionTrait,
    row: &Model,
    now: Timestamp,
) -> Result<(), DbErr> {
    let changed = ActiveModel {
        id: Set(row.id),
        deleted_at: Set(Some(now)),
        clearing: Set(Some(Clearing::Deleted)),
        ..Default::default()
    };
    update(db, changed, row, now).await.map(|_| ())
}

/// Subscriptions whose waiting deliveries are still to be cleared.
pub async fn clearing_across_tenants(
    db: &impl Sql,
) -> Result<Vec<(TenantId, SubscriptionId)>, DbErr> {
    let sql = "SELECT tenant_id, id FROM subscriptions WHERE clearing IS NOT NULL";
    let rows = query_all(db, sql, Vec::new()).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Holds an intention for the rest of the transaction; `false` when it is another one, or none.
pub async fn hold_clearing(
    db: &impl Sql,
    id: SubscriptionId,
    intention: Clearing,
) -> Result<bool, DbErr> {
    let sql = "UPDATE subscriptions SET clearing = clearing WHERE id = ? AND clearing = ?";
    Ok(execute(db, sql, vec![id.into(), intention.into()]).await? > 0)
}

/// Notes that nothing of a subscription waits any more; `false` when the intention is another one
/// by now, or none.
pub async fn cleared(
    db: &impl Sql,
    id: SubscriptionId,
    intention: Clearing,
) -> Result<bool, DbErr> {
    let sql = "UPDATE subscriptions SET clearing = NULL WHERE id = ? AND clearing = ?";
    Ok(execute(db, sql, vec![id.into(), intention.into()]).await? > 0)
}

/// Notes that something waits again for a subscription that was disabled or deleted before.
pub async fn clear_again(db: &impl Sql, id: SubscriptionId) -> Result<(), DbErr> {
    let sql = "UPDATE subscriptions SET clearing = CASE WHEN deleted_at IS NULL THEN 'disabled' ELSE 'deleted' END \
               WHERE id = ? AND (deleted_at IS NOT NULL OR status = 'disabled')";
    execute(db, sql, vec![id.into()]).await.map(|_| ())
}

/// What mattered for matching and sending, as it is kept for each revision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    pub status: SubscriptionStatus,
    /// `***` when it is a credential.
    pub url: String,
    pub event_types: Vec<String>,
    pub filter: Option<String>,
    pub ordered: bool,
    /// Names of the added headers; their values stay sealed in `headers_sealed`.
    pub headers_sealed: Option<String>,
    pub signing: domain::preferences::Signing,
    pub timeout_ms: i32,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub format: Format,
    #[serde(default)]
    pub template: Option<String>,
}

impl State {
    /// How an event became a body.
    pub fn payload(&self) -> Payload {
        Payload::new(self.kind, self.format, self.template.as_deref().map(Template::from_stored))
    }
}

/// A state, and whether the subscription was deleted with it.
#[derive(Debug)]
pub struct StateAt {
    pub state: State,
    pub is_deleted: bool,
}

/// Deleted subscriptions that are told of: a tenant may have made and deleted any number.
const TOMBSTONES: u64 = 1_000;

/// A tenant's subscriptions, the newest first, each in the state that it was in at an instant, if it was there; of
/// those that are deleted, the newest.
pub async fn with_states_at(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    at: Timestamp,
) -> Result<Vec<(Model, Option<StateAt>)>, DbErr> {
    use subscription_state::Column as StateColumn;
    let all = || Entity::find().filter(Column::TenantId.eq(tenant)).order_by_desc(Column::Id);
    let mut rows = all().filter(Column::DeletedAt.is_null()).all(db).await?;
    let deleted = all().filter(Column::DeletedAt.is_not_null()).limit(TOMBSTONES);
    rows.extend(deleted.all(db).await?);
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    let states = subscription_state::Entity::find()
        .filter(StateColumn::TenantId.eq(tenant))
        .filter(StateColumn::Since.lte(at))
        .order_by_asc(StateColumn::Revision)
        .all(db)
        .await?;
    let mut latest: HashMap<SubscriptionId, StateAt> = HashMap::new();
    for row in states {
        let state = serde_json::from_value(row.document).map_err(json_error)?;
        latest.insert(row.subscription_id, StateAt { state, is_deleted: row.deleted });
    }
    let with_state = |row: Model| {
        let state = latest.remove(&row.id);
        (row, state)
    };
    Ok(rows.into_iter().map(with_state).collect())
}

async fn keep_state(db: &impl ConnectionTrait, row: &Model, since: Timestamp) -> Result<(), DbErr> {
    use base64::Engine as _;
    let state = State {
        status: row.status,
        url: row.url.clone(),
        event_types: row
            .event_types
            .as_slice()
            .iter()
            .map(|pattern| pattern.as_str().to_owned())
            .collect(),
        filter: row.filter.clone(),
        ordered: row.ordered,
        headers_sealed: row
            .headers_sealed
            .as_ref()
            .map(|sealed| base64::engine::general_purpose::STANDARD.encode(sealed)),
        signing: row.signing.clone(),
        timeout_ms: row.timeout_ms,
        kind: row.kind,
        format: row.format,
        template: row.template.clone(),
    };
    let kept = subscription_state::ActiveModel {
        subscription_id: Set(row.id),
        revision: Set(row.revision),
        tenant_id: Set(row.tenant_id),
        since: Set(since),
        deleted: Set(row.deleted_at.is_some()),
        document: Set(serde_json::to_value(state).map_err(json_error)?),
    };
    subscription_state::Entity::insert(kept).exec_without_returning(db).await.map(|_| ())
}

/// The state that a subscription was in at a revision.
pub async fn state_at(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    id: SubscriptionId,
    revision: i64,
) -> Result<Option<State>, Error> {
    let found = subscription_state::Entity::find_by_id((id, revision))
        .filter(subscription_state::Column::TenantId.eq(tenant))
        .one(db)
        .await?;
    found
        .map(|row| {
            serde_json::from_value(row.document).map_err(|e| Error::internal("a stored state", e))
        })
        .transpose()
}

/// A url for a subscription's row: in plain, and sealed when it is a credential.
pub fn seal_url(
    sealer: &Sealer,
    id: SubscriptionId,
    kind: Kind,
    url: &str,
) -> (String, Option<Vec<u8>>) {
    match kind {
        Kind::Webhook => (url.to_owned(), None),
        Kind::Slack => (SEALED.to_owned(), Some(sealer.seal(id.as_bytes(), url.as_bytes()))),
    }
}

/// A subscription's url.
///
/// # Errors
/// When it was sealed with another master key or for another row.
pub fn open_url(sealer: &Sealer, row: &Model) -> Result<String, Error> {
    let Some(sealed) = &row.url_sealed else {
        return Ok(row.url.clone());
    };
    let opened = sealer
        .open(row.id.as_bytes(), sealed)
        .map_err(|e| Error::internal("a sealed url does not open", e))?;
    std::str::from_utf8(&opened)
        .map(str::to_owned)
        .map_err(|e| Error::internal("a sealed url is malformed", e))
}

/// Seals the values of a subscription's headers for its row.
pub fn seal_headers(
    sealer: &Sealer,
    id: SubscriptionId,
    headers: &CustomHeaders,
) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(headers.expose()).unwrap_or_default();
    (!headers.expose().is_empty()).then(|| sealer.seal(id.as_bytes(), &json))
}

/// Opens sealed headers.
///
/// # Errors
/// When they were sealed with another master key or for another row.
pub fn open_sealed_headers(
    sealer: &Sealer,
    id: SubscriptionId,
    sealed: Option<&[u8]>,
) -> Result<CustomHeaders, Error> {
    let Some(sealed) = sealed else {
        return Ok(CustomHeaders::default());
    };
    let json = sealer
        .open(id.as_bytes(), sealed)
        .map_err(|e| Error::internal("sealed headers do not open", e))?;
    let headers: BTreeMap<String, String> = serde_json::from_slice(&json)
        .map_err(|e| Error::internal("sealed headers are malformed", e))?;
    Ok(CustomHeaders::from_stored(headers))
}

/// Opens a subscription's headers.
///
/// # Errors
/// As [`open_sealed_headers`].
pub fn open_headers(sealer: &Sealer, row: &Model) -> Result<CustomHeaders, Error> {
    open_sealed_headers(sealer, row.id, row.headers_sealed.as_deref())
}

/// How many subscriptions a tenant has.
pub async fn count(db: &impl Sql, tenant: TenantId) -> Result<i64, DbErr> {
    let sql = "SELECT COUNT(*) FROM subscriptions WHERE tenant_id = ? AND deleted_at IS NULL";
    query_one(db, sql, vec![tenant.into()]).await?.map_or(Ok(0), |row| row.get(0))
}
