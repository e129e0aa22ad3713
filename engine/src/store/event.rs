//! Events. They are written by `publish`; here they are read.

use domain::ids::{EventId, TenantId};
use domain::time::Timestamp;
use entity::event::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use super::{Page, Whose, Window};

/// Which events a list is to show; empty lists mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub types: Vec<String>,
    pub correlation_ids: Vec<String>,
    pub window: Window,
}

/// The tenant's event of an id.
pub async fn find(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    id: EventId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((id, tenant)).one(db).await
}

/// Newest first, with their data.
pub async fn page(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<(Timestamp, EventId)>,
) -> Result<Vec<Model>, DbErr> {
    select(whose, filter, page).all(db).await
}

/// An event without its data, as lists show it.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Head {
    pub id: EventId,
    pub tenant_id: TenantId,
    pub event_type: String,
    pub timestamp: String,
    pub metadata: Vec<u8>,
    pub correlation_id: Option<Vec<u8>>,
    pub version: Option<Vec<u8>>,
    pub deliver_at: Option<Timestamp>,
    pub delivery_count: i32,
    pub created_at: Timestamp,
}

/// Newest first, without their data: a page of the largest would be 64 MB.
pub async fn page_of_heads(
    db: &impl ConnectionTrait,
    whose: Whose,
    filter: &Filter,
    page: Page<(Timestamp, EventId)>,
) -> Result<Vec<Head>, DbErr> {
    select(whose, filter, page).into_partial_model().all(db).await
}

fn select(whose: Whose, filter: &Filter, page: Page<(Timestamp, EventId)>) -> Select<Entity> {
    let mut query = whose
        .of(Entity::find(), Column::TenantId)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(page.limit);
    if !filter.types.is_empty() {
        query = query.filter(Column::EventType.is_in(&filter.types));
    }
    if !filter.correlation_ids.is_empty() {
        query = query.filter(
            Column::CorrelationId
                .is_in(filter.correlation_ids.iter().map(|text| text.as_bytes().to_vec())),
        );
    }
    if let Some(from) = filter.window.from {
        query = query.filter(Column::CreatedAt.gte(from));
    }
    if let Some(to) = filter.window.to {
        query = query.filter(Column::CreatedAt.lt(to));
    }
    if let Some((created_at, id)) = page.after {
        let same_instant =
            Condition::all().add(Column::CreatedAt.eq(created_at)).add(Column::Id.lt(id));
        query =
            query.filter(Condition::any().add(Column::CreatedAt.lt(created_at)).add(same_instant));
    }
    query
}
