//! What has become of alpha that nobody holds any more. The alpha itself is counted by the subnets' pallet.

pub use pallet::*;

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// Alpha of a subnet that was burned: it stays issued and belongs to nobody, in rao.
    #[pallet::storage]
    pub type AlphaBurned<T: Config> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;

    /// Alpha of a subnet that was recycled: it is no longer issued, in rao.
    #[pallet::storage]
    pub type AlphaRecycled<T: Config> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}

    impl<T: Config> Pallet<T> {
        /// Forgets a subnet, whose number another will have.
        pub(crate) fn forget(netuid: u16) {
            AlphaBurned::<T>::remove(netuid);
            AlphaRecycled::<T>::remove(netuid);
        }

        /// Counts alpha that was burned.
        pub(crate) fn count_burned(netuid: u16, alpha: u64) {
            AlphaBurned::<T>::mutate(netuid, |total| *total = total.saturating_add(alpha));
        }

        /// Counts alpha that was recycled.
        pub(crate) fn count_recycled(netuid: u16, alpha: u64) {
            AlphaRecycled::<T>::mutate(netuid, |total| *total = total.saturating_add(alpha));
        }
    }
}
