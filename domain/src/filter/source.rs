//! An expression's text, held to its bounds before the parser sees it.
//!
//! The parser recurses, so depth is bounded first. Integers between 2^63 and 2^64 get the suffix
//! that makes them unsigned: JSON has one kind of number, and so has whoever copies one from there.

use crate::invalid::Invalid;
use crate::limits;

/// A text within the bounds.
#[derive(Debug)]
pub(super) struct Source {
    /// What the parser reads: the expression, large integers marked unsigned.
    pub(super) text: String,
    /// Where in `text` a mark was put in, as byte offsets.
    marks: Vec<usize>,
}

impl Source {
    /// # Errors
    /// When the text is empty, or too long, deep or costly.
    pub(super) fn check(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::one("", "must not be empty; null stands for no filter"));
        }
        if text.chars().count() > limits::FILTER_CHARS {
            return Err(Invalid::one(
                "",
                format!("must have at most {} characters", limits::FILTER_CHARS),
            ));
        }
        if text.contains('\0') {
            return Err(Invalid::one("", "must not contain the character U+0000"));
        }
        let mut scan = Scan {
            text,
            at: 0,
            after_operand: false,
            operators: 0,
            levels: vec![0],
            large: vec![],
        };
        scan.run()?;
        let mut source =
            Self { text: String::with_capacity(text.len() + scan.large.len()), marks: vec![] };
        let mut copied = 0;
        for end in scan.large {
            source.text.push_str(&text[copied..end]);
            copied = end;
            source.marks.push(source.text.len());
            source.text.push('u');
        }
        source.text.push_str(&text[copied..]);
        Ok(source)
    }

    /// A fault at a line and column (from 1, in characters) of [`Self::text`], told for the
    /// expression as it was written.
    pub(super) fn fault(&self, line: usize, column: usize, detail: &str) -> Invalid {
        let start: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let before = self.text[start..]
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum::<usize>();
        let marks = self.marks.iter().filter(|mark| (start..start + before).contains(mark)).count();
        Invalid::one("", format!("line {line}, column {}: {detail}", column - marks.min(column)))
    }

    /// A fault at a byte of [`Self::text`].
    pub(super) fn fault_at(&self, byte: usize, detail: &str) -> Invalid {
        let (mut line, mut column) = (1, 1);
        for (_, c) in self.text.char_indices().take_while(|(at, _)| *at < byte) {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        self.fault(line, column, detail)
    }
}

/// A walk over the tokens, as far as counting needs them; what is no token is left to the parser.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Whether the last token ended a value, so that a minus subtracts and a bracket continues.
    after_operand: bool,
    operators: usize,
    /// For each open bracket how many fields, calls and indexes hang on the current value.
    levels: Vec<usize>,
    /// Where integers end that need a mark.
    large: Vec<usize>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), Invalid> {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' | b'\'' => self.string(false),
                b'r' | b'R' | b'b' | b'B' if self.string_prefix() > 0 => {
                    let raw = self.rest()[..self.string_prefix()].eq_ignore_ascii_case(b"r")
                        || self.string_prefix() == 2;
                    self.at += self.string_prefix();
                    self.string(raw);
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
                b'0'..=b'9' => self.number(false),
                b'.' if !self.after_operand
                    && self.rest().get(1).is_some_and(u8::is_ascii_digit) =>
                {
                    self.number(false);
                }
                b'/' if self.rest().starts_with(b"//") => {
                    self.at += self.rest().iter().take_while(|&&byte| byte != b'\n').count();
                }
                b'-' if !self.after_operand
                    && self.rest().get(1).is_some_and(u8::is_ascii_digit) =>
                {
                    self.at += 1;
                    self.number(true);
                }
                b'(' | b'[' | b'{' => {
                    self.at += 1;
                    self.levels.push(0);
                    self.after_operand = false;
                    self.check_depth()?;
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    // The lowest level stays, however many brackets are closed.
                    if self.levels.len() > 1 {
                        self.levels.pop();
                    }
                    self.hang_on()?;
                    self.after_operand = true;
                }
                b'.' => {
                    self.at += 1;
                    self.hang_on()?;
                }
                b',' | b':' => {
                    self.at += 1;
                    self.start_value();
                }
                b'=' | b'!' | b'<' | b'>' | b'&' | b'|' | b'+' | b'-' | b'*' | b'/' | b'%'
                | b'?' => {
                    let pairs: [&[u8]; 6] = [b"==", b"!=", b"<=", b">=", b"&&", b"||"];
                    self.at +=
                        if pairs.iter().any(|pair| self.rest().starts_with(pair)) { 2 } else { 1 };
                    self.operator()?;
                }
                _ => self.at += 1, // White space, or what the parser will refuse.
            }
        }
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// How many letters (`r`, `b`, `br`) stand before a quote here.
    fn string_prefix(&self) -> usize {
        let is_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\''));
        match self.rest() {
            [_, rest @ ..] if is_quote(rest.first()) => 1,
            [b'b' | b'B', b'r' | b'R', rest @ ..] if is_quote(rest.first()) => 2,
            _ => 0,
        }
    }

    fn string(&mut self, raw: bool) {
        let bytes = self.text.as_bytes();
        let quote = bytes[self.at];
        let triple = [quote; 3];
        let end: &[u8] = if self.rest().starts_with(&triple) { &triple } else { &triple[..1] };
        self.at += end.len();
        while self.at < bytes.len() && !self.rest().starts_with(end) {
            self.at += if bytes[self.at] == b'\\' && !raw { 2 } else { 1 };
        }
        self.at = (self.at + end.len()).min(bytes.len());
        self.after_operand = true;
    }

    fn word(&mut self) -> Result<(), Invalid> {
        let length = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let is_in = &self.rest()[..length] == b"in";
        self.at += length;
        if is_in {
            return self.operator();
        }
        self.after_operand = true;
        Ok(())
    }

    fn number(&mut self, negative: bool) {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let hex = self.rest().starts_with(b"0x");
        while let Some(byte) = bytes.get(self.at) {
            let exponent = !hex && matches!(bytes[self.at.saturating_sub(1)], b'e' | b'E');
            let fits = byte.is_ascii_alphanumeric()
                || (*byte == b'.' && bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit))
                || (exponent && matches!(byte, b'+' | b'-'));
            if !fits {
                break;
            }
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let value = digits
            .strip_prefix("0x")
            .map_or_else(|| digits.parse(), |hex| u64::from_str_radix(hex, 16));
        let smallest = negative && value == Ok(1 << 63);
        if value.is_ok_and(|value| i64::try_from(value).is_err()) && !smallest {
            self.large.push(self.at);
        }
        self.after_operand = true;
    }

    fn operator(&mut self) -> Result<(), Invalid> {
        self.operators += 1;
        self.start_value();
        if self.operators > limits::FILTER_OPERATORS {
            let detail = format!("must have at most {} operators", limits::FILTER_OPERATORS);
            return Err(Invalid::one("", detail));
        }
        Ok(())
    }

    fn start_value(&mut self) {
        self.after_operand = false;
        if let Some(steps) = self.levels.last_mut() {
            *steps = 0;
        }
    }

    fn hang_on(&mut self) -> Result<(), Invalid> {
        if let Some(steps) = self.levels.last_mut() {
            *steps += 1;
        }
        self.check_depth()
    }

    fn check_depth(&self) -> Result<(), Invalid> {
        let depth = self.levels.len() - 1 + self.levels.iter().sum::<usize>();
        if depth > limits::FILTER_DEPTH {
            let detail = format!(
                "must nest at most {} deep (brackets, fields, calls)",
                limits::FILTER_DEPTH
            );
            return Err(Invalid::one("", detail));
        }
        Ok(())
    }
}
