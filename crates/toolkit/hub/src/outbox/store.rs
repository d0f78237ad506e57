//! The queue's database.

use super::{BatchLimits, Delivery, OutboxError, Target, Ticket, spool::Content};
use crate::{RepoPath, Revision};
use rand::Rng as _;
use sqlx::{
    Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use std::{collections::HashSet, path::Path};

/// A change to be queued.
#[derive(Debug)]
pub(super) struct NewChange<'a> {
    pub(super) target: &'a Target,
    pub(super) path: &'a RepoPath,
    /// None for a removal.
    pub(super) content: Option<&'a Content>,
    pub(super) message: &'a str,
}

/// A change of a batch.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) ticket: Ticket,
    pub(super) path: RepoPath,
    /// Name of the content in the spool; none for a removal.
    pub(super) sha256: Option<String>,
    pub(super) message: String,
}

/// A commit that is being made.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) id: i64,
    pub(super) key: String,
    pub(super) target: Target,
    pub(super) attempts: u32,
    /// Milliseconds since 1970.
    pub(super) not_before: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Store {
    pool: SqlitePool,
}

impl Store {
    pub(super) async fn open(path: &Path) -> Result<Self, OutboxError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged is on the disk, also when the power fails.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        // The lock file allows one process; one connection then allows one writer, and no waiting for locks.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        sqlx::migrate!().run(&pool).await?;
        Ok(Self { pool })
    }

    pub(super) async fn add(&self, change: NewChange<'_>) -> Result<Ticket, OutboxError> {
        let NewChange {
            target,
            path,
            content,
            message,
        } = change;
        let done = sqlx::query(
            "INSERT INTO change (repo, kind, branch, path, sha256, size, message) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(target.repo.as_str())
        .bind(target.kind.as_str())
        .bind(target.branch.as_str())
        .bind(path.as_str())
        .bind(content.map(|content| content.sha256.as_str()))
        .bind(content.map_or(0, |content| i64::try_from(content.size).unwrap_or(i64::MAX)))
        .bind(message)
        .execute(&self.pool)
        .await?;
        Ok(Ticket(done.last_insert_rowid()))
    }

    pub(super) async fn delivery(&self, ticket: Ticket) -> Result<Option<Delivery>, OutboxError> {
        let row = sqlx::query("SELECT state, outcome FROM change WHERE ticket = ?")
            .bind(ticket.0)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (state, outcome): (String, Option<String>) = (row.try_get("state")?, row.try_get("outcome")?);
        let outcome = outcome.unwrap_or_default();
        Ok(Some(match state.as_str() {
            "delivered" => {
                let revision = outcome.parse();
                Delivery::Delivered(revision.map_err(|_| damaged("a delivered change names no commit"))?)
            }
            "failed" => Delivery::Failed(outcome),
            _ => Delivery::Waiting,
        }))
    }

    pub(super) async fn waiting(&self) -> Result<u64, OutboxError> {
        let row = sqlx::query("SELECT count(*) AS n FROM change WHERE state = 'waiting'")
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or_default())
    }

    pub(super) async fn retry_failed(&self) -> Result<u64, OutboxError> {
        let sql = "UPDATE change SET state = 'waiting', outcome = NULL, batch = NULL WHERE state = 'failed'";
        Ok(sqlx::query(sql).execute(&self.pool).await?.rows_affected())
    }

    pub(super) async fn forget_failed(&self) -> Result<u64, OutboxError> {
        Ok(sqlx::query("DELETE FROM change WHERE state = 'failed'")
            .execute(&self.pool)
            .await?
            .rows_affected())
    }

    /// Names of the contents that are still needed.
    pub(super) async fn contents(&self) -> Result<HashSet<String>, OutboxError> {
        let rows = sqlx::query(
            "SELECT DISTINCT sha256 FROM change WHERE sha256 IS NOT NULL AND state != 'delivered'",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .iter()
            .map(|row| row.try_get("sha256"))
            .collect::<Result<_, _>>()?)
    }

    /// Gathers waiting changes into one batch for every branch that has none under way.
    pub(super) async fn form_batches(&self, limits: BatchLimits) -> Result<(), OutboxError> {
        while let Some(target) = self.branch_without_batch().await? {
            self.form_batch(&target, limits).await?;
        }
        Ok(())
    }

    async fn branch_without_batch(&self) -> Result<Option<Target>, OutboxError> {
        let row = sqlx::query(
            "SELECT repo, kind, branch FROM change AS c
             WHERE state = 'waiting' AND batch IS NULL AND NOT EXISTS
                 (SELECT 1 FROM batch AS b WHERE b.repo = c.repo AND b.kind = c.kind AND b.branch = c.branch)
             ORDER BY ticket LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(target).transpose()
    }

    async fn form_batch(&self, target: &Target, limits: BatchLimits) -> Result<(), OutboxError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT ticket, path, size FROM change
             WHERE state = 'waiting' AND batch IS NULL AND repo = ? AND kind = ? AND branch = ?
             ORDER BY ticket LIMIT ?",
        )
        .bind(target.repo.as_str())
        .bind(target.kind.as_str())
        .bind(target.branch.as_str())
        .bind(i64::try_from(limits.files.max(1)).unwrap_or(i64::MAX))
        .fetch_all(&mut *transaction)
        .await?;
        let mut paths = HashSet::new();
        let mut bytes = 0_u64;
        let mut last = None;
        for row in &rows {
            let size = u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or_default();
            bytes = bytes.saturating_add(size);
            // A second change of one file waits for the next commit, so that each version has one.
            let full = !paths.is_empty() && bytes > limits.bytes;
            if full || !paths.insert(row.try_get::<String, _>("path")?) {
                break;
            }
            last = Some(row.try_get::<i64, _>("ticket")?);
        }
        let key = hex::encode(rand::rng().random::<[u8; 16]>());
        let batch = sqlx::query("INSERT INTO batch (key, repo, kind, branch) VALUES (?, ?, ?, ?)")
            .bind(key)
            .bind(target.repo.as_str())
            .bind(target.kind.as_str())
            .bind(target.branch.as_str())
            .execute(&mut *transaction)
            .await?
            .last_insert_rowid();
        sqlx::query(
            "UPDATE change SET batch = ?
             WHERE state = 'waiting' AND batch IS NULL AND repo = ? AND kind = ? AND branch = ? AND ticket <= ?",
        )
        .bind(batch)
        .bind(target.repo.as_str())
        .bind(target.kind.as_str())
        .bind(target.branch.as_str())
        .bind(last)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// The batch to be tried first.
    pub(super) async fn next_batch(&self) -> Result<Option<Batch>, OutboxError> {
        let row = sqlx::query("SELECT * FROM batch ORDER BY not_before, id LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Batch {
            id: row.try_get("id")?,
            key: row.try_get("key")?,
            target: target(&row)?,
            attempts: row.try_get("attempts")?,
            not_before: row.try_get("not_before")?,
        }))
    }

    pub(super) async fn changes(&self, batch: &Batch) -> Result<Vec<Change>, OutboxError> {
        let rows =
            sqlx::query("SELECT ticket, path, sha256, message FROM change WHERE batch = ? ORDER BY ticket")
                .bind(batch.id)
                .fetch_all(&self.pool)
                .await?;
        let change = |row: &SqliteRow| {
            let path: String = row.try_get("path")?;
            Ok(Change {
                ticket: Ticket(row.try_get("ticket")?),
                path: path.parse().map_err(|_| damaged("a change has no usable path"))?,
                sha256: row.try_get("sha256")?,
                message: row.try_get("message")?,
            })
        };
        rows.iter().map(change).collect()
    }

    /// The hub's pause, in milliseconds since 1970.
    pub(super) async fn pause(&self) -> Result<i64, OutboxError> {
        let row = sqlx::query("SELECT until FROM pause")
            .fetch_optional(&self.pool)
            .await?;
        Ok(row
            .map(|row| row.try_get("until"))
            .transpose()?
            .unwrap_or_default())
    }

    pub(super) async fn set_pause(&self, until: i64) -> Result<(), OutboxError> {
        sqlx::query(
            "INSERT INTO pause VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET until = excluded.until",
        )
        .bind(until)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Counts a failed attempt and puts the batch off.
    pub(super) async fn put_off(&self, batch: &Batch, not_before: i64) -> Result<(), OutboxError> {
        sqlx::query("UPDATE batch SET attempts = attempts + 1, not_before = ? WHERE id = ?")
            .bind(not_before)
            .bind(batch.id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(super) async fn delivered(&self, batch: &Batch, revision: Revision) -> Result<(), OutboxError> {
        self.finish(batch, "delivered", &revision.to_string()).await
    }

    pub(super) async fn failed(&self, batch: &Batch, reason: &str) -> Result<(), OutboxError> {
        self.finish(batch, "failed", reason).await
    }

    async fn finish(&self, batch: &Batch, state: &str, outcome: &str) -> Result<(), OutboxError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("UPDATE change SET state = ?, outcome = ? WHERE batch = ?")
            .bind(state)
            .bind(outcome)
            .bind(batch.id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM batch WHERE id = ?")
            .bind(batch.id)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

fn target(row: &SqliteRow) -> Result<Target, OutboxError> {
    let text = |column| row.try_get::<String, _>(column);
    let broken = || damaged("a change has no usable target");
    Ok(Target {
        repo: text("repo")?.parse().map_err(|_| broken())?,
        kind: text("kind")?.parse().map_err(|_| broken())?,
        branch: text("branch")?.parse().map_err(|_| broken())?,
    })
}

fn damaged(what: &'static str) -> OutboxError {
    OutboxError::Damaged { what }
}
