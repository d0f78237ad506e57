//! Prices, and what a trade would bring.

use crate::{
    SubtensorModule,
    pallets::subtensor::{NetUid, SwapDirection},
};
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A price on a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubnetPrice {
    /// The subnet.
    pub netuid: u16,
    /// Rao of TAO per alpha.
    pub price: u64,
}

/// What a trade would bring, in rao.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SimSwapResult {
    /// TAO given or received.
    pub tao_amount: u64,
    /// Alpha received or given.
    pub alpha_amount: u64,
    /// The fee in TAO; none on this chain.
    pub tao_fee: u64,
    /// The fee in alpha; none on this chain.
    pub alpha_fee: u64,
    /// TAO that a trade at the present price would bring more.
    pub tao_slippage: u64,
    /// Alpha that a trade at the present price would bring more.
    pub alpha_slippage: u64,
}

sp_api::decl_runtime_apis! {
    /// Prices and simulated trades.
    pub trait SwapRuntimeApi {
        /// Rao of TAO per alpha.
        fn current_alpha_price(netuid: u16) -> u64;
        /// The prices of all subnets.
        fn current_alpha_price_all() -> Vec<SubnetPrice>;
        /// What TAO would buy. Amounts are 0 when the pool is too small.
        fn sim_swap_tao_for_alpha(netuid: u16, tao: u64) -> SimSwapResult;
        /// What alpha would sell for. Amounts are 0 when the pool is too small.
        fn sim_swap_alpha_for_tao(netuid: u16, alpha: u64) -> SimSwapResult;
    }
}

impl SimSwapResult {
    /// Tries a trade without making it.
    pub(crate) fn simulate(netuid: NetUid, direction: SwapDirection, amount: u64) -> Self {
        let price = u128::from(SubtensorModule::alpha_price(netuid));
        let par = u128::from(SubtensorModule::alpha_price(crate::pallets::subtensor::ROOT));
        let whole = |value: u128| u64::try_from(value).unwrap_or(u64::MAX);
        match direction {
            SwapDirection::Buy => {
                let Some(alpha_amount) = SubtensorModule::quote_buy(netuid, amount) else {
                    return Self::default();
                };
                let ideal = whole((u128::from(amount) * par).checked_div(price).unwrap_or_default());
                Self {
                    tao_amount: amount,
                    alpha_amount,
                    alpha_slippage: ideal.saturating_sub(alpha_amount),
                    ..Self::default()
                }
            }
            SwapDirection::Sell => {
                let Some(tao_amount) = SubtensorModule::quote_sell(netuid, amount) else {
                    return Self::default();
                };
                let ideal = whole((u128::from(amount) * price).checked_div(par).unwrap_or_default());
                Self {
                    tao_amount,
                    alpha_amount: amount,
                    tao_slippage: ideal.saturating_sub(tao_amount),
                    ..Self::default()
                }
            }
        }
    }
}
