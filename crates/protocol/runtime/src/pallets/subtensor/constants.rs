//! The constants clients read, and the bounds this runtime enforces.

use frame_support::pallet_macros::pallet_section;

/// The constants of the pallet.
#[pallet_section]
pub(crate) mod constants {
    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Blocks between the creation of a subnet and its earliest start.
        #[pallet::constant_name(InitialStartCallDelay)]
        fn initial_start_call_delay() -> u64 {
            0
        }

        /// The price of a key swap, in rao.
        #[pallet::constant_name(KeySwapCost)]
        fn key_swap_cost() -> u64 {
            100_000_000
        }

        /// The tempo a subnet is created with.
        #[pallet::constant_name(InitialTempo)]
        fn initial_tempo() -> u16 {
            360
        }

        /// The shortest tempo an owner may set.
        #[pallet::constant_name(MinTempo)]
        fn min_tempo() -> u16 {
            Pallet::<T>::MIN_OWNER_TEMPO
        }

        /// The longest tempo an owner may set.
        #[pallet::constant_name(MaxTempo)]
        fn max_tempo() -> u16 {
            Pallet::<T>::MAX_OWNER_TEMPO
        }

        /// The smallest activity cut-off factor.
        #[pallet::constant_name(MinActivityCutoffFactorMilli)]
        fn min_activity_cutoff_factor_milli() -> u32 {
            *Pallet::<T>::ACTIVITY_CUTOFF_FACTORS.start()
        }

        /// The largest activity cut-off factor.
        #[pallet::constant_name(MaxActivityCutoffFactorMilli)]
        fn max_activity_cutoff_factor_milli() -> u32 {
            *Pallet::<T>::ACTIVITY_CUTOFF_FACTORS.end()
        }

        /// The price a subnet's first uid costs, in rao.
        #[pallet::constant_name(InitialBurn)]
        fn initial_burn() -> u64 {
            100_000_000
        }

        /// The share of 2^64 - 1 that root stake counts beside alpha.
        #[pallet::constant_name(InitialTaoWeight)]
        fn initial_tao_weight() -> u64 {
            971_718_665_099_567_868
        }
    }
}
