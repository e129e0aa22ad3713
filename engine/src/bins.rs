//! Bins: made for developers, who see in them what is sent.
//!
//! Whoever has a bin's url may send to it. A delivery to a bin of its own tenant is handed over here, with the
//! very headers and bytes that would go over a connection, and the bin's answer is its outcome. What a bin has
//! recorded is checked when it is shown, as of its arrival: secrets keep their times.

use std::time::{Duration, Instant};

use domain::bin::{BinConfig, MASK, is_credential};
use domain::ids::{BatchId, BinId, BinRequestId, DeliveryId, Of, TenantId};
use domain::limits;
use domain::outcome::{Failure, FailureReason, HttpVersion, Outcome, Response, Timing};
use domain::secret::Secret;
use domain::verification::{Signed, Verified};
use entity::bin::{ActiveModel, Model};
use entity::bin_request;
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;

use crate::context::Engine;
use crate::database::{Sql, Transaction};
use crate::error::Error;
use crate::sender::Request;
use crate::store;

/// Whose deliveries name themselves in this header.
const DELIVERY: &str = "x-pt-delivery";
/// Where batches, which have none of the former, name themselves.
const MESSAGE: &str = "webhook-id";

/// A request as it came.
#[derive(Debug)]
pub struct Arrived<'a> {
    pub method: &'a str,
    /// Path and query.
    pub url: &'a str,
    /// In their order; values as they came.
    pub headers: Vec<(&'a str, &'a [u8])>,
    pub body: &'a [u8],
    /// `None` when no connection brought it.
    pub remote_ip: Option<std::net::IpAddr>,
}

/// The body of every answer that may have one.
pub const ANSWER: &[u8] = b"{}";

impl Engine {
    /// Stores a new bin within `db`.
    ///
    /// # Errors
    /// `NotFound` when the tenant is gone, `Conflict` when it has too many.
    pub async fn create_bin(
        &self,
        db: &Transaction,
        tenant: TenantId,
        config: BinConfig,
    ) -> Result<Model, Error> {
        // Taking the tenant's row lets those who make bins at once follow each other.
        store::tenant::raise_revision(db, tenant).await?.ok_or(Error::NotFound("tenant"))?;
        if store::bin::count(db, tenant).await? >= limits::BINS {
            let detail = format!("a tenant has at most {} bins; delete one first", limits::BINS);
            return Err(Error::Conflict(detail));
        }
        let now = self.clock.now();
        let id = BinId::generate(now, &mut self.rng());
        let secret = config.secret.as_ref();
        let row = ActiveModel {
            id: Set(id),
            tenant_id: Set(tenant),
            name: Set(config.name),
            secret_sealed: Set(
                secret.map(|secret| self.sealer.seal(id.as_bytes(), secret.expose().as_bytes()))
            ),
            response_status: Set(config.response.status.into()),
            response_delay_ms: Set(i32::try_from(config.response.delay_ms).unwrap_or(0)),
            created_at: Set(now),
        };
        Ok(store::bin::insert(db, row).await?)
    }

    /// Records a request at a bin; of a longer body only what a bin keeps.
    ///
    /// # Errors
    /// When the database is away, or the bin was deleted meanwhile.
    pub async fn record_at_bin(&self, bin: &Model, arrived: &Arrived<'_>) -> Result<(), Error> {
        let headers: Vec<(&str, String)> = arrived
            .headers
            .iter()
            .map(|(name, value)| match is_credential(name) {
                true => (*name, MASK.to_owned()),
                false => (*name, String::from_utf8_lossy(value).into_owned()),
            })
            .collect();
        let headers = serde_json::to_vec(&headers)
            .map_err(|error| Error::internal("a request's headers cannot be kept", error))?;
        let kept = arrived.body.len().min(limits::BIN_BODY_BYTES);
        let now = self.clock.now();
        let row = bin_request::ActiveModel {
            id: Set(BinRequestId::generate(now, &mut self.rng())),
            tenant_id: Set(bin.tenant_id),
            bin_id: Set(bin.id),
            method: Set(arrived.method.to_owned()),
            url: Set(arrived.url.as_bytes().to_vec()),
            headers: Set(headers),
            body: Set(arrived.body[..kept].to_vec()),
            truncated: Set(kept < arrived.body.len()),
            remote_ip: Set(arrived.remote_ip.map(|ip| ip.to_string())),
            received_at: Set(now),
        };
        let transaction = self.database.begin().await?;
        store::bin_request::insert(&transaction, row).await?;
        store::bin_request::trim(&transaction, bin.id).await?;
        Ok(transaction.commit().await?)
    }

    /// Hands a delivery to a bin of its tenant, if that is what its url names.
    pub(crate) async fn hand_to_bin(
        &self,
        tenant: TenantId,
        bin: BinId,
        request: Request,
    ) -> Outcome {
        let started = Instant::now();
        let url = request.url.as_url();
        let path = match url.query() {
            None => url.path().to_owned(),
            Some(query) => format!("{}?{query}", url.path()),
        };
        let arrived = Arrived {
            method: "POST",
            url: &path,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect(),
            body: &request.body,
            remote_ip: None,
        };
        let handed = async {
            let found = store::bin::find(&self.database.read, Of::new(tenant, bin)).await?;
            if let Some(bin) = &found {
                self.record_at_bin(bin, &arrived).await?;
                tokio::time::sleep(delay_of(bin)).await;
            }
            Ok::<_, Error>(found)
        };
        let result = match tokio::time::timeout(request.timeout, handed).await {
            Ok(Ok(Some(bin))) => Ok(answer_of(&bin)),
            Ok(Ok(None)) => return blocked("it names no bin of the tenant"),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, %bin, "bin.not_recorded");
                let error = "the bin could not record the request".to_owned();
                Err(Failure { reason: FailureReason::Connect, error })
            }
            Err(_) => {
                let error = format!("no complete answer within {} ms", request.timeout.as_millis());
                Err(Failure { reason: FailureReason::Timeout, error })
            }
        };
        let total = started.elapsed();
        let is_answered = result.is_ok();
        Outcome {
            meaning: None,
            timing: Timing { first_byte: is_answered.then_some(total), total, ..Timing::default() },
            remote_ip: None,
            http_version: is_answered.then_some(HttpVersion::Http11),
            result,
        }
    }

    /// Whether each signature of a recorded request holds: by the secrets that its delivery's subscription had
    /// when it came, or else by the bin's own.
    ///
    /// # Errors
    /// When the database is away, or a sealed secret does not open.
    pub async fn verify_at_bin(
        &self,
        db: &(impl ConnectionTrait + Sql),
        bin: &Model,
        request: &bin_request::Model,
        headers: &[(String, String)],
    ) -> Result<Vec<Verified>, Error> {
        let signed = Signed {
            headers,
            body: &request.body,
            truncated: request.truncated,
            received_at: request.received_at,
        };
        if signed.verify(&[]).is_empty() {
            return Ok(Vec::new());
        }
        let secrets = match self.secrets_of_delivery(db, request, headers).await? {
            Some(secrets) => secrets,
            None => self.secret_of_bin(bin)?.into_iter().collect(),
        };
        Ok(signed.verify(&secrets))
    }

    /// What signed for the subscription of the delivery, or the batch, that the request says it is, when it came.
    async fn secrets_of_delivery(
        &self,
        db: &(impl ConnectionTrait + Sql),
        request: &bin_request::Model,
        headers: &[(String, String)],
    ) -> Result<Option<Vec<Secret>>, Error> {
        let tenant = request.tenant_id;
        let value = |header: &str| {
            let named = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header));
            named.map(|(_, value)| value.as_str())
        };
        let subscription = if let Some(id) = value(DELIVERY).and_then(|id| id.parse().ok()) {
            let delivery: Of<DeliveryId> = Of::new(tenant, id);
            store::delivery::find(db, delivery).await?.map(|found| found.subscription_id)
        } else if let Some(id) = value(MESSAGE).and_then(|id| id.parse().ok()) {
            let batch: Of<BatchId> = Of::new(tenant, id);
            store::batch::subscription_of(db, batch).await?
        } else {
            None
        };
        let Some(subscription) = subscription else { return Ok(None) };
        let at = request.received_at;
        let secrets = store::secret::all(db, subscription).await?;
        let live = secrets.iter().filter(|secret| {
            secret.created_at <= at && secret.expires_at.is_none_or(|end| end > at)
        });
        live.map(|secret| store::secret::open(&self.sealer, secret))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn secret_of_bin(&self, bin: &Model) -> Result<Option<Secret>, Error> {
        let Some(sealed) = &bin.secret_sealed else {
            return Ok(None);
        };
        let text = self
            .sealer
            .open(bin.id.as_bytes(), sealed)
            .map_err(|e| Error::internal("a sealed secret does not open", e))?;
        let text = std::str::from_utf8(&text)
            .map_err(|e| Error::internal("a sealed secret is no text", e))?;
        Secret::from_stored(text)
            .map(Some)
            .map_err(|e| Error::internal("a sealed secret is malformed", e))
    }
}

/// How long a bin waits before it answers.
pub fn delay_of(bin: &Model) -> Duration {
    Duration::from_millis(u64::try_from(bin.response_delay_ms).unwrap_or(0))
}

/// The status that a bin answers.
pub fn status_of(bin: &Model) -> u16 {
    u16::try_from(bin.response_status).unwrap_or(limits::BIN_STATUS_DEFAULT)
}

/// Whether an answer of this status has a body (RFC 9110 section 6.4.1).
pub fn has_body(status: u16) -> bool {
    !matches!(status, 204 | 205 | 304)
}

fn answer_of(bin: &Model) -> Response {
    let status = status_of(bin);
    let has_body = has_body(status);
    let content_type = ("content-type".to_owned(), b"application/json".to_vec());
    Response {
        status,
        headers: has_body.then_some(content_type).into_iter().collect(),
        body: if has_body { ANSWER.to_vec() } else { Vec::new() },
        truncated: false,
        retry_after: None,
    }
}

/// An attempt that is not made.
pub(crate) fn blocked(why: &str) -> Outcome {
    let error = format!("not dialled: {why}");
    Outcome {
        meaning: None,
        result: Err(Failure { reason: FailureReason::BlockedAddress, error }),
        timing: Timing::default(),
        remote_ip: None,
        http_version: None,
    }
}
