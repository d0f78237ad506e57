//! The seed that every miner of a round is trained with.

use assay_chain::BlockHash;
use serde::{Deserialize, Serialize};

use crate::{profile::CompetitionId, recipe::Identity, rows::hash_into};

/// Decides the start of every adapter, its dropout and the order of rows.
///
/// It is the same for all miners of a round and for all validators, and nobody can know it before the round's
/// closing block exists, which is when commitments to the round end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoundSeed(pub u64);

impl RoundSeed {
    /// The first eight bytes, little endian, of BLAKE2b over the competition, the hash of the held-out rows and the
    /// hash of the closing block.
    pub fn derive(competition: &CompetitionId, held_out: Identity, closing: BlockHash) -> Self {
        let mut text = Vec::with_capacity(16 + 1 + 64);
        text.extend_from_slice(competition.as_str().as_bytes());
        // No id holds a zero byte, so no two triples run together to the same text.
        text.push(0);
        text.extend_from_slice(&held_out.0);
        text.extend_from_slice(&closing.0);
        let mut out = [0; 8];
        hash_into(&text, &mut out);
        Self(u64::from_le_bytes(out))
    }
}

impl std::fmt::Display for RoundSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
