//! The storage of the swap pallet that clients read. The pool itself is in the subnets' pallet and charges no fee, so
//! `FeeRate` is 0 here where the original has 33 of 65535.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::Perquintill;

pub use pallet::*;

/// The weights of a pool's two sides.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Balancer {
    /// The weight of TAO; alpha has the rest.
    pub quote: Perquintill,
}

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use super::Balancer;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_runtime::Perquintill;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// Both sides weigh the same, which makes the pool a constant product.
    #[derive(Debug)]
    pub struct EqualWeights;
    impl Get<Balancer> for EqualWeights {
        fn get() -> Balancer {
            Balancer {
                quote: Perquintill::from_percent(50),
            }
        }
    }

    /// The fee of a subnet's pool, of 65535.
    #[pallet::storage]
    pub type FeeRate<T: Config> = StorageMap<_, Twox64Concat, u16, u16, ValueQuery>;

    /// The weights of a subnet's pool.
    #[pallet::storage]
    pub type SwapBalancer<T: Config> = StorageMap<_, Twox64Concat, u16, Balancer, ValueQuery, EqualWeights>;

    /// The pool has been set up by a migration; never needed here.
    #[pallet::storage]
    pub type PalSwapInitialized<T: Config> = StorageMap<_, Twox64Concat, u16, bool, ValueQuery>;

    /// Alpha too little to pay out; none here.
    #[pallet::storage]
    pub type ScrapReservoirAlpha<T: Config> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;

    /// Which migrations of the chain have run; none here.
    #[pallet::storage]
    pub type HasMigrationRun<T: Config> =
        StorageMap<_, Identity, BoundedVec<u8, ConstU32<128>>, bool, ValueQuery>;

    /// Why a trade was refused; the subnets' pallet answers with errors of its own.
    #[pallet::error]
    pub enum Error<T> {
        /// The fee is above its maximum.
        FeeRateTooHigh,
        /// Too little was offered.
        InsufficientInputAmount,
        /// The pool does not hold enough.
        InsufficientLiquidity,
        /// The price moved beyond the limit.
        PriceLimitExceeded,
        /// The balance is too small.
        InsufficientBalance,
        /// The tick range is empty.
        InvalidTickRange,
        /// The liquidity is out of its bounds.
        InvalidLiquidityValue,
        /// The reserves are too low.
        ReservesTooLow,
        /// There is no such mechanism.
        MechanismDoesNotExist,
        /// The subnet has not been started.
        SubtokenDisabled,
        /// The reserves are out of balance.
        ReservesOutOfBalance,
        /// More was offered than a trade may have.
        SwapInputTooLarge,
        /// The call is deprecated.
        Deprecated,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}
}
