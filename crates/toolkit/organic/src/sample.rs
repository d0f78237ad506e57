//! Samples and where they come from.

use assay_axon::UnixNanos;
use assay_keys::AccountId;
use rand::RngCore;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// The name of a sample from its entry to its last log record, and of the job that a caller may ask about. 128 random
/// bits: who has not been told one cannot guess it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SampleId(pub [u8; 16]);

/// A text that is no id of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a sample is 32 hexadecimal digits")]
pub struct MalformedSampleId;

impl SampleId {
    /// A new one.
    pub fn random(rng: &mut impl RngCore) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for SampleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for SampleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SampleId({self})")
    }
}

impl FromStr for SampleId {
    type Err = MalformedSampleId;

    fn from_str(text: &str) -> Result<Self, MalformedSampleId> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| MalformedSampleId)?;
        Ok(Self(bytes))
    }
}

impl Serialize for SampleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SampleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A user's request as it lies in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued<S> {
    /// Its name.
    pub id: SampleId,
    /// What the entry hook made of the request.
    pub sample: S,
    /// Who asked, as its signature proves; nothing for an operator, who has no hotkey.
    pub caller: Option<AccountId>,
    /// When it was queued.
    pub queued_at: UnixNanos,
    /// How many times scoring it has failed.
    pub failures: u32,
}

/// Where a sample comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A user asked it.
    Organic {
        /// Who, as the signature proves; nothing for an operator.
        caller: Option<AccountId>,
    },
    /// A dataset made it.
    Synthetic,
}

impl Origin {
    /// Whether a user asked it.
    #[must_use]
    pub const fn is_organic(&self) -> bool {
        matches!(self, Self::Organic { .. })
    }
}

/// A sample that is being scored.
#[derive(Clone, Debug)]
pub struct Sampled<S> {
    /// Its name.
    pub id: SampleId,
    /// The sample.
    pub sample: S,
    /// Where it comes from.
    pub origin: Origin,
    /// The how-manieth try this is, from 1.
    pub attempt: u32,
    /// What its rewards are multiplied with before they become scores: 1 for a user's, `synth_reward_scale` for a
    /// synthetic one.
    pub reward_scale: f64,
    /// Whether the answers that the user got may be scored, rather than asking the miners again. Never for a synthetic
    /// sample, which has none.
    pub may_reuse_responses: bool,
}
