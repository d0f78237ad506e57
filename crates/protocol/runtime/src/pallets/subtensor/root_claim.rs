//! What a staker wants done with dividends on root stake. This chain pays none, so that a claim finds nothing to pay;
//! what accounts wish is kept, because clients show it.

use super::{Config, Error, Event, NetUid, NumRootClaim, Pallet, RootClaimType, RootClaimableThreshold};
use crate::fixed_point::I96F32;
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{dispatch::DispatchResult, ensure};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;
use std::collections::BTreeSet;

/// Subnets one claim may name.
const MOST_SUBNETS: usize = 5;
/// The most claims a block may run.
const MOST_CLAIMS: u64 = 50;
/// The highest threshold, in rao: one that is too high would keep small stakers from ever claiming.
const HIGHEST_THRESHOLD: u64 = 10_000_000;

/// The kinds of claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum RootClaimTypeEnum {
    /// Swap the alpha for TAO and stake it on root.
    #[default]
    Swap,
    /// Keep the alpha.
    Keep,
    /// Keep the alpha of some subnets only.
    KeepSubnets {
        /// Which.
        subnets: BTreeSet<u16>,
    },
}

impl<T: Config> Pallet<T> {
    /// Claims what there is: nothing.
    pub(crate) fn do_claim_root(coldkey: AccountId32, subnets: &BTreeSet<NetUid>) -> DispatchResult {
        ensure!(
            (1..=MOST_SUBNETS).contains(&subnets.len()),
            Error::<T>::InvalidSubnetNumber
        );
        Self::deposit_event(Event::RootClaimed { coldkey });
        Ok(())
    }

    pub(crate) fn do_set_root_claim_type(
        coldkey: AccountId32,
        root_claim_type: RootClaimTypeEnum,
    ) -> DispatchResult {
        if let RootClaimTypeEnum::KeepSubnets { subnets } = &root_claim_type {
            ensure!(!subnets.is_empty(), Error::<T>::InvalidSubnetNumber);
        }
        RootClaimType::<T>::insert(&coldkey, &root_claim_type);
        Self::deposit_event(Event::RootClaimTypeSet {
            coldkey,
            root_claim_type,
        });
        Ok(())
    }

    pub(crate) fn do_set_num_root_claims(claims: u64) -> DispatchResult {
        ensure!(claims <= MOST_CLAIMS, Error::<T>::InvalidNumRootClaim);
        NumRootClaim::<T>::put(claims);
        Ok(())
    }

    pub(crate) fn do_set_root_claim_threshold(netuid: NetUid, rao: u64) -> DispatchResult {
        ensure!(rao <= HIGHEST_THRESHOLD, Error::<T>::InvalidRootClaimThreshold);
        RootClaimableThreshold::<T>::insert(netuid, I96F32::from_bits(i128::from(rao) << 32));
        Ok(())
    }
}
