//! The OpenAPI document, and the page that shows it.

use actix_web::{HttpResponse, web};

/// The document of the whole API.
pub fn document() -> utoipa::openapi::OpenApi {
    utoipa::openapi::OpenApiBuilder::new().build()
}

/// Serves the document.
pub(crate) async fn get() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

pub(crate) fn mount(_cfg: &mut web::ServiceConfig) {}
