//! Just enough HTTP/1.1 to cut a byte stream into messages.
//!
//! Both ends of the bench speak it on raw sockets: a full HTTP library on either side would cost more
//! than the thing measured. Bodies are sized by `content-length`; a chunked message is an error rather
//! than something silently misread.

use memchr::{memchr, memmem};

/// The largest head that is waited for, in bytes; longer ones are not HTTP as the bench knows it.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// Why a byte stream could not be cut into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The peer sends chunks; the bench reads sized bodies only.
    #[error("a chunked message, where a content-length was expected")]
    Chunked,
    /// A `content-length` that is no number.
    #[error("an unreadable content-length")]
    Length,
    /// No end of the head within [`HEAD_MAX_BYTES`].
    #[error("a head above 64 KiB")]
    Head,
}

/// One whole message: its head with the blank line, and its body.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// From the first line to the blank line.
    pub head: &'a [u8],
    /// As long as `content-length` said.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// The status of a response; 0 when the first line holds none.
    #[must_use]
    pub fn status(&self) -> u16 {
        let digits = self.head.get(9..12).unwrap_or_default();
        std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The path of a request; empty when the first line holds none.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        let Some(start) = memchr(b' ', self.head) else {
            return &[];
        };
        let rest = &self.head[start + 1..];
        memchr(b' ', rest).map_or(&[], |end| &rest[..end])
    }
}

/// What a connection has received and not yet handed on.
#[derive(Debug, Default)]
pub struct Inbox {
    pending: Vec<u8>,
}

impl Inbox {
    /// Hands each message that `fresh` completes to `each` and keeps the rest for the next call.
    ///
    /// # Errors
    /// When the stream is not what the bench reads; the connection is of no more use then.
    pub fn take(&mut self, fresh: &[u8], each: impl FnMut(Message<'_>)) -> Result<(), WireError> {
        // The usual case is one whole message in one read, which needs no copy.
        if self.pending.is_empty() {
            let used = messages(fresh, each)?;
            self.pending.extend_from_slice(&fresh[used..]);
        } else {
            self.pending.extend_from_slice(fresh);
            let used = messages(&self.pending, each)?;
            self.pending.drain(..used);
        }
        Ok(())
    }
}

/// Hands on every whole message and tells how many bytes they were.
fn messages(bytes: &[u8], mut each: impl FnMut(Message<'_>)) -> Result<usize, WireError> {
    let mut used = 0;
    loop {
        let rest = &bytes[used..];
        let Some(end) = memmem::find(rest, b"\r\n\r\n") else {
            return if rest.len() > HEAD_MAX_BYTES { Err(WireError::Head) } else { Ok(used) };
        };
        let head = &rest[..end + 4];
        let Some(body) = rest[head.len()..].get(..content_length(head)?) else {
            return Ok(used);
        };
        each(Message { head, body });
        used += head.len() + body.len();
    }
}

/// The body's size; a message without the header has none.
fn content_length(head: &[u8]) -> Result<usize, WireError> {
    let mut rest = head;
    while let Some(end) = memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(value) = header(line, b"content-length:") {
            let text = std::str::from_utf8(value).map_err(|_| WireError::Length)?;
            return text.trim().parse().map_err(|_| WireError::Length);
        }
        if header(line, b"transfer-encoding:").is_some() {
            return Err(WireError::Chunked);
        }
    }
    Ok(0)
}

fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{Inbox, WireError};

    const TWO: &[u8] = b"POST /r/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok";

    #[test]
    fn cuts_messages_wherever_the_reads_were_split() {
        for split in 0..TWO.len() {
            let (mut inbox, mut seen) = (Inbox::default(), Vec::new());
            for part in [&TWO[..split], &TWO[split..]] {
                inbox
                    .take(part, |message| {
                        seen.push((
                            message.path().to_vec(),
                            message.status(),
                            message.body.to_vec(),
                        ));
                    })
                    .expect("both messages are well formed");
            }
            assert_eq!(seen.len(), 2, "split at {split}");
            assert_eq!((seen[0].0.as_slice(), seen[0].2.as_slice()), (&b"/r/7"[..], &b"hello"[..]));
            assert_eq!((seen[1].1, seen[1].2.as_slice()), (202, &b"ok"[..]));
        }
    }

    #[test]
    fn refuses_chunks_and_unreadable_lengths() {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(Inbox::default().take(chunked, |_| ()), Err(WireError::Chunked));
        let length = b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n";
        assert_eq!(Inbox::default().take(length, |_| ()), Err(WireError::Length));
    }
}
