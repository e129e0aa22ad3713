//! The words of the audit log: who did what.
//!
//! Every change of what is configured is an action, whether somebody asks for it or Posthaste makes it by
//! itself, and so is every look at a secret. Events that are posted are none: each of them is its own record.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::ids::{KeyId, PortalLinkId};

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever has the operator key.
    Operator,
    /// Whoever has this key of a tenant.
    Key(KeyId),
    /// Whoever has this link into a tenant's portal.
    PortalLink(PortalLinkId),
    /// Posthaste, unasked: what a receiver does may disable its subscription.
    System,
}

impl Actor {
    /// The kind's name on the wire.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Key(_) => "key",
            Self::PortalLink(_) => "portal_link",
            Self::System => "system",
        }
    }

    /// Which one of its kind, where there are several.
    pub const fn id(self) -> Option<Uuid> {
        match self {
            Self::Operator | Self::System => None,
            Self::Key(id) => Some(id.0),
            Self::PortalLink(id) => Some(id.0),
        }
    }

    /// Who is stored by the kind's name and an id.
    pub fn stored(kind: &str, id: Option<Uuid>) -> Option<Self> {
        match (kind, id) {
            ("operator", None) => Some(Self::Operator),
            ("system", None) => Some(Self::System),
            ("key", Some(id)) => Some(Self::Key(KeyId(id))),
            ("portal_link", Some(id)) => Some(Self::PortalLink(PortalLinkId(id))),
            _ => None,
        }
    }

    /// The id on the wire, where there is one.
    pub fn id_text(self) -> Option<String> {
        match self {
            Self::Operator | Self::System => None,
            Self::Key(id) => Some(id.to_string()),
            Self::PortalLink(id) => Some(id.to_string()),
        }
    }
}

/// The text names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be operator, system, or the id of a key or portal link")]
pub struct UnknownActor;

impl FromStr for Actor {
    type Err = UnknownActor;

    /// As lists are filtered by it: the kind where there is one of it, the id otherwise.
    fn from_str(text: &str) -> Result<Self, UnknownActor> {
        match text {
            "operator" => Ok(Self::Operator),
            "system" => Ok(Self::System),
            id => id
                .parse()
                .map(Self::Key)
                .or_else(|_| id.parse().map(Self::PortalLink))
                .map_err(|_| UnknownActor),
        }
    }
}

/// The text names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAction;

impl fmt::Display for UnknownAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no action; they are")?;
        for (place, action) in Action::ALL.iter().enumerate() {
            write!(f, "{} {}", if place == 0 { "" } else { "," }, action.as_str())?;
        }
        Ok(())
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// What was done: a noun, whose id the entry names, and what happened to it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

actions! {
    TenantCreated = "tenant.created";
    TenantUpdated = "tenant.updated";
    TenantDeleted = "tenant.deleted";
    KeyCreated = "key.created";
    KeyRevoked = "key.revoked";
    PortalLinkCreated = "portal_link.created";
    PortalLinkRevoked = "portal_link.revoked";
    OperatorKeyRotated = "operator_key.rotated";
    SessionOpened = "session.opened";
    SessionClosed = "session.closed";
    EventTypeCreated = "event_type.created";
    EventTypeUpdated = "event_type.updated";
    EventTypeDeleted = "event_type.deleted";
    /// Many event types at once; the entry names the tenant whose they are.
    CatalogueImported = "event_type.imported";
    SubscriptionCreated = "subscription.created";
    SubscriptionUpdated = "subscription.updated";
    SubscriptionDeleted = "subscription.deleted";
    /// Because of what its receiver did.
    SubscriptionDisabled = "subscription.disabled";
    /// One example was sent to it.
    SubscriptionTested = "subscription.tested";
    /// Its sealed values were shown as they are.
    SubscriptionRevealed = "subscription.revealed";
    SecretRead = "subscription.secret_read";
    SecretRotated = "subscription.secret_rotated";
    BinCreated = "bin.created";
    BinDeleted = "bin.deleted";
    DeliveryRedelivered = "delivery.redelivered";
    DeliveryCancelled = "delivery.cancelled";
    ReplayCreated = "replay.created";
    ReplayPaused = "replay.paused";
    ReplayResumed = "replay.resumed";
    ReplayCancelled = "replay.cancelled";
    /// Many at once; the entry names the tenant whose they were.
    DeadLettersDiscarded = "dead_letter.many_discarded";
    DeadLetterReplayed = "dead_letter.replayed";
    DeadLetterDiscarded = "dead_letter.discarded";
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.iter().copied().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

/// The noun of an action's name.
pub fn noun_of(action: &str) -> &str {
    action.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_by_their_names_and_start_with_a_noun() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
            let nouns = [
                "tenant",
                "key",
                "portal_link",
                "operator_key",
                "session",
                "event_type",
                "subscription",
                "bin",
                "delivery",
                "dead_letter",
                "replay",
            ];
            assert!(nouns.contains(&noun_of(action.as_str())), "{}", action.as_str());
        }
        let error = "subscription.painted".parse::<Action>().expect_err("no action");
        assert!(error.to_string().starts_with("is no action; they are tenant.created, "));
    }

    #[test]
    fn whoever_is_stored_is_read_again_and_named_as_lists_are_filtered() {
        let id = Uuid::now_v7();
        let actors = [
            Actor::Operator,
            Actor::System,
            Actor::Key(KeyId(id)),
            Actor::PortalLink(PortalLinkId(id)),
        ];
        for actor in actors {
            assert_eq!(Actor::stored(actor.kind(), actor.id()), Some(actor));
            let name = actor.id_text().unwrap_or_else(|| actor.kind().to_owned());
            assert_eq!(name.parse(), Ok(actor));
        }
        assert_eq!(Actor::stored("key", None), None);
        assert_eq!("somebody".parse::<Actor>(), Err(UnknownActor));
    }
}
