//! The file format as serde data.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The value of a file's `schema`.
pub const SCHEMA: &str = "yuma-vectors-1";

/// Rows by uid, each a flat list `[uid, value, uid, value, …]` in stored order. An absent row is empty.
pub type SparseRows = BTreeMap<u16, Vec<u16>>;

/// A file.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// Must be [`SCHEMA`].
    pub schema: String,
    /// The cases, independent of each other.
    pub cases: Vec<Case>,
}

/// Consecutive epochs of one subnet.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// What reports call the case.
    pub id: String,
    /// The number of uids.
    pub n: usize,
    /// The hyperparameters, constant over the case.
    pub params: Params,
    /// The epochs in order.
    pub epochs: Vec<Epoch>,
}

/// The hyperparameters of a case, as stored on chain.
#[derive(Debug, Clone, Deserialize)]
pub struct Params {
    /// See [`crate::Hyperparameters::kappa`].
    pub kappa: u16,
    /// See [`crate::Hyperparameters::bonds_penalty`].
    pub bonds_penalty: u16,
    /// See [`crate::Hyperparameters::bonds_moving_average`].
    pub bonds_moving_average: u64,
    /// Yuma 3 is on.
    pub yuma3: bool,
    /// Liquid alpha is on; without effect unless Yuma 3 is on too.
    pub liquid_alpha: bool,
    /// See [`crate::LiquidAlpha::low`].
    pub alpha_low: u16,
    /// See [`crate::LiquidAlpha::high`].
    pub alpha_high: u16,
    /// See [`crate::LiquidAlpha::sigmoid_steepness`].
    pub alpha_sigmoid_steepness: i16,
    /// See [`crate::Hyperparameters::max_allowed_validators`].
    pub max_allowed_validators: u16,
    /// See [`crate::Hyperparameters::tempo`].
    pub tempo: u16,
    /// See [`crate::Hyperparameters::activity_cutoff_blocks`].
    pub activity_cutoff_blocks: u64,
    /// See [`crate::Hyperparameters::stake_threshold`].
    pub stake_threshold: u64,
    /// See [`crate::Hyperparameters::tao_weight`]; a string, since it does not fit a double.
    #[serde(deserialize_with = "u64_in_a_string")]
    pub tao_weight: u64,
    /// See [`crate::EpochInput::owner_uid`].
    pub owner_uid: Option<u16>,
    /// See [`crate::Hyperparameters::commit_reveal`].
    pub commit_reveal: bool,
}

/// One epoch.
#[derive(Debug, Clone, Deserialize)]
pub struct Epoch {
    /// What the epoch read.
    pub input: Input,
    /// What the chain stored, when the file says.
    pub expected: Option<Expected>,
    /// Raw 32.32 bits of intermediates, when the file has them.
    #[serde(default)]
    pub trace_i32f32_bits: Option<Trace>,
}

/// What an epoch read. Lists are by uid.
#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// The current block.
    pub block: u64,
    /// The block of the last epoch, 0 before the first.
    pub last_mechanism_step_block: u64,
    /// What the epoch splits, in rao.
    pub rao_emission: u64,
    /// In rao.
    pub alpha_stake: Vec<u64>,
    /// In rao.
    pub root_stake: Vec<u64>,
    /// Blocks.
    pub block_at_registration: Vec<u64>,
    /// Blocks.
    pub last_update: Vec<u64>,
    /// 0 or 1.
    pub validator_permit: Vec<u8>,
    /// The stored weights.
    pub weights: SparseRows,
    /// The stored bonds.
    pub bonds: Bonds,
    /// The block of each uid's earliest weight commit that has not expired.
    #[serde(default)]
    pub commit_blocks: BTreeMap<u16, u64>,
}

/// The bonds with which an epoch starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bonds {
    /// These rows.
    Rows(SparseRows),
    /// The rows with which the previous epoch ended, written `"prev"`.
    Previous,
}

/// What a chain stored after an epoch. Lists are by uid.
#[derive(Debug, Clone, Deserialize)]
pub struct Expected {
    /// 0 or 1.
    pub active: Vec<u8>,
    /// Fractions of 65535.
    pub stake_weight: Vec<u16>,
    /// Fractions of 65535.
    pub consensus: Vec<u16>,
    /// Fractions of 65535.
    pub incentive: Vec<u16>,
    /// Fractions of 65535.
    pub dividends: Vec<u16>,
    /// Fractions of 65535.
    pub validator_trust: Vec<u16>,
    /// 0 or 1.
    pub validator_permit: Vec<u8>,
    /// In rao.
    pub emission: Vec<u64>,
    /// In rao.
    pub server_emission: Vec<u64>,
    /// In rao.
    pub validator_emission: Vec<u64>,
    /// The stored bonds; an absent row is empty.
    pub bonds: SparseRows,
}

/// Raw 32.32 bits: lists by uid, and matrices as flat rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "named after the fields of `EpochTrace`, which documents them"
)]
pub struct Trace {
    pub stake: Vec<i64>,
    pub active_stake: Vec<i64>,
    pub ranks_unnormalised: Vec<i64>,
    pub consensus: Vec<i64>,
    pub validator_trust: Vec<i64>,
    pub incentive: Vec<i64>,
    pub dividends: Vec<i64>,
    pub normalized_server_emission: Vec<i64>,
    pub normalized_validator_emission: Vec<i64>,
    pub normalized_combined_emission: Vec<i64>,
    pub weights_norm: BTreeMap<u16, Vec<i64>>,
    pub weights_clipped: BTreeMap<u16, Vec<i64>>,
    pub weights_for_bonds: BTreeMap<u16, Vec<i64>>,
    pub bonds_ema: BTreeMap<u16, Vec<i64>>,
}

impl<'de> Deserialize<'de> for Bonds {
    /// By a visitor rather than `#[serde(untagged)]`, which cannot hold numbers when a JSON parser keeps them at
    /// arbitrary precision.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BondsVisitor;

        impl<'de> Visitor<'de> for BondsVisitor {
            type Value = Bonds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("rows by uid, or \"prev\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bonds, E> {
                match text {
                    "prev" => Ok(Bonds::Previous),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Bonds, A::Error> {
                SparseRows::deserialize(MapAccessDeserializer::new(map)).map(Bonds::Rows)
            }
        }

        deserializer.deserialize_any(BondsVisitor)
    }
}

fn u64_in_a_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| D::Error::custom(format_args!("`{text}` is not a 64-bit whole number")))
}
