//! What happens at the start of every block, before any transaction, in the chain's order.

use frame_support::pallet_macros::pallet_section;

/// The hooks of the pallet.
#[pallet_section]
pub(crate) mod hooks {
    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            let netuids = Self::netuids();
            // The first block has nothing behind it to let prices fall.
            if Self::now() > 1 {
                Self::lower_prices(&netuids);
            }
            for netuid in &netuids {
                RegistrationsThisBlock::<T>::remove(netuid);
            }
            Self::turn_root_interval();
            Self::follow_issuance();
            Self::reveal_timelocked(&netuids);
            Self::emit(&netuids);
            let fired = Self::run_due_epochs(&netuids);
            Self::move_prices(&netuids);
            Self::publish_root_proportions(&netuids);
            Self::apply_pending_children(&fired);
            Weight::zero()
        }
    }
}
