//! Figures whose time is over.

use domain::limits;
use domain::stats::Bucket;
use tokio::time::Instant;

use super::begin;
use super::pace::{Pace, ROWS_MAX};
use crate::context::Parts;
use crate::database::Sql;
use crate::error::Error;
use crate::store;
use crate::store::rollup::WIDTHS_S;

/// Erases minutes that are older than the attempts that are kept, and hours and days older than
/// [`limits::STATS_KEPT`]; how many.
pub(super) async fn erase_old(parts: &Parts, read: &impl Sql) -> Result<u64, Error> {
    let now = parts.clock.now();
    let mut erased = 0;
    for width_s in WIDTHS_S {
        let is_minute = width_s == Bucket::Minute.seconds();
        let before = now - if is_minute { parts.settings.retention } else { limits::STATS_KEPT };
        let mut behind = None;
        // Scope by scope: an index by time alone would cost every minute that is written.
        while let Some((scope, oldest)) = store::rollup::next_scope(read, width_s, behind).await? {
            behind = Some(scope);
            let mut is_over = oldest >= before;
            while !is_over {
                let transaction = begin(parts).await?;
                let begun = Instant::now();
                let of_chunk =
                    store::rollup::erase_before(&transaction, width_s, scope, before, ROWS_MAX)
                        .await?;
                transaction.commit().await?;
                erased += of_chunk;
                is_over = of_chunk < ROWS_MAX as u64;
                Pace::rest(begun.elapsed()).await;
            }
        }
    }
    Ok(erased)
}
