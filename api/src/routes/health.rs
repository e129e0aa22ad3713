//! Whether the process lives, and whether it can work.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use engine::Engine;

/// What has not answered by then counts as away.
const ANSWER_TIME: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    status: &'static str,
    database: &'static str,
    queue: &'static str,
    /// Milliseconds that this process's clock is ahead of the database's (negative: behind); only when it
    /// is more than two seconds off.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_skew_ms: Option<i64>,
}

/// The process answers.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "ok" })
}

/// The database answers. Without the queue events are still taken: it is filled again afterwards.
pub(crate) async fn readyz(engine: web::Data<Engine>) -> HttpResponse {
    let database = timeout(ANSWER_TIME, engine.database.read.ping());
    let queue = timeout(ANSWER_TIME, engine.lanes.queue().stats());
    let (database, queue) = tokio::join!(database, queue);
    let queue = if matches!(queue, Ok(Ok(_))) { "ok" } else { "degraded" };
    let (code, status, database) = match database {
        Ok(Ok(())) => (StatusCode::OK, "ready", "ok"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready", "down"),
    };
    let clock_skew_ms = engine.skew.beyond_tolerance();
    HttpResponse::build(code).json(Readiness { status, database, queue, clock_skew_ms })
}
