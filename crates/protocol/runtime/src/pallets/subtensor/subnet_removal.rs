//! Dissolving a subnet: the pool's TAO goes back to those who hold its alpha, and its storage is cleared.
//!
//! Simplified: the original also refunds part of the lock to the owner. Here the stakers share the whole pool.
//!
//! The number goes to the next subnet, which must find nothing of this one: a rule, a rate limit or a commitment left
//! behind would be its own. `RegisteredSubnetCounter` stays, because it counts this.

use super::*;
use crate::pallets::{alpha_assets, devnet};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::Mutate, tokens::Preservation},
};
use sp_runtime::AccountId32;

/// Removes a subnet's entry from single maps.
macro_rules! remove_from {
    ($key:expr; $($map:ident),* $(,)?) => { $( $map::<T>::remove($key); )* };
}

/// Removes everything under a key from double and multi maps.
macro_rules! clear_under {
    ($key:expr; $($map:ident),* $(,)?) => { $( let _ = $map::<T>::clear_prefix($key, u32::MAX, None); )* };
}

/// What other pallets keep of a subnet.
pub trait ForgetSubnet {
    /// Forgets it.
    fn forget_subnet(netuid: NetUid);
}

impl<T: Config> Pallet<T> {
    /// Dissolves a subnet.
    pub(crate) fn do_dissolve_network(netuid: NetUid) -> DispatchResult {
        ensure!(
            Self::subnet_exists(netuid) && netuid != ROOT,
            Error::<T>::SubnetNotExists
        );
        Self::pay_out_pool(netuid);
        for (hotkey, _) in Uids::<T>::iter_prefix(netuid).collect::<Vec<_>>() {
            IsNetworkMember::<T>::remove(&hotkey, netuid);
        }
        for mechanism in Self::mechanisms(netuid) {
            Self::forget_mechanism(storage_index(netuid, mechanism));
        }
        clear_under!(
            netuid;
            Keys, Uids, BlockAtRegistration, Axons, NeuronCertificates, Prometheus, AssociatedEvmAddress,
            AlphaDividendsPerSubnet, RootAlphaDividendsPerSubnet, PendingChildKeys, LastHotkeySwapOnNetuid, VotingPower,
        );
        Self::clear_neuron_vectors(netuid);
        Self::clear_parameters(netuid);
        Self::clear_accounts(netuid);
        Self::clear_families(netuid);
        Self::clear_rate_limits(netuid);
        alpha_assets::Pallet::<T>::forget(netuid);
        T::OtherPallets::forget_subnet(netuid);
        if SubnetIdentitiesV3::<T>::take(netuid).is_some() {
            Self::deposit_event(Event::SubnetIdentityRemoved(netuid));
        }
        TotalNetworks::<T>::mutate(|count| *count = count.saturating_sub(1));
        Self::deposit_event(Event::NetworkRemoved(netuid));
        Ok(())
    }

    /// Forgets what exists once per mechanism.
    pub(super) fn forget_mechanism(index: StorageIndex) {
        clear_under!(index; Weights, Bonds, WeightCommits, TimelockedWeightCommits);
        remove_from!(index; Incentive, LastUpdate);
        devnet::FailedReveals::<T>::remove(index);
    }

    /// Shares the pool among the stakers and removes their stakes. A payment that fails, because it is below the
    /// existential deposit of a dead account, stays with the subnet's account.
    fn pay_out_pool(netuid: NetUid) {
        let stakes: Vec<(AccountId32, AccountId32, u64)> = AlphaV2::<T>::iter_keys()
            .filter(|(_, _, subnet)| *subnet == netuid)
            .map(|(hotkey, coldkey, _)| {
                let stake = Self::stake_of(&hotkey, &coldkey, netuid);
                (hotkey, coldkey, stake)
            })
            .collect();
        let total: u128 = stakes.iter().map(|(_, _, stake)| u128::from(*stake)).sum();
        let pool = SubnetTAO::<T>::get(netuid);
        let account = Self::subnet_account(netuid);
        for (hotkey, coldkey, stake) in stakes {
            let share = (u128::from(pool) * u128::from(stake))
                .checked_div(total)
                .unwrap_or_default();
            let share = u64::try_from(share).unwrap_or_default();
            if share > 0 {
                let _ = pallet_balances::Pallet::<T>::transfer(
                    &account,
                    &coldkey,
                    share,
                    Preservation::Expendable,
                );
            }
            AlphaV2::<T>::remove((&hotkey, &coldkey, netuid));
        }
        TotalStake::<T>::mutate(|staked| *staked = staked.saturating_sub(pool));
    }

    fn clear_neuron_vectors(netuid: NetUid) {
        remove_from!(
            netuid;
            SubnetworkN, Active, Consensus, Dividends, ValidatorTrust, ValidatorPermit, StakeWeight, Emission,
        );
    }

    fn clear_parameters(netuid: NetUid) {
        remove_from!(
            netuid;
            NetworksAdded, NetworkRegisteredAt, SubnetMechanism, SubnetLocked, TokenSymbol,
            FirstEmissionBlockNumber, SubtokenEnabled, Tempo, Kappa, Rho, BondsMovingAverage, BondsPenalty,
            BondsResetOn, LiquidAlphaOn, AlphaValues, AlphaSigmoidSteepness, Yuma3On, ActivityCutoff,
            ActivityCutoffFactorMilli, MaxAllowedValidators, MaxAllowedUids, MinAllowedUids, ImmunityPeriod,
            MinNonImmuneUids, ImmuneOwnerUidsLimit, ServingRateLimit, TransferToggle,
            CommitRevealWeightsEnabled, RevealPeriodEpochs, WeightsVersionKey, WeightsSetRateLimit,
            MinAllowedWeights, MechanismCountCurrent, MechanismEmissionSplit, Burn, MinBurn, MaxBurn,
            BurnHalfLife, BurnIncreaseMult, RAORecycledForRegistration, RegistrationsThisBlock,
            NetworkRegistrationAllowed, LastEpochBlock, PendingEpochAt, SubnetEpochIndex, BlocksSinceLastStep,
            LastMechansimStepBlock, SubnetEmissionEnabled, SubnetAlphaInEmission, SubnetAlphaOutEmission,
            SubnetTaoInEmission, PendingServerEmission, PendingValidatorEmission, PendingRootAlphaDivs,
            PendingOwnerCut, OwnerCutEnabled, RecycleOrBurn, MinerBurned, SubnetMovingPrice, RootProp,
            SubnetTAO, SubnetAlphaIn, SubnetAlphaOut, SubnetVolume, MinChildkeyTakePerSubnet, VotingPowerTrackingEnabled,
            VotingPowerDisableAtBlock, VotingPowerEmaAlpha, RootClaimableThreshold, SubnetEpochConsensus,
            NetworkPowRegistrationAllowed, Difficulty, MinDifficulty, MaxDifficulty, MaxRegistrationsPerBlock,
            TargetRegistrationsPerInterval, RegistrationsThisInterval, AdjustmentInterval, AdjustmentAlpha,
            LastAdjustmentBlock, EMAPriceHalvingBlocks, OwnerCutAutoLockEnabled, CollateralLockShare,
            CollateralDrainRatio,
        );
    }

    /// What hotkeys and coldkeys have set on the subnet.
    fn clear_families(netuid: NetUid) {
        macro_rules! forget {
            ($($map:ident),* $(,)?) => { $(
                for (account, subnet) in $map::<T>::iter_keys().collect::<Vec<_>>() {
                    if subnet == netuid {
                        $map::<T>::remove(account, netuid);
                    }
                }
            )* };
        }
        forget!(
            ChildKeys,
            ParentKeys,
            ChildkeyTake,
            AutoStakeDestination,
            AutoStakeDestinationColdkeys,
            TotalHotkeyAlpha,
            TotalHotkeySharesV2,
            TotalHotkeyAlphaLastEpoch,
        );
    }

    /// The next owner has changed nothing yet, whoever that is.
    fn clear_rate_limits(netuid: NetUid) {
        for key in LastRateLimitedBlock::<T>::iter_keys().collect::<Vec<_>>() {
            if key.subnet() == Some(netuid) {
                LastRateLimitedBlock::<T>::remove(key);
            }
        }
        for key in TransactionKeyLastBlock::<T>::iter_keys().collect::<Vec<_>>() {
            if key.1 == netuid {
                TransactionKeyLastBlock::<T>::remove(key);
            }
        }
    }

    fn clear_accounts(netuid: NetUid) {
        remove_from!(netuid; SubnetOwner, SubnetOwnerHotkey);
    }
}
