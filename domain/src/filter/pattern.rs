//! Patterns of `matches`: compiled with the filter, priced by their size.

use regex::{Regex, RegexBuilder};

/// A compiled pattern. Matching takes time proportional to the text's length and, at worst, to the
/// compiled size; `steps_per_byte` follows that size.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    steps_per_byte: usize,
}

/// Compiled sizes in bytes and what a byte of text costs with them.
const SIZES: [(usize, usize); 3] = [(16 * 1024, 1), (64 * 1024, 4), (256 * 1024, 16)];

impl Pattern {
    /// # Errors
    /// The reason when the text is no pattern, or too large a one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut refused = String::new();
        for (size_bytes, steps_per_byte) in SIZES {
            match RegexBuilder::new(text)
                .size_limit(size_bytes)
                .dfa_size_limit(size_bytes * 4)
                .nest_limit(32)
                .build()
            {
                Ok(regex) => {
                    return Ok(Self {
                        regex,
                        steps_per_byte,
                    });
                }
                Err(regex::Error::CompiledTooBig(_)) => {
                    "the pattern is too large".clone_into(&mut refused)
                }
                // The last line of a syntax error is the reason; those before it draw the place.
                Err(error) => {
                    let text = error.to_string();
                    return Err(text
                        .lines()
                        .last()
                        .unwrap_or("no pattern")
                        .trim_start_matches("error: ")
                        .to_owned());
                }
            }
        }
        Err(refused)
    }

    /// What looking through a text costs.
    pub(super) const fn steps(&self, text: &str) -> usize {
        text.len() * self.steps_per_byte
    }

    /// Whether the pattern matches anywhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
