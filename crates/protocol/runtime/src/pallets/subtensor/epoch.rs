//! One epoch of one subnet: reads the table of neurons, runs Yuma Consensus, stores what comes out and pays.
//!
//! The consensus itself is the crate `assay_yuma`, a pure function; here is only what stands around it.

use super::{
    Active, ActivityCutoffFactorMilli, AlphaSigmoidSteepness, AlphaValues, BlockAtRegistration, Bonds,
    BondsMovingAverage, BondsPenalty, CommitRevealWeightsEnabled, Config, Consensus, Dividends, Emission,
    Event, Incentive, Kappa, Keys, LastMechansimStepBlock, LastUpdate, LiquidAlphaOn, MaxAllowedValidators,
    MechId, MechanismEmissionSplit, NetUid, Pallet, PendingOwnerCut, PendingRootAlphaDivs,
    PendingServerEmission, PendingValidatorEmission, RevealPeriodEpochs, StakeThreshold, StakeWeight,
    StorageIndex, SubnetEpochIndex, SubnetworkN, TaoWeight, Tempo, TimelockedWeightCommits, Uid,
    ValidatorPermit, ValidatorTrust, WeightCommits, Weights, Yuma3On, storage_index,
};
use assay_yuma::{
    BondsRule, CommitReveal, EpochInput, EpochOutput, Hyperparameters, LiquidAlpha, Neuron,
    activity_cutoff_blocks, coinbase::PendingEmission,
};
use sp_runtime::AccountId32;
use std::collections::BTreeMap;

/// What a uid earned, over all mechanisms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Earnings {
    /// The hotkey of the uid.
    pub(crate) hotkey: AccountId32,
    /// For mining, in rao.
    pub(crate) server: u64,
    /// For validating: a share of the pot.
    pub(crate) validator: u64,
}

impl<T: Config> Pallet<T> {
    /// Runs the epoch of every mechanism, stores its results and pays what is pending.
    pub(crate) fn run_epoch(netuid: NetUid) {
        let pending = PendingEmission {
            server: PendingServerEmission::<T>::take(netuid),
            validator: PendingValidatorEmission::<T>::take(netuid),
            root: PendingRootAlphaDivs::<T>::take(netuid),
        };
        let owner_cut = PendingOwnerCut::<T>::take(netuid);
        let hotkeys: Vec<AccountId32> = (0..SubnetworkN::<T>::get(netuid))
            .map(|uid| Keys::<T>::get(netuid, uid))
            .collect();
        let neurons = Self::neurons_for_epoch(netuid, &hotkeys);
        let mut earnings: Vec<Earnings> = hotkeys
            .iter()
            .map(|hotkey| Earnings {
                hotkey: hotkey.clone(),
                server: 0,
                validator: 0,
            })
            .collect();
        let mut outputs = Vec::new();
        for (mechanism, emission) in Self::split_over_mechanisms(netuid, pending.total()) {
            let index = storage_index(netuid, mechanism);
            let input = Self::epoch_input(netuid, index, emission, neurons.clone());
            let output = assay_yuma::epoch(&input);
            for (earned, (server, validator)) in earnings
                .iter_mut()
                .zip(output.server_emission.iter().zip(&output.validator_emission))
            {
                earned.server = earned.server.saturating_add(*server);
                earned.validator = earned.validator.saturating_add(*validator);
            }
            Self::store_mechanism(index, &output);
            outputs.push((MechanismWeight::new(mechanism, emission, pending.total()), output));
        }
        Self::store_subnet(netuid, &outputs);
        Self::move_voting_power(netuid, &hotkeys);
        Self::pay(netuid, pending, owner_cut, &earnings);
    }

    /// The emission of each mechanism: by the stored split, or evenly. The first takes what rounding leaves.
    fn split_over_mechanisms(netuid: NetUid, total: u64) -> Vec<(MechId, u64)> {
        let mechanisms: Vec<MechId> = Self::mechanisms(netuid).collect();
        let even = vec![1; mechanisms.len()];
        let split = MechanismEmissionSplit::<T>::get(netuid)
            .filter(|split| split.len() == mechanisms.len() && split.iter().any(|part| *part > 0))
            .unwrap_or(even);
        let whole: u128 = split.iter().map(|part| u128::from(*part)).sum();
        let share = |part: u16| {
            let share = u128::from(total) * u128::from(part) / whole.max(1);
            u64::try_from(share).unwrap_or(total)
        };
        let mut shares: Vec<(MechId, u64)> = mechanisms
            .into_iter()
            .zip(split)
            .map(|(mechanism, part)| (mechanism, share(part)))
            .collect();
        let given: u64 = shares.iter().map(|(_, share)| share).sum();
        if let Some((_, first)) = shares.first_mut() {
            *first = first.saturating_add(total.saturating_sub(given));
        }
        shares
    }

    /// What every mechanism shares of the neurons: stakes, registrations, permits.
    fn neurons_for_epoch(netuid: NetUid, hotkeys: &[AccountId32]) -> Vec<Neuron> {
        let permits = ValidatorPermit::<T>::get(netuid);
        let uids: Vec<Uid> = (0..SubnetworkN::<T>::get(netuid)).collect();
        hotkeys
            .iter()
            .zip(uids)
            .map(|(hotkey, uid)| {
                let stake = Self::inherited_stake(netuid, hotkey);
                Neuron {
                    alpha_stake: stake.alpha,
                    root_stake: stake.root,
                    block_at_registration: BlockAtRegistration::<T>::get(netuid, uid),
                    validator_permit: permits.get(usize::from(uid)).copied().unwrap_or_default(),
                    ..Neuron::default()
                }
            })
            .collect()
    }

    /// Everything the consensus of one mechanism reads.
    fn epoch_input(
        netuid: NetUid,
        index: StorageIndex,
        emission: u64,
        mut neurons: Vec<Neuron>,
    ) -> EpochInput {
        let last_update = LastUpdate::<T>::get(index);
        let commits = match CommitRevealWeightsEnabled::<T>::get(netuid) {
            true => Self::earliest_commits(netuid, index),
            false => BTreeMap::new(),
        };
        for ((uid, neuron), updated) in (0u16..).zip(&mut neurons).zip(last_update) {
            neuron.last_update = updated;
            neuron.weights = Weights::<T>::get(index, uid);
            neuron.bonds = Bonds::<T>::get(index, uid);
            neuron.earliest_commit = commits.get(&Keys::<T>::get(netuid, uid)).copied();
        }
        EpochInput {
            block: Self::now(),
            last_mechanism_step_block: LastMechansimStepBlock::<T>::get(netuid),
            rao_emission: emission,
            hyperparameters: Self::epoch_hyperparameters(netuid),
            owner_uid: Self::owner_uid(netuid),
            neurons,
        }
    }

    fn epoch_hyperparameters(netuid: NetUid) -> Hyperparameters {
        let (low, high) = AlphaValues::<T>::get(netuid);
        let liquid = LiquidAlpha {
            low,
            high,
            sigmoid_steepness: AlphaSigmoidSteepness::<T>::get(netuid),
        };
        let tempo = Tempo::<T>::get(netuid);
        Hyperparameters {
            kappa: Kappa::<T>::get(netuid),
            bonds_penalty: BondsPenalty::<T>::get(netuid),
            bonds_moving_average: BondsMovingAverage::<T>::get(netuid),
            bonds_rule: BondsRule::from_switches(
                Yuma3On::<T>::get(netuid),
                LiquidAlphaOn::<T>::get(netuid),
                liquid,
            ),
            max_allowed_validators: MaxAllowedValidators::<T>::get(netuid),
            tempo,
            activity_cutoff_blocks: activity_cutoff_blocks(
                ActivityCutoffFactorMilli::<T>::get(netuid),
                tempo,
            ),
            stake_threshold: StakeThreshold::<T>::get(),
            tao_weight: TaoWeight::<T>::get(),
            commit_reveal: match CommitRevealWeightsEnabled::<T>::get(netuid) {
                true => CommitReveal::Enabled,
                false => CommitReveal::Disabled,
            },
        }
    }

    /// The block of every hotkey's earliest commit that can still be revealed.
    fn earliest_commits(netuid: NetUid, index: StorageIndex) -> BTreeMap<AccountId32, u64> {
        let epoch = SubnetEpochIndex::<T>::get(netuid);
        let period = RevealPeriodEpochs::<T>::get(netuid);
        let open = |committed: u64| epoch <= committed.saturating_add(period);
        let hashed = WeightCommits::<T>::iter_prefix(index).flat_map(|(hotkey, commits)| {
            commits
                .into_iter()
                .map(move |(_, committed, block, _)| (hotkey.clone(), committed, block))
        });
        let timelocked = TimelockedWeightCommits::<T>::iter_prefix(index).flat_map(|(committed, commits)| {
            commits
                .into_iter()
                .map(move |(hotkey, block, _, _)| (hotkey, committed, block))
        });
        let mut earliest = BTreeMap::new();
        for (hotkey, _, block) in hashed
            .chain(timelocked)
            .filter(|(_, committed, _)| open(*committed))
        {
            let known = earliest.entry(hotkey).or_insert(block);
            *known = block.min(*known);
        }
        earliest
    }

    /// Stores what exists once per mechanism, and tells the miners.
    fn store_mechanism(index: StorageIndex, output: &EpochOutput) {
        Incentive::<T>::insert(index, &output.incentive);
        for (uid, row) in (0u16..).zip(&output.bonds) {
            Bonds::<T>::insert(index, uid, row);
        }
        Self::deposit_event(Event::IncentiveAlphaEmittedToMiners {
            netuid: index,
            emissions: output.server_emission.clone(),
        });
    }

    /// Stores what exists once per subnet: the sum over mechanisms, each counting by its share of the emission; flags are
    /// set when any sets them.
    ///
    /// So `Emission` is less than what is paid when there are several mechanisms, as on the chain: what each pays counts
    /// by its share once more.
    fn store_subnet(netuid: NetUid, outputs: &[(MechanismWeight, EpochOutput)]) {
        Active::<T>::insert(netuid, any(outputs, |output| &output.active));
        ValidatorPermit::<T>::insert(netuid, any(outputs, |output| &output.validator_permit));
        Emission::<T>::insert(netuid, weighted(outputs, |output| &output.emission));
        let shares = |field: fn(&EpochOutput) -> &Vec<u16>| -> Vec<u16> {
            weighted(outputs, field)
                .into_iter()
                .map(|sum| u16::try_from(sum).unwrap_or(u16::MAX))
                .collect()
        };
        Consensus::<T>::insert(netuid, shares(|output| &output.consensus));
        Dividends::<T>::insert(netuid, shares(|output| &output.dividends));
        ValidatorTrust::<T>::insert(netuid, shares(|output| &output.validator_trust));
        StakeWeight::<T>::insert(netuid, shares(|output| &output.stake_weight));
    }
}

/// What a mechanism counts for in the sums of its subnet: its share of the emission, with 64 fraction bits.
#[derive(Debug, Clone, Copy)]
struct MechanismWeight(u128);

impl MechanismWeight {
    /// Without emission there are no shares, and the first mechanism counts alone.
    fn new(mechanism: MechId, emission: u64, total: u64) -> Self {
        let share = (u128::from(emission) << 64).checked_div(u128::from(total));
        Self(share.unwrap_or(if mechanism == 0 { 1 << 64 } else { 0 }))
    }

    fn of(self, value: u64) -> u64 {
        // A share is at most one, so what it leaves of a value fits the value's type.
        u64::try_from((u128::from(value) * self.0) >> 64).unwrap_or(value)
    }
}

/// Whether any mechanism says so, uid by uid.
fn any(outputs: &[(MechanismWeight, EpochOutput)], field: fn(&EpochOutput) -> &Vec<bool>) -> Vec<bool> {
    let mut flags = Vec::new();
    for (_, output) in outputs {
        flags.resize(flags.len().max(field(output).len()), false);
        for (flag, set) in flags.iter_mut().zip(field(output)) {
            *flag |= *set;
        }
    }
    flags
}

/// Sums one field, each mechanism counting by its weight. The parts are rounded down one by one, as on the chain.
fn weighted<V: Copy + Into<u64>>(
    outputs: &[(MechanismWeight, EpochOutput)],
    field: fn(&EpochOutput) -> &Vec<V>,
) -> Vec<u64> {
    let mut sums: Vec<u64> = Vec::new();
    for (weight, output) in outputs {
        sums.resize(sums.len().max(field(output).len()), 0);
        for (sum, value) in sums.iter_mut().zip(field(output)) {
            *sum = sum.saturating_add(weight.of((*value).into()));
        }
    }
    sums
}
