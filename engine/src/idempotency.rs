//! Answers kept under a caller's `Idempotency-Key`.
//!
//! The key's row is part of the same commit as what it protects: whoever commits it first has done
//! the work, whoever finds it there gives the first answer again. So no claim can get stuck, and a
//! request that failed frees its key by never having written it.

use domain::ids::TenantId;
use domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::database::{Sql, execute, query_one};
use crate::error::Error;
use crate::sealer::Sealer;

/// A request's claim to be done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    digest: [u8; 32],
    body_hash: [u8; 32],
}

/// An answer as it was given the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What is known under a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: the request is new.
    Nothing,
    /// The same request was answered with this.
    Answer(Answer),
    /// The key was used with another body.
    OtherBody,
}

impl Claim {
    /// The claim of a request; `tenant` is `None` for the operator's own routes.
    pub fn new(tenant: Option<TenantId>, method: &str, path: &str, key: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(tenant.map_or([0; 16], |id| *id.as_bytes()));
        for part in [method, path, key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self { digest: hash.finalize().into(), body_hash: Sha256::digest(body).into() }
    }

    /// Looks up what is kept, unless it is older than a day.
    ///
    /// # Errors
    /// When the database is away, or the answer cannot be opened.
    pub async fn find(
        &self,
        db: &impl Sql,
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<Kept, Error> {
        let sql = "SELECT body_hash, status, answer FROM idempotency_keys WHERE claim = ? AND created_at > ?";
        let since = now - domain::limits::IDEMPOTENCY_KEPT;
        let row = query_one(db, sql, vec![self.digest.to_vec().into(), since.into()]).await?;
        let Some(row) = row else {
            return Ok(Kept::Nothing);
        };
        if row.get::<Vec<u8>>(0)? != self.body_hash {
            return Ok(Kept::OtherBody);
        }
        let sealed: Vec<u8> = row.get(2)?;
        let body = sealer
            .open(&self.digest, &sealed)
            .map_err(|e| Error::internal("a kept answer does not open", e))?;
        let status = u16::try_from(row.get::<i16>(1)?).unwrap_or(500);
        Ok(Kept::Answer(Answer { status, body: body.to_vec() }))
    }

    /// Keeps an answer within the transaction that did the work; `false` when another request was
    /// first, and the transaction must be rolled back. Answers are sealed: some carry a secret.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn keep(
        &self,
        db: &impl Sql,
        sealer: &Sealer,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<bool, Error> {
        // A row that has outlived its day gives way.
        let sql = "INSERT INTO idempotency_keys (claim, body_hash, status, answer, created_at) VALUES (?, ?, ?, ?, ?) \
                   ON CONFLICT (claim) DO UPDATE SET body_hash = excluded.body_hash, status = excluded.status, \
                   answer = excluded.answer, created_at = excluded.created_at WHERE idempotency_keys.created_at <= ?";
        let values = vec![
            self.digest.to_vec().into(),
            self.body_hash.to_vec().into(),
            i16::try_from(answer.status).unwrap_or(500).into(),
            sealer.seal(&self.digest, &answer.body).into(),
            now.into(),
            (now - domain::limits::IDEMPOTENCY_KEPT).into(),
        ];
        Ok(execute(db, sql, values).await? > 0)
    }
}
