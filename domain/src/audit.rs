//! The words of the audit log: who did what.
//!
//! Every change that somebody asks for is an action, and so is every look at a secret. Events that are
//! posted are none: each of them is its own record.

use std::fmt;
use std::str::FromStr;

use crate::ids::KeyId;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever has the operator key.
    Operator,
    /// Whoever has this key of a tenant.
    Key(KeyId),
}

impl Actor {
    /// The kind's name on the wire.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Key(_) => "key",
        }
    }

    /// The key, if it is one.
    pub const fn key(self) -> Option<KeyId> {
        match self {
            Self::Operator => None,
            Self::Key(id) => Some(id),
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
    SubscriptionCreated = "subscription.created";
    SubscriptionUpdated = "subscription.updated";
    SubscriptionDeleted = "subscription.deleted";
    /// One example was sent to it.
    SubscriptionTested = "subscription.tested";
    /// Its sealed values were shown as they are.
    SubscriptionRevealed = "subscription.revealed";
    SecretRead = "subscription.secret_read";
    SecretRotated = "subscription.secret_rotated";
    DeliveryRedelivered = "delivery.redelivered";
    DeliveryCancelled = "delivery.cancelled";
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
            let noun = noun_of(action.as_str());
            assert!(
                ["tenant", "key", "subscription", "delivery", "dead_letter"].contains(&noun),
                "{noun}"
            );
        }
        let error = "subscription.painted".parse::<Action>().expect_err("no action");
        assert!(error.to_string().starts_with("is no action; they are tenant.created, "));
    }
}
