//! What can be set: each key's name, its variable, and how it is shown.

/// One setting. Its name is the key in `posthaste.toml`; with dashes it is the flag.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub variable: &'static str,
    pub(super) kind: Kind,
    pub(super) shown: Shown,
    /// Whether it may be left unset; an empty value then counts as unset, so that a compose file can
    /// pass on a variable that nobody has set.
    pub(super) optional: bool,
}

/// What the value is, for the document that `posthaste config --json` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    List,
}

/// How much of the value may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Whole,
    /// An address whose password is hidden.
    WithoutPassword,
    /// Nothing, and there is no flag either: a command line is readable by other users.
    Never,
}

impl Key {
    pub(super) const fn new(name: &'static str, variable: &'static str, kind: Kind) -> Self {
        Self { name, variable, kind, shown: Shown::Whole, optional: false }
    }

    pub(super) const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }

    pub(super) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The flag that sets it, such as `--retention-days`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }
}
