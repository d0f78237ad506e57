//! Baskets of root stake, a thing of later runtimes that today's command line asks for with every balance. Nobody has
//! any here.

use crate::AccountId;

sp_api::decl_runtime_apis! {
    /// Baskets of root stake.
    pub trait BetaBasketRuntimeApi {
        /// What a coldkey is owed, in rao.
        fn get_root_basket_owed(coldkey: AccountId) -> u64;
        /// The baskets of a coldkey: validator, units, payout in rao.
        fn get_root_basket_positions(coldkey: AccountId) -> Vec<(AccountId, u64, u64)>;
    }
}
