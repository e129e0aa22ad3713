//! Reads one setting after the other and collects what is wrong with them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::fault::{Fault, Faults};
use super::key::Key;
use super::layers::Layers;

/// What the sections read from. A `None` means that a fault was noted.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    layers: &'a Layers,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layers: &'a Layers, faults: Vec<Fault>) -> Self {
        Self { layers, faults }
    }

    /// A setting that always has a value; `parse` says what it must be otherwise.
    pub(super) fn read<T>(
        &mut self,
        key: &Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.optional(key, parse)?;
        if found.is_none() {
            self.faults.push(Fault::of_file(format!("{}: must be set", key.variable)));
        }
        found
    }

    /// A setting that may be unset.
    pub(super) fn optional<T>(
        &mut self,
        key: &Key,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some((value, origin)) = self.layers.find(key) else {
            return Some(None);
        };
        match parse(value) {
            Ok(parsed) => Some(Some(parsed)),
            Err(must) => {
                self.faults.push(Fault::of(key, origin, value, &must));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&mut self, key: &Key, range: RangeInclusive<T>, unit: &str) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        self.read(key, |text| match text.trim().parse::<T>() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!(
                "must be a whole number of {unit} from {} to {}",
                range.start(),
                range.end()
            )),
        })
    }

    /// Notes that two settings don't go together, on the line of `key`.
    pub(super) fn refuse(&mut self, key: &Key, must: &str) {
        let origin =
            self.layers.find(key).map_or(&super::layers::Origin::Default, |(_, origin)| origin);
        self.faults.push(Fault::together(key, origin, must));
    }

    /// The value, if nothing is wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(Faults(self.faults)),
        }
    }
}
