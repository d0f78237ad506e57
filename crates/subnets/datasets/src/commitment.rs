//! What a miner writes on chain: `{repo}:{competition}:{revision}`.
//!
//! A commitment's raw field holds 128 bytes. The revision takes 40, the colons 2, so that a competition id of four
//! characters leaves 82 for the repository's name. The rule is checked before anything is uploaded.

use std::{fmt, str::FromStr};

use assay_hub::{RepoId, RepoIdError, Revision};
use serde::{Deserialize, Serialize};

use crate::profile::{CompetitionId, InvalidCompetitionId};

/// Bytes that one raw field of a commitment holds on chain.
pub const COMMITMENT_BYTES: usize = 128;

/// Hexadecimal digits of a full revision.
const REVISION_DIGITS: usize = 40;

/// A commitment of this system, read from the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetCommitment {
    /// The dataset repository.
    pub repo: RepoId,
    /// The competition it takes part in.
    pub competition: CompetitionId,
    /// The commit of the repository.
    pub revision: CommittedRevision,
}

/// A revision as a commitment spells it.
///
/// Anything can stand there; only a commit, by its first seven digits or more, can be evaluated, because a branch
/// could move after the commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommittedRevision(String);

impl CommittedRevision {
    /// The revision as text, for asking the hub.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can name a commit at all: 7 to 40 hexadecimal digits in lower case.
    pub fn could_be_a_commit(&self) -> bool {
        (7..=REVISION_DIGITS).contains(&self.0.len())
            && self.0.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Whether it names this commit.
    pub fn names(&self, commit: &Revision) -> bool {
        commit.is_named_by(&self.0)
    }
}

impl From<Revision> for CommittedRevision {
    fn from(revision: Revision) -> Self {
        Self(revision.to_string())
    }
}

/// Why a text is no commitment of this system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitmentError {
    /// Fewer than three fields.
    #[error("has {found} of the three fields repo:competition:revision")]
    MissingFields {
        /// Fields there are.
        found: usize,
    },
    /// Begins with `{`: the settings that subnet owners of a later era wrote, not a dataset.
    #[error("is a JSON text, not a dataset")]
    Json,
    /// The first field names no repository.
    #[error("names no repository: {0}")]
    Repo(#[from] RepoIdError),
    /// The second field is no competition.
    #[error("names no competition: {0}")]
    Competition(#[from] InvalidCompetitionId),
    /// The third field is empty or no revision in any spelling.
    #[error("names no revision: {0:?}")]
    Revision(String),
}

/// The commitment would not fit on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the commitment would take {bytes} bytes and the chain holds {COMMITMENT_BYTES}: with this competition id the \
     repository's name may have {longest_repo} bytes"
)]
pub struct CommitmentTooLong {
    /// Bytes it would take.
    pub bytes: usize,
    /// Bytes the repository's name may have.
    pub longest_repo: usize,
}

/// Whether a commitment to any revision of `repo` will fit on chain, known before anything is uploaded.
///
/// # Errors
/// [`CommitmentTooLong`] with what would fit.
pub fn check_size(repo: &RepoId, competition: &CompetitionId) -> Result<(), CommitmentTooLong> {
    let around = 2 + competition.as_str().len() + REVISION_DIGITS;
    let bytes = repo.as_str().len() + around;
    if bytes > COMMITMENT_BYTES {
        return Err(CommitmentTooLong {
            bytes,
            longest_repo: COMMITMENT_BYTES - around,
        });
    }
    Ok(())
}

impl FromStr for DatasetCommitment {
    type Err = CommitmentError;

    /// Reads the first three fields; what follows a third colon is ignored, and the revision `None` reads as the
    /// branch `main`, both as in the original. Nothing is trimmed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('{') {
            return Err(CommitmentError::Json);
        }
        let mut fields = text.split(':');
        let (Some(repo), Some(competition), Some(revision)) = (fields.next(), fields.next(), fields.next())
        else {
            return Err(CommitmentError::MissingFields {
                found: text.split(':').count(),
            });
        };
        let repo = repo.parse()?;
        let competition = competition.parse()?;
        let revision = if revision == "None" { "main" } else { revision };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        if revision.is_empty() || !revision.chars().all(plain) {
            return Err(CommitmentError::Revision(
                revision.chars().take(COMMITMENT_BYTES).collect(),
            ));
        }
        Ok(Self {
            repo,
            competition,
            revision: CommittedRevision(revision.to_owned()),
        })
    }
}

impl fmt::Display for DatasetCommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.repo, self.competition, self.revision.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_fits_is_known_beforehand() {
        let repo = |n: usize| format!("a/{}", "x".repeat(n - 2)).parse::<RepoId>().unwrap();
        let one: CompetitionId = "1".parse().unwrap();
        assert_eq!(check_size(&repo(85), &one), Ok(()));
        assert_eq!(
            check_size(&repo(86), &one),
            Err(CommitmentTooLong {
                bytes: 129,
                longest_repo: 85
            })
        );
        let written = DatasetCommitment {
            repo: repo(85),
            competition: one,
            revision: Revision::from_bytes([0xab; 20]).into(),
        }
        .to_string();
        assert_eq!(written.len(), COMMITMENT_BYTES);
        assert_eq!(written.parse::<DatasetCommitment>().unwrap().to_string(), written);
    }
}
