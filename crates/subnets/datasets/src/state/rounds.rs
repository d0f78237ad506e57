//! Rounds and who takes part in them.

use assay_chain::{Block, BlockHash, NetUid, Uid};
use assay_hub::RepoId;
use assay_keys::AccountId;
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{DatasetFacts, DatasetId, State, StateError, count, integer, json, results, text, to_json};
use crate::{
    commitment::DatasetCommitment, event::MinerScore, outcome::Outcome, profile::CompetitionId,
    recipe::Identity, seed::RoundSeed,
};

/// A round's number in this state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoundId(pub i64);

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundState {
    /// Datasets are being assayed.
    Open,
    /// The result stands; weights are on their way.
    Scored,
    /// Its weights are on chain.
    Done,
    /// It ended without weights.
    Dropped,
}

impl RoundState {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Scored => "scored",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }
}

impl std::str::FromStr for RoundState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Open, Self::Scored, Self::Done, Self::Dropped]
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| format!("{text:?} is no state of a round"))
    }
}

/// What a round is, before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRound {
    /// The subnet.
    pub netuid: NetUid,
    /// The competition.
    pub competition: CompetitionId,
    /// Commitments up to this block take part.
    pub closed: Block,
    /// Hash of that block.
    pub hash: BlockHash,
    /// What everybody is trained with.
    pub seed: RoundSeed,
    /// Identity of recipe and base model.
    pub recipe: Identity,
    /// Identity of the held-out rows.
    pub held_out: Identity,
}

/// A round that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Its number here.
    pub id: RoundId,
    /// What it is.
    pub what: NewRound,
    /// How far it is.
    pub state: RoundState,
}

/// A neuron as a new round finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntrant {
    /// Who.
    pub hotkey: AccountId,
    /// Its place in the subnet.
    pub uid: Uid,
    /// When it registered.
    pub registered: Block,
    /// What it has committed and when, where that can be read.
    pub commitment: Option<(DatasetCommitment, Block)>,
    /// What is already clear; `None` when its dataset is to be assayed.
    pub outcome: Option<Outcome>,
}

/// A neuron in a round.
#[derive(Debug, Clone, PartialEq)]
pub struct Entrant {
    /// What the round found.
    pub found: NewEntrant,
    /// Jobs begun for it.
    pub begun: u32,
    /// Jobs that ended; fewer when the process died during one.
    pub ended: u32,
    /// Jobs that failed through a fault of ours.
    pub faults: u32,
    /// Its dataset, once that passed all checks.
    pub dataset: Option<(DatasetId, DatasetFacts)>,
    /// Its loss, once measured; `None` inside when training diverged.
    pub loss: Option<Option<f64>>,
    /// Whose dataset it is, when it was recognised as a copy by its rows.
    pub copy_of: Option<AccountId>,
}

impl Entrant {
    /// Times that the process died during one of its jobs.
    pub fn deaths(&self) -> u32 {
        self.begun.saturating_sub(self.ended)
    }
}

/// The loss of an earlier round that stands in when a miner has none in this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// Block of the commitment that the loss belongs to.
    pub committed: Block,
    /// The dataset.
    pub facts: DatasetFacts,
    /// Its loss.
    pub loss: f64,
}

impl State {
    /// Opens a round with its whole roster, or finds it when it was opened before.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn open_round(&self, round: &NewRound, roster: &[NewEntrant]) -> Result<Round, StateError> {
        let mut tx = self.pool.begin().await?;
        let found = sqlx::query(
            "SELECT id, netuid, competition, closed_block, closed_hash, seed, recipe, held_out, state FROM rounds \
             WHERE netuid = ? AND competition = ? AND closed_block = ? AND recipe = ? AND held_out = ?",
        )
        .bind(i64::from(round.netuid.0))
        .bind(round.competition.as_str())
        .bind(integer(round.closed.0))
        .bind(round.recipe.to_string())
        .bind(round.held_out.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(row) = found {
            return read_round(&row);
        }
        let id = sqlx::query(
            "INSERT INTO rounds (netuid, competition, closed_block, closed_hash, seed, recipe, held_out, state) \
             VALUES (?, ?, ?, ?, ?, ?, ?, 'open')",
        )
        .bind(i64::from(round.netuid.0))
        .bind(round.competition.as_str())
        .bind(integer(round.closed.0))
        .bind(round.hash.to_string())
        .bind(round.seed.to_string())
        .bind(round.recipe.to_string())
        .bind(round.held_out.to_string())
        .execute(&mut *tx)
        .await?
        .last_insert_rowid();
        for entrant in roster {
            let (commitment, committed) = match &entrant.commitment {
                Some((commitment, block)) => {
                    (Some(to_json("commitment", commitment)?), Some(integer(block.0)))
                }
                None => (None, None),
            };
            let outcome = entrant
                .outcome
                .as_ref()
                .map(|o| to_json("outcome", o))
                .transpose()?;
            sqlx::query(
                "INSERT INTO entrants (round, hotkey, uid, registered, commitment, committed, outcome) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(id)
            .bind(entrant.hotkey.to_string())
            .bind(i64::from(entrant.uid.0))
            .bind(integer(entrant.registered.0))
            .bind(commitment)
            .bind(committed)
            .bind(outcome)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(Round {
            id: RoundId(id),
            what: round.clone(),
            state: RoundState::Open,
        })
    }

    /// The newest round of a competition, if any was opened.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn newest_round(
        &self,
        netuid: NetUid,
        competition: &CompetitionId,
    ) -> Result<Option<Round>, StateError> {
        sqlx::query(
            "SELECT id, netuid, competition, closed_block, closed_hash, seed, recipe, held_out, state FROM rounds \
             WHERE netuid = ? AND competition = ? ORDER BY id DESC LIMIT 1",
        )
        .bind(i64::from(netuid.0))
        .bind(competition.as_str())
        .fetch_optional(&self.pool)
        .await?
        .map(|row| read_round(&row))
        .transpose()
    }

    /// Everybody in a round, by uid.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn entrants(&self, round: RoundId) -> Result<Vec<Entrant>, StateError> {
        sqlx::query(
            "SELECT e.hotkey, e.uid, e.registered, e.commitment, e.committed, e.outcome, e.begun, e.ended, e.faults, \
                    e.copy_of, e.evaluation, v.loss, d.id AS dataset, d.commit_hash, d.bytes, d.row_count, d.tokens, d.digest, \
                    d.row_set \
             FROM entrants e LEFT JOIN datasets d ON d.id = e.dataset LEFT JOIN evaluations v ON v.id = e.evaluation \
             WHERE e.round = ? ORDER BY e.uid",
        )
        .bind(round.0)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(read_entrant)
        .collect()
    }

    /// The hotkeys that have been asked before, with the round that asked them last.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn last_asked(&self) -> Result<Vec<(AccountId, RoundId)>, StateError> {
        // What a round did not ask is recorded as {"not_asked": …}; everybody else was asked.
        sqlx::query(
            "SELECT hotkey, MAX(round) AS round FROM entrants \
             WHERE outcome IS NULL OR outcome NOT LIKE '{\"not_asked\"%' GROUP BY hotkey",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            Ok((
                text("hotkey", row.try_get("hotkey")?)?,
                RoundId(row.try_get("round")?),
            ))
        })
        .collect()
    }

    /// The newest loss of a hotkey from one of the last `rounds` rounds before `round` with the same recipe and
    /// held-out rows, as long as the hotkey has kept its registration since.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn carried(
        &self,
        round: &Round,
        hotkey: &AccountId,
        registered: Block,
        rounds: u32,
    ) -> Result<Option<Carried>, StateError> {
        let row = sqlx::query(
            "SELECT e.committed, v.loss, d.commit_hash, d.bytes, d.row_count, d.tokens, d.digest, d.row_set \
             FROM entrants e JOIN rounds r ON r.id = e.round JOIN datasets d ON d.id = e.dataset \
                  JOIN evaluations v ON v.id = e.evaluation \
             WHERE e.hotkey = ? AND e.registered = ? AND e.round < ? AND e.committed IS NOT NULL \
                   AND v.loss IS NOT NULL AND r.netuid = ? AND r.competition = ? AND r.recipe = ? AND r.held_out = ? \
                   AND e.round IN (SELECT id FROM rounds WHERE id < ? ORDER BY id DESC LIMIT ?) \
             ORDER BY e.round DESC LIMIT 1",
        )
        .bind(hotkey.to_string())
        .bind(integer(registered.0))
        .bind(round.id.0)
        .bind(i64::from(round.what.netuid.0))
        .bind(round.what.competition.as_str())
        .bind(round.what.recipe.to_string())
        .bind(round.what.held_out.to_string())
        .bind(round.id.0)
        .bind(i64::from(rounds))
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Carried {
                committed: Block(count("committed", row.try_get("committed")?)?),
                facts: results::read_facts(&row)?,
                loss: row.try_get("loss")?,
            })
        })
        .transpose()
    }

    /// Writes a round's result and marks it as scored, both or neither.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn score(&self, round: RoundId, scores: &[MinerScore]) -> Result<(), StateError> {
        let mut tx = self.pool.begin().await?;
        // A kill between this transaction and the next step leaves a scored round, which is never scored again.
        sqlx::query("DELETE FROM scores WHERE round = ?")
            .bind(round.0)
            .execute(&mut *tx)
            .await?;
        for score in scores {
            sqlx::query(
                "INSERT INTO scores (round, hotkey, uid, standing, repo, row_count, share, weight, committed, consensus) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(round.0)
            .bind(score.hotkey.to_string())
            .bind(i64::from(score.uid.0))
            .bind(to_json("standing", &score.standing)?)
            .bind(score.repo.as_ref().map(RepoId::as_str))
            .bind(score.rows.map(|rows| integer(rows as u64)))
            .bind(score.share)
            .bind(score.weight)
            .bind(score.committed.map(|block| integer(block.0)))
            .bind(score.consensus)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query("UPDATE rounds SET state = 'scored' WHERE id = ?")
            .bind(round.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The result of a round, by uid; empty when it has none.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn scores(&self, round: RoundId) -> Result<Vec<MinerScore>, StateError> {
        sqlx::query(
            "SELECT hotkey, uid, standing, repo, row_count, share, weight, committed, consensus FROM scores WHERE round = ? \
             ORDER BY uid",
        )
        .bind(round.0)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let repo: Option<&str> = row.try_get("repo")?;
            let rows: Option<i64> = row.try_get("row_count")?;
            Ok(MinerScore {
                uid: Uid(row.try_get::<u16, _>("uid")?),
                hotkey: text("hotkey", row.try_get("hotkey")?)?,
                standing: json("standing", row.try_get("standing")?)?,
                repo: repo.map(|repo| text("repo", repo)).transpose()?,
                rows: rows.map(|rows| count("row_count", rows)).transpose()?.map(|rows| rows as usize),
                share: row.try_get("share")?,
                weight: row.try_get("weight")?,
                committed: row
                    .try_get::<Option<i64>, _>("committed")?
                    .map(|block| count("committed", block).map(Block))
                    .transpose()?,
                consensus: row.try_get("consensus")?,
            })
        })
        .collect()
    }

    /// Notes how many attempts to set weights there were before this round's first, once; what was noted.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn begin_publishing(&self, round: RoundId, attempts: u64) -> Result<u64, StateError> {
        let row =
            sqlx::query("UPDATE rounds SET attempts = COALESCE(attempts, ?) WHERE id = ? RETURNING attempts")
                .bind(integer(attempts))
                .bind(round.0)
                .fetch_one(&self.pool)
                .await?;
        count("attempts", row.try_get("attempts")?)
    }

    /// Forgets all but the newest `keep` rounds, and the verdicts and losses that only they used.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn forget(&self, keep: u32) -> Result<(), StateError> {
        let mut tx = self.pool.begin().await?;
        let oldest: Option<i64> = sqlx::query("SELECT id FROM rounds ORDER BY id DESC LIMIT 1 OFFSET ?")
            .bind(i64::from(keep))
            .fetch_optional(&mut *tx)
            .await?
            .map(|row| row.try_get("id"))
            .transpose()?;
        let Some(oldest) = oldest else { return Ok(()) };
        for statement in [
            "DELETE FROM scores WHERE round <= ?",
            "DELETE FROM entrants WHERE round <= ?",
            "DELETE FROM rounds WHERE id <= ?",
        ] {
            sqlx::query(statement).bind(oldest).execute(&mut *tx).await?;
        }
        for statement in [
            "DELETE FROM evaluations WHERE id NOT IN (SELECT evaluation FROM entrants WHERE evaluation IS NOT NULL)",
            "DELETE FROM datasets WHERE id NOT IN (SELECT dataset FROM entrants WHERE dataset IS NOT NULL) \
             AND id NOT IN (SELECT dataset FROM evaluations)",
        ] {
            sqlx::query(statement).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends a round: [`RoundState::Done`] with its weights on chain, or [`RoundState::Dropped`] with the reason.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn end_round(&self, round: RoundId, state: RoundState, note: &str) -> Result<(), StateError> {
        sqlx::query("UPDATE rounds SET state = ?, note = ? WHERE id = ?")
            .bind(state.name())
            .bind(note)
            .bind(round.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn read_round(row: &SqliteRow) -> Result<Round, StateError> {
    let seed: &str = row.try_get("seed")?;
    let identity = |column| -> Result<Identity, StateError> {
        Identity::try_from(row.try_get::<String, _>(column)?).map_err(|e| StateError::Damaged {
            column,
            reason: e.to_string(),
        })
    };
    Ok(Round {
        id: RoundId(row.try_get("id")?),
        what: NewRound {
            netuid: NetUid(row.try_get("netuid")?),
            competition: text("competition", row.try_get("competition")?)?,
            closed: Block(count("closed_block", row.try_get("closed_block")?)?),
            hash: text("closed_hash", row.try_get("closed_hash")?)?,
            seed: RoundSeed(u64::from_str_radix(seed, 16).map_err(|e| StateError::Damaged {
                column: "seed",
                reason: e.to_string(),
            })?),
            recipe: identity("recipe")?,
            held_out: identity("held_out")?,
        },
        state: text("state", row.try_get("state")?)?,
    })
}

fn read_entrant(row: &SqliteRow) -> Result<Entrant, StateError> {
    let commitment: Option<&str> = row.try_get("commitment")?;
    let committed: Option<i64> = row.try_get("committed")?;
    let commitment = match (commitment, committed) {
        (Some(commitment), Some(block)) => {
            Some((json("commitment", commitment)?, Block(count("committed", block)?)))
        }
        _ => None,
    };
    let outcome: Option<&str> = row.try_get("outcome")?;
    let dataset: Option<i64> = row.try_get("dataset")?;
    let evaluation: Option<i64> = row.try_get("evaluation")?;
    let copy_of: Option<&str> = row.try_get("copy_of")?;
    let number = |column| -> Result<u32, StateError> { Ok(row.try_get::<u32, _>(column)?) };
    Ok(Entrant {
        found: NewEntrant {
            hotkey: text("hotkey", row.try_get("hotkey")?)?,
            uid: Uid(row.try_get("uid")?),
            registered: Block(count("registered", row.try_get("registered")?)?),
            commitment,
            outcome: outcome.map(|outcome| json("outcome", outcome)).transpose()?,
        },
        begun: number("begun")?,
        ended: number("ended")?,
        faults: number("faults")?,
        dataset: dataset
            .map(|id| Ok::<_, StateError>((DatasetId(id), results::read_facts(row)?)))
            .transpose()?,
        loss: evaluation.map(|_| row.try_get("loss")).transpose()?,
        copy_of: copy_of.map(|hotkey| text("copy_of", hotkey)).transpose()?,
    })
}
