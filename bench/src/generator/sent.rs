//! What a generator has sent, and what the server said to it.

use serde_json::Value;

/// The log of one generator, by event number.
#[derive(Debug, Default)]
pub struct Sent {
    /// The number of the first event.
    pub first_seq: u32,
    /// When each event's request was sent, by the bench's clock.
    pub at_ns: Vec<u64>,
    /// Whether each event was answered with `202`.
    pub accepted: Vec<bool>,
    /// Events answered with anything else.
    pub refused: u64,
    /// The status of the last answer, or batch item, that refused something.
    pub last_refusal: Option<u16>,
    /// Events whose request never had an answer; whether they were taken is unknown.
    pub unanswered: u64,
    /// For an open loop: how far each request was behind its time, in nanoseconds.
    pub late_ns: Vec<u64>,
}

impl Sent {
    /// How many events were accepted.
    #[must_use]
    pub fn accepted_count(&self) -> u64 {
        self.accepted.iter().filter(|accepted| **accepted).count() as u64
    }

    /// The number behind the last event.
    #[must_use]
    pub fn end_seq(&self) -> u32 {
        self.first_seq + self.at_ns.len() as u32
    }

    /// Notes the answer to the request whose first event is `seq`.
    pub(super) fn answered(&mut self, seq: u32, events: u32, status: u16, body: &[u8]) {
        let first = (seq - self.first_seq) as usize;
        let all = first..first + events as usize;
        if status != 202 {
            self.refused += u64::from(events);
            self.last_refusal = Some(status);
        } else if events == 1 || accepted_items(body) == events as usize {
            self.accepted[all].fill(true);
        } else {
            // Rare, so the answer is read properly: each item has a status of its own.
            let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            for (index, accepted) in self.accepted[all].iter_mut().enumerate() {
                let item = answer["data"][index]["status"].as_u64().unwrap_or(0);
                *accepted = item == 202;
                if !*accepted {
                    self.refused += 1;
                    self.last_refusal = Some(u16::try_from(item).unwrap_or(0));
                }
            }
        }
    }
}

/// How often a batch's answer says `202`; numbers have no other way of being written here.
fn accepted_items(body: &[u8]) -> usize {
    memchr::memmem::find_iter(body, br#""status":202"#).count()
}

#[cfg(test)]
mod tests {
    use super::Sent;

    #[test]
    fn a_batch_is_accepted_item_by_item() {
        let mut sent =
            Sent { first_seq: 7, at_ns: vec![0; 4], accepted: vec![false; 4], ..Sent::default() };
        sent.answered(7, 2, 202, br#"{"data":[{"status":202},{"status":202}]}"#);
        sent.answered(
            9,
            2,
            202,
            br#"{"data":[{"index":0,"status":422},{"index":1,"status":202}]}"#,
        );
        assert_eq!(sent.accepted, [true, true, false, true]);
        assert_eq!((sent.refused, sent.last_refusal), (1, Some(422)));
        sent.answered(7, 1, 503, b"");
        assert_eq!((sent.refused, sent.last_refusal), (2, Some(503)));
        assert_eq!(sent.end_seq(), 11);
    }
}
