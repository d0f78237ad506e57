//! A step of an attempt to set weights, from the plan to what the chain shows.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step of an attempt to set weights, from the plan to what the chain shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeightStep {
    /// The subnet.
    pub netuid: Option<u16>,
    /// The validator's hotkey.
    pub validator: Option<String>,
    /// Counts a validator's attempts, from 1.
    pub attempt: u64,
    /// planned, refused, sealed, submitted, in_block, reorged, finalized, committed, revealed, applied or failed.
    pub stage: String,
    /// The block that shows it, or at which the row was made.
    pub block: Option<u64>,
    /// The transaction's hash; only with the stage submitted.
    pub extrinsic: Option<String>,
    /// The row's slots; only with the stage planned.
    pub uids: Vec<u16>,
    /// Who held them.
    pub hotkeys: Vec<String>,
    /// The row's weights, 0 to 65535.
    pub values: Vec<u16>,
    /// Why it was refused or failed.
    pub reason: Option<String>,
    /// The chain's own name of the error.
    pub chain_error: Option<String>,
}

impl Stream for WeightStep {
    const NAME: &'static str = "weight_steps";
    const VERSION: u32 = 1;
}
