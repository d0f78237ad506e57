//! Everybody in a subnet at one block.

use crate::{Alpha, Block, BlockRef, NetUid, PublishedAxon, Rao, Uid};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};

/// A neuron at one block. Shares are in 1/65535.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neuron {
    /// Its slot.
    pub uid: Uid,
    /// Who it is.
    pub hotkey: AccountId,
    /// Who owns it.
    pub coldkey: AccountId,
    /// Where it can be reached, when it has said so.
    pub axon: Option<PublishedAxon>,
    /// Stake in the subnet's alpha, inherited stake included.
    pub alpha_stake: Alpha,
    /// Stake on the root network.
    pub tao_stake: Rao,
    /// What counts in the consensus: alpha plus TAO times the chain's TAO weight.
    pub total_stake: Alpha,
    /// Share of what miners are paid.
    pub incentive: u16,
    /// The weight that the validators agree on.
    pub consensus: u16,
    /// Share of what validators are paid.
    pub dividends: u16,
    /// How far a validator agrees with the others; nothing where the chain does not say.
    pub validator_trust: Option<u16>,
    /// What the last epoch paid.
    pub emission: Alpha,
    /// Whether it may set weights.
    pub validator_permit: bool,
    /// Whether it set weights recently enough to count.
    pub active: bool,
    /// When it last set weights or registered.
    pub last_update: Block,
    /// When it got its slot.
    pub registered_at: Block,
}

/// A subnet and its neurons, all read at one block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metagraph {
    /// The subnet.
    pub netuid: NetUid,
    /// The block at which all of it was read.
    pub block: BlockRef,
    /// The subnet's name; may be empty.
    pub name: String,
    /// Its token's symbol.
    pub symbol: String,
    /// The coldkey that owns it.
    pub owner_coldkey: AccountId,
    /// The owner's hotkey.
    pub owner_hotkey: AccountId,
    /// Blocks between epochs.
    pub tempo: u16,
    /// The last epoch's block.
    pub last_step: Block,
    /// Blocks since then.
    pub blocks_since_last_step: u64,
    /// When the subnet was created.
    pub registered_at: Block,
    /// Slots at most.
    pub max_neurons: u16,
    /// What a registration costs now.
    pub burn: Rao,
    /// TAO in the pool.
    pub tao_in: Rao,
    /// Alpha in the pool.
    pub alpha_in: Alpha,
    /// Alpha outside the pool.
    pub alpha_out: Alpha,
    /// The neurons; the index is the uid.
    pub neurons: Vec<Neuron>,
}

impl Metagraph {
    /// The neuron in a slot.
    pub fn neuron(&self, uid: Uid) -> Option<&Neuron> {
        self.neurons.get(usize::from(uid.0))
    }

    /// The neuron of a hotkey.
    pub fn by_hotkey(&self, hotkey: &AccountId) -> Option<&Neuron> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }

    /// The slot of a hotkey.
    pub fn uid_of(&self, hotkey: &AccountId) -> Option<Uid> {
        self.by_hotkey(hotkey).map(|neuron| neuron.uid)
    }

    /// How many neurons there are.
    pub fn size(&self) -> usize {
        self.neurons.len()
    }

    /// The neurons that may set weights.
    pub fn validators(&self) -> impl Iterator<Item = &Neuron> {
        self.neurons.iter().filter(|neuron| neuron.validator_permit)
    }

    /// The subnet owner's own neuron.
    pub fn owner_neuron(&self) -> Option<&Neuron> {
        self.by_hotkey(&self.owner_hotkey)
    }
}

/// A validator's stored weight row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredWeights {
    /// Whose row it is.
    pub uid: Uid,
    /// The entries in stored order.
    pub entries: Vec<(Uid, u16)>,
}

/// A validator's stored bonds: its share in what others earn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBonds {
    /// Whose they are.
    pub uid: Uid,
    /// On whom, in 1/65535, in stored order.
    pub entries: Vec<(Uid, u16)>,
}
