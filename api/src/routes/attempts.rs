//! Attempts of a delivery, oldest first. Their request headers are not stored but derived, from the
//! attempt's instant and number and from the subscription as it was then.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::delivery::Progress;
use domain::ids::{AttemptId, DeliveryId, Of};
use domain::message::{Message, Payload};
use domain::outcome::FailureReason;
use domain::secret::Secret;
use domain::subscription::{CustomHeaders, SEALED};
use domain::time::Timestamp;
use engine::database::Sql;
use engine::dispatch::Content;
use engine::dispatch::wire::{self, AttemptHead, Subject};
use engine::store::event::lossy;
use engine::{Engine, store};
use entity::{attempt, delivery, subscription_secret};
use indexmap::IndexMap;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use crate::State;
use crate::auth::Caller;
use crate::auth::need::DeliveriesRead;
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Listed, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// An attempt in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    #[schema(schema_with = schema::attempt_id)]
    id: AttemptId,
    number: i16,
    #[schema(schema_with = schema::time)]
    started_at: Timestamp,
    duration_ms: i32,
    timing: Timing,
    remote_ip: Option<String>,
    #[schema(schema_with = schema::http_version_or_null)]
    http_version: Option<&'static str>,
    url: Option<String>,
    status_code: Option<i16>,
    #[schema(schema_with = schema::failure_reason_or_null)]
    failure_reason: Option<FailureReason>,
    error: Option<String>,
    #[schema(schema_with = schema::headers)]
    request_headers: IndexMap<String, String>,
    #[schema(schema_with = schema::headers_or_null)]
    response_headers: Option<IndexMap<String, String>>,
    response_body: Option<String>,
    response_truncated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timing {
    queue_ms: i32,
    dns_ms: Option<i32>,
    connect_ms: Option<i32>,
    tls_ms: Option<i32>,
    first_byte_ms: Option<i32>,
}

/// Lists a delivery's attempts.
pub(crate) async fn list(
    caller: Caller<DeliveriesRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR])?;
    let wanted: Wanted<i16> = Wanted::of(&query)?;
    let engine = &state.engine;
    let db = &engine.database.lists;
    let delivery: Of<DeliveryId> = named(caller.tenant, &request, "id", "delivery")?;
    let delivery =
        store::delivery::find(db, delivery).await?.ok_or_else(|| Problem::not_found("delivery"))?;
    let rows = store::attempt::page(db, &delivery, wanted.page()).await?;
    let Listed { data: rows, next_cursor } = wanted.show(rows, |row| row.number, |row| row);
    let mut derivation = Derivation::read(engine, db, &delivery).await?;
    let mut data = Vec::with_capacity(rows.len());
    for row in rows {
        data.push(derivation.show(engine, db, row).await?);
    }
    Ok(HttpResponse::Ok().json(Listed { data, next_cursor }))
}

/// What the attempts of one delivery have in common.
pub(super) struct Derivation<'a> {
    delivery: &'a delivery::Model,
    sent: Option<Sent>,
    secrets: Vec<(subscription_secret::Model, Secret)>,
    /// The last that was made, and how: most attempts send the same.
    made: Option<(Arc<Payload>, Option<Message>)>,
}

/// What the attempts sent: an event, or a batch.
struct Sent {
    /// Of an event.
    traceparent: Option<String>,
    content: Content,
}

impl Sent {
    /// `None` when it has outlived its retention.
    async fn read(
        db: &(impl ConnectionTrait + Sql),
        delivery: &delivery::Model,
    ) -> Result<Option<Self>, Problem> {
        let tenant = delivery.tenant_id;
        if let Some(batch) = delivery.batch_id {
            let members = store::batch::members(db, Of::new(tenant, batch)).await?;
            let content = Content::batch(batch, &members);
            return Ok(Some(Self { traceparent: None, content }));
        }
        let event = store::event::find(db, Of::new(tenant, delivery.event_id)).await?;
        Ok(event.map(|mut row| {
            let traceparent = row.traceparent.take();
            Self { traceparent, content: Content::Stored(Arc::new(row.into())) }
        }))
    }
}

impl<'a> Derivation<'a> {
    pub(super) async fn read(
        engine: &Engine,
        db: &(impl ConnectionTrait + Sql),
        delivery: &'a delivery::Model,
    ) -> Result<Self, Problem> {
        let sent = Sent::read(db, delivery).await?;
        let mut secrets = Vec::new();
        for row in store::secret::all(db, delivery.subscription_id).await? {
            let secret = store::secret::open(&engine.sealer, &row)?;
            secrets.push((row, secret));
        }
        Ok(Self { delivery, sent, secrets, made: None })
    }

    /// The attempt as it is shown.
    pub(super) async fn show(
        &mut self,
        engine: &Engine,
        db: &impl ConnectionTrait,
        row: attempt::Model,
    ) -> Result<Attempt, Problem> {
        let delivery = self.delivery;
        let state = store::subscription::state_at(
            db,
            delivery.tenant_id,
            delivery.subscription_id,
            row.subscription_revision,
        )
        .await?;
        let request_headers = match &state {
            Some(state) => self.request_headers(engine, state, &row).await?,
            None => IndexMap::new(),
        };
        Ok(Attempt {
            id: AttemptId::of(
                store::attempt::kept_under(delivery.id, delivery.batch_id),
                u32::try_from(row.number).unwrap_or(0),
                row.started_at,
            ),
            number: row.number,
            started_at: row.started_at,
            duration_ms: row.duration_ms,
            timing: Timing {
                queue_ms: row.queue_ms,
                dns_ms: row.dns_ms,
                connect_ms: row.connect_ms,
                tls_ms: row.tls_ms,
                first_byte_ms: row.first_byte_ms,
            },
            remote_ip: row.remote_ip,
            http_version: row.http_version.map(domain::outcome::HttpVersion::as_str),
            url: state.map(|state| state.url),
            status_code: row.status_code,
            failure_reason: row.failure_reason,
            error: row.error.map(lossy),
            request_headers,
            response_headers: row.response_headers.map(|json| response_headers(&json)),
            response_body: row.response_body.map(lossy),
            response_truncated: row.response_truncated,
        })
    }

    /// Makes what a subscription in this state sends of the event, unless it is made.
    async fn make(&mut self, state: &store::subscription::State) {
        let payload = state.payload();
        let (Some(sent), false) =
            (&self.sent, self.made.as_ref().is_some_and(|(made, _)| **made == payload))
        else {
            return;
        };
        let (payload, delivery) = (Arc::new(payload), self.delivery);
        let (tenant, id) = (delivery.tenant_id, delivery.event_id);
        let message = wire::message(&payload, tenant, id, &sent.content).await.ok();
        self.made = Some((payload, message));
    }

    /// None when nothing was sent, or when what was signed can no more be derived: the event has outlived its
    /// retention.
    async fn request_headers(
        &mut self,
        engine: &Engine,
        state: &store::subscription::State,
        row: &attempt::Model,
    ) -> Result<IndexMap<String, String>, Problem> {
        self.make(state).await;
        let delivery = self.delivery;
        let (Some(sent), Some((payload, Some(message)))) = (&self.sent, &self.made) else {
            return Ok(IndexMap::new());
        };
        let is_live = |secret: &subscription_secret::Model| {
            secret.created_at <= row.started_at
                && secret.expires_at.is_none_or(|at| at > row.started_at)
        };
        let secrets: Vec<Secret> = self
            .secrets
            .iter()
            .filter(|(row, _)| is_live(row))
            .map(|(_, secret)| secret.clone())
            .collect();
        let subject = match delivery.batch_id {
            Some(batch) => Subject::Batch(batch),
            None => Subject::Event {
                id: delivery.event_id,
                event_type: &delivery.event_type,
                delivery: delivery.id,
                traceparent: sent.traceparent.as_deref(),
            },
        };
        let head = AttemptHead {
            subject,
            trigger: delivery.trigger,
            progress: Progress {
                number: u32::try_from(row.number).unwrap_or(0),
                max_attempts: u32::try_from(delivery.max_attempts).unwrap_or(0),
            },
            custom: &masked(engine, delivery, state)?,
            secrets: &secrets,
            signing: &state.signing,
            is_signed: payload.is_signed(),
            started_at: row.started_at,
            message,
        };
        let headers = head.to_headers();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Ok(headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect())
    }
}

/// The subscription's own headers as they were, their values hidden.
fn masked(
    engine: &Engine,
    delivery: &delivery::Model,
    state: &store::subscription::State,
) -> Result<CustomHeaders, Problem> {
    use base64::Engine as _;
    let standard = base64::engine::general_purpose::STANDARD;
    let sealed = state.headers_sealed.as_ref().map(|text| standard.decode(text)).transpose();
    let sealed = sealed
        .map_err(|error| engine::Error::internal("sealed headers of a former state", error))?;
    let opened = store::subscription::open_sealed_headers(
        &engine.sealer,
        delivery.subscription_id,
        sealed.as_deref(),
    )?;
    let names = opened.expose().keys();
    Ok(CustomHeaders::from_stored(
        names.map(|name| (name.clone(), SEALED.to_owned())).collect::<BTreeMap<_, _>>(),
    ))
}

/// Stored as a list of pairs; a name that came more than once has its values joined (RFC 9110
/// section 5.3).
fn response_headers(json: &[u8]) -> IndexMap<String, String> {
    let pairs: Vec<(String, String)> = serde_json::from_slice(json).unwrap_or_default();
    let mut headers = IndexMap::<String, String>::with_capacity(pairs.len());
    for (name, value) in pairs {
        headers
            .entry(name)
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert_with(|| value.clone());
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_name_are_joined() {
        let headers = response_headers(br#"[["via","a"],["x","1"],["via","b"]]"#);
        assert_eq!(headers.get("via").map(String::as_str), Some("a, b"));
        assert_eq!(headers.len(), 2);
    }
}
