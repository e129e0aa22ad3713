//! The audit log: who did what, and when.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use domain::audit::{Action, Actor, noun_of};
use domain::ids::{AuditEntryId, TenantId};
use domain::limits;
use domain::time::Timestamp;
use engine::Engine;
use engine::store::audit::Filter;
use engine::store::{self, Whose};
use entity::audit_entry::Model;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::State;
use crate::auth::need::SubscriptionsRead;
use crate::auth::{Lister, is_name};
use crate::openapi::schema;
use crate::page::{CURSOR, LIMIT, Wanted};
use crate::problem::Problem;
use crate::query::Query;

/// Of the export: one entry in each line.
const LINES: &str = "application/x-ndjson";

/// An entry in answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    #[schema(schema_with = schema::audit_entry_id)]
    id: AuditEntryId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_id_or_null)]
    tenant_id: Option<Option<TenantId>>,
    #[schema(schema_with = schema::action)]
    action: String,
    actor: ShownActor,
    resource: ShownResource,
    #[schema(schema_with = schema::changes_or_null)]
    changes: Option<Value>,
    request_id: Option<String>,
    source_ip: Option<String>,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownActor {
    #[serde(rename = "type")]
    #[schema(schema_with = schema::actor_type)]
    kind: String,
    #[schema(schema_with = schema::actor_id_or_null)]
    id: Option<String>,
}

/// What it was done to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownResource {
    #[serde(rename = "type")]
    noun: String,
    id: String,
}

impl AuditEntry {
    fn new(row: Model, whose: Whose) -> Self {
        Self {
            id: row.id,
            tenant_id: (whose == Whose::AcrossTenants).then_some(row.tenant_id),
            resource: ShownResource { noun: noun_of(&row.action).to_owned(), id: row.resource_id },
            action: row.action,
            actor: ShownActor {
                id: Actor::stored(&row.actor, row.actor_id).and_then(Actor::id_text),
                kind: row.actor,
            },
            changes: row.changes,
            request_id: row.request_id,
            source_ip: row.source_ip,
            created_at: row.id.time(),
        }
    }
}

/// Lists entries, newest first; with `format=ndjson` all of them, a line each.
pub(crate) async fn list(
    lister: Lister<SubscriptionsRead>,
    state: web::Data<State>,
    query: Query,
) -> Result<HttpResponse, Problem> {
    query.only(&[LIMIT, CURSOR, "action", "actor", "resource_id", "from", "to", "format"])?;
    let wanted = Wanted::of(&query)?;
    let filter = Filter {
        actions: query.any("action", str::parse::<Action>)?,
        actors: query.any("actor", str::parse::<Actor>)?,
        resources: query.any("resource_id", parse_resource)?,
        window: query.window()?,
    };
    let whose = lister.whose;
    match query.one::<String>("format")?.as_deref() {
        None | Some("json") => {}
        Some("ndjson") => return Ok(export(&state.engine, whose, filter)),
        Some(_) => {
            return Err(Problem::parameter("query parameter format", "must be json or ndjson"));
        }
    }
    let db = &state.engine.database.lists;
    let found = store::audit::page(db, whose, &filter, wanted.page()).await?;
    let listed = wanted.show_found(found, |row| row.id, |row| AuditEntry::new(row, whose));
    Ok(HttpResponse::Ok().json(listed))
}

fn parse_resource(text: &str) -> Result<String, &'static str> {
    is_name(text).then(|| text.to_owned()).ok_or("must be an id")
}

/// All entries, read page by page as the client takes them. A database that fails on the way cuts the
/// answer off, so that it is not taken for the whole.
fn export(engine: &Engine, whose: Whose, filter: Filter) -> HttpResponse {
    let engine = engine.clone();
    let pages = futures::stream::try_unfold(Some(None), move |after: Option<Option<_>>| {
        let (engine, filter) = (engine.clone(), filter.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let limit = u64::from(*limits::PAGE_ROWS.end());
            let page = store::Page { limit, after };
            let db = &engine.database.lists;
            let found = store::audit::page(db, whose, &filter, page).await?;
            let is_full = found.rows.len() as u64 == limit;
            let last =
                if is_full { found.rows.last().map(|row| row.id) } else { found.looked_until };
            let mut lines = Vec::new();
            for row in found.rows {
                serde_json::to_writer(&mut lines, &AuditEntry::new(row, whose))?;
                lines.push(b'\n');
            }
            Ok::<_, Box<dyn std::error::Error>>(Some((Bytes::from(lines), last.map(Some))))
        }
    });
    HttpResponse::Ok().content_type(LINES).streaming(pages)
}
