//! What an epoch writes.

use crate::input::Row;
use serde::{Deserialize, Serialize};

/// What the chain stores after the epoch, one entry per uid in every vector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochOutput {
    /// `Active`: the neuron updated its weights within the activity cut-off.
    pub active: Vec<bool>,
    /// `StakeWeight`: the share of the total stake, a fraction of 65535.
    pub stake_weight: Vec<u16>,
    /// `Consensus`: the stake-weighted median of the weights towards the uid, a fraction of 65535.
    pub consensus: Vec<u16>,
    /// `Incentive`: the share of the miners' pot, a fraction of 65535.
    pub incentive: Vec<u16>,
    /// `Dividends`: the share of the validators' pot, a fraction of 65535.
    pub dividends: Vec<u16>,
    /// `ValidatorTrust`: how much of the validator's weights survived clipping, a fraction of 65535.
    pub validator_trust: Vec<u16>,
    /// `ValidatorPermit` for the next epoch.
    pub validator_permit: Vec<bool>,
    /// `Emission`: incentive and dividends together, in rao.
    pub emission: Vec<u64>,
    /// The miner's part, in rao, which the coinbase pays out.
    pub server_emission: Vec<u64>,
    /// The validator's part, in rao: a share of the pot for the coinbase, not yet a payment.
    pub validator_emission: Vec<u64>,
    /// `Bonds` rows in stored order; empty for a uid without a new permit.
    pub bonds: Vec<Row>,
}
