//! What a subscription, a key or a portal link may choose: a few small values with names of their own.
//!
//! Those that stand in the database as JSON are checked by the same constructor when they are read
//! back as when they are posted, so that a value of one of these types always keeps the contract.

mod delivery;
mod scope;
mod signing;

use serde::{Deserialize, Serialize};

pub use delivery::{AutoReplay, AutoReplayInput, Delivery, DeliveryInput};
pub use scope::{Cidrs, Permissions, Scope, Scopes};
pub use signing::{Algorithm, Scheme, Signing, SigningInput};

/// What receives the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any HTTP endpoint.
    #[default]
    #[cfg_attr(feature = "columns", sea_orm(string_value = "webhook"))]
    Webhook,
    /// A Slack incoming webhook; its url is a credential.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "slack"))]
    Slack,
}

impl Kind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }
}

/// How an event is put into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
pub enum Format {
    /// Our own envelope.
    #[default]
    #[serde(rename = "standard")]
    #[cfg_attr(feature = "columns", sea_orm(string_value = "standard"))]
    Standard,
    /// CloudEvents 1.0, structured mode: attributes and data in one JSON object.
    #[serde(rename = "cloudevents")]
    #[cfg_attr(feature = "columns", sea_orm(string_value = "cloudevents"))]
    CloudEvents,
    /// CloudEvents 1.0, binary mode: attributes as headers, data as the body.
    #[serde(rename = "cloudevents-binary")]
    #[cfg_attr(feature = "columns", sea_orm(string_value = "cloudevents-binary"))]
    CloudEventsBinary,
}

impl Format {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::CloudEvents => "cloudevents",
            Self::CloudEventsBinary => "cloudevents-binary",
        }
    }
}

/// Whether a value is not among those before it, for lists that name each thing once.
fn is_first<T: PartialEq>(list: &[T], index: usize) -> bool {
    !list[..index].contains(&list[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_are_those_in_json() {
        for kind in [Kind::Webhook, Kind::Slack] {
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        for format in [Format::Standard, Format::CloudEvents, Format::CloudEventsBinary] {
            assert_eq!(serde_json::json!(format), format.as_str());
        }
    }
}
