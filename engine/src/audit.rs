//! The audit log: what somebody does is noted in the very commit that does it, so that there is neither a
//! change without an entry nor an entry without a change.

use std::fmt;
use std::net::IpAddr;

use domain::audit::{Action, Actor};
use domain::ids::{AuditEntryId, Of, TenantId};
use domain::time::Timestamp;
use entity::audit_entry::Model;
use sea_orm::DbErr;
use serde_json::{Map, Value, json};

use crate::context::Engine;
use crate::database::Sql;
use crate::store;

/// What of a document changes with every update and says nothing.
const ALWAYS_CHANGES: &str = "updated_at";

/// Who does something, and by which request.
#[derive(Debug, Clone)]
pub struct By {
    pub actor: Actor,
    /// `None` where nobody asked.
    pub request_id: Option<String>,
    /// Where the connection came from.
    pub source_ip: Option<IpAddr>,
}

/// Something that is done.
#[derive(Debug, Clone)]
pub struct Act {
    action: Action,
    tenant: Option<TenantId>,
    resource_id: String,
    changes: Option<Value>,
}

impl Act {
    /// Something done to a tenant's thing.
    pub fn new(action: Action, tenant: TenantId, resource_id: impl fmt::Display) -> Self {
        Self { action, tenant: Some(tenant), resource_id: resource_id.to_string(), changes: None }
    }

    /// Something done to what a request named.
    pub fn on(action: Action, thing: Of<impl fmt::Display + Copy>) -> Self {
        Self::new(action, thing.tenant(), thing.id())
    }

    /// Something that concerns the operator alone; of a tenant, it stays when that is gone.
    pub fn of_operator(action: Action, resource_id: impl fmt::Display) -> Self {
        Self { action, tenant: None, resource_id: resource_id.to_string(), changes: None }
    }

    /// The same, with fields and what each was and is.
    #[must_use]
    pub fn with_changes(self, changes: Value) -> Self {
        Self { changes: Some(changes), ..self }
    }

    /// The same, with what the fields are of something that was not there before.
    #[must_use]
    pub fn creating(self, document: &Value) -> Self {
        let nothing = Value::Null;
        self.changing([&nothing, document], [&nothing, document])
    }

    /// The same, with the fields in which a document differs `[before, after]`. The entry tells what they
    /// were and what they are as it is `shown`, with a mask over what is sealed.
    #[must_use]
    pub fn changing(self, plain: [&Value; 2], shown: [&Value; 2]) -> Self {
        self.with_changes(differences(plain, shown))
    }

    fn entry(self, id: AuditEntryId, by: &By) -> Model {
        Model {
            id,
            tenant_id: self.tenant,
            action: self.action.as_str().to_owned(),
            actor: by.actor.kind().to_owned(),
            actor_id: by.actor.id(),
            resource_id: self.resource_id,
            changes: self.changes,
            request_id: by.request_id.clone(),
            source_ip: by.source_ip.map(|ip| ip.to_string()),
        }
    }
}

fn differences(plain: [&Value; 2], shown: [&Value; 2]) -> Value {
    let names = plain[1].as_object().into_iter().flat_map(Map::keys);
    let changed = names
        .filter(|name| *name != ALWAYS_CHANGES && plain[0].get(name) != plain[1].get(name))
        .map(|name| {
            let [from, to] = shown.map(|document| document.get(name));
            (name.clone(), json!({"from": from, "to": to}))
        });
    Value::Object(changed.collect())
}

impl Engine {
    /// Notes an act within `db`, of whose commit it becomes a part.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note(&self, db: &impl Sql, by: &By, act: Act) -> Result<(), DbErr> {
        let id = AuditEntryId::generate(self.clock.now(), &mut self.rng());
        store::audit::insert(db, act.entry(id, by)).await
    }
}

/// Notes within `db` what Posthaste does unasked. It is done once: the entry's id is made of what it is.
pub(crate) async fn note_unasked(db: &impl Sql, act: Act, now: Timestamp) -> Result<(), DbErr> {
    let by = By { actor: Actor::System, request_id: None, source_ip: None };
    let id =
        AuditEntryId::derive(now, &[act.action.as_str().as_bytes(), act.resource_id.as_bytes()]);
    store::audit::insert(db, act.entry(id, &by)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told_and_sealed_values_only_as_masks() {
        let document = |url: &str, header: &str, at: u32| json!({"url": url, "headers": {"x": header}, "ordered": true, "updated_at": at});
        let plain =
            [document("https://a.example", "one", 1), document("https://b.example", "two", 2)];
        let shown =
            [document("https://a.example", "***", 1), document("https://b.example", "***", 2)];
        let expected = json!({
            "url": {"from": "https://a.example", "to": "https://b.example"},
            "headers": {"from": {"x": "***"}, "to": {"x": "***"}},
        });
        let told = differences([&plain[0], &plain[1]], [&shown[0], &shown[1]]);
        assert_eq!(told, expected);
    }
}
