//! The pool that turns TAO into a subnet's alpha and back.
//!
//! Simplified: where the original has a weighted balancer with a fee, this is a plain constant product without one,
//! `tao × alpha` staying the same over a trade. Root and subnets of mechanism 0 trade one to one. Rounding always
//! favours the pool.

use super::{
    Config, NetUid, Pallet, ROOT, SubnetAlphaIn, SubnetAlphaOut, SubnetMechanism, SubnetTAO, SubnetVolume,
    TotalStake,
};
use crate::pallets::alpha_assets;
use sp_core::{U256, U512};

/// One TAO per alpha, in the unit of prices: rao of TAO for 10⁹ rao of alpha.
pub(crate) const PAR: u64 = 1_000_000_000;

/// A pool never pays out the last of a reserve, in rao.
const MINIMUM_RESERVE: u64 = 1_000_000;

/// Which way a trade goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapDirection {
    /// TAO in, alpha out.
    Buy,
    /// Alpha in, TAO out.
    Sell,
}

/// A trade that could be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// What goes into the pool, in rao.
    pub paid: u64,
    /// What comes out, in rao.
    pub received: u64,
}

/// What a constant product pool pays for an amount; `None` when a reserve is too small for it.
fn constant_product(reserve_in: u64, reserve_out: u64, amount: u64) -> Option<u64> {
    let product = u128::from(reserve_in) * u128::from(reserve_out);
    let after_in = u128::from(reserve_in) + u128::from(amount);
    if after_in == 0 {
        return None;
    }
    let after_out = u64::try_from(product.div_ceil(after_in)).ok()?;
    let paid = reserve_out.checked_sub(after_out)?;
    (reserve_out >= MINIMUM_RESERVE && after_out >= MINIMUM_RESERVE).then_some(paid)
}

/// How much may go in before the price (out of `PAR`) passes the limit.
///
/// With the product k kept, a price p of TAO per alpha belongs to a TAO reserve of √(k·p) and an alpha reserve of
/// √(k/p).
fn amount_to_price(direction: SwapDirection, tao: u64, alpha: u64, limit: u64) -> u64 {
    let product = U256::from(tao) * U256::from(alpha);
    let (reserve, target) = match direction {
        SwapDirection::Buy => (tao, product * U256::from(limit) / U256::from(PAR)),
        SwapDirection::Sell => match limit {
            0 => return u64::MAX,
            limit => (alpha, product * U256::from(PAR) / U256::from(limit)),
        },
    };
    let target = u64::try_from(target.integer_sqrt()).unwrap_or(u64::MAX);
    target.saturating_sub(reserve)
}

/// How much alpha of one pool may be swapped for alpha of another before the price of the first in the second (out of
/// `PAR`) falls to the limit. Pools are (TAO, alpha).
///
/// Swapping `a` alpha brings `t = T₁·a / (A₁ + a)` TAO, and the price afterwards is `T₁A₁·T₂A₂ / ((A₁ + a)(T₂ + t))²`.
/// The denominator's root is `A₁T₂ + a(T₁ + T₂)`, so that `a` follows from a square root.
fn amount_to_cross_price((tao, alpha): (u64, u64), (other_tao, other_alpha): (u64, u64), limit: u64) -> u64 {
    if limit == 0 {
        return u64::MAX;
    }
    let wide = |number: u64| U512::from(number);
    let products = wide(tao) * wide(alpha) * wide(other_tao) * wide(other_alpha);
    let target = (products * wide(PAR) / wide(limit)).integer_sqrt();
    let room = target.saturating_sub(wide(alpha) * wide(other_tao));
    let amount = room.checked_div(wide(tao) + wide(other_tao)).unwrap_or_default();
    u64::try_from(amount).unwrap_or(u64::MAX)
}

impl<T: Config> Pallet<T> {
    /// The subnet has a pool with a price of its own.
    pub(crate) fn is_dynamic(netuid: NetUid) -> bool {
        netuid != ROOT && SubnetMechanism::<T>::get(netuid) == 1
    }

    /// What one alpha costs, in rao of TAO.
    #[must_use]
    pub fn alpha_price(netuid: NetUid) -> u64 {
        if !Self::is_dynamic(netuid) {
            return PAR;
        }
        let alpha = u128::from(SubnetAlphaIn::<T>::get(netuid));
        let price = (u128::from(SubnetTAO::<T>::get(netuid)) * u128::from(PAR)).checked_div(alpha);
        u64::try_from(price.unwrap_or_default()).unwrap_or(u64::MAX)
    }

    /// Alpha for TAO; `None` when the pool is too small.
    #[must_use]
    pub fn quote_buy(netuid: NetUid, tao: u64) -> Option<u64> {
        match Self::is_dynamic(netuid) {
            true => constant_product(SubnetTAO::<T>::get(netuid), SubnetAlphaIn::<T>::get(netuid), tao),
            false => Some(tao),
        }
    }

    /// TAO for alpha; `None` when the pool is too small.
    #[must_use]
    pub fn quote_sell(netuid: NetUid, alpha: u64) -> Option<u64> {
        match Self::is_dynamic(netuid) {
            true => constant_product(
                SubnetAlphaIn::<T>::get(netuid),
                SubnetTAO::<T>::get(netuid),
                alpha,
            ),
            false => Some(alpha),
        }
    }

    /// How much may be traded before the price passes the limit, in rao of what goes in.
    #[must_use]
    pub fn tradable_to(netuid: NetUid, direction: SwapDirection, limit: u64) -> u64 {
        if Self::is_dynamic(netuid) {
            let (tao, alpha) = (SubnetTAO::<T>::get(netuid), SubnetAlphaIn::<T>::get(netuid));
            return amount_to_price(direction, tao, alpha, limit);
        }
        let acceptable = match direction {
            SwapDirection::Buy => limit >= PAR,
            SwapDirection::Sell => limit <= PAR,
        };
        if acceptable { u64::MAX } else { 0 }
    }

    /// How much alpha may be swapped for another subnet's before its price in the other's alpha falls to the limit.
    #[must_use]
    pub fn swappable_to(from: NetUid, to: NetUid, limit: u64) -> u64 {
        let pool = |netuid| (SubnetTAO::<T>::get(netuid), SubnetAlphaIn::<T>::get(netuid));
        match (Self::is_dynamic(from), Self::is_dynamic(to)) {
            (true, true) => amount_to_cross_price(pool(from), pool(to), limit),
            (false, true) => {
                // The price of the other side is the limit's inverse.
                let inverse = (u128::from(PAR) * u128::from(PAR)).checked_div(u128::from(limit));
                let inverse = inverse.and_then(|price| u64::try_from(price).ok());
                Self::tradable_to(to, SwapDirection::Buy, inverse.unwrap_or(u64::MAX))
            }
            _ => Self::tradable_to(from, SwapDirection::Sell, limit),
        }
    }

    /// Books a purchase: TAO joins the pool, alpha leaves it.
    pub(crate) fn settle_buy(netuid: NetUid, tao: u64, alpha: u64) {
        SubnetTAO::<T>::mutate(netuid, |reserve| *reserve = reserve.saturating_add(tao));
        TotalStake::<T>::mutate(|total| *total = total.saturating_add(tao));
        if Self::is_dynamic(netuid) {
            SubnetAlphaIn::<T>::mutate(netuid, |reserve| *reserve = reserve.saturating_sub(alpha));
        }
        SubnetAlphaOut::<T>::mutate(netuid, |out| *out = out.saturating_add(alpha));
        Self::count_volume(netuid, tao);
    }

    /// Books a sale: alpha joins the pool, TAO leaves it.
    pub(crate) fn settle_sell(netuid: NetUid, alpha: u64, tao: u64) {
        SubnetTAO::<T>::mutate(netuid, |reserve| *reserve = reserve.saturating_sub(tao));
        TotalStake::<T>::mutate(|total| *total = total.saturating_sub(tao));
        if Self::is_dynamic(netuid) {
            SubnetAlphaIn::<T>::mutate(netuid, |reserve| *reserve = reserve.saturating_add(alpha));
        }
        SubnetAlphaOut::<T>::mutate(netuid, |out| *out = out.saturating_sub(alpha));
        Self::count_volume(netuid, tao);
    }

    /// Takes alpha out of the issuance.
    pub(crate) fn withdraw_from_issuance(netuid: NetUid, alpha: u64) {
        SubnetAlphaOut::<T>::mutate(netuid, |out| *out = out.saturating_sub(alpha));
        alpha_assets::Pallet::<T>::count_recycled(netuid, alpha);
    }

    /// All alpha there is, in the pool and outside, in rao.
    #[must_use]
    pub fn alpha_issuance(netuid: NetUid) -> u64 {
        SubnetAlphaIn::<T>::get(netuid).saturating_add(SubnetAlphaOut::<T>::get(netuid))
    }

    fn count_volume(netuid: NetUid, tao: u64) {
        SubnetVolume::<T>::mutate(netuid, |volume| *volume = volume.saturating_add(u128::from(tao)));
    }
}

#[cfg(test)]
mod tests {
    use super::{PAR, SwapDirection, amount_to_cross_price, amount_to_price, constant_product};

    const TAO: u64 = 1_000_000_000;

    #[test]
    fn a_trade_keeps_the_product_and_a_round_trip_gains_nothing() {
        let (tao, alpha) = (1_000 * TAO, 1_000 * TAO);
        let bought = constant_product(tao, alpha, 100 * TAO).unwrap();
        assert_eq!(bought, 90_909_090_909);
        let back = constant_product(alpha - bought, tao + 100 * TAO, bought).unwrap();
        assert!(back <= 100 * TAO && back > 100 * TAO - 10);
    }

    #[test]
    fn a_pool_is_never_emptied() {
        assert_eq!(constant_product(TAO, 2_000_000, u64::MAX), None);
        assert_eq!(constant_product(0, 0, 5), None);
        assert_eq!(constant_product(0, 0, 0), None);
    }

    #[test]
    fn a_limit_is_reached_and_not_passed() {
        let (tao, alpha) = (1_000 * TAO, 1_000 * TAO);
        let limit = PAR / 100 * 121;
        let amount = amount_to_price(SwapDirection::Buy, tao, alpha, limit);
        assert_eq!(amount, 100 * TAO);
        assert_eq!(amount_to_price(SwapDirection::Buy, tao, alpha, PAR - 1), 0);
        let amount = amount_to_price(SwapDirection::Sell, tao, alpha, PAR / 4);
        assert_eq!(amount, 1_000 * TAO);
        assert_eq!(amount_to_price(SwapDirection::Sell, tao, alpha, 0), u64::MAX);
    }

    #[test]
    fn a_swap_between_pools_ends_at_its_limit() {
        let (one, other) = ((1_000 * TAO, 1_000 * TAO), (500 * TAO, 250 * TAO));
        // One alpha is worth half an alpha of the other subnet; down to a third.
        let amount = amount_to_cross_price(one, other, PAR / 3);
        let tao = constant_product(one.1, one.0, amount).unwrap();
        let alpha = constant_product(other.0, other.1, tao).unwrap();
        let price = |(tao, alpha): (u64, u64)| tao as f64 / alpha as f64;
        let after = price((one.0 - tao, one.1 + amount)) / price((other.0 + tao, other.1 - alpha));
        assert!((after - 1.0 / 3.0).abs() < 1e-6, "{after}");
        assert_eq!(amount_to_cross_price(one, other, PAR / 2 + 1), 0);
        assert_eq!(amount_to_cross_price(one, other, 0), u64::MAX);
        assert_eq!(amount_to_cross_price((0, 0), (0, 0), 1), 0);
    }
}
