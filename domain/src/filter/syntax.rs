//! The syntax of CEL, read by the `cel` crate.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::Env;
use cel::common::ast::SourceInfo;
use cel::parser::{Expression, ParseErrors};

use super::source::Source;
use crate::invalid::Invalid;

/// The expression, and where its parts stand in the source.
///
/// # Errors
/// The first fault, with its line and column.
pub(super) fn parse(source: &Source) -> Result<(Expression, SourceInfo), Invalid> {
    // Without its macros the parser leaves `all`, `map` and the others as the calls they are written
    // as. It is generated code of 10,000 lines that nobody has proven free of panics, and one would
    // take down a request of somebody else: whatever it does to one text stays with that text.
    let parser = Env::default().with_optional_support(false).parser();
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse_with_source_info(&source.text)));
    match parsed {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(ParseErrors { errors })) => Err(match errors.first() {
            Some(error) => {
                let place = |number: isize| usize::try_from(number).unwrap_or(1);
                let reason: String = error.msg.chars().take(256).collect();
                source.fault(place(error.pos.0), place(error.pos.1), &reason)
            }
            None => Invalid::one("", "is no CEL expression"),
        }),
        Err(_) => Err(Invalid::one("", "is no CEL expression that can be read")),
    }
}
