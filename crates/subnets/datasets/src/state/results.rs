//! What was found out about datasets: verdicts and losses.

use assay_hub::{RepoId, Revision};
use assay_keys::AccountId;
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{RoundId, State, StateError, count, integer, json, text, to_json};
use crate::{
    outcome::{BadAnswer, Outcome, OwnFault},
    recipe::Identity,
    rows::DatasetFault,
    scoring::{Fingerprint, RowSet},
    seed::RoundSeed,
};

/// A dataset's number in this state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetId(pub i64);

/// What is known about a dataset that passed its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetFacts {
    /// The commit it was read at.
    pub revision: Revision,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows.
    pub rows: usize,
    /// Tokens over all rows.
    pub tokens: usize,
    /// Identity of its rows in their order.
    pub digest: Identity,
    /// Its distinct rows.
    pub row_set: RowSet,
}

/// What an evaluation's result depends on, besides the recipe that is part of the dataset's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EvaluationKey {
    /// The dataset.
    pub dataset: DatasetId,
    /// What it is trained with.
    pub seed: RoundSeed,
    /// Identity of the held-out rows.
    pub held_out: Identity,
}

/// What the checks said of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasetVerdict {
    /// It passed.
    Accepted(DatasetFacts),
    /// It did not.
    Rejected(DatasetFault),
}

/// What a finished training and measuring gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The loss on the held-out rows; `None` when training diverged.
    pub loss: Option<f64>,
    /// The loss of each held-out row.
    pub row_losses: Vec<f64>,
    /// Seconds it took.
    pub seconds: f64,
}

/// A finished evaluation, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvaluation {
    /// The repository.
    pub repo: RepoId,
    /// The commit.
    pub revision: Revision,
    /// Identity of recipe and base model.
    pub recipe: Identity,
    /// What it was trained with.
    pub seed: RoundSeed,
    /// Identity of the held-out rows.
    pub held_out: Identity,
    /// What came of it.
    pub measured: Measured,
}

impl State {
    /// The verdict on a commit under a recipe, if it was found before.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn verdict(
        &self,
        repo: &RepoId,
        revision: &Revision,
        recipe: Identity,
    ) -> Result<Option<(DatasetId, DatasetVerdict)>, StateError> {
        let row = sqlx::query(
            "SELECT id, commit_hash, fault, bytes, row_count, tokens, digest, row_set FROM datasets \
             WHERE repo = ? AND commit_hash = ? AND recipe = ?",
        )
        .bind(repo.as_str())
        .bind(revision.to_string())
        .bind(recipe.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            let fault: Option<&str> = row.try_get("fault")?;
            let verdict = match fault {
                Some(fault) => DatasetVerdict::Rejected(json("fault", fault)?),
                None => DatasetVerdict::Accepted(read_facts(&row)?),
            };
            Ok((DatasetId(row.try_get("id")?), verdict))
        })
        .transpose()
    }

    /// Keeps the verdict on a commit. The first verdict stands.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn keep_verdict(
        &self,
        repo: &RepoId,
        revision: &Revision,
        recipe: Identity,
        verdict: &DatasetVerdict,
    ) -> Result<DatasetId, StateError> {
        let (fault, facts) = match verdict {
            DatasetVerdict::Accepted(facts) => (None, Some(facts)),
            DatasetVerdict::Rejected(fault) => (Some(to_json("fault", fault)?), None),
        };
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO datasets (repo, commit_hash, recipe, fault, bytes, row_count, tokens, digest, row_set) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (repo, commit_hash, recipe) DO NOTHING",
        )
        .bind(repo.as_str())
        .bind(revision.to_string())
        .bind(recipe.to_string())
        .bind(fault)
        .bind(facts.map(|facts| integer(facts.bytes)))
        .bind(facts.map(|facts| integer(facts.rows as u64)))
        .bind(facts.map(|facts| integer(facts.tokens as u64)))
        .bind(facts.map(|facts| facts.digest.to_string()))
        .bind(facts.map(|facts| facts.row_set.as_slice().concat()))
        .execute(&mut *tx)
        .await?;
        let id = sqlx::query("SELECT id FROM datasets WHERE repo = ? AND commit_hash = ? AND recipe = ?")
            .bind(repo.as_str())
            .bind(revision.to_string())
            .bind(recipe.to_string())
            .fetch_one(&mut *tx)
            .await?
            .try_get("id")?;
        tx.commit().await?;
        Ok(DatasetId(id))
    }

    /// Notes that a job for a miner begins, so that a death of the process during it leaves a trace.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn begin_job(&self, round: RoundId, hotkey: &AccountId) -> Result<(), StateError> {
        sqlx::query("UPDATE entrants SET begun = begun + 1 WHERE round = ? AND hotkey = ?")
            .bind(round.0)
            .bind(hotkey.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes that a job ended without a result because the validator is stopping.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn abandon_job(&self, round: RoundId, hotkey: &AccountId) -> Result<(), StateError> {
        sqlx::query("UPDATE entrants SET ended = ended + 1 WHERE round = ? AND hotkey = ?")
            .bind(round.0)
            .bind(hotkey.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A job ended with a dataset that passed its checks: it belongs to the miner from now on.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn accept(
        &self,
        round: RoundId,
        hotkey: &AccountId,
        dataset: DatasetId,
    ) -> Result<(), StateError> {
        sqlx::query("UPDATE entrants SET dataset = ?, ended = ended + 1, outcome = NULL WHERE round = ? AND hotkey = ?")
            .bind(dataset.0)
            .bind(round.0)
            .bind(hotkey.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A job ended with a bad answer.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn reject(
        &self,
        round: RoundId,
        hotkey: &AccountId,
        reason: &BadAnswer,
    ) -> Result<(), StateError> {
        let mut tx = self.pool.begin().await?;
        settle(&mut tx, round, hotkey, &Outcome::BadAnswer(reason.clone())).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A job failed through a fault of ours; the miner stays to be assayed.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn fail(&self, round: RoundId, hotkey: &AccountId, fault: &OwnFault) -> Result<(), StateError> {
        sqlx::query(
            "UPDATE entrants SET outcome = ?, ended = ended + 1, faults = faults + 1 WHERE round = ? AND hotkey = ?",
        )
        .bind(to_json("outcome", &Outcome::OwnFault(fault.clone()))?)
        .bind(round.0)
        .bind(hotkey.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The miner is left alone for the rest of the round, without another job.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn give_up(
        &self,
        round: RoundId,
        hotkey: &AccountId,
        fault: &OwnFault,
    ) -> Result<(), StateError> {
        sqlx::query("UPDATE entrants SET outcome = ? WHERE round = ? AND hotkey = ?")
            .bind(to_json("outcome", &Outcome::OwnFault(fault.clone()))?)
            .bind(round.0)
            .bind(hotkey.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The miner's dataset is a copy of another's and needs no training of its own.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn settle_copy(
        &self,
        round: RoundId,
        hotkey: &AccountId,
        of: &AccountId,
    ) -> Result<(), StateError> {
        sqlx::query("UPDATE entrants SET outcome = ?, copy_of = ? WHERE round = ? AND hotkey = ?")
            .bind(to_json("outcome", &Outcome::Assayed)?)
            .bind(of.to_string())
            .bind(round.0)
            .bind(hotkey.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A finished evaluation of a dataset, if there is one.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn evaluation(&self, key: EvaluationKey) -> Result<Option<Measured>, StateError> {
        sqlx::query(
            "SELECT loss, row_losses, seconds FROM evaluations WHERE dataset = ? AND seed = ? AND held_out = ?",
        )
        .bind(key.dataset.0)
        .bind(key.seed.to_string())
        .bind(key.held_out.to_string())
        .fetch_optional(&self.pool)
        .await?
        .map(|row| read_measured(&row))
        .transpose()
    }

    /// A job ended with a loss, or with a divergence, which is a bad answer: the evaluation and what it means for
    /// the miner are written together. An evaluation that is there already stays as it is.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn finish(
        &self,
        round: RoundId,
        hotkey: &AccountId,
        key: EvaluationKey,
        measured: &Measured,
        finished_at: u64,
    ) -> Result<(), StateError> {
        let mut tx = self.pool.begin().await?;
        let row_losses: Vec<u8> = measured
            .row_losses
            .iter()
            .flat_map(|loss| loss.to_le_bytes())
            .collect();
        sqlx::query(
            "INSERT INTO evaluations (dataset, seed, held_out, loss, row_losses, seconds, finished_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dataset, seed, held_out) DO NOTHING",
        )
        .bind(key.dataset.0)
        .bind(key.seed.to_string())
        .bind(key.held_out.to_string())
        .bind(measured.loss)
        .bind(row_losses)
        .bind(measured.seconds)
        .bind(integer(finished_at))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE entrants SET evaluation = \
                (SELECT id FROM evaluations WHERE dataset = ? AND seed = ? AND held_out = ?) \
             WHERE round = ? AND hotkey = ?",
        )
        .bind(key.dataset.0)
        .bind(key.seed.to_string())
        .bind(key.held_out.to_string())
        .bind(round.0)
        .bind(hotkey.to_string())
        .execute(&mut *tx)
        .await?;
        let outcome = match measured.loss {
            Some(_) => Outcome::Assayed,
            None => Outcome::BadAnswer(BadAnswer::Diverged),
        };
        settle(&mut tx, round, hotkey, &outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// All finished evaluations, oldest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn evaluations(&self) -> Result<Vec<StoredEvaluation>, StateError> {
        sqlx::query(
            "SELECT d.repo, d.commit_hash, d.recipe, v.seed, v.held_out, v.loss, v.row_losses, v.seconds \
             FROM evaluations v JOIN datasets d ON d.id = v.dataset ORDER BY v.id",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let seed: &str = row.try_get("seed")?;
            Ok(StoredEvaluation {
                repo: text("repo", row.try_get("repo")?)?,
                revision: text("commit_hash", row.try_get("commit_hash")?)?,
                recipe: read_identity("recipe", row.try_get("recipe")?)?,
                seed: RoundSeed(u64::from_str_radix(seed, 16).map_err(|e| StateError::Damaged {
                    column: "seed",
                    reason: e.to_string(),
                })?),
                held_out: read_identity("held_out", row.try_get("held_out")?)?,
                measured: read_measured(row)?,
            })
        })
        .collect()
    }
}

async fn settle(
    tx: &mut Transaction<'_, Sqlite>,
    round: RoundId,
    hotkey: &AccountId,
    outcome: &Outcome,
) -> Result<(), StateError> {
    sqlx::query("UPDATE entrants SET outcome = ?, ended = ended + 1 WHERE round = ? AND hotkey = ?")
        .bind(to_json("outcome", outcome)?)
        .bind(round.0)
        .bind(hotkey.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn read_identity(column: &'static str, value: String) -> Result<Identity, StateError> {
    Identity::try_from(value).map_err(|e| StateError::Damaged {
        column,
        reason: e.to_string(),
    })
}

fn read_measured(row: &SqliteRow) -> Result<Measured, StateError> {
    let bytes: Vec<u8> = row.try_get("row_losses")?;
    let (losses, []) = bytes.as_chunks::<8>() else {
        return Err(StateError::Damaged {
            column: "row_losses",
            reason: format!("{} bytes", bytes.len()),
        });
    };
    Ok(Measured {
        loss: row.try_get("loss")?,
        row_losses: losses.iter().map(|loss| f64::from_le_bytes(*loss)).collect(),
        seconds: row.try_get("seconds")?,
    })
}

/// Reads the columns of an accepted dataset.
pub(super) fn read_facts(row: &SqliteRow) -> Result<DatasetFacts, StateError> {
    let bytes: Vec<u8> = row.try_get("row_set")?;
    let (rows, []) = bytes.as_chunks::<{ size_of::<Fingerprint>() }>() else {
        return Err(StateError::Damaged {
            column: "row_set",
            reason: format!("{} bytes", bytes.len()),
        });
    };
    Ok(DatasetFacts {
        revision: text("commit_hash", row.try_get("commit_hash")?)?,
        bytes: count("bytes", row.try_get("bytes")?)?,
        rows: count("row_count", row.try_get("row_count")?)? as usize,
        tokens: count("tokens", row.try_get("tokens")?)? as usize,
        digest: read_identity("digest", row.try_get("digest")?)?,
        row_set: RowSet::new(rows.to_vec()),
    })
}
