//! Whether the process lives, and whether it can work.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::State;

#[derive(Debug, Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    database: &'static str,
    queue: &'static str,
}

/// The process answers.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "ok" })
}

/// The database answers. Without the queue events are still taken: it is filled again afterwards.
pub(crate) async fn readyz(state: web::Data<State>) -> HttpResponse {
    let engine = &state.engine;
    let (database, queue) = tokio::join!(engine.database.read.ping(), engine.lanes.queue().stats());
    let queue = if queue.is_ok() { "ok" } else { "degraded" };
    let (code, status, database) = match database {
        Ok(()) => (StatusCode::OK, "ready", "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready", "down"),
    };
    HttpResponse::build(code).json(Readiness { status, database, queue })
}
