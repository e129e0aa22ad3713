//! Figures of a tenant that is deleted.

use domain::ids::TenantId;

use crate::context::Parts;
use crate::error::Error;
use crate::store;

/// Rows of one commit.
const CHUNK_ROWS: usize = 500;

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
