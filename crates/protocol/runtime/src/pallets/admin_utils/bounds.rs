//! The bounds of the values, each with what it protects.

use super::{Config, Error, Pallet, pallet_subtensor};
use crate::fixed_point::U64F64;
use frame_support::{dispatch::DispatchResult, ensure};
use pallet_subtensor::{
    Authority, EpochConsensus, LiquidAlphaOn, MECHANISM_LIMIT, MaxAllowedUids, MaxBurn, MaxChildkeyTake,
    MaxMechanismCount, MechanismCountCurrent, MinActivityCutoff, MinAllowedUids, MinBurn, MinChildkeyTake,
    SubnetworkN,
};

/// The uids of all mechanisms together; the consensus is quadratic in them.
const MOST_UIDS: u16 = 256;
/// What of old bonds an owner may keep, in parts per million; more would freeze the bonds.
const MOST_MOVING_AVERAGE: u64 = 975_000;
/// The dearest the least price may be: 1 TAO, so that a subnet cannot lock newcomers out.
const HIGHEST_MIN_BURN: u64 = 1_000_000_000;
/// The cheapest the highest price may be: 0.1 TAO, so that a rush still costs something.
const LOWEST_MAX_BURN: u64 = 100_000_000;
/// The slowest speed of bonds, of 65535: a fortieth.
const LOWEST_ALPHA: u16 = 1_638;
/// The largest share of a registration that can become collateral: 95 %, so that some of it is always burned.
const MOST_COLLATERAL: u16 = 62_258;
/// The fastest collateral may drain: ten for one earned, in 64 fraction bits.
const MOST_DRAIN: u128 = 10 << 64;

impl<T: Config> Pallet<T> {
    pub(super) fn max_validators(netuid: u16, most: u16) -> DispatchResult {
        let uids = MaxAllowedUids::<T>::get(netuid);
        ensure!(most <= uids, Error::<T>::MaxValidatorsLargerThanMaxUIds);
        Ok(())
    }

    pub(super) fn max_uids(netuid: u16, most: u16) -> DispatchResult {
        ensure!(
            most >= MinAllowedUids::<T>::get(netuid),
            Error::<T>::MaxAllowedUidsLessThanMinAllowedUids
        );
        ensure!(
            most >= SubnetworkN::<T>::get(netuid),
            Error::<T>::MaxAllowedUIdsLessThanCurrentUIds
        );
        ensure!(
            most <= MOST_UIDS,
            Error::<T>::MaxAllowedUidsGreaterThanDefaultMaxAllowedUids
        );
        Self::uids_of_all_mechanisms(most, MechanismCountCurrent::<T>::get(netuid))
    }

    pub(super) fn min_uids(netuid: u16, fewest: u16) -> DispatchResult {
        ensure!(
            fewest < MaxAllowedUids::<T>::get(netuid),
            Error::<T>::MinAllowedUidsGreaterThanMaxAllowedUids
        );
        ensure!(
            fewest < SubnetworkN::<T>::get(netuid),
            Error::<T>::MinAllowedUidsGreaterThanCurrentUids
        );
        Ok(())
    }

    pub(super) fn activity_cutoff(_netuid: u16, blocks: u16) -> DispatchResult {
        ensure!(
            blocks >= MinActivityCutoff::<T>::get(),
            pallet_subtensor::Error::<T>::ActivityCutoffTooLow
        );
        Ok(())
    }

    pub(super) fn min_burn(netuid: u16, rao: u64) -> DispatchResult {
        ensure!(rao <= HIGHEST_MIN_BURN, Error::<T>::ValueNotInBounds);
        ensure!(rao < MaxBurn::<T>::get(netuid), Error::<T>::ValueNotInBounds);
        Ok(())
    }

    pub(super) fn max_burn(netuid: u16, rao: u64) -> DispatchResult {
        ensure!(rao >= LOWEST_MAX_BURN, Error::<T>::ValueNotInBounds);
        ensure!(rao > MinBurn::<T>::get(netuid), Error::<T>::ValueNotInBounds);
        Ok(())
    }

    /// A mode that changed nothing would be a lie to whoever sets it.
    pub(super) fn epoch_consensus(_netuid: u16, mode: EpochConsensus) -> DispatchResult {
        ensure!(mode == EpochConsensus::Yuma, Error::<T>::InvalidValue);
        Ok(())
    }

    pub(super) fn collateral_lock_share(_netuid: u16, share: u16) -> DispatchResult {
        ensure!(share <= MOST_COLLATERAL, Error::<T>::CollateralLockShareTooHigh);
        Ok(())
    }

    pub(super) fn collateral_drain_ratio(_netuid: u16, ratio: U64F64) -> DispatchResult {
        ensure!(
            ratio.bits > 0 && ratio.bits <= MOST_DRAIN,
            Error::<T>::CollateralDrainRatioOutOfBounds
        );
        Ok(())
    }

    pub(super) fn reveal_period(_netuid: u16, epochs: u64) -> DispatchResult {
        ensure!(epochs <= 100, pallet_subtensor::Error::<T>::RevealPeriodTooLarge);
        ensure!(epochs >= 1, pallet_subtensor::Error::<T>::RevealPeriodTooSmall);
        Ok(())
    }

    pub(super) fn owner_immune(_netuid: u16, neurons: u16) -> DispatchResult {
        ensure!(
            (1..=10).contains(&neurons),
            pallet_subtensor::Error::<T>::InvalidValue
        );
        Ok(())
    }

    pub(super) fn childkey_take(_netuid: u16, take: u16) -> DispatchResult {
        let bounds = MinChildkeyTake::<T>::get()..=MaxChildkeyTake::<T>::get();
        ensure!(
            bounds.contains(&take),
            pallet_subtensor::Error::<T>::InvalidChildkeyTake
        );
        Ok(())
    }

    pub(super) fn bonds_moving_average(by: &Authority, kept: u64) -> DispatchResult {
        let owner = matches!(by, Authority::Owner(_));
        ensure!(
            !owner || kept <= MOST_MOVING_AVERAGE,
            Error::<T>::BondsMovingAverageMaxReached
        );
        Ok(())
    }

    pub(super) fn sigmoid_steepness(by: &Authority, steepness: i16) -> DispatchResult {
        let owner = matches!(by, Authority::Owner(_));
        ensure!(!owner || steepness >= 0, Error::<T>::NegativeSigmoidSteepness);
        Ok(())
    }

    pub(super) fn alpha_values(netuid: u16, low: u16, high: u16) -> DispatchResult {
        ensure!(
            LiquidAlphaOn::<T>::get(netuid),
            pallet_subtensor::Error::<T>::LiquidAlphaDisabled
        );
        ensure!(
            high >= LOWEST_ALPHA,
            pallet_subtensor::Error::<T>::AlphaHighTooLow
        );
        ensure!(
            (LOWEST_ALPHA..=high).contains(&low),
            pallet_subtensor::Error::<T>::AlphaLowOutOfRange
        );
        Ok(())
    }

    pub(super) fn max_mechanisms(most: u8) -> DispatchResult {
        ensure!(
            (1..=MECHANISM_LIMIT).contains(&most),
            pallet_subtensor::Error::<T>::InvalidValue
        );
        Ok(())
    }

    pub(super) fn mechanism_count(netuid: u16, count: u8) -> DispatchResult {
        let bounds = 1..=MaxMechanismCount::<T>::get().min(MECHANISM_LIMIT);
        ensure!(
            bounds.contains(&count),
            pallet_subtensor::Error::<T>::InvalidValue
        );
        Self::uids_of_all_mechanisms(MaxAllowedUids::<T>::get(netuid), count)
    }

    fn uids_of_all_mechanisms(uids: u16, mechanisms: u8) -> DispatchResult {
        ensure!(
            uids.saturating_mul(u16::from(mechanisms)) <= MOST_UIDS,
            pallet_subtensor::Error::<T>::TooManyUIDsPerMechanism
        );
        Ok(())
    }

    /// A split has a part for every mechanism, and the parts make 65535.
    pub(super) fn emission_split(netuid: u16, split: Option<&[u16]>) -> DispatchResult {
        let Some(split) = split else { return Ok(()) };
        let mechanisms = usize::from(MechanismCountCurrent::<T>::get(netuid));
        let whole: u32 = split.iter().map(|part| u32::from(*part)).sum();
        ensure!(
            split.len() == mechanisms && whole == u32::from(u16::MAX),
            pallet_subtensor::Error::<T>::InvalidValue
        );
        Ok(())
    }

    pub(super) fn burn_half_life(_netuid: u16, blocks: u16) -> DispatchResult {
        ensure!((1..=36_100).contains(&blocks), Error::<T>::InvalidValue);
        Ok(())
    }

    pub(super) fn burn_increase_mult(_netuid: u16, multiplier: U64F64) -> DispatchResult {
        let bounds = (1u128 << 64)..=(3u128 << 64);
        ensure!(bounds.contains(&multiplier.bits), Error::<T>::InvalidValue);
        Ok(())
    }
}
