//! Pages of a list: `?limit=&cursor=` in, `{"data": […], "next_cursor": …}` out.

use domain::cursor::{self, Key};
use domain::limits;
use engine::store::{self, Found};
use serde::Serialize;

use crate::problem::Problem;
use crate::query::Query;

/// One page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

/// The names that every list takes.
pub(crate) const LIMIT: &str = "limit";
pub(crate) const CURSOR: &str = "cursor";

/// The page that a query asks for. One row more is read than is shown, to know whether there is a
/// next page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<K> {
    limit: usize,
    pub after: Option<K>,
}

impl<K: Key + Clone> Wanted<K> {
    /// From `limit` and `cursor`.
    pub(crate) fn of(query: &Query) -> Result<Self, Problem> {
        let limit = match query.one::<String>(LIMIT)? {
            None => limits::PAGE_ROWS_DEFAULT,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| limits::PAGE_ROWS.contains(limit));
                limit.ok_or_else(|| {
                    Problem::parameter("query parameter limit", "must be a number from 1 to 250")
                })?
            }
        };
        let after = match query.one::<String>(CURSOR)? {
            None => None,
            Some(text) => Some(cursor::open(&text).ok_or_else(|| {
                Problem::parameter(
                    "query parameter cursor",
                    "is none of this list; take next_cursor of its last page",
                )
            })?),
        };
        Ok(Self { limit: limit as usize, after })
    }

    /// What the store is asked for.
    pub(crate) fn page(&self) -> store::Page<K> {
        store::Page { limit: self.limit as u64 + 1, after: self.after.clone() }
    }

    /// Rows that are shown at most.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The page of what the store gave.
    pub(crate) fn show<R, T>(
        &self,
        rows: Vec<R>,
        key: impl Fn(&R) -> K,
        show: impl Fn(R) -> T,
    ) -> Listed<T> {
        self.show_found(Found { rows, looked_until: None }, key, show)
    }

    /// The page of what the store found: a short one goes on where it stopped looking.
    pub(crate) fn show_found<R, T>(
        &self,
        found: Found<R, K>,
        key: impl Fn(&R) -> K,
        show: impl Fn(R) -> T,
    ) -> Listed<T> {
        let Found { mut rows, looked_until } = found;
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = match has_more {
            true => rows.last().map(key),
            false => looked_until,
        };
        Listed {
            data: rows.into_iter().map(show).collect(),
            next_cursor: last.map(|key| cursor::seal(&key)),
        }
    }
}
