//! Neurons one by one, as older clients read them.

use super::uids;
use crate::{
    AccountId, Runtime, SubtensorModule,
    pallets::subtensor::{
        Active, AxonInfo, Axons, Bonds, Consensus, Dividends, Emission, Incentive, Keys, LastUpdate, NetUid,
        Owner, Prometheus, PrometheusInfo, TotalHotkeyAlpha, Uid, Uids, ValidatorPermit, ValidatorTrust,
        Weights,
    },
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

/// A neuron with its weights and bonds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NeuronInfo {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The coldkey that owns it.
    pub coldkey: AccountId,
    /// The number on the subnet.
    pub uid: Compact<u16>,
    /// The subnet.
    pub netuid: Compact<u16>,
    /// Weights were updated within the activity cut-off.
    pub active: bool,
    /// Where it serves requests; all zero when it does not.
    pub axon_info: AxonInfo,
    /// Where it serves metrics; all zero when it does not.
    pub prometheus_info: PrometheusInfo,
    /// One entry: the owner and all alpha staked to the hotkey.
    pub stake: Vec<(AccountId, Compact<u64>)>,
    /// Retired: 0.
    pub rank: Compact<u16>,
    /// Alpha earned in the last epoch, in rao.
    pub emission: Compact<u64>,
    /// Share of the miners' pot, of 65535.
    pub incentive: Compact<u16>,
    /// Consensus on its weight, of 65535.
    pub consensus: Compact<u16>,
    /// Retired: 0.
    pub trust: Compact<u16>,
    /// How much of its weights agreed with the consensus, of 65535.
    pub validator_trust: Compact<u16>,
    /// Share of the validators' pot, of 65535.
    pub dividends: Compact<u16>,
    /// Block of the last weights.
    pub last_update: Compact<u64>,
    /// It may set weights on others.
    pub validator_permit: bool,
    /// Its weights that are not zero.
    pub weights: Vec<(Compact<u16>, Compact<u16>)>,
    /// Its bonds that are not zero.
    pub bonds: Vec<(Compact<u16>, Compact<u16>)>,
    /// Retired: 65535.
    pub pruning_score: Compact<u16>,
}

/// A neuron without its weights and bonds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NeuronInfoLite {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The coldkey that owns it.
    pub coldkey: AccountId,
    /// The number on the subnet.
    pub uid: Compact<u16>,
    /// The subnet.
    pub netuid: Compact<u16>,
    /// Weights were updated within the activity cut-off.
    pub active: bool,
    /// Where it serves requests; all zero when it does not.
    pub axon_info: AxonInfo,
    /// Where it serves metrics; all zero when it does not.
    pub prometheus_info: PrometheusInfo,
    /// One entry: the owner and all alpha staked to the hotkey.
    pub stake: Vec<(AccountId, Compact<u64>)>,
    /// Retired: 0.
    pub rank: Compact<u16>,
    /// Alpha earned in the last epoch, in rao.
    pub emission: Compact<u64>,
    /// Share of the miners' pot, of 65535.
    pub incentive: Compact<u16>,
    /// Consensus on its weight, of 65535.
    pub consensus: Compact<u16>,
    /// Retired: 0.
    pub trust: Compact<u16>,
    /// How much of its weights agreed with the consensus, of 65535.
    pub validator_trust: Compact<u16>,
    /// Share of the validators' pot, of 65535.
    pub dividends: Compact<u16>,
    /// Block of the last weights.
    pub last_update: Compact<u64>,
    /// It may set weights on others.
    pub validator_permit: bool,
    /// Retired: 65535.
    pub pruning_score: Compact<u16>,
}

sp_api::decl_runtime_apis! {
    /// Neurons one by one.
    pub trait NeuronInfoRuntimeApi {
        /// All neurons of a subnet; none when it does not exist.
        fn get_neurons(netuid: u16) -> Vec<NeuronInfo>;
        /// One neuron.
        fn get_neuron(netuid: u16, uid: u16) -> Option<NeuronInfo>;
        /// All neurons of a subnet without weights and bonds.
        fn get_neurons_lite(netuid: u16) -> Vec<NeuronInfoLite>;
        /// One neuron without weights and bonds.
        fn get_neuron_lite(netuid: u16, uid: u16) -> Option<NeuronInfoLite>;
    }
}

/// The vectors of a subnet, read once for all its neurons.
pub(crate) struct NeuronTable {
    netuid: NetUid,
    active: Vec<bool>,
    permit: Vec<bool>,
    emission: Vec<u64>,
    incentive: Vec<u16>,
    consensus: Vec<u16>,
    trust: Vec<u16>,
    dividends: Vec<u16>,
    last_update: Vec<u64>,
}

fn at<V: Copy + Default>(values: &[V], uid: Uid) -> V {
    values.get(usize::from(uid)).copied().unwrap_or_default()
}

fn without_zeros(row: Vec<(u16, u16)>) -> Vec<(Compact<u16>, Compact<u16>)> {
    row.into_iter()
        .filter(|(_, value)| *value > 0)
        .map(|(uid, value)| (Compact(uid), Compact(value)))
        .collect()
}

impl NeuronTable {
    /// The table of a subnet; `None` when it does not exist.
    pub(crate) fn read(netuid: NetUid) -> Option<Self> {
        SubtensorModule::subnet_exists(netuid).then(|| Self {
            netuid,
            active: Active::<Runtime>::get(netuid),
            permit: ValidatorPermit::<Runtime>::get(netuid),
            emission: Emission::<Runtime>::get(netuid),
            incentive: Incentive::<Runtime>::get(netuid),
            consensus: Consensus::<Runtime>::get(netuid),
            trust: ValidatorTrust::<Runtime>::get(netuid),
            dividends: Dividends::<Runtime>::get(netuid),
            last_update: LastUpdate::<Runtime>::get(netuid),
        })
    }

    /// A neuron; `None` for a uid that nobody has.
    pub(crate) fn lite(&self, uid: Uid) -> Option<NeuronInfoLite> {
        let netuid = self.netuid;
        let hotkey = Keys::<Runtime>::try_get(netuid, uid).ok()?;
        let coldkey = Owner::<Runtime>::get(&hotkey);
        let stake = TotalHotkeyAlpha::<Runtime>::get(&hotkey, netuid);
        Some(NeuronInfoLite {
            uid: Compact(uid),
            netuid: Compact(netuid),
            active: at(&self.active, uid),
            axon_info: Axons::<Runtime>::get(netuid, &hotkey).unwrap_or_default(),
            prometheus_info: Prometheus::<Runtime>::get(netuid, &hotkey).unwrap_or_default(),
            stake: vec![(coldkey.clone(), Compact(stake))],
            rank: Compact(0),
            emission: Compact(at(&self.emission, uid)),
            incentive: Compact(at(&self.incentive, uid)),
            consensus: Compact(at(&self.consensus, uid)),
            trust: Compact(0),
            validator_trust: Compact(at(&self.trust, uid)),
            dividends: Compact(at(&self.dividends, uid)),
            last_update: Compact(at(&self.last_update, uid)),
            validator_permit: at(&self.permit, uid),
            pruning_score: Compact(u16::MAX),
            hotkey,
            coldkey,
        })
    }

    /// A neuron with weights and bonds; `None` for a uid that nobody has.
    pub(crate) fn full(&self, uid: Uid) -> Option<NeuronInfo> {
        let lite = self.lite(uid)?;
        Some(NeuronInfo {
            hotkey: lite.hotkey,
            coldkey: lite.coldkey,
            uid: lite.uid,
            netuid: lite.netuid,
            active: lite.active,
            axon_info: lite.axon_info,
            prometheus_info: lite.prometheus_info,
            stake: lite.stake,
            rank: lite.rank,
            emission: lite.emission,
            incentive: lite.incentive,
            consensus: lite.consensus,
            trust: lite.trust,
            validator_trust: lite.validator_trust,
            dividends: lite.dividends,
            last_update: lite.last_update,
            validator_permit: lite.validator_permit,
            weights: without_zeros(Weights::<Runtime>::get(self.netuid, uid)),
            bonds: without_zeros(Bonds::<Runtime>::get(self.netuid, uid)),
            pruning_score: lite.pruning_score,
        })
    }

    /// All neurons, by uid.
    pub(crate) fn all<N>(&self, one: impl Fn(&Self, Uid) -> Option<N>) -> Vec<N> {
        uids(self.netuid).map_while(|uid| one(self, uid)).collect()
    }
}

/// Whether the hotkey has a uid on the subnet.
pub(crate) fn is_registered(netuid: NetUid, hotkey: &AccountId) -> bool {
    Uids::<Runtime>::contains_key(netuid, hotkey)
}
