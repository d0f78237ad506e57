//! Named sets of constants under which a competition is scored.
//!
//! The seed's constants are the default. Where the original has a weakness that costs honest miners, the default
//! profile repairs it and [`Profile::seed_exact`] keeps the original's behaviour for anyone who has to agree with
//! validators that run it.

use std::{fmt, num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name a competition goes by inside commitments, such as `f127`.
///
/// One to sixteen characters out of `A-Z a-z 0-9 . _ -`. Anything longer would eat into the 128 bytes that a
/// commitment has for the repository's name; a colon would end the field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CompetitionId(String);

/// Why a text is no competition id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("competition id {0:?} is not 1 to 16 characters of A-Z, a-z, 0-9, '.', '_' or '-'")]
pub struct InvalidCompetitionId(pub String);

impl CompetitionId {
    /// The id as it stands in commitments.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id the seed's validators and miners wrote.
    pub fn seed() -> Self {
        Self("f127".to_owned())
    }
}

impl FromStr for CompetitionId {
    type Err = InvalidCompetitionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > 16 || !text.chars().all(allowed) {
            // A commitment can be hundreds of bytes of anything: the error keeps only what a person needs to see.
            return Err(InvalidCompetitionId(text.chars().take(32).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for CompetitionId {
    type Error = InvalidCompetitionId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CompetitionId> for String {
    fn from(id: CompetitionId) -> Self {
        id.0
    }
}

impl fmt::Display for CompetitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an asked miner without a loss gets out of a round's softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedShare {
    /// Nothing: only miners with a measured loss share. With ten failures and one good miner the original hands
    /// the ten together as much as a tenth of a percent of the round for having sent nothing.
    Nothing,
    /// The original's: a failed miner stays in the softmax with a win rate of zero. In a round where nobody wins a
    /// match, it earns as much as the others.
    OfSoftmax,
}

/// The constants of a competition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Which commitments take part.
    pub competition: CompetitionId,
    /// How much better, relative to its loss, a later commitment must be to beat an earlier one. Smaller, and a
    /// copy with one row changed wins by luck; larger, and honest improvements go unpaid.
    pub epsilon: f64,
    /// Temperature of the softmax over win rates. Smaller is closer to winner takes all.
    pub temperature: f64,
    /// Weight of the newest round against the chain's consensus.
    pub learning_rate: f64,
    /// Weight of the consensus in the second blend.
    pub consensus_share: f64,
    /// Least part of the weights that lies within the consensus (validator trust); what is above 1 minus this is
    /// blended back.
    pub vtrust_min: f64,
    /// How many miners are asked in a round; those asked longest ago come first.
    pub miners_per_round: NonZeroU16,
    /// What a weight row says of the validator's version; a subnet refuses keys below its own.
    pub version_key: u64,
    /// For how many rounds an earlier loss of a miner stands in when a round does not ask it, or when we fail it. With
    /// 256 miners and 32 a round everybody is asked every 8 rounds, so fewer would make miners pay for our limits;
    /// much more would let a miner live on a dataset that it has long replaced by one we cannot fetch.
    pub carried_rounds: u32,
    /// What failures earn.
    pub failed: FailedShare,
    /// Two losses this close, relative to the larger, are the same dataset.
    pub equal_loss: f64,
    /// Two datasets that share more than this part of all their rows together are the same dataset; `None` compares
    /// losses only, as the original does. At 0.5 a copy with every second row replaced is still caught, while a
    /// small dataset that is part of a larger one (an honest way to begin) is not.
    pub shared_rows_limit: Option<f64>,
}

impl Profile {
    /// The seed's constants with the weaknesses of its code repaired.
    pub fn seed() -> Self {
        Self {
            competition: CompetitionId::seed(),
            epsilon: 0.04,
            temperature: 0.08,
            learning_rate: 0.2,
            consensus_share: 0.2,
            vtrust_min: 0.5,
            miners_per_round: const { NonZeroU16::new(32).unwrap() },
            // What the original's SDK (9.10.0) sends.
            version_key: 9_010_000,
            carried_rounds: 24,
            failed: FailedShare::Nothing,
            equal_loss: 1e-9,
            shared_rows_limit: Some(0.5),
        }
    }

    /// The seed's constants and its behaviour, failures paid and copies found by equal losses only.
    pub fn seed_exact() -> Self {
        Self {
            carried_rounds: 0,
            failed: FailedShare::OfSoftmax,
            shared_rows_limit: None,
            ..Self::seed()
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::seed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_competition_id_is_short_and_plain() {
        for good in ["f127", "1", "20260119", "a.b_c-d"] {
            assert_eq!(good.parse::<CompetitionId>().unwrap().as_str(), good);
        }
        for bad in ["", "//x/y", " 1", "1 ", "a:b", "12345678901234567", "é"] {
            assert!(bad.parse::<CompetitionId>().is_err(), "{bad:?} passed");
        }
        assert!(serde_json::from_str::<CompetitionId>("\"//x\"").is_err());
    }
}
