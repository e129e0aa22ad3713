//! The requests of the ceiling: what a delivery looks like on the wire, signed afresh each time.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::generator::Requests;
use crate::payload::{Template, data};
use crate::signing::{SECRET, Signer};

/// An event's id; one is as good as another where nothing is stored.
const EVENT_ID: &str = "evt_01kfg2v8h0e8ms1x2y3z4a5b6c";

/// Writes signed deliveries.
#[derive(Debug, Clone)]
pub(super) struct SignedPosts {
    signer: Signer,
    body: Template,
    scratch: Vec<u8>,
}

/// The parts of one delivery that depend on its body and instant.
pub(super) struct Signatures {
    pub(super) timestamp: String,
    pub(super) standard: String,
    pub(super) pt: String,
}

impl SignedPosts {
    pub(super) fn new() -> Result<Self> {
        let signer = Signer::new(SECRET).context("the bench's own secret is malformed")?;
        let envelope = format!(
            r#"{{"id":"{EVENT_ID}","type":"bench.event","timestamp":"2026-01-21T12:00:00.000Z","data":{},"metadata":{{}}}}"#,
            data()
        );
        Ok(Self { signer, body: Template::new(envelope), scratch: Vec::new() })
    }

    /// The body with the event's number, and its signatures as of now.
    pub(super) fn sign(&mut self, seq: u32) -> (Signatures, &[u8]) {
        self.scratch.clear();
        self.body.write(seq, &mut self.scratch);
        // A clock before 1970 signs the year 1970; the receiver here does not mind.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let timestamp = format!("{now:010}");
        let standard = self.signer.standard(EVENT_ID, &timestamp, &self.scratch);
        let pt = self.signer.pt(&timestamp, &self.scratch);
        (Signatures { timestamp, standard, pt }, &self.scratch)
    }
}

impl Requests for SignedPosts {
    fn events_per_request(&self) -> u32 {
        1
    }

    fn write(&mut self, first_seq: u32, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let (Signatures { timestamp, standard, pt }, body) = self.sign(first_seq);
        let length = body.len();
        write!(
            out,
            "POST /r/0 HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
             user-agent: Posthaste-bench\r\nwebhook-id: {EVENT_ID}\r\n\
             webhook-timestamp: {timestamp}\r\nwebhook-signature: v1,{standard}\r\n\
             x-pt-signature: t={timestamp},v1={pt}\r\nx-pt-event: bench.event\r\n\
             x-pt-delivery: dlv_01kfg2v8h0e8ms1x2y3z4a5b6d\r\nx-pt-attempt: 1\r\n\
             x-pt-max-attempts: 6\r\nx-pt-trigger: event\r\ncontent-length: {length}\r\n\r\n"
        )
        .expect("a vector takes every write");
        out.extend_from_slice(body);
    }
}

/// The same headers by name, for a client that takes them one by one.
pub(super) fn headers(signatures: &Signatures) -> [(&'static str, String); 10] {
    let Signatures { timestamp, standard, pt } = signatures;
    [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", EVENT_ID.to_owned()),
        ("webhook-timestamp", timestamp.clone()),
        ("webhook-signature", format!("v1,{standard}")),
        ("x-pt-signature", format!("t={timestamp},v1={pt}")),
        ("x-pt-event", "bench.event".to_owned()),
        ("x-pt-delivery", "dlv_01kfg2v8h0e8ms1x2y3z4a5b6d".to_owned()),
        ("x-pt-attempt", "1".to_owned()),
        ("x-pt-max-attempts", "6".to_owned()),
        ("x-pt-trigger", "event".to_owned()),
    ]
}
