//! The neurons of a subnet in vectors, and the emissions of all subnets.

use super::{Neurons, compact};
use crate::{
    AccountId, Runtime, SubtensorModule,
    pallets::subtensor::{Emission, NetUid, ROOT, Uids},
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

/// The neurons of a subnet, one element a uid.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubnetState {
    /// The subnet.
    pub netuid: Compact<u16>,
    /// Hotkeys.
    pub hotkeys: Vec<AccountId>,
    /// Coldkeys.
    pub coldkeys: Vec<AccountId>,
    /// Weights were updated within the activity cut-off.
    pub active: Vec<bool>,
    /// Permits to set weights.
    pub validator_permit: Vec<bool>,
    /// Retired: empty.
    pub pruning_score: Vec<Compact<u16>>,
    /// Blocks of the last weights.
    pub last_update: Vec<Compact<u64>>,
    /// Alpha earned in the last epoch, in rao.
    pub emission: Vec<Compact<u64>>,
    /// Shares of the validators' pot, of 65535.
    pub dividends: Vec<Compact<u16>>,
    /// Shares of the miners' pot, of 65535.
    pub incentives: Vec<Compact<u16>>,
    /// Consensus on the weights, of 65535.
    pub consensus: Vec<Compact<u16>>,
    /// Retired: empty.
    pub trust: Vec<Compact<u16>>,
    /// Retired: empty.
    pub rank: Vec<Compact<u16>>,
    /// Blocks of registration.
    pub block_at_registration: Vec<Compact<u64>>,
    /// Alpha stakes after inheritance, in rao.
    pub alpha_stake: Vec<Compact<u64>>,
    /// Root stakes after inheritance, in rao.
    pub tao_stake: Vec<Compact<u64>>,
    /// What counts: alpha plus weighted root stake, in rao.
    pub total_stake: Vec<Compact<u64>>,
    /// What each hotkey earned, subnet by subnet.
    pub emission_history: Vec<Vec<Compact<u64>>>,
}

impl SubnetState {
    /// Reads a subnet; `None` when it does not exist.
    pub(crate) fn read(netuid: NetUid) -> Option<Self> {
        let neurons = Neurons::read(netuid, netuid)?;
        let emission_history = SubtensorModule::netuids()
            .into_iter()
            .filter(|subnet| *subnet != ROOT)
            .map(|subnet| Self::earned_on(subnet, &neurons.hotkeys))
            .collect();
        Some(Self {
            netuid: Compact(netuid),
            hotkeys: neurons.hotkeys,
            coldkeys: neurons.coldkeys,
            active: neurons.active,
            validator_permit: neurons.validator_permit,
            pruning_score: Vec::new(),
            last_update: compact(neurons.last_update),
            emission: compact(neurons.emission),
            dividends: compact(neurons.dividends),
            incentives: compact(neurons.incentives),
            consensus: compact(neurons.consensus),
            trust: Vec::new(),
            rank: Vec::new(),
            block_at_registration: compact(neurons.block_at_registration),
            alpha_stake: compact(neurons.alpha_stake),
            tao_stake: compact(neurons.tao_stake),
            total_stake: compact(neurons.total_stake),
            emission_history,
        })
    }

    /// What these hotkeys earned in the last epoch of a subnet.
    fn earned_on(netuid: NetUid, hotkeys: &[AccountId]) -> Vec<Compact<u64>> {
        let emission = Emission::<Runtime>::get(netuid);
        let earned = |hotkey: &AccountId| {
            let uid = Uids::<Runtime>::get(netuid, hotkey);
            uid.and_then(|uid| emission.get(usize::from(uid)).copied())
                .unwrap_or_default()
        };
        hotkeys.iter().map(earned).map(Compact).collect()
    }
}
