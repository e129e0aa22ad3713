//! Catalogues as documents.

use domain::catalogue::document::{list, openapi, read};
use domain::catalogue::{Entry, EntryInput};
use domain::invalid::Invalid;
use serde_json::Value;

/// A document. The entries that can be taken of it can be written as a list, and read from there as they are; written
/// as OpenAPI, they are read under the same names.
pub fn catalogue(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(found) = read(document) else { return };
    let entries: Vec<Entry> =
        found.into_iter().filter_map(|(_, entry)| entry.parse().ok()).collect();
    assert_eq!(parse(read(list(&entries))), entries);
    let described = parse(read(openapi(&entries, "Events")));
    let names = |entries: &[Entry]| {
        let mut names: Vec<String> =
            entries.iter().map(|entry| entry.name.as_str().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(names(&described), names(&entries));
}

fn parse(read: Result<Vec<(String, EntryInput)>, Invalid>) -> Vec<Entry> {
    let read = read.expect("it was written by us").into_iter();
    read.map(|(_, entry)| entry.parse().expect("it was taken before")).collect()
}
