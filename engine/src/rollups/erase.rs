//! Figures go when their time is over, and with their tenant.

use std::time::Duration;

use domain::ids::TenantId;
use domain::limits;
use domain::stats::Bucket;
use tokio_util::sync::CancellationToken;

use crate::context::{Engine, Parts};
use crate::error::Error;
use crate::store;
use crate::store::rollup::WIDTHS_S;

/// Rows of one commit.
const CHUNK_ROWS: i64 = 500;

impl Engine {
    /// Erases minutes that are older than the attempts that are kept, and hours and days older than
    /// [`limits::STATS_KEPT`], until told to stop.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn erase_old_figures(&self, stop: &CancellationToken) -> Result<(), Error> {
        let now = self.clock.now();
        for width_s in WIDTHS_S {
            let before = now - self.kept(width_s);
            let mut behind = None;
            while let Some((scope, oldest)) =
                store::rollup::next_scope(&self.database.read, width_s, behind).await?
            {
                behind = Some(scope);
                let mut is_over = oldest >= before;
                while !is_over && !stop.is_cancelled() {
                    let db = self.database.begin().await?;
                    let erased =
                        store::rollup::erase_before(&db, width_s, scope, before, CHUNK_ROWS)
                            .await?;
                    db.commit().await?;
                    is_over = erased == 0;
                }
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn kept(&self, width_s: u32) -> Duration {
        if width_s == Bucket::Minute.seconds() {
            self.settings.retention
        } else {
            limits::STATS_KEPT
        }
    }
}

/// Erases the figures of a tenant that was deleted. What is noted and not added yet never comes to
/// anything: [`super::fold`] looks, under the same lock, who is still there.
pub(crate) async fn erase_of_tenant(parts: &Parts, tenant: TenantId) -> Result<(), Error> {
    loop {
        let db = parts.database.begin().await?;
        store::rollup::lock(&db).await?;
        let erased = store::rollup::erase_of_tenant(&db, tenant, CHUNK_ROWS).await?;
        db.commit().await?;
        if erased == 0 {
            return Ok(());
        }
    }
}
