//! Makes the request of an attempt, and counts it.

use domain::bin::UrlKind;
use domain::limits;
use domain::outcome::{Failure, FailureReason, Outcome, Timing};
use domain::template::TemplateFault;
use domain::time::Timestamp;

use super::DueDelivery;
use crate::bins;
use crate::context::Engine;
use crate::sender::Request;

impl Engine {
    /// Makes one request for a delivery, signed at `now`, within at most `timeout_max`. What goes to a bin is
    /// handed over here, everything else is dialled. An attempt fails without a request when the subscription's
    /// template does. Dropped before its outcome, it was no attempt.
    pub async fn attempt(
        &self,
        due: &DueDelivery,
        now: Timestamp,
        timeout_max: std::time::Duration,
    ) -> Outcome {
        let target = &due.target;
        let message = match due.message().await {
            Ok(message) => message,
            Err(fault) => {
                let outcome = unmade(&fault);
                self.metrics.attempted(&outcome);
                return outcome;
            }
        };
        let request = Request {
            url: target.url.clone(),
            headers: due.sign(now, &message),
            body: message.body,
            timeout: target.timeout.min(timeout_max),
            egress: target.egress.clone(),
            identity: target.identity.clone(),
        };
        let _under_way = self.metrics.request_begins();
        let mut outcome = match self.settings.bin_urls.kind(&target.url) {
            UrlKind::Bin(bin) => self.hand_to_bin(due.tenant, bin, request).await,
            UrlKind::NoBin => bins::blocked("it names no bin of the tenant"),
            UrlKind::Elsewhere if target.sandbox => {
                bins::blocked("a sandbox tenant's deliveries go to its bins only")
            }
            UrlKind::Elsewhere => self.sender.send(request).await,
        };
        outcome.meaning =
            outcome.result.as_ref().ok().and_then(|answer| target.payload.meaning(answer));
        self.metrics.attempted(&outcome);
        outcome
    }
}

/// An attempt whose request could not be made: nothing was dialled.
fn unmade(fault: &TemplateFault) -> Outcome {
    let error: String = format!("not sent: {fault}").chars().take(limits::ERROR_CHARS).collect();
    Outcome {
        result: Err(Failure { reason: FailureReason::Protocol, error }),
        timing: Timing::default(),
        remote_ip: None,
        http_version: None,
        meaning: None,
    }
}
