//! What bins record: the address that anybody may send to, and the list of what came.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::{BinId, BinRequestId, Of};
use domain::limits;
use domain::time::Timestamp;
use domain::verification::Verified;
use engine::bins::{ANSWER, Arrived, delay_of, has_body, status_of};
use engine::store;
use entity::bin_request::Model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{bins, segment};
use crate::State;
use crate::auth::Caller;
use crate::auth::need::EventsRead;
use crate::extract::Body;
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::{Code, Problem};
use crate::query::Query;

/// A recorded request in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BinRequest {
    #[schema(schema_with = schema::bin_request_id)]
    id: BinRequestId,
    method: String,
    /// Path and query, as they came.
    url: String,
    #[schema(schema_with = schema::recorded_headers)]
    headers: Vec<(String, String)>,
    /// The body as text; what is no UTF-8 in it is U+FFFD.
    body: String,
    /// The bytes of a body that is no UTF-8.
    #[schema(schema_with = schema::base64_or_null)]
    body_base64: Option<String>,
    /// Whether there was more of the body than is kept.
    truncated: bool,
    remote_ip: Option<String>,
    #[schema(schema_with = schema::time)]
    received_at: Timestamp,
    /// Of each signature that is there.
    #[schema(schema_with = schema::verification)]
    verification: Vec<Verified>,
}

impl BinRequest {
    fn new(row: Model, headers: Vec<(String, String)>, verification: Vec<Verified>) -> Self {
        let body = String::from_utf8_lossy(&row.body).into_owned();
        // A replacement that was sent as such is text like any other.
        let is_text = body.as_bytes() == row.body;
        Self {
            id: row.id,
            method: row.method,
            url: String::from_utf8_lossy(&row.url).into_owned(),
            headers,
            body_base64: (!is_text).then(|| STANDARD.encode(&row.body)),
            body,
            truncated: row.truncated,
            remote_ip: row.remote_ip,
            received_at: row.received_at,
            verification,
        }
    }
}

/// Records a request of any method and answers as the bin is to.
pub(crate) async fn receive(
    state: web::Data<State>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let no_such = || Problem::not_found("bin");
    let id: BinId = segment(&request, "id").parse().map_err(|_| no_such())?;
    let engine = &state.engine;
    let bin = store::bin::find_open_across_tenants(&engine.database.read, id).await?;
    let bin = bin.ok_or_else(no_such)?;
    state.bin_limits.take(bin.id)?;
    let headers: Vec<(&str, &[u8])> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let header_bytes: usize =
        headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
    if header_bytes > limits::BIN_HEADER_BYTES {
        let most = limits::BIN_HEADER_BYTES;
        let detail = format!("the headers may have at most {most} bytes here");
        return Err(Problem::new(Code::TooLarge, detail));
    }
    let bytes = body.bytes(limits::BIN_BODY_BYTES).await?;
    let arrived = Arrived {
        method: request.method().as_str(),
        url: request.uri().path_and_query().map_or("/", |url| url.as_str()),
        headers,
        body: &bytes,
        remote_ip: request.peer_addr().map(|peer| peer.ip()),
    };
    engine.record_at_bin(&bin, &arrived).await?;
    tokio::time::sleep(delay_of(&bin)).await;
    let status = StatusCode::from_u16(status_of(&bin)).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    Ok(match has_body(status.as_u16()) {
        true => response.content_type("application/json").body(ANSWER),
        false => response.finish(),
    })
}

/// Lists what a bin has recorded, newest first.
pub(crate) async fn list(
    caller: Caller<EventsRead>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR])?;
    let wanted = Wanted::of(&query)?;
    let engine = &state.engine;
    let db = &engine.database.lists;
    let bin = bins::find(db, caller.tenant, &request).await?;
    let whose = Of::new(caller.tenant, bin.id);
    let rows = store::bin_request::page(db, whose, wanted.page()).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let headers: Vec<(String, String)> = serde_json::from_slice(&row.headers)
            .map_err(|error| engine::Error::internal("recorded headers", error))?;
        let verification = engine.verify_at_bin(db, &bin, &row, &headers).await?;
        shown.push(BinRequest::new(row, headers, verification));
    }
    Ok(HttpResponse::Ok().json(wanted.show(shown, |row| row.id, |row| row)))
}
