//! Attempts of a delivery, oldest first. Their request headers are not stored but derived, from the
//! attempt's instant and number and from the subscription as it was then.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::delivery::Progress;
use domain::ids::{AttemptId, DeliveryId, Of};
use domain::outcome::FailureReason;
use domain::secret::Secret;
use domain::subscription::CustomHeaders;
use domain::time::Timestamp;
use engine::address_book::lossy;
use engine::dispatch::wire::{AttemptHead, StoredEvent};
use engine::{Engine, store};
use entity::{attempt, delivery, event, subscription_secret};
use indexmap::IndexMap;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use super::subscription_view::SEALED;
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
    let rows = store::attempt::page(db, delivery.id, wanted.page()).await?;
    let Listed { data: rows, next_cursor } = wanted.show(rows, |row| row.number, |row| row);
    let derivation = Derivation::read(engine, db, &delivery).await?;
    let mut data = Vec::with_capacity(rows.len());
    for row in rows {
        data.push(derivation.show(engine, db, row).await?);
    }
    Ok(HttpResponse::Ok().json(Listed { data, next_cursor }))
}

/// What the attempts of one delivery have in common.
pub(super) struct Derivation<'a> {
    delivery: &'a delivery::Model,
    event: Option<event::Model>,
    body: Vec<u8>,
    secrets: Vec<(subscription_secret::Model, Secret)>,
}

impl<'a> Derivation<'a> {
    pub(super) async fn read(
        engine: &Engine,
        db: &impl ConnectionTrait,
        delivery: &'a delivery::Model,
    ) -> Result<Self, Problem> {
        let event = store::event::find(db, Of::new(delivery.tenant_id, delivery.event_id)).await?;
        let body = event.as_ref().map(body_of).unwrap_or_default();
        let mut secrets = Vec::new();
        for row in store::secret::all(db, delivery.subscription_id).await? {
            let secret = store::secret::open(&engine.sealer, &row)?;
            secrets.push((row, secret));
        }
        Ok(Self { delivery, event, body, secrets })
    }

    /// The attempt as it is shown.
    pub(super) async fn show(
        &self,
        engine: &Engine,
        db: &impl ConnectionTrait,
        row: attempt::Model,
    ) -> Result<Attempt, Problem> {
        let Self { delivery, .. } = self;
        let state = store::subscription::state_at(
            db,
            delivery.tenant_id,
            delivery.subscription_id,
            row.subscription_revision,
        )
        .await?;
        let request_headers = match (&state, &self.event) {
            (Some(state), Some(event)) => self.request_headers(engine, state, event, &row)?,
            // The event has outlived its retention: what was signed can no more be derived.
            _ => IndexMap::new(),
        };
        Ok(Attempt {
            id: AttemptId::of(delivery.id, u32::try_from(row.number).unwrap_or(0), row.started_at),
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

    fn request_headers(
        &self,
        engine: &Engine,
        state: &store::subscription::State,
        event: &event::Model,
        row: &attempt::Model,
    ) -> Result<IndexMap<String, String>, Problem> {
        let Self { delivery, .. } = self;
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
        let head = AttemptHead {
            event_id: delivery.event_id,
            event_type: &delivery.event_type,
            delivery_id: delivery.id,
            trigger: delivery.trigger,
            progress: Progress {
                number: u32::try_from(row.number).unwrap_or(0),
                max_attempts: u32::try_from(delivery.max_attempts).unwrap_or(0),
            },
            traceparent: event.traceparent.as_deref(),
            custom: &masked(engine, delivery, state)?,
            secrets: &secrets,
            signing: &state.signing,
            started_at: row.started_at,
            body: &self.body,
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

fn body_of(event: &event::Model) -> Vec<u8> {
    let stored = StoredEvent {
        id: event.id,
        event_type: &event.event_type,
        timestamp: &event.timestamp,
        data: &event.data,
        metadata: &event.metadata,
        correlation_id: event.correlation_id.as_deref(),
        version: event.version.as_deref(),
    };
    stored.to_body()
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
