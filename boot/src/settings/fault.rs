//! What is wrong with the settings: all of it, one line each.

use std::fmt;

use super::key::{Key, Shown};
use super::layers::Origin;

/// One wrong setting, as one line that names its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    line: String,
    from_flag: bool,
}

/// Every fault that was found; nothing has been opened yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

/// Longer values are cut off in a fault's line.
const VALUE_CHARS: usize = 80;

impl Fault {
    /// `value` of `key` is not what it must be.
    pub(super) fn of(key: &Key, origin: &Origin, value: &str, must: &str) -> Self {
        let mut line = Self::whence(key, origin);
        line.push_str(must);
        if key.shown == Shown::Whole {
            let cut: String = value.chars().take(VALUE_CHARS).collect();
            let more = if cut.len() < value.len() { "…" } else { "" };
            line.push_str(&format!(", not {cut:?}{more}"));
        }
        Self { line, from_flag: *origin == Origin::Flag }
    }

    /// `key` doesn't go together with another one.
    pub(super) fn together(key: &Key, origin: &Origin, must: &str) -> Self {
        Self { line: Self::whence(key, origin) + must, from_flag: false }
    }

    /// The settings file as a whole, or something in it that is no setting.
    pub(super) fn of_file(line: String) -> Self {
        Self { line, from_flag: false }
    }

    /// `--config` names a file that can't be read.
    pub(super) fn of_config_flag(line: String) -> Self {
        Self { line, from_flag: true }
    }

    fn whence(key: &Key, origin: &Origin) -> String {
        match origin {
            Origin::File(path) => {
                format!("{} ({} in {}): ", key.variable, key.name, path.display())
            }
            Origin::Flag => format!("{} ({}): ", key.variable, key.flag()),
            _ => format!("{}: ", key.variable),
        }
    }
}

impl Faults {
    /// Whether a flag is among what is wrong, so that the command line was used wrongly.
    pub fn wrong_usage(&self) -> bool {
        self.0.iter().any(|fault| fault.from_flag)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}
