//! The audit log.

use domain::audit::{Action, Actor};
use domain::ids::AuditEntryId;
use entity::audit_entry::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Found, Page, Whose, Window, last_looked_at};
use crate::database::{Sql, execute};

/// Which entries a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub actions: Vec<Action>,
    pub actors: Vec<Actor>,
    pub resources: Vec<String>,
    pub window: Window,
}

/// Stores an entry.
pub async fn insert(db: &impl Sql, entry: Model) -> Result<(), DbErr> {
    let sql = "INSERT INTO audit_log (id, tenant_id, action, actor, actor_id, resource_id, changes, request_id, source_ip) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = vec![
        entry.id.into(),
        entry.tenant_id.into(),
        entry.action.into(),
        entry.actor.into(),
        entry.actor_id.into(),
        entry.resource_id.into(),
        entry.changes.into(),
        entry.request_id.into(),
        entry.source_ip.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}

/// Newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<AuditEntryId>,
) -> Result<Found<Model, AuditEntryId>, DbErr> {
    let mut query = whose.of(Entity::find(), Column::TenantId).order_by_desc(Column::Id);
    if let Some(from) = filter.window.from {
        query = query.filter(Column::Id.gte(AuditEntryId::floor(from)));
    }
    if let Some(to) = filter.window.to {
        query = query.filter(Column::Id.lt(AuditEntryId::floor(to)));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    let is_selective =
        !(filter.actions.is_empty() && filter.actors.is_empty() && filter.resources.is_empty());
    let mut looked_until = None;
    if is_selective {
        looked_until = last_looked_at(db, &query, [Column::Id]).await?;
    }
    if let Some(until) = looked_until {
        query = query.filter(Column::Id.gte(until));
    }
    if !filter.actions.is_empty() {
        query = query.filter(Column::Action.is_in(filter.actions.iter().map(|a| a.as_str())));
    }
    if !filter.actors.is_empty() {
        let any = filter.actors.iter().fold(Condition::any(), |any, actor| {
            let one = Condition::all().add(Column::Actor.eq(actor.kind()));
            any.add(one.add_option(actor.id().map(|id| Column::ActorId.eq(id))))
        });
        query = query.filter(any);
    }
    if !filter.resources.is_empty() {
        query = query.filter(Column::ResourceId.is_in(&filter.resources));
    }
    Ok(Found { rows: query.limit(page.limit).all(db).await?, looked_until })
}
