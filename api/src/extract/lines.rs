//! A body of lines, read as it comes.

use std::time::Duration;

use actix_web::dev::Payload;
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, StreamExt};

use crate::problem::{Code, Problem};

/// How long the next bytes of a body may take.
const NEXT_TIME: Duration = Duration::from_secs(30);
/// What is taken together: so many lines, or as many as have so many bytes.
const GROUP_LINES: usize = 100;
const GROUP_BYTES: usize = 1024 * 1024;

/// A line of a body.
#[derive(Debug)]
pub(crate) enum Line {
    Whole(Bytes),
    /// It has more than so many bytes, and was not kept.
    TooLong(usize),
    /// The body could not be read any further.
    Cut(Problem),
}

/// The lines of a body that is still coming in; empty ones are left out.
pub(crate) struct Lines {
    payload: Payload,
    line_bytes_max: usize,
    /// What has come in and was not given yet, from the start of a line on.
    buffer: BytesMut,
    /// How much of it has no end of a line.
    looked_at: usize,
    /// Whether the line that comes in is too long, so that its rest is dropped.
    is_too_long: bool,
    has_ended: bool,
}

impl Lines {
    pub(super) fn new(payload: Payload, line_bytes_max: usize) -> Self {
        let buffer = BytesMut::new();
        let (looked_at, is_too_long, has_ended) = (0, false, false);
        Self { payload, line_bytes_max, buffer, looked_at, is_too_long, has_ended }
    }

    /// The next lines: one at least, and those that are there already. `None` behind the last one.
    pub(crate) async fn next_group(&mut self) -> Option<Vec<Line>> {
        let (mut group, mut bytes) = (Vec::new(), 0);
        loop {
            while let Some(line) = self.next_there() {
                bytes += if let Line::Whole(text) = &line { text.len() } else { 0 };
                group.push(line);
                if group.len() == GROUP_LINES || bytes >= GROUP_BYTES {
                    return Some(group);
                }
            }
            if self.has_ended {
                return (!group.is_empty()).then_some(group);
            }
            let next = match group.is_empty() {
                true => tokio::time::timeout(NEXT_TIME, self.payload.next()).await.ok(),
                // Nobody waits for lines that are not there yet.
                false => match self.payload.next().now_or_never() {
                    None => return Some(group),
                    next => next,
                },
            };
            match next {
                Some(Some(Ok(chunk))) => self.buffer.extend_from_slice(&chunk),
                Some(None) => self.has_ended = true,
                Some(Some(Err(error))) => {
                    let detail = format!("the body cannot be read: {error}");
                    group.push(self.cut(Problem::new(Code::MalformedRequest, detail)));
                }
                None => {
                    let detail = "nothing has come for 30 seconds";
                    group.push(self.cut(Problem::new(Code::RequestTimeout, detail)));
                }
            }
        }
    }

    /// Nothing comes after this.
    fn cut(&mut self, problem: Problem) -> Line {
        self.has_ended = true;
        self.buffer.clear();
        self.is_too_long = false;
        self.looked_at = 0;
        Line::Cut(problem)
    }

    /// The next line that is there as a whole; at the end of the body the rest is one.
    fn next_there(&mut self) -> Option<Line> {
        loop {
            let new = &self.buffer[self.looked_at..];
            let end = new.iter().position(|byte| *byte == b'\n').map(|at| self.looked_at + at);
            let (line, is_too_long) = match end {
                Some(end) => {
                    let line = self.buffer.split_to(end + 1).freeze().slice(..end);
                    self.looked_at = 0;
                    (line, std::mem::take(&mut self.is_too_long))
                }
                None if self.has_ended && (self.is_too_long || !self.buffer.is_empty()) => {
                    self.looked_at = 0;
                    (self.buffer.split().freeze(), std::mem::take(&mut self.is_too_long))
                }
                None => {
                    self.looked_at = self.buffer.len();
                    if self.buffer.len() > self.line_bytes_max {
                        self.is_too_long = true;
                        self.buffer.clear();
                        self.looked_at = 0;
                    }
                    return None;
                }
            };
            if is_too_long || line.len() > self.line_bytes_max {
                return Some(Line::TooLong(self.line_bytes_max));
            }
            if !line.trim_ascii().is_empty() {
                return Some(Line::Whole(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::PayloadError;
    use futures::stream;

    async fn groups(chunks: &[&'static str], most: usize) -> Vec<Vec<String>> {
        let chunks: Vec<Result<Bytes, PayloadError>> =
            chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        let payload = Payload::Stream { payload: stream::iter(chunks).boxed_local() };
        let mut lines = Lines::new(payload, most);
        let mut groups = Vec::new();
        while let Some(group) = lines.next_group().await {
            let shown = |line: Line| match line {
                Line::Whole(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Line::TooLong(_) => "too long".to_owned(),
                Line::Cut(problem) => problem.to_string(),
            };
            groups.push(group.into_iter().map(shown).collect());
        }
        groups
    }

    #[tokio::test]
    async fn lines_are_whole_however_they_come_in() {
        let whole = vec![vec!["one".to_owned(), "two\r".to_owned(), "three".to_owned()]];
        assert_eq!(groups(&["one\ntwo\r\n\n  \nthree"], 10).await, whole);
        assert_eq!(groups(&["o", "ne\nt", "wo\r\n", "\nthree", "\n"], 10).await, whole);
        assert_eq!(groups(&[], 10).await, Vec::<Vec<String>>::new());
        assert_eq!(groups(&["\n\n"], 10).await, Vec::<Vec<String>>::new());
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_dropped_and_the_next_one_is_read() {
        let expected = vec![vec!["1".to_owned(), "too long".to_owned(), "2".to_owned()]];
        assert_eq!(groups(&["1\n12345\n2\n"], 4).await, expected);
        assert_eq!(groups(&["1\n12345", "678", "9012345", "\n2\n"], 4).await, expected);
        let last = vec![vec!["too long".to_owned()]];
        assert_eq!(groups(&["12345", "678"], 4).await, last);
        assert_eq!(groups(&["1234\n"], 4).await, vec![vec!["1234".to_owned()]]);
    }

    #[tokio::test]
    async fn a_group_has_a_hundred_lines_at_most() {
        let many: String = "x\n".repeat(250);
        let many: &'static str = Box::leak(many.into_boxed_str());
        let lengths: Vec<usize> = groups(&[many], 4).await.iter().map(Vec::len).collect();
        assert_eq!(lengths, [100, 100, 50]);
    }
}
