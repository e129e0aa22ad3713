//! Where a value comes from: compiled-in defaults, then the file, then variables, then flags; the
//! later goes before the earlier. All of them are read as text, so that a value means the same
//! wherever it is written.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::key::Key;
use super::{KEYS, egress};

/// The settings that are compiled in.
const DEFAULTS: &str = include_str!("../../../posthaste.default.toml");

/// Networks that `--dev` allows: this machine.
const LOOPBACK: &str = "127.0.0.0/8, ::1/128";

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Variable,
    Flag,
    /// `--dev`.
    Dev,
}

/// The settings file.
#[derive(Debug, Clone)]
pub enum SettingsFile {
    /// Read when it is there.
    IfPresent(PathBuf),
    /// Named by `--config`, so that it must be there.
    Required(PathBuf),
}

/// The values of the variables that are settings.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<&'static str, Result<String, NotText>>);

/// The variable's value is no UTF-8.
#[derive(Debug, Clone, Copy)]
struct NotText;

/// Everything that settings are read from.
#[derive(Debug, Clone)]
pub struct Sources {
    pub file: SettingsFile,
    pub environment: Environment,
    /// Names of keys and their values, as given on the command line.
    pub flags: Vec<(&'static str, String)>,
    /// Allow http and this machine's own addresses as receivers.
    pub dev: bool,
}

/// The layers, the first the lowest.
#[derive(Debug)]
pub(super) struct Layers(Vec<(Origin, BTreeMap<String, String>)>);

impl SettingsFile {
    /// The file of `--config`, else `posthaste.toml` in the working directory.
    pub fn choose(config: Option<PathBuf>) -> Self {
        config.map_or_else(|| Self::IfPresent(PathBuf::from("posthaste.toml")), Self::Required)
    }
}

impl Environment {
    /// The variables of this process. The only place that reads them.
    pub fn of_process() -> Self {
        let read = |key: &&'static Key| {
            #[expect(clippy::disallowed_methods, reason = "this is the way that the design has")]
            match std::env::var(key.variable) {
                Ok(value) => Some((key.variable, Ok(value))),
                Err(std::env::VarError::NotPresent) => None,
                Err(std::env::VarError::NotUnicode(_)) => Some((key.variable, Err(NotText))),
            }
        };
        Self(KEYS.iter().filter_map(read).collect())
    }

    /// Variables given by hand, for tests.
    pub fn of(variables: &[(&'static str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| (*name, Ok((*value).to_owned()))).collect())
    }
}

impl Layers {
    pub(super) fn gather(sources: &Sources, faults: &mut Vec<Fault>) -> Self {
        let defaults = parse(Path::new("posthaste.default.toml"), DEFAULTS, faults);
        let mut layers = Self(vec![(Origin::Default, defaults)]);
        layers.push_file(&sources.file, faults);
        let mut variables = BTreeMap::new();
        for key in KEYS {
            match sources.environment.0.get(key.variable) {
                Some(Ok(value)) => drop(variables.insert(key.name.to_owned(), value.clone())),
                Some(Err(NotText)) => {
                    faults.push(Fault::together(key, &Origin::Variable, "must be UTF-8 text"));
                }
                None => {}
            }
        }
        layers.0.push((Origin::Variable, variables));
        let flags = sources.flags.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        layers.0.push((Origin::Flag, flags.collect()));
        if sources.dev {
            layers.push_dev();
        }
        layers
    }

    /// The value in force and where it was set.
    pub(super) fn find(&self, key: &Key) -> Option<(&str, &Origin)> {
        self.0.iter().rev().find_map(|(origin, values)| {
            let value = values.get(key.name)?;
            (!(key.optional && value.is_empty())).then_some((value.as_str(), origin))
        })
    }

    fn push_file(&mut self, file: &SettingsFile, faults: &mut Vec<Fault>) {
        let (path, required) = match file {
            SettingsFile::IfPresent(path) => (path, false),
            SettingsFile::Required(path) => (path, true),
        };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let values = parse(path, &text, faults);
                self.0.push((Origin::File(path.clone()), values));
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !required => {}
            Err(error) if required => {
                faults.push(Fault::of_config_flag(format!("--config {}: {error}", path.display())));
            }
            Err(error) => faults.push(Fault::of_file(format!("{}: {error}", path.display()))),
        }
    }

    /// `--dev` goes before everything, but adds to the networks that are allowed already.
    fn push_dev(&mut self) {
        let allowed = match self.find(&egress::ALLOW) {
            Some((networks, _)) if !networks.trim().is_empty() => format!("{networks}, {LOOPBACK}"),
            _ => LOOPBACK.to_owned(),
        };
        let values = [(&egress::ALLOW, allowed), (&egress::REQUIRE_HTTPS, "false".to_owned())];
        let values = values.into_iter().map(|(key, value)| (key.name.to_owned(), value)).collect();
        self.0.push((Origin::Dev, values));
    }
}

/// The keys of a settings file. What is no key, or no single value, is a fault.
fn parse(path: &Path, text: &str, faults: &mut Vec<Fault>) -> BTreeMap<String, String> {
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            // The message alone: the error's own display quotes the line, which may hold a secret.
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let message = error.message().lines().collect::<Vec<_>>().join(" ");
            faults.push(Fault::of_file(format!("{}, line {line}: {message}", path.display())));
            return BTreeMap::new();
        }
    };
    let mut values = BTreeMap::new();
    for (name, value) in table {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            faults.push(Fault::of_file(format!("{}: unknown key {name:?}", path.display())));
            continue;
        };
        match as_text(&value) {
            Some(text) => drop(values.insert(name, text)),
            None => {
                let origin = Origin::File(path.to_owned());
                faults.push(Fault::together(key, &origin, "must be one value or a list of values"));
            }
        }
    }
    values
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => {
            items.iter().map(as_text).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
