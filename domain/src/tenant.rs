//! Customers of the product, and the rates they are held to.

use serde::{Deserialize, Serialize};

use crate::invalid::{Checker, Invalid};
use crate::limits;

/// A rate with a burst, held by GCRA.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RateLimitInput")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct RateLimit {
    per_second: f64,
    burst: u32,
}

/// A rate limit as it is written: `burst` may be left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitInput {
    per_second: f64,
    burst: Option<u32>,
}

impl RateLimit {
    /// From a rate per second (0.1–100,000) and a burst (1–100,000, by default a tenth of a
    /// second's worth and at least 1).
    ///
    /// # Errors
    /// When either is out of its range.
    pub fn new(per_second: f64, burst: Option<u32>) -> Result<Self, Invalid> {
        let mut check = Checker::default();
        check.that(limits::RATE_PER_SECOND.contains(&per_second), "/per_second", || {
            "must be between 0.1 and 100000 per second".to_owned()
        });
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 1 to 10,000 by the range above"
        )]
        let burst = burst.unwrap_or((per_second / 10.0).max(1.0) as u32);
        check.that(limits::RATE_BURST.contains(&burst), "/burst", || {
            "must be between 1 and 100000".to_owned()
        });
        check.finish(Self { per_second, burst })
    }

    /// Requests per second in the long run.
    pub fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Requests that may go at once after a pause.
    pub fn burst(&self) -> u32 {
        self.burst
    }
}

impl TryFrom<RateLimitInput> for RateLimit {
    type Error = Invalid;

    fn try_from(input: RateLimitInput) -> Result<Self, Invalid> {
        Self::new(input.per_second, input.burst)
    }
}

/// Whether a tenant is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "columns",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "Text")
)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    #[cfg_attr(feature = "columns", sea_orm(string_value = "active"))]
    Active,
    /// Its keys are refused (`403`) and its lanes wait.
    #[cfg_attr(feature = "columns", sea_orm(string_value = "suspended"))]
    Suspended,
}
