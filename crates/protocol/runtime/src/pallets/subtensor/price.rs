//! Smoothed prices and root's proportion, brought up to date at the end of a block's emission.

use super::{
    Config, EMAPriceHalvingBlocks, FirstEmissionBlockNumber, NetUid, Pallet, ROOT, RootProp,
    SubnetMovingAlpha, SubnetMovingPrice, pool::PAR,
};
use crate::fixed_point::{I96F32, U96F32};

/// One in 32 fraction bits.
const ONE: i128 = 1 << 32;

/// The moving price after a block. A new price counts by `alpha`, more slowly while the subnet is young, and never as
/// more than 1.
fn moved_price(moving: I96F32, price: u64, alpha: I96F32, age: u64, halving: u64) -> I96F32 {
    let age = i128::from(age);
    let alpha = alpha
        .bits
        .saturating_mul(age)
        .checked_div(age + i128::from(halving))
        .unwrap_or_default();
    let price = ((i128::from(price) << 32) / i128::from(PAR)).min(ONE);
    let kept = (moving.bits.saturating_mul(ONE.saturating_sub(alpha))) >> 32;
    I96F32::from_bits((price.saturating_mul(alpha) >> 32).saturating_add(kept))
}

impl<T: Config> Pallet<T> {
    /// Moves the smoothed price of every subnet that has been started.
    pub(crate) fn move_prices(netuids: &[NetUid]) {
        let now = Self::now();
        let alpha = SubnetMovingAlpha::<T>::get();
        for &netuid in netuids.iter().filter(|&&netuid| netuid != ROOT) {
            let Some(first) = FirstEmissionBlockNumber::<T>::get(netuid) else {
                continue;
            };
            let age = now.saturating_sub(first);
            let halving = EMAPriceHalvingBlocks::<T>::get(netuid);
            let price = Self::alpha_price(netuid);
            SubnetMovingPrice::<T>::mutate(netuid, |moving| {
                *moving = moved_price(*moving, price, alpha, age, halving);
            });
        }
    }

    /// Publishes root's share of every subnet's dividends.
    pub(crate) fn publish_root_proportions(netuids: &[NetUid]) {
        for &netuid in netuids.iter().filter(|&&netuid| netuid != ROOT) {
            let share = U96F32::from_bits(u128::from(Self::root_share(netuid)));
            if RootProp::<T>::get(netuid) != share {
                RootProp::<T>::insert(netuid, share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ONE, moved_price};
    use crate::fixed_point::I96F32;

    #[test]
    fn a_price_moves_slowly_and_never_above_one() {
        let half = I96F32::from_bits(ONE / 2);
        assert_eq!(moved_price(half, 0, half, 0, 10), half, "nothing counts at age 0");
        assert_eq!(
            moved_price(half, 3_000_000_000, half, 10, 10).bits,
            ONE / 4 + ONE * 3 / 8
        );
    }
}
