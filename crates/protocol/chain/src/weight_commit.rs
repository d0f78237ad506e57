//! Weights that are committed first and readable later.
//!
//! Two schemes. A *timelocked* commit is encrypted to a future round of a randomness beacon: the chain opens it by
//! itself when the round is published, in the block of the epoch in which the weights count. A *hash* commit is a
//! digest: its maker sends the row in a second transaction, in the one epoch in which the chain takes it.

use crate::{AccountId, Block, BlockRef, NetUid, Uid, WeightRow};
use assay_timelock::{EncryptError, InvalidPoint};
use codec::Encode;
use serde::{Deserialize, Serialize};

/// Longest ciphertext that the chain takes.
pub const LONGEST_CIPHERTEXT: usize = 5000;

/// The scheme's version on chains that do not say which they ask for.
pub const SCHEME_VERSION: u16 = 4;

/// Random numbers in the digest of a hash commit. Without them, whoever guesses a row could check the guess; 128 bits
/// are beyond guessing.
const SALT: usize = 8;

/// The digest of a hash commit. `index` is the netuid for a subnet's first mechanism, 4096 more for each further one.
pub fn weight_commit_hash(
    hotkey: &AccountId,
    index: u16,
    uids: &[u16],
    values: &[u16],
    salt: &[u16],
    version_key: u64,
) -> [u8; 32] {
    let preimage = (hotkey.0, index, uids, values, salt, version_key).encode();
    sp_crypto_hashing::blake2_256(&preimage)
}

/// What a hash commit hides. Keep it until it is revealed: without it the commit is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashedWeights {
    /// Who commits.
    pub hotkey: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The row.
    pub row: WeightRow,
    /// Random numbers that nobody can guess.
    pub salt: Vec<u16>,
    /// The version key that the reveal sends.
    pub version_key: u64,
}

impl HashedWeights {
    /// A row to commit to, under a new random salt.
    pub fn new(hotkey: AccountId, netuid: NetUid, row: WeightRow, version_key: u64) -> Self {
        Self {
            hotkey,
            netuid,
            row,
            salt: (0..SALT).map(|_| rand::random()).collect(),
            version_key,
        }
    }

    /// What is committed.
    pub fn hash(&self) -> [u8; 32] {
        let (uids, values) = self.row.lists();
        weight_commit_hash(
            &self.hotkey,
            self.netuid.0,
            &uids,
            &values,
            &self.salt,
            self.version_key,
        )
    }
}

/// The Blake2-256 digest of a ciphertext: which commit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CiphertextDigest(#[serde(with = "hex::serde")] pub [u8; 32]);

impl CiphertextDigest {
    pub(crate) fn of(ciphertext: &[u8]) -> Self {
        Self(sp_crypto_hashing::blake2_256(ciphertext))
    }
}

/// When a commit that is made now will be revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealPlan {
    /// The block at which the schedule was read; the commit is expected in the next.
    pub at: BlockRef,
    /// The block whose epoch is the first in which the row can count.
    pub reveal_block: Block,
    /// The beacon's round that opens it, published some blocks into that epoch.
    pub round: u64,
    /// Blocks between a commit and its reveal at most: the reveal period.
    pub period_blocks: u64,
}

/// A row encrypted to a round of the beacon, ready to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelockedWeights {
    /// The subnet.
    pub netuid: NetUid,
    /// What the chain gets.
    pub ciphertext: Vec<u8>,
    /// The version of the scheme that the chain asks for.
    pub scheme_version: u16,
    /// When it will be opened.
    pub plan: RevealPlan,
}

impl TimelockedWeights {
    /// Which commit it is.
    pub fn digest(&self) -> CiphertextDigest {
        CiphertextDigest::of(&self.ciphertext)
    }
}

/// A timelocked commit that a final block holds: all that is needed to follow it, also in another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelockedCommit {
    /// The subnet.
    pub netuid: NetUid,
    /// Who committed.
    pub hotkey: AccountId,
    /// The block that holds it.
    pub block: BlockRef,
    /// The epoch in whose queue it waits.
    pub epoch: u64,
    /// Which of the queue's commits it is.
    pub digest: CiphertextDigest,
    /// The round that opens it.
    pub round: u64,
    /// The block in which it is expected to be opened.
    pub reveal_block: Block,
}

/// A commit in the chain's queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedCommit {
    /// The epoch in whose queue it waits.
    pub epoch: u64,
    /// Who committed.
    pub hotkey: AccountId,
    /// When.
    pub block: Block,
    /// Which commit it is.
    pub digest: CiphertextDigest,
    /// The round that opens it.
    pub round: u64,
}

/// A hash commit that waits for its reveal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashCommit {
    /// The digest.
    #[serde(with = "hex::serde")]
    pub hash: [u8; 32],
    /// The epoch in which it was made. It can be revealed in the epoch that is the reveal period later, and in no
    /// other.
    pub epoch: u64,
    /// The block in which it was made.
    pub block: Block,
}

/// What became of a timelocked commit, as final blocks show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitFate {
    /// It is still in the queue.
    Waiting,
    /// The chain opened it and took the row.
    Revealed {
        /// The block.
        block: BlockRef,
        /// The slot that the hotkey had then.
        uid: Uid,
        /// The row that the chain stores for it since.
        stored: Vec<(Uid, u16)>,
    },
    /// The chain took it out of the queue without a reveal.
    Dropped {
        /// The block.
        block: BlockRef,
        /// Why, where the chain tells; the public one does not.
        reason: Option<String>,
    },
    /// It left the queue together with others of the same hotkey, of which the chain revealed some and does not tell
    /// which.
    Unclear {
        /// The block.
        block: BlockRef,
        /// How many of the hotkey's commits left the queue.
        commits: usize,
        /// How many of them were revealed.
        revealed: usize,
    },
    /// It left the queue, and the node no longer keeps the states that would tell how.
    Forgotten,
}

/// Why a row cannot be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightCommitError {
    /// Nothing is ever revealed in a subnet without epochs.
    #[error("subnet {netuid} has a tempo of 0: no epoch runs, and nothing would be revealed")]
    NoEpochs {
        /// The subnet.
        netuid: NetUid,
    },
    /// The chain's beacon has a key that is none.
    #[error("the chain names a beacon whose key cannot be used")]
    Beacon(#[source] InvalidPoint),
    /// The node tells of another beacon than the chain's state.
    #[error("the node tells of a beacon with another key than the one in the chain's state")]
    OtherBeacon,
    /// Encrypting failed.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// The chain would not take it.
    #[error("the encrypted row has {bytes} bytes, the chain takes at most {LONGEST_CIPHERTEXT}")]
    TooLong {
        /// Length of the ciphertext.
        bytes: usize,
    },
    /// A final block holds the transaction, and yet the commit is in no queue.
    #[error("{block} holds the commit's transaction, and no queue of the subnet holds the commit")]
    NotQueued {
        /// The block.
        block: BlockRef,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(account: [u8; 32], index: u16, values: [u16; 3], salt: &[u16], version_key: u64) -> String {
        let hash = weight_commit_hash(&AccountId(account), index, &[0, 1, 2], &values, salt, version_key);
        hex::encode(hash)
    }

    #[test]
    fn digests_are_the_chains() {
        let counting: [u8; 32] = std::array::from_fn(|place| place as u8);
        let salt = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(
            hash(counting, 1, [10, 20, 65535], &salt, 0),
            "982248f3c937483d7bfeb06a369581f5e0b8a6cd2dab29b865ddc76d0af6a586"
        );
        assert_eq!(
            hash(counting, 4097, [10, 20, 65535], &salt, 7),
            "6d18a54e12d8b68f2f9efe6b971b0a0f4ee89d6609c442a87df0b30b14109598"
        );
        let alice: AccountId = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
            .parse()
            .unwrap();
        assert_eq!(
            hash(alice.0, 1, [100, 200, 300], &[1, 2, 3], 0),
            "f0a421a8fe6509d9fff39350b894e567ae4253fa777b9b25787f699264ccdb2a"
        );
    }

    #[test]
    fn every_hash_commit_has_a_salt_of_its_own() {
        let row = WeightRow::from_values(&[(Uid(1), 1)], crate::Zeros::Explicit).unwrap();
        let commit = || HashedWeights::new(AccountId([7; 32]), NetUid(1), row.clone(), 0);
        let (first, second) = (commit(), commit());
        assert_ne!(first.hash(), second.hash());
        let kept: HashedWeights = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        assert_eq!(kept.hash(), first.hash());
    }
}
