//! A neuron after an epoch, as the chain has it: one row a neuron.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A neuron after an epoch, as the chain has it: one row a neuron.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EpochNeuron {
    /// The subnet.
    pub netuid: u16,
    /// Counts the subnet's epochs; null where the chain does not tell it.
    pub epoch: Option<u64>,
    /// The block of the snapshot.
    pub block: u64,
    /// The slot.
    pub uid: u16,
    /// Who holds it.
    pub hotkey: String,
    /// Who owns it.
    pub coldkey: String,
    /// Whether it has a validator permit.
    pub is_validator: bool,
    /// Stake that counts for consensus, in alpha.
    pub stake: Option<f64>,
    /// Share of what miners get, 0 to 1.
    pub incentive: Option<f64>,
    /// Share of what validators get, 0 to 1.
    pub dividends: Option<f64>,
    /// Weight that the stake's majority gives it, 0 to 1.
    pub consensus: Option<f64>,
    /// Share of its weights that consensus left, 0 to 1; null where the chain computes none.
    pub trust: Option<f64>,
    /// Share of the weights it set that consensus left, 0 to 1.
    pub validator_trust: Option<f64>,
    /// Alpha that it earned in the epoch.
    pub emission: Option<f64>,
    /// Block at which it last set weights.
    pub weights_at: Option<u64>,
}

impl Stream for EpochNeuron {
    const NAME: &'static str = "epochs";
    const VERSION: u32 = 1;
}
