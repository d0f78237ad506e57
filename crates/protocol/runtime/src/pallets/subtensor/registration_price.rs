//! The price of a uid: multiplied by every registration, halved every `BurnHalfLife` blocks.
//!
//! The arithmetic is the chain's, in 32 fraction bits, so that prices agree with it to the rao.

use super::{Burn, BurnHalfLife, BurnIncreaseMult, Config, MaxBurn, MinBurn, NetUid, Pallet, ROOT};
use crate::fixed_point::U64F64;

/// One half in 32 fraction bits.
const HALF: u64 = 1 << 31;

/// The price after a registration: multiplied, rounded down, kept within its bounds. A multiplier below one counts as
/// one.
#[must_use]
pub fn raised_price(price: u64, multiplier: U64F64, min: u64, max: u64) -> u64 {
    let multiplier = multiplier.bits.max(1 << 64);
    let raised = u128::from(price)
        .checked_mul(multiplier)
        .map_or(u64::MAX, |product| {
            u64::try_from(product >> 64).unwrap_or(u64::MAX)
        });
    within(raised, min, max)
}

/// The price one block later, kept within its bounds. A half-life of 0 leaves it alone.
#[must_use]
pub fn decayed_price(price: u64, half_life: u16, min: u64, max: u64) -> u64 {
    if half_life == 0 {
        return price;
    }
    let decayed = (u128::from(price) * u128::from(decay_factor(half_life))) >> 32;
    within(u64::try_from(decayed).unwrap_or(u64::MAX), min, max)
}

/// What a price is multiplied by each block, in 32 fraction bits: the largest number whose power `half_life` is at
/// most one half.
#[must_use]
pub fn decay_factor(half_life: u16) -> u64 {
    let (mut low, mut high) = (0u64, 1u64 << 32);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        match power(middle, half_life) <= HALF {
            true => low = middle,
            false => high = middle - 1,
        }
    }
    low
}

/// Square and multiply, every product cut to 32 fraction bits.
fn power(mut base: u64, mut exponent: u16) -> u64 {
    let mut result = 1u64 << 32;
    let multiply = |left: u64, right: u64| {
        u64::try_from((u128::from(left) * u128::from(right)) >> 32).unwrap_or(u64::MAX)
    };
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    result
}

/// The upper bound wins when the bounds cross, as it does on the chain.
fn within(price: u64, min: u64, max: u64) -> u64 {
    price.max(min).min(max)
}

impl<T: Config> Pallet<T> {
    pub(crate) fn raise_price(netuid: NetUid) {
        let multiplier = BurnIncreaseMult::<T>::get(netuid);
        let (min, max) = (MinBurn::<T>::get(netuid), MaxBurn::<T>::get(netuid));
        Burn::<T>::mutate(netuid, |price| {
            *price = raised_price(*price, multiplier, min, max)
        });
    }

    /// Lets the prices fall by one block.
    pub(crate) fn lower_prices(netuids: &[NetUid]) {
        for &netuid in netuids.iter().filter(|&&netuid| netuid != ROOT) {
            let half_life = BurnHalfLife::<T>::get(netuid);
            let (min, max) = (MinBurn::<T>::get(netuid), MaxBurn::<T>::get(netuid));
            let price = Burn::<T>::get(netuid);
            let lowered = decayed_price(price, half_life, min, max);
            if lowered != price {
                Burn::<T>::insert(netuid, lowered);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{decay_factor, decayed_price, raised_price};
    use crate::fixed_point::U64F64;

    const TAO: u64 = 1_000_000_000;

    #[test]
    fn decay_factors_are_the_chains() {
        let known = [
            (1, 2_147_483_648),
            (2, 3_037_000_500),
            (10, 4_007_346_185),
            (100, 4_265_299_790),
            (360, 4_286_705_684),
            (1_000, 4_291_991_283),
            (7_200, 4_294_553_838),
            (36_100, 4_294_884_830),
        ];
        for (half_life, factor) in known {
            assert_eq!(decay_factor(half_life), factor, "half-life {half_life}");
        }
    }

    #[test]
    fn one_tao_halves_in_360_blocks() {
        let after =
            |blocks: u32| (0..blocks).fold(TAO, |price, _| decayed_price(price, 360, 500_000, 100 * TAO));
        let known = [
            (1, 998_076_443),
            (2, 996_156_586),
            (10, 980_930_083),
            (100, 824_860_547),
            (360, 499_999_865),
            (720, 249_999_807),
        ];
        for (blocks, price) in known {
            assert_eq!(after(blocks), price, "after {blocks} blocks");
        }
    }

    #[test]
    fn small_prices_follow_the_same_rules() {
        let double = U64F64::from_bits(2 << 64);
        assert_eq!(raised_price(1_000, double, 0, TAO), 2_000);
        assert_eq!(decayed_price(2_000, 1_000, 0, TAO), 1_998);
        let twice = |price| decayed_price(decayed_price(price, 2, 0, TAO), 2, 0, TAO);
        assert_eq!((twice(1_024), twice(twice(1_024))), (511, 255));
        assert_eq!(decayed_price(1, 1, 100_000, 150_000), 100_000);
        assert_eq!(raised_price(100_000, double, 100_000, 150_000), 150_000);
        assert_eq!(decayed_price(150_000, 1, 100_000, 150_000), 100_000);
        assert_eq!(decayed_price(7, 0, 0, TAO), 7);
    }

    #[test]
    fn registrations_raise_the_price_by_a_quarter_and_a_bit() {
        let mult = U64F64::from_bits(0x1_428f_5c28_f5c2_9000);
        let mut price = TAO;
        let mut prices = Vec::new();
        for _ in 0..6 {
            price = raised_price(price, mult, 500_000, 100 * TAO);
            prices.push(price);
        }
        assert_eq!(
            prices,
            [
                1_260_000_000,
                1_587_600_000,
                2_000_376_000,
                2_520_473_760,
                3_175_796_937,
                4_001_504_140
            ]
        );

        let mut price = 500_000;
        let mut registrations = 0;
        while price < 100 * TAO {
            price = raised_price(price, mult, 500_000, 100 * TAO);
            registrations += 1;
        }
        assert_eq!((price, registrations), (100 * TAO, 53));
    }
}
