//! Patterns of `matches`: RE2 syntax, compiled with the filter and priced by size.
//!
//! The engine never backtracks, so a match takes time proportional to the text; but for hostile
//! texts also to the pattern's compiled size, about 150 ns for each byte and KiB. The price
//! follows that.

use regex::{Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    steps_per_byte: usize,
}

/// Compiled sizes that are told apart, in KiB; larger patterns are refused.
const SIZES_KIB: [usize; 6] = [4, 8, 16, 32, 64, 128];

/// With steps of about 50 ns, what a byte of text may cost for each KiB of the pattern.
const STEPS_PER_BYTE_AND_KIB: usize = 3;

impl Pattern {
    /// # Errors
    /// The reason when the text is no pattern, or too large a one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = with_ascii_classes(text);
        for size_kib in SIZES_KIB {
            let mut builder = RegexBuilder::new(&text);
            builder.size_limit(size_kib * 1024).dfa_size_limit(size_kib * 4096).nest_limit(32);
            match builder.build() {
                Ok(regex) => {
                    return Ok(Self { regex, steps_per_byte: size_kib * STEPS_PER_BYTE_AND_KIB });
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The last line of a syntax error is the reason; those before it draw the place.
                    let text = error.to_string();
                    let reason = text.lines().last().unwrap_or("no pattern");
                    return Err(reason.trim_start_matches("error: ").to_owned());
                }
            }
        }
        Err("the pattern is too large; shorten its repetitions".to_owned())
    }

    /// What looking through a text costs.
    pub(super) const fn steps(&self, text: &str) -> usize {
        text.len().saturating_mul(self.steps_per_byte)
    }

    /// Whether the pattern matches anywhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// RE2's `\d \w \s \b` are of ASCII alone; those of the `regex` crate are of all Unicode, and a
/// hundred times as large when compiled.
fn with_ascii_classes(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len() * 2);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            ascii.push(c);
            continue;
        }
        match chars.next() {
            Some('d') => ascii.push_str("[0-9]"),
            Some('D') => ascii.push_str("[^0-9]"),
            Some('w') => ascii.push_str("[0-9A-Za-z_]"),
            Some('W') => ascii.push_str("[^0-9A-Za-z_]"),
            Some('s') => ascii.push_str(r"[\t\n\f\r ]"),
            Some('S') => ascii.push_str(r"[^\t\n\f\r ]"),
            Some('b') => ascii.push_str(r"(?-u:\b)"),
            Some('B') => ascii.push_str(r"(?-u:\B)"),
            Some(other) => ascii.extend(['\\', other]),
            None => ascii.push('\\'),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern)
            .unwrap_or_else(|reason| panic!("{pattern}: {reason}"))
            .is_match(text)
    }

    #[test]
    fn classes_are_of_ascii_alone() {
        assert!(matches(r"^\d\w\s\D\W\S$", "1a\tx é"));
        assert!(!matches(r"\d", "٣"));
        assert!(!matches(r"\w", "é"));
        assert!(!matches(r"\s", "\u{a0}"));
        assert!(matches(r"^[\w.-]+$", "a.b-c_1"));
        assert!(matches(r"^[^\s,]+$", "a.b"));
        assert!(matches(r"\bpaid\b", "order paid"));
        assert!(!matches(r"\bpaid\b", "unpaid"));
        assert!(matches(r"^\\d$", r"\d"), "an escaped backslash is one");
        assert!(matches("^.$", "é"), "a dot is any character");
    }

    #[test]
    fn usual_patterns_are_small() {
        for pattern in
            [r"^\w+@\w+\.com$", r"^order-\d{1,8}$", "(?i)example", "^[0-9a-f]{8}-[0-9a-f]{4}$"]
        {
            let parsed =
                Pattern::parse(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
            assert!(parsed.steps_per_byte <= 8 * STEPS_PER_BYTE_AND_KIB, "{pattern}: {parsed:?}");
        }
        assert!(matches(r"^\p{Lu}\p{L}*$", "Éa"));
    }

    #[test]
    fn what_is_no_pattern_or_too_large_a_one_is_told() {
        for (pattern, reason) in [
            ("(", "unclosed group"),
            (r"(a)\1", "backreferences are not supported"),
            ("a(?=b)", "look-around"),
            (r"\", "incomplete escape"),
            ("(a{99}){99}", "too large"),
            ("((a{99}){99}){99}", "too large"),
        ] {
            let told = Pattern::parse(pattern).expect_err(pattern);
            assert!(told.contains(reason), "{pattern}: {told}");
        }
    }
}
