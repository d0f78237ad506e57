//! Metagraphs made up for tests that need no chain.

use assay_chain::{AccountId, Alpha, Block, BlockHash, BlockRef, Metagraph, NetUid, Neuron, Rao, Uid};

pub(crate) fn hotkey(number: u8) -> AccountId {
    AccountId([number; 32])
}

/// A subnet whose slots are held by these hotkeys, in order.
pub(crate) fn metagraph(block: u64, hotkeys: &[AccountId]) -> Metagraph {
    let neuron = |(place, hotkey): (usize, &AccountId)| Neuron {
        uid: Uid(place as u16),
        hotkey: *hotkey,
        coldkey: AccountId([200; 32]),
        axon: None,
        alpha_stake: Alpha::ZERO,
        tao_stake: Rao::ZERO,
        total_stake: Alpha::ZERO,
        incentive: 0,
        consensus: 0,
        dividends: 0,
        validator_trust: None,
        emission: Alpha::ZERO,
        validator_permit: false,
        active: true,
        last_update: Block(0),
        registered_at: Block(0),
    };
    Metagraph {
        netuid: NetUid(1),
        block: BlockRef {
            number: Block(block),
            hash: BlockHash([0; 32]),
        },
        name: String::new(),
        symbol: String::new(),
        owner_coldkey: AccountId([201; 32]),
        owner_hotkey: AccountId([202; 32]),
        tempo: 360,
        last_step: Block(0),
        blocks_since_last_step: 0,
        registered_at: Block(0),
        max_neurons: 256,
        burn: Rao::ZERO,
        tao_in: Rao::ZERO,
        alpha_in: Alpha::ZERO,
        alpha_out: Alpha::ZERO,
        neurons: hotkeys.iter().enumerate().map(neuron).collect(),
    }
}
