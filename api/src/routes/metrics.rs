//! Figures for Prometheus, in its text format.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use engine::{Engine, metrics};

use crate::request_metrics::RequestMetrics;

/// What the process has done, and how its queue stands.
pub(crate) async fn get(
    engine: web::Data<Engine>,
    requests: web::Data<RequestMetrics>,
) -> HttpResponse {
    let mut page = engine.metrics_page().await;
    requests.write(&mut page);
    HttpResponse::Ok().insert_header((CONTENT_TYPE, metrics::CONTENT_TYPE)).body(page)
}
