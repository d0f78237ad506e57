//! What a neuron has committed on chain: up to three small fields in the Commitments pallet.
//!
//! Only the latest commitment of a hotkey is kept, with the block that took it. The chain counts bytes: 128 fit in a
//! `Raw` field, 512 in a `BigRaw`; and 3100 a subnet epoch for each hotkey, where a commitment costs at least 100.
//! Older SDKs measure a text in characters, and so cannot commit anything but ASCII; here the bytes count.

use crate::{Block, Rao};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};

/// Bytes that a `Raw` field holds.
pub const RAW_BYTES: usize = 128;
/// Bytes that a `BigRaw` field holds.
pub const BIG_RAW_BYTES: usize = 512;
/// Bytes that a hotkey may commit in one epoch of its subnet.
pub const BYTES_PER_EPOCH: u64 = 3100;
/// Bytes that the smallest commitment costs.
pub const LEAST_COST_BYTES: u64 = 100;

/// A text that cannot be committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitmentError {
    /// Nothing to commit.
    #[error("an empty commitment says nothing")]
    Empty,
    /// More than the chain's largest field.
    #[error("the commitment has {bytes} bytes; the chain holds {limit} in one field")]
    TooLong {
        /// UTF-8 bytes of the text.
        bytes: usize,
        /// The most this chain holds.
        limit: usize,
    },
}

/// One field of a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommitmentField {
    /// Nothing.
    None,
    /// Up to 128 bytes.
    Raw(Vec<u8>),
    /// Up to 512 bytes.
    BigRaw(Vec<u8>),
    /// A hash; the algorithm's name as the chain has it.
    Hash {
        /// `BlakeTwo256`, `Sha256`, `Keccak256` or `ShaThree256`.
        algorithm: String,
        /// The digest.
        digest: [u8; 32],
    },
    /// Readable once the beacon's round is out.
    Timelocked {
        /// The ciphertext.
        encrypted: Vec<u8>,
        /// Round of the beacon that opens it.
        reveal_round: u64,
    },
    /// Asks that bonds to this hotkey start anew.
    ResetBonds,
    /// A kind that this client does not know, by its name on chain.
    Unknown(String),
}

impl CommitmentField {
    /// The bytes, of a field that holds plain bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Raw(bytes) | Self::BigRaw(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// A neuron's latest commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// Who committed.
    pub hotkey: AccountId,
    /// The block that took it. The earlier of two equal commitments is the original.
    pub block: Block,
    /// What is reserved for it; 0 on today's chain.
    pub deposit: Rao,
    /// The fields.
    pub fields: Vec<CommitmentField>,
}

impl Commitment {
    /// The bytes of the plain fields, joined.
    pub fn bytes(&self) -> Vec<u8> {
        self.fields
            .iter()
            .filter_map(CommitmentField::bytes)
            .flatten()
            .copied()
            .collect()
    }

    /// The text: the plain fields joined, when they are UTF-8. Nothing when there are none or they are not text.
    pub fn text(&self) -> Option<String> {
        self.fields
            .iter()
            .any(|field| field.bytes().is_some())
            .then(|| String::from_utf8(self.bytes()).ok())?
    }
}

/// Checks a text against the chain's byte rule.
///
/// # Errors
///
/// When it is empty or longer than 512 bytes of UTF-8.
pub fn check_text(text: &str) -> Result<(), CommitmentError> {
    match text.len() {
        0 => Err(CommitmentError::Empty),
        bytes if bytes > BIG_RAW_BYTES => Err(CommitmentError::TooLong {
            bytes,
            limit: BIG_RAW_BYTES,
        }),
        _ => Ok(()),
    }
}

/// What committing `text` takes from the hotkey's budget of the epoch, in bytes.
pub fn cost_bytes(text: &str) -> u64 {
    (text.len() as u64).max(LEAST_COST_BYTES)
}
