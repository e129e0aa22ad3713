//! Makes the request of an attempt, and counts it.

use domain::bin::UrlKind;
use domain::outcome::Outcome;
use domain::time::Timestamp;

use super::DueDelivery;
use crate::bins;
use crate::context::Engine;
use crate::sender::Request;

impl Engine {
    /// Makes one request for a delivery, signed at `now`, within at most `timeout_max`. What goes to a bin is
    /// handed over here, everything else is dialled. Dropped before its outcome, it was no attempt.
    pub async fn attempt(
        &self,
        due: &DueDelivery,
        now: Timestamp,
        timeout_max: std::time::Duration,
    ) -> Outcome {
        let target = &due.target;
        let request = Request {
            url: target.url.clone(),
            headers: due.sign(now),
            body: due.body.clone(),
            timeout: target.timeout.min(timeout_max),
            egress: target.egress.clone(),
            identity: target.identity.clone(),
        };
        let _under_way = self.metrics.request_begins();
        let outcome = match self.settings.bin_urls.kind(&target.url) {
            UrlKind::Bin(bin) => self.hand_to_bin(due.tenant, bin, request).await,
            UrlKind::NoBin => bins::blocked("it names no bin of the tenant"),
            UrlKind::Elsewhere if target.sandbox => {
                bins::blocked("a sandbox tenant's deliveries go to its bins only")
            }
            UrlKind::Elsewhere => self.sender.send(request).await,
        };
        self.metrics.attempted(&outcome);
        outcome
    }
}
