//! `posthaste openapi`: the document that `/openapi.json` serves.

use std::io::Write;

/// Prints the document.
pub(crate) fn openapi() -> anyhow::Result<()> {
    let document = serde_json::to_string_pretty(&api::openapi::document())?;
    writeln!(std::io::stdout(), "{document}")?;
    Ok(())
}
