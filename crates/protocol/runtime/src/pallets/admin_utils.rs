//! The setters of hyperparameters: `sudo_set_…` for root, and for the subnet's owner where the chain lets the owner.
//!
//! Two gates stand before them. Hyperparameters are frozen shortly before an epoch, for root too; and an owner may
//! change each one only once in a number of tempos. What is set is a table; the setters that need
//! more than a check and a store are written out below it.
//!
//! Not here: the setters of concerns this chain does not simulate, consensus authorities (0, 59) and EVM (58, 62).

mod bounds;
mod gates;

pub use pallet::*;

use crate::{
    fixed_point::{I64F64, I96F32, U64F64},
    pallets::subtensor::{self as pallet_subtensor, EpochConsensus, Hyperparameter, RecycleOrBurnEnum},
};
use gates::Freeze::{Gated, Open};

/// Builds the pallet from its tables. A row is: index, name, argument, who may and when, what is checked, where the
/// value goes and which event tells of it.
macro_rules! setters {
    (
        globals {
            $( $(#[doc = $global_doc:literal])*
               $global_index:literal $global:ident($global_value:ident: $global_type:ident)
               $(check $global_check:ident)? => $global_item:ident $(, $global_event:ident)?; )*
        }
        root {
            $( $(#[doc = $root_doc:literal])*
               $root_index:literal $root:ident($root_value:ident: $root_type:ident) $root_freeze:ident
               $(check $root_check:ident)? => $root_item:ident $(, $root_event:ident)?; )*
        }
        owner {
            $( $(#[doc = $owner_doc:literal])*
               $owner_index:literal $owner:ident($owner_value:ident: $owner_type:ident) $owner_freeze:ident
               $parameter:ident $(check $owner_check:ident)? => $owner_item:ident $(, $owner_event:ident)?; )*
        }
        others { $($others:tt)* }
    ) => {
        /// See the module's documentation.
        #[frame_support::pallet]
        pub mod pallet {
            use super::*;
            use crate::NOMINAL_CALL_WEIGHT;
            use frame_support::pallet_prelude::*;
            use frame_system::pallet_prelude::*;
            use sp_runtime::AccountId32;

            /// The pallet.
            #[pallet::pallet]
            pub struct Pallet<T>(_);

            /// Everything set here belongs to the subnets' pallet.
            #[pallet::config]
            pub trait Config: frame_system::Config + pallet_subtensor::Config {}

            /// Why a value was refused.
            #[pallet::error]
            pub enum Error<T> {
                /// The subnet does not exist.
                SubnetDoesNotExist,
                /// There cannot be more validators than uids.
                MaxValidatorsLargerThanMaxUIds,
                /// There cannot be fewer uids than neurons.
                MaxAllowedUIdsLessThanCurrentUIds,
                /// An owner cannot keep that much of old bonds.
                BondsMovingAverageMaxReached,
                /// An owner cannot turn the sigmoid round.
                NegativeSigmoidSteepness,
                /// The value is out of its bounds.
                ValueNotInBounds,
                /// The fewest uids must be fewer than there are neurons.
                MinAllowedUidsGreaterThanCurrentUids,
                /// The fewest uids must be fewer than the most.
                MinAllowedUidsGreaterThanMaxAllowedUids,
                /// The most uids must be at least the fewest.
                MaxAllowedUidsLessThanMinAllowedUids,
                /// A subnet cannot have more than 256 uids.
                MaxAllowedUidsGreaterThanDefaultMaxAllowedUids,
                /// The value is not valid.
                InvalidValue,
                /// This cannot be done to root.
                NotPermittedOnRootSubnet,
                /// Registration by proof of work was gone for a while; here it works.
                POWRegistrationDisabled,
                /// The call is deprecated.
                Deprecated,
                /// At most 95 % of a registration can become collateral.
                CollateralLockShareTooHigh,
                /// Collateral must drain, at most tenfold.
                CollateralDrainRatioOutOfBounds,
            }

            #[pallet::hooks]
            impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}

            #[pallet::call]
            impl<T: Config> Pallet<T> {
                $(
                    $(#[doc = $global_doc])*
                    #[pallet::call_index($global_index)]
                    #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
                    pub fn $global(origin: OriginFor<T>, $global_value: $global_type) -> DispatchResult {
                        ensure_root(origin)?;
                        $( Self::$global_check($global_value)?; )?
                        pallet_subtensor::$global_item::<T>::put($global_value);
                        $( pallet_subtensor::Pallet::<T>::deposit_event(
                            pallet_subtensor::Event::$global_event($global_value)); )?
                        Ok(())
                    }
                )*
                $(
                    $(#[doc = $root_doc])*
                    #[pallet::call_index($root_index)]
                    #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
                    pub fn $root(origin: OriginFor<T>, netuid: u16, $root_value: $root_type) -> DispatchResult {
                        Self::authorize_root(origin, netuid, $root_freeze)?;
                        $( Self::$root_check(netuid, $root_value)?; )?
                        pallet_subtensor::$root_item::<T>::insert(netuid, $root_value);
                        $( pallet_subtensor::Pallet::<T>::deposit_event(
                            pallet_subtensor::Event::$root_event(netuid, $root_value)); )?
                        Ok(())
                    }
                )*
                $(
                    $(#[doc = $owner_doc])*
                    #[pallet::call_index($owner_index)]
                    #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
                    pub fn $owner(origin: OriginFor<T>, netuid: u16, $owner_value: $owner_type) -> DispatchResult {
                        Self::authorize(origin, netuid, $owner_freeze, Hyperparameter::$parameter)?;
                        $( Self::$owner_check(netuid, $owner_value)?; )?
                        pallet_subtensor::$owner_item::<T>::insert(netuid, $owner_value);
                        $( pallet_subtensor::Pallet::<T>::deposit_event(
                            pallet_subtensor::Event::$owner_event(netuid, $owner_value)); )?
                        Ok(())
                    }
                )*
                $($others)*
            }
        }
    };
}

setters! {
    globals {
        /// Sets the highest take.
        1 sudo_set_default_take(default_take: u16) => MaxDelegateTake, MaxDelegateTakeSet;
        /// Sets the rate limit of key swaps.
        2 sudo_set_tx_rate_limit(tx_rate_limit: u64) => TxRateLimit, TxRateLimitSet;
        /// Sets the owners' share of emission.
        28 sudo_set_subnet_owner_cut(subnet_owner_cut: u16) => SubnetOwnerCut, SubnetOwnerCutSet;
        /// Sets the rate limit of subnet creation.
        29 sudo_set_network_rate_limit(rate_limit: u64) => NetworkRateLimit, NetworkRateLimitSet;
        /// Sets how long new subnets are immune.
        35 sudo_set_network_immunity_period(immunity_period: u64)
            => NetworkImmunityPeriod, NetworkImmunityPeriodSet;
        /// Sets the least a subnet costs.
        36 sudo_set_network_min_lock_cost(lock_cost: u64) => NetworkMinLockCost, NetworkMinLockCostSet;
        /// Sets how many subnets there may be.
        37 sudo_set_subnet_limit(max_subnets: u16) => SubnetLimit, SubnetLimitSet;
        /// Sets over how many blocks the cost of a subnet falls.
        38 sudo_set_lock_reduction_interval(interval: u64)
            => NetworkLockReductionInterval, NetworkLockCostReductionIntervalSet;
        /// Sets the stake needed to set weights.
        42 sudo_set_stake_threshold(min_stake: u64) => StakeThreshold, StakeThresholdSet;
        /// Sets the rate limit of takes.
        45 sudo_set_tx_delegate_take_rate_limit(tx_rate_limit: u64)
            => TxDelegateTakeRateLimit, TxDelegateTakeRateLimitSet;
        /// Sets the lowest take.
        46 sudo_set_min_delegate_take(take: u16) => MinDelegateTake, MinDelegateTakeSet;
        /// Sets how new prices count in the moving price.
        63 sudo_set_subnet_moving_alpha(alpha: I96F32) => SubnetMovingAlpha;
        /// Sets the commit scheme.
        71 sudo_set_commit_reveal_version(version: u16) => CommitRevealWeightsVersion, CommitRevealVersionSet;
        /// Sets the burned share of child key dividends.
        73 sudo_set_ck_burn(burn: u64) => CKBurn;
        /// Sets for how long before an epoch hyperparameters are frozen.
        74 sudo_set_admin_freeze_window(window: u16) => AdminFreezeWindow, AdminFreezeWindowSet;
        /// Sets how often owners may change a hyperparameter.
        75 sudo_set_owner_hparam_rate_limit(epochs: u16)
            => OwnerHyperparamRateLimit, OwnerHyperparamRateLimitSet;
        /// Sets the flow below which a subnet gets no TAO, which is inert.
        81 sudo_set_tao_flow_cutoff(flow_cutoff: I64F64) => TaoFlowCutoff;
        /// Sets the exponent of the flow's share, which is inert.
        82 sudo_set_tao_flow_normalization_exponent(exponent: U64F64) => FlowNormExponent;
        /// Sets the smoothing of the flow, which is inert.
        83 sudo_set_tao_flow_smoothing_factor(smoothing_factor: u64) => FlowEmaSmoothingFactor;
        /// Sets how long a subnet waits before it can be started.
        85 sudo_set_start_call_delay(delay: u64) => StartCallDelay, StartCallDelaySet;
        /// Sets how many mechanisms a subnet may have.
        88 sudo_set_max_mechanism_count(max_mechanism_count: u8) check max_mechanisms => MaxMechanismCount;
        /// Lets emission follow the net flow or not, which is inert.
        91 sudo_set_net_tao_flow_enabled(enabled: bool) => NetTaoFlowEnabled;
        /// Sets how many epochs a block runs.
        96 sudo_set_max_epochs_per_block(max_epochs_per_block: u8) => MaxEpochsPerBlock, MaxEpochsPerBlockSet;
    }
    root {
        /// Sets the lowest difficulty of proofs of work.
        4 sudo_set_min_difficulty(min_difficulty: u64) Gated => MinDifficulty, MinDifficultySet;
        /// Sets the rate limit of weights.
        7 sudo_set_weights_set_rate_limit(weights_set_rate_limit: u64) Open
            => WeightsSetRateLimit, WeightsSetRateLimitSet;
        /// Sets the blocks of an interval of registrations, which counts for root only.
        8 sudo_set_adjustment_interval(adjustment_interval: u16) Open => AdjustmentInterval, AdjustmentIntervalSet;
        /// Sets the stake majority of the consensus.
        16 sudo_set_kappa(kappa: u16) Open => Kappa, KappaSet;
        /// Opens or closes registration.
        19 sudo_set_network_registration_allowed(registration_allowed: bool) Open
            => NetworkRegistrationAllowed, RegistrationAllowed;
        /// Sets the target of registrations per interval, which counts for root only.
        21 sudo_set_target_registrations_per_interval(target_registrations_per_interval: u16) Gated
            => TargetRegistrationsPerInterval, RegistrationPerIntervalSet;
        /// Sets the difficulty of proofs of work, which its bounds limit.
        24 sudo_set_difficulty(difficulty: u64) Gated => Difficulty, DifficultySet;
        /// Sets how many permits an epoch hands out.
        25 sudo_set_max_allowed_validators(max_allowed_validators: u16) Gated check max_validators
            => MaxAllowedValidators, MaxAllowedValidatorsSet;
        /// Sets the registrations a block allows, which counts for root and for proofs of work.
        27 sudo_set_max_registrations_per_block(max_registrations_per_block: u16) Gated
            => MaxRegistrationsPerBlock, MaxRegistrationsPerBlockSet;
        /// Sets what registrations have burned so far.
        39 sudo_set_rao_recycled(rao_recycled: u64) Open
            => RAORecycledForRegistration, RAORecycledForRegistrationSet;
        /// Sets at what age the moving price reaches half its speed.
        65 sudo_set_ema_price_halving_period(ema_halving: u64) Open => EMAPriceHalvingBlocks;
        /// Opens or closes staking and emission.
        66 sudo_set_subtoken_enabled(subtoken_enabled: bool) Gated => SubtokenEnabled;
        /// Sets the fewest uids.
        79 sudo_set_min_allowed_uids(min_allowed_uids: u16) Gated check min_uids
            => MinAllowedUids, MinAllowedUidsSet;
        /// Sets how many replaceable neurons stay untouched.
        84 sudo_set_min_non_immune_uids(min: u16) Open => MinNonImmuneUids, MinNonImmuneUidsSet;
        /// Lets a subnet share in the TAO emission or not.
        94 sudo_set_subnet_emission_enabled(enabled: bool) Open => SubnetEmissionEnabled;
    }
    owner {
        /// Sets the rate limit of endpoints.
        3 sudo_set_serving_rate_limit(serving_rate_limit: u64) Gated ServingRateLimit
            => ServingRateLimit, ServingRateLimitSet;
        /// Sets the highest difficulty of proofs of work.
        5 sudo_set_max_difficulty(max_difficulty: u64) Gated MaxDifficulty => MaxDifficulty, MaxDifficultySet;
        /// Sets the adjustment alpha, which is inert.
        9 sudo_set_adjustment_alpha(adjustment_alpha: u64) Gated AdjustmentAlpha
            => AdjustmentAlpha, AdjustmentAlphaSet;
        /// Sets for how long new neurons cannot be replaced.
        13 sudo_set_immunity_period(immunity_period: u16) Gated ImmunityPeriod
            => ImmunityPeriod, ImmunityPeriodSet;
        /// Sets the fewest weights of a row.
        14 sudo_set_min_allowed_weights(min_allowed_weights: u16) Gated MinAllowedWeights
            => MinAllowedWeights, MinAllowedWeightSet;
        /// Sets how many uids there are.
        15 sudo_set_max_allowed_uids(max_allowed_uids: u16) Gated MaxAllowedUids check max_uids
            => MaxAllowedUids, MaxAllowedUidsSet;
        /// Sets rho, which is unused.
        17 sudo_set_rho(rho: u16) Gated Rho => Rho, RhoSet;
        /// Sets the superseded activity cut-off.
        18 sudo_set_activity_cutoff(activity_cutoff: u16) Gated ActivityCutoff check activity_cutoff
            => ActivityCutoff, ActivityCutoffSet;
        /// Opens or closes registration by proof of work, as in later runtimes.
        20 sudo_set_network_pow_registration_allowed(registration_allowed: bool) Open PowRegistrationAllowed
            => NetworkPowRegistrationAllowed, PowRegistrationAllowed;
        /// Sets the least a uid costs.
        22 sudo_set_min_burn(min_burn: u64) Gated MinBurn check min_burn => MinBurn, MinBurnSet;
        /// Sets the most a uid costs.
        23 sudo_set_max_burn(max_burn: u64) Gated MaxBurn check max_burn => MaxBurn, MaxBurnSet;
        /// Demands commits or not.
        49 sudo_set_commit_reveal_weights_enabled(enabled: bool) Gated CommitRevealEnabled
            => CommitRevealWeightsEnabled, CommitRevealEnabled;
        /// Switches liquid alpha.
        50 sudo_set_liquid_alpha_enabled(enabled: bool) Gated LiquidAlphaEnabled => LiquidAlphaOn;
        /// Sets how many epochs a commit stays closed.
        57 sudo_set_commit_reveal_weights_interval(interval: u64) Gated WeightCommitInterval check reveal_period
            => RevealPeriodEpochs, CommitRevealPeriodsSet;
        /// Sets how far bonds follow the clipped weights.
        60 sudo_set_bonds_penalty(bonds_penalty: u16) Gated BondsPenalty => BondsPenalty, BondsPenaltySet;
        /// Allows transfers of stake or not.
        61 sudo_set_toggle_transfer(toggle: bool) Gated TransferEnabled => TransferToggle, TransferToggle;
        /// Switches the third form of Yuma Consensus.
        69 sudo_set_yuma3_enabled(enabled: bool) Gated Yuma3Enabled => Yuma3On;
        /// Lets miners reset bonds or not.
        70 sudo_set_bonds_reset_enabled(enabled: bool) Gated BondsResetEnabled => BondsResetOn, BondsResetOnSet;
        /// Sets how many of the owner's neurons are never replaced.
        72 sudo_set_owner_immune_neuron_limit(immune_neurons: u16) Gated ImmuneNeuronLimit check owner_immune
            => ImmuneOwnerUidsLimit;
        /// Sets what becomes of the owner's own incentive.
        80 sudo_set_recycle_or_burn(recycle_or_burn: RecycleOrBurnEnum) Gated RecycleOrBurn => RecycleOrBurn;
        /// Takes the owner's share or not.
        92 sudo_set_owner_cut_enabled(enabled: bool) Gated OwnerCutEnabled => OwnerCutEnabled;
        /// Sets the lowest child key take.
        93 sudo_set_min_childkey_take_per_subnet(take: u16) Gated MinChildkeyTake check childkey_take
            => MinChildkeyTakePerSubnet, MinChildKeyTakePerSubnetSet;
        /// Locks the owner's share or not; nothing is locked on this chain.
        95 sudo_set_owner_cut_auto_lock_enabled(enabled: bool) Gated OwnerCutAutoLock => OwnerCutAutoLockEnabled;
        /// Chooses what decides an epoch, a later runtime's call. This chain runs Yuma Consensus only.
        110 sudo_set_epoch_consensus(mode: EpochConsensus) Gated EpochConsensus check epoch_consensus
            => SubnetEpochConsensus;
        /// Sets the share of a registration kept as collateral, a later runtime's call; no collateral is kept here.
        111 sudo_set_collateral_lock_share(lock_share: u16) Gated CollateralLockShare check collateral_lock_share
            => CollateralLockShare;
        /// Sets how fast collateral drains, a later runtime's call; no collateral is kept here.
        112 sudo_set_collateral_drain_ratio(drain_ratio: U64F64) Gated CollateralDrainRatio
            check collateral_drain_ratio => CollateralDrainRatio;
    }
    others {
        /// Sets the lowest version key of weights.
        #[pallet::call_index(6)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_weights_version_key(
            origin: OriginFor<T>,
            netuid: u16,
            weights_version_key: u64,
        ) -> DispatchResult {
            Self::authorize_version_key(origin, netuid)?;
            pallet_subtensor::WeightsVersionKey::<T>::insert(netuid, weights_version_key);
            let event = pallet_subtensor::Event::WeightsVersionKeySet(netuid, weights_version_key);
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets how much of old bonds an epoch keeps.
        #[pallet::call_index(26)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_bonds_moving_average(
            origin: OriginFor<T>,
            netuid: u16,
            bonds_moving_average: u64,
        ) -> DispatchResult {
            let by = Self::authorize(origin, netuid, Gated, Hyperparameter::BondsMovingAverage)?;
            Self::bonds_moving_average(&by, bonds_moving_average)?;
            pallet_subtensor::BondsMovingAverage::<T>::insert(netuid, bonds_moving_average);
            let event = pallet_subtensor::Event::BondsMovingAverageSet(netuid, bonds_moving_average);
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets the tempo to anything, 0 for no epochs, and restarts its cycle.
        #[pallet::call_index(30)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
        pub fn sudo_set_tempo(origin: OriginFor<T>, netuid: u16, tempo: u16) -> DispatchResult {
            Self::authorize_root(origin, netuid, Gated)?;
            pallet_subtensor::Pallet::<T>::apply_tempo(netuid, tempo);
            Ok(())
        }

        /// Always fails: the issuance follows the balances.
        #[pallet::call_index(33)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
        pub fn sudo_set_total_issuance(_origin: OriginFor<T>, _total_issuance: u64) -> DispatchResult {
            Err(Error::<T>::Deprecated.into())
        }

        /// Sets the least a nomination may be and, when it rises, pays out those below.
        #[pallet::call_index(43)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
        pub fn sudo_set_nominator_min_required_stake(origin: OriginFor<T>, min_stake: u64) -> DispatchResult {
            ensure_root(origin)?;
            let before = pallet_subtensor::NominatorMinRequiredStake::<T>::get();
            pallet_subtensor::NominatorMinRequiredStake::<T>::put(min_stake);
            if min_stake > before {
                pallet_subtensor::Pallet::<T>::clear_small_nominations();
            }
            Ok(())
        }

        /// Sets the slowest and fastest speed of bonds under liquid alpha.
        #[pallet::call_index(51)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_alpha_values(
            origin: OriginFor<T>,
            netuid: u16,
            alpha_low: u16,
            alpha_high: u16,
        ) -> DispatchResult {
            Self::authorize(origin, netuid, Gated, Hyperparameter::AlphaValues)?;
            Self::alpha_values(netuid, alpha_low, alpha_high)?;
            pallet_subtensor::AlphaValues::<T>::insert(netuid, (alpha_low, alpha_high));
            Ok(())
        }

        /// Sets how long a scheduled dissolution waits; nothing schedules one on this chain.
        #[pallet::call_index(55)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
        pub fn sudo_set_dissolve_network_schedule_duration(origin: OriginFor<T>, duration: u32) -> DispatchResult {
            ensure_root(origin)?;
            pallet_subtensor::DissolveNetworkScheduleDuration::<T>::put(duration);
            let event = pallet_subtensor::Event::DissolveNetworkScheduleDurationSet(duration.into());
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets the hotkey that receives the owner's share; the owner only.
        #[pallet::call_index(64)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_subnet_owner_hotkey(
            origin: OriginFor<T>,
            netuid: u16,
            hotkey: AccountId32,
        ) -> DispatchResult {
            Self::set_owner_hotkey(origin, netuid, hotkey)
        }

        /// Sets the hotkey that receives the owner's share; the owner only.
        #[pallet::call_index(67)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_sn_owner_hotkey(
            origin: OriginFor<T>,
            netuid: u16,
            hotkey: AccountId32,
        ) -> DispatchResult {
            Self::set_owner_hotkey(origin, netuid, hotkey)
        }

        /// Sets how sharply the speed of bonds changes with disagreement.
        #[pallet::call_index(68)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_alpha_sigmoid_steepness(
            origin: OriginFor<T>,
            netuid: u16,
            steepness: i16,
        ) -> DispatchResult {
            let by = Self::authorize(origin, netuid, Gated, Hyperparameter::AlphaSigmoidSteepness)?;
            Self::sigmoid_steepness(&by, steepness)?;
            pallet_subtensor::AlphaSigmoidSteepness::<T>::insert(netuid, steepness);
            let event = pallet_subtensor::Event::AlphaSigmoidSteepnessSet(netuid, steepness);
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets how many mechanisms the subnet runs.
        #[pallet::call_index(76)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_mechanism_count(
            origin: OriginFor<T>,
            netuid: u16,
            mechanism_count: u8,
        ) -> DispatchResult {
            Self::authorize(origin, netuid, Gated, Hyperparameter::MechanismCount)?;
            Self::mechanism_count(netuid, mechanism_count)?;
            pallet_subtensor::Pallet::<T>::resize_mechanisms(netuid, mechanism_count);
            Ok(())
        }

        /// Sets how emission divides among mechanisms; evenly without a split.
        #[pallet::call_index(77)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_mechanism_emission_split(
            origin: OriginFor<T>,
            netuid: u16,
            maybe_split: Option<Vec<u16>>,
        ) -> DispatchResult {
            Self::authorize(origin, netuid, Gated, Hyperparameter::MechanismEmissionSplit)?;
            Self::emission_split(netuid, maybe_split.as_deref())?;
            pallet_subtensor::MechanismEmissionSplit::<T>::set(netuid, maybe_split);
            Ok(())
        }

        /// Lowers the number of uids and removes the neurons that earn least.
        #[pallet::call_index(78)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_trim_to_max_allowed_uids(origin: OriginFor<T>, netuid: u16, max_n: u16) -> DispatchResult {
            Self::authorize_trimming(origin, netuid)?;
            pallet_subtensor::Pallet::<T>::trim_uids(netuid, max_n)
        }

        /// Sets how long an announced coldkey swap waits.
        #[pallet::call_index(86)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
        pub fn sudo_set_coldkey_swap_announcement_delay(origin: OriginFor<T>, duration: u32) -> DispatchResult {
            ensure_root(origin)?;
            pallet_subtensor::ColdkeySwapAnnouncementDelay::<T>::put(duration);
            let event = pallet_subtensor::Event::ColdkeySwapAnnouncementDelaySet(duration.into());
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets how long after a due coldkey swap another may be announced.
        #[pallet::call_index(87)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Operational, Pays::Yes))]
        pub fn sudo_set_coldkey_swap_reannouncement_delay(origin: OriginFor<T>, duration: u32) -> DispatchResult {
            ensure_root(origin)?;
            pallet_subtensor::ColdkeySwapReannouncementDelay::<T>::put(duration);
            let event = pallet_subtensor::Event::ColdkeySwapReannouncementDelaySet(duration.into());
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets in how many blocks the price of a uid halves.
        #[pallet::call_index(89)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_burn_half_life(
            origin: OriginFor<T>,
            netuid: u16,
            burn_half_life: u16,
        ) -> DispatchResult {
            Self::authorize(origin, netuid, Gated, Hyperparameter::BurnHalfLife)?;
            Self::burn_half_life(netuid, burn_half_life)?;
            pallet_subtensor::BurnHalfLife::<T>::insert(netuid, burn_half_life);
            let event = pallet_subtensor::Event::BurnHalfLifeSet { netuid, burn_half_life };
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }

        /// Sets what a registration multiplies the price of a uid by.
        #[pallet::call_index(90)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_burn_increase_mult(
            origin: OriginFor<T>,
            netuid: u16,
            burn_increase_mult: U64F64,
        ) -> DispatchResult {
            Self::authorize(origin, netuid, Gated, Hyperparameter::BurnIncreaseMult)?;
            Self::burn_increase_mult(netuid, burn_increase_mult)?;
            pallet_subtensor::BurnIncreaseMult::<T>::insert(netuid, burn_increase_mult);
            let event = pallet_subtensor::Event::BurnIncreaseMultSet { netuid, burn_increase_mult };
            pallet_subtensor::Pallet::<T>::deposit_event(event);
            Ok(())
        }
    }
}
