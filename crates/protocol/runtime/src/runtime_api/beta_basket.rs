//! Baskets of root stake, a thing of later runtimes that today's command line asks for with every balance. Nobody has
//! any here: every answer is the one of an empty basket.

use crate::AccountId;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A validator's basket as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct BasketSummary {
    /// The validator.
    pub hotkey: AccountId,
    /// What selling everything would bring, in rao.
    pub nav_tao: u64,
    /// What everything is worth at present prices, in rao.
    pub spot_nav_tao: u64,
    /// Paid in so far, in rao.
    pub deposited_tao: u64,
    /// Paid out so far, in rao.
    pub redeemed_tao: u64,
    /// Units in existence.
    pub shares: u64,
    /// What it holds, by subnet.
    pub holdings: Vec<BasketHolding>,
}

/// What a basket holds of one subnet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct BasketHolding {
    /// The subnet.
    pub netuid: u16,
    /// Alpha in rao.
    pub alpha: u64,
    /// Its worth at the present price, in rao.
    pub spot_tao: u64,
    /// What selling it would bring, in rao.
    pub realizable_tao: u64,
}

/// A staker's part of a basket.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct BasketPosition {
    /// The validator.
    pub hotkey: AccountId,
    /// The staker's units.
    pub beta: u64,
    /// All units.
    pub beta_total: u64,
    /// What selling the basket would bring, in rao.
    pub nav_tao: u64,
    /// What a claim would bring, in rao.
    pub value_tao: u64,
    /// The part's worth at present prices, in rao.
    pub spot_value_tao: u64,
}

/// What a claim would do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct BasketClaimPreview {
    /// The validator.
    pub hotkey: AccountId,
    /// The whole entitlement in rao.
    pub accrued: u64,
    /// What would be paid, in rao.
    pub redeemable: u64,
    /// What would be lost, in rao.
    pub forfeited: u64,
    /// Holdings looked at.
    pub rows: u32,
    /// Holdings sold.
    pub rows_to_sell: u32,
    /// Holdings too small to sell.
    pub dust_rows: u32,
    /// Holdings turned into cash first.
    pub swept: u32,
    /// Credits paid out.
    pub flushed_credits: u32,
}

/// Whether and how much a basket may trade.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct BasketTradingStatus {
    /// Trading is open on the network.
    pub enabled: bool,
    /// This validator's is shut.
    pub frozen: bool,
    /// Blocks in which a used budget comes back.
    pub refill_blocks: u64,
    /// What may be traded now, in rao.
    pub tao_available: u64,
    /// What may be traded at most, in rao.
    pub budget_tao: u64,
}

impl BasketSummary {
    /// The basket of a validator that has none.
    #[must_use]
    pub fn empty(hotkey: AccountId) -> Self {
        Self {
            hotkey,
            nav_tao: 0,
            spot_nav_tao: 0,
            deposited_tao: 0,
            redeemed_tao: 0,
            shares: 0,
            holdings: Vec::new(),
        }
    }
}

impl BasketTradingStatus {
    /// Nothing trades.
    pub const CLOSED: Self = Self {
        enabled: false,
        frozen: false,
        refill_blocks: 7_200,
        tao_available: 0,
        budget_tao: 0,
    };
}

sp_api::decl_runtime_apis! {
    /// Baskets of root stake.
    pub trait BetaBasketRuntimeApi {
        /// What a coldkey is owed, in rao.
        fn get_root_basket_owed(coldkey: AccountId) -> u64;
        /// The baskets of a coldkey: validator, units, payout in rao.
        fn get_root_basket_positions(coldkey: AccountId) -> Vec<(AccountId, u64, u64)>;
        /// The parts of a coldkey in all baskets.
        fn get_root_basket_portfolio(coldkey: AccountId) -> Vec<BasketPosition>;
        /// A coldkey's part of a basket.
        fn get_basket_position(hotkey: AccountId, coldkey: AccountId) -> Option<BasketPosition>;
        /// The same under its earlier name.
        fn basket_position(hotkey: AccountId, coldkey: AccountId) -> Option<BasketPosition>;
        /// What a claim would pay, in rao.
        fn get_basket_payout(hotkey: AccountId, coldkey: AccountId) -> u64;
        /// What a claim would do; `None` without a part.
        fn get_basket_claim_preview(hotkey: AccountId, coldkey: AccountId) -> Option<BasketClaimPreview>;
        /// What a coldkey's claims would do.
        fn get_root_basket_claim_previews(coldkey: AccountId) -> Vec<BasketClaimPreview>;
        /// What a basket holds: subnet, alpha in rao, what selling it would bring in rao.
        fn get_validator_basket(hotkey: AccountId) -> Vec<(u16, u64, u64)>;
        /// What selling a basket would bring, in rao.
        fn get_validator_basket_nav(hotkey: AccountId) -> u64;
        /// A basket as a whole.
        fn get_validator_basket_summary(hotkey: AccountId) -> BasketSummary;
        /// All baskets that hold something.
        fn get_all_validator_baskets() -> Vec<BasketSummary>;
        /// What selling all baskets would bring, in rao.
        fn get_root_basket_total_nav() -> u64;
        /// Whether and how much a basket may trade.
        fn get_basket_trading_status(hotkey: AccountId) -> BasketTradingStatus;
    }
}
