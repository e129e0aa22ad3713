//! What an API key or a portal link may do, and from where.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::is_first;
use crate::invalid::{Checker, Invalid};
use crate::limits;

/// One permission. `:write` does not include `:read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// All that the tenant may do.
    #[serde(rename = "*")]
    All,
    #[serde(rename = "events:write")]
    EventsWrite,
    #[serde(rename = "events:read")]
    EventsRead,
    #[serde(rename = "subscriptions:read")]
    SubscriptionsRead,
    #[serde(rename = "subscriptions:write")]
    SubscriptionsWrite,
    #[serde(rename = "deliveries:read")]
    DeliveriesRead,
    #[serde(rename = "deliveries:write")]
    DeliveriesWrite,
    #[serde(rename = "sources:read")]
    SourcesRead,
    #[serde(rename = "sources:write")]
    SourcesWrite,
    #[serde(rename = "schedules:read")]
    SchedulesRead,
    #[serde(rename = "schedules:write")]
    SchedulesWrite,
}

impl Scope {
    /// The name in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "*",
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::SubscriptionsRead => "subscriptions:read",
            Self::SubscriptionsWrite => "subscriptions:write",
            Self::DeliveriesRead => "deliveries:read",
            Self::DeliveriesWrite => "deliveries:write",
            Self::SourcesRead => "sources:read",
            Self::SourcesWrite => "sources:write",
            Self::SchedulesRead => "schedules:read",
            Self::SchedulesWrite => "schedules:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All that one key may do: at least one scope, each named once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Scope>")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// The scopes as given.
    pub fn as_slice(&self) -> &[Scope] {
        &self.0
    }

    /// Whether they allow what needs `scope`.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.iter().any(|held| *held == Scope::All || *held == scope)
    }
}

/// What a portal link allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
#[serde(rename_all = "snake_case")]
pub enum Permissions {
    /// To look at everything of the tenant's but its secrets.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "read"))]
    Read,
    /// All that the tenant may do.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "write"))]
    Write,
}

impl Permissions {
    /// The scopes of a key that may do the same.
    pub fn scopes(self) -> Scopes {
        Scopes(match self {
            Self::Read => vec![
                Scope::EventsRead,
                Scope::SubscriptionsRead,
                Scope::DeliveriesRead,
                Scope::SourcesRead,
                Scope::SchedulesRead,
            ],
            Self::Write => vec![Scope::All],
        })
    }
}

impl TryFrom<Vec<Scope>> for Scopes {
    type Error = Invalid;

    fn try_from(scopes: Vec<Scope>) -> Result<Self, Invalid> {
        let mut check = Checker::default();
        check.that(!scopes.is_empty(), "", || {
            "must name at least one scope, such as events:write, or * for all of them".to_owned()
        });
        for index in 0..scopes.len() {
            check.that(is_first(&scopes, index), &format!("/{index}"), || {
                "is there twice".to_owned()
            });
        }
        check.finish(Self(scopes))
    }
}

/// The networks that a key may be used from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<IpNet>")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct Cidrs(Vec<IpNet>);

impl Cidrs {
    /// The networks as given.
    pub fn as_slice(&self) -> &[IpNet] {
        &self.0
    }

    /// Whether one of them has the address; an IPv4 one in IPv6 clothes counts as what it is.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl TryFrom<Vec<IpNet>> for Cidrs {
    type Error = Invalid;

    fn try_from(networks: Vec<IpNet>) -> Result<Self, Invalid> {
        let count = limits::SOURCE_CIDRS;
        if !count.contains(&networks.len()) {
            let (low, high) = (count.start(), count.end());
            return Err(Invalid::one("", format!("must have {low} to {high} networks")));
        }
        Ok(Self(networks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    const ALL: [Scope; 11] = [
        Scope::All,
        Scope::EventsWrite,
        Scope::EventsRead,
        Scope::SubscriptionsRead,
        Scope::SubscriptionsWrite,
        Scope::DeliveriesRead,
        Scope::DeliveriesWrite,
        Scope::SourcesRead,
        Scope::SourcesWrite,
        Scope::SchedulesRead,
        Scope::SchedulesWrite,
    ];

    #[test]
    fn names_are_those_in_json() {
        for scope in ALL {
            assert_eq!(json!(scope), scope.as_str());
        }
    }

    #[test]
    fn a_star_allows_everything_and_write_does_not_include_read() {
        let star: Scopes = from_value(json!(["*"])).expect("valid");
        assert!(ALL.into_iter().all(|scope| star.allow(scope)));
        let write: Scopes = from_value(json!(["events:write"])).expect("valid");
        assert!(write.allow(Scope::EventsWrite));
        assert!(!write.allow(Scope::EventsRead) && !write.allow(Scope::SubscriptionsWrite));
    }

    #[test]
    fn a_link_to_read_allows_all_that_reads_and_one_to_write_everything() {
        let read = Permissions::Read.scopes();
        for scope in ALL {
            assert_eq!(read.allow(scope), scope.as_str().ends_with(":read"), "{scope}");
            assert!(Permissions::Write.scopes().allow(scope), "{scope}");
        }
    }

    #[test]
    fn no_scope_a_scope_twice_or_an_unknown_one_is_refused() {
        for written in [json!([]), json!(["*", "*"]), json!(["events"]), json!("*"), json!(null)] {
            assert!(from_value::<Scopes>(written.clone()).is_err(), "{written}");
        }
    }
    #[test]
    fn a_network_has_its_addresses_and_an_empty_list_is_refused() {
        let cidrs: Cidrs = from_value(json!(["10.0.0.0/8", "2001:db8::/32"])).expect("valid");
        for (address, inside) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("2001:db8::1", true),
            ("11.0.0.1", false),
            ("::1", false),
        ] {
            assert_eq!(cidrs.contain(address.parse().expect("an address")), inside, "{address}");
        }
        for written in [json!([]), json!(["10.0.0.1"]), json!(["10.0.0.0/33"])] {
            assert!(from_value::<Cidrs>(written.clone()).is_err(), "{written}");
        }
    }
}
