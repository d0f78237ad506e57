//! The chain's 32.32 fixed-point number, with the chain's rounding.
//!
//! Consensus is agreement to the last bit, so every operation here states which way it rounds: a product is
//! rounded towards minus infinity, a quotient towards zero. Both saturate instead of wrapping.

pub use crate::exponential::exp_safe;
use serde::{Deserialize, Serialize};

/// A signed number with 31 integer bits and 32 fraction bits, held as its raw bits.
///
/// ```
/// use assay_yuma::fixed::I32F32;
/// let half = I32F32::ONE / I32F32::from_integer(2);
/// assert_eq!(half.to_bits(), 1 << 31);
/// // One unit below zero: the product rounds down, the quotient towards zero.
/// assert_eq!((I32F32::from_bits(-1) * half).to_bits(), -1);
/// assert_eq!((I32F32::from_bits(-1) / I32F32::from_integer(2)).to_bits(), 0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub struct I32F32(i64);

/// Bits of the fraction.
const FRACTION: u32 = 32;

impl I32F32 {
    /// 0.
    pub const ZERO: I32F32 = I32F32(0);
    /// 1.
    pub const ONE: I32F32 = I32F32(1 << FRACTION);

    /// The number with these raw bits, in units of 2⁻³².
    #[must_use]
    pub const fn from_bits(bits: i64) -> I32F32 {
        I32F32(bits)
    }

    /// The raw bits, in units of 2⁻³².
    #[must_use]
    pub const fn to_bits(self) -> i64 {
        self.0
    }

    /// A whole number.
    #[must_use]
    pub const fn from_integer(value: i32) -> I32F32 {
        I32F32((value as i64) << FRACTION)
    }

    /// A stored fraction: `value / 65535`, rounded down.
    #[inline]
    #[must_use]
    pub const fn from_u16_fraction(value: u16) -> I32F32 {
        I32F32((((value as u64) << FRACTION) / 65_535) as i64)
    }

    /// The fraction of 65535 that the chain stores: rounded down and clamped to the range of a u16.
    #[inline]
    #[must_use]
    pub const fn to_u16_fraction(self) -> u16 {
        let scaled = self.0.saturating_mul(65_535) >> FRACTION;
        if scaled < 0 {
            0
        } else if scaled > 65_535 {
            65_535
        } else {
            scaled as u16
        }
    }

    /// The whole part, rounded down and clamped to the range of a u16.
    #[must_use]
    pub const fn to_u16(self) -> u16 {
        let whole = self.0 >> FRACTION;
        if whole < 0 {
            0
        } else if whole > 65_535 {
            65_535
        } else {
            whole as u16
        }
    }

    /// The nearest whole number, halves away from zero.
    #[must_use]
    pub const fn round(self) -> I32F32 {
        let half = 1_i128 << (FRACTION - 1);
        let magnitude = (self.0 as i128).abs() + half;
        let whole = (magnitude >> FRACTION) << FRACTION;
        saturate(if self.0 < 0 { -whole } else { whole })
    }

    /// `self / divisor`, or zero where the divisor is zero.
    #[must_use]
    pub const fn safe_div(self, divisor: I32F32) -> I32F32 {
        if divisor.0 == 0 {
            return I32F32::ZERO;
        }
        saturate(((self.0 as i128) << FRACTION) / divisor.0 as i128)
    }

    /// This share of an amount, rounded down; zero for a negative share.
    #[must_use]
    pub const fn of_amount(self, amount: u64) -> u64 {
        if self.0 <= 0 {
            return 0;
        }
        let product = (self.0 as u128 * amount as u128) >> FRACTION;
        if product > u64::MAX as u128 {
            u64::MAX
        } else {
            product as u64
        }
    }

    /// The number limited to `low ..= high`, without a panic where the limits are the wrong way round.
    #[must_use]
    pub(crate) fn limited(self, low: I32F32, high: I32F32) -> I32F32 {
        self.max(low).min(high)
    }
}

const fn saturate(bits: i128) -> I32F32 {
    if bits > i64::MAX as i128 {
        I32F32(i64::MAX)
    } else if bits < i64::MIN as i128 {
        I32F32(i64::MIN)
    } else {
        I32F32(bits as i64)
    }
}

impl std::ops::Add for I32F32 {
    type Output = I32F32;
    #[inline]
    fn add(self, other: I32F32) -> I32F32 {
        I32F32(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for I32F32 {
    #[inline]
    fn add_assign(&mut self, other: I32F32) {
        *self = *self + other;
    }
}

impl std::ops::Sub for I32F32 {
    type Output = I32F32;
    #[inline]
    fn sub(self, other: I32F32) -> I32F32 {
        I32F32(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Mul for I32F32 {
    type Output = I32F32;
    #[inline]
    fn mul(self, other: I32F32) -> I32F32 {
        saturate((i128::from(self.0) * i128::from(other.0)) >> FRACTION)
    }
}

impl std::ops::Div for I32F32 {
    type Output = I32F32;
    /// As [`I32F32::safe_div`].
    fn div(self, other: I32F32) -> I32F32 {
        self.safe_div(other)
    }
}

impl std::iter::Sum for I32F32 {
    fn sum<I: Iterator<Item = I32F32>>(terms: I) -> I32F32 {
        terms.fold(I32F32::ZERO, |sum, term| sum + term)
    }
}

/// A divisor prepared for many exact divisions.
///
/// A 128-bit division a cell is what makes a dense epoch slow. A product with the floating-point inverse is off by
/// less than one unit while the quotient is below 2⁵⁰ units, and one look at the remainder puts that right, so the
/// result is the exact truncated quotient. Anything outside that range takes the long way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divisor {
    bits: i64,
    inverse: f64,
    /// Below this a dividend's quotient is small enough for the short way.
    limit: i64,
}

impl Divisor {
    pub(crate) fn new(divisor: I32F32) -> Divisor {
        let bits = divisor.0;
        // The quotient is dividend · 2³² / bits < 2⁵⁰, so a dividend below bits · 2¹⁸. The remainder lies between
        // -bits and 2 · bits, which must fit the 64 bits in which it is computed.
        let limit = if bits > 0 && bits < 1 << 61 {
            bits.saturating_mul(1 << 18)
        } else {
            0
        };
        Divisor {
            bits,
            inverse: (1_u64 << FRACTION) as f64 / bits as f64,
            limit,
        }
    }

    /// `dividend / divisor`, rounded towards zero; zero where the divisor is zero.
    #[inline]
    pub(crate) fn divide(self, dividend: I32F32) -> I32F32 {
        let dividend = dividend.0;
        if dividend < 0 || dividend >= self.limit {
            return I32F32(dividend).safe_div(I32F32(self.bits));
        }
        let estimate = (dividend as f64 * self.inverse) as i64;
        let remainder = (dividend << FRACTION).wrapping_sub(estimate.wrapping_mul(self.bits));
        let correction = i64::from(remainder >= self.bits) - i64::from(remainder < 0);
        I32F32(estimate + correction)
    }
}

/// Every entry divided by the sum of all; unchanged where the sum is zero.
pub(crate) fn normalised(mut values: Vec<I32F32>) -> Vec<I32F32> {
    let sum: I32F32 = values.iter().copied().sum();
    if sum != I32F32::ZERO {
        let divisor = Divisor::new(sum);
        for value in &mut values {
            *value = divisor.divide(*value);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_prepared_divisor_gives_the_exact_truncated_quotient(
            dividend in prop_oneof![any::<i64>(), 0..=1_i64 << 33, 0..1_i64 << 50],
            divisor in prop_oneof![any::<i64>(), 1..=1_i64 << 44, 1..70_000_i64],
        ) {
            let (dividend, divisor) = (I32F32(dividend), I32F32(divisor));
            prop_assert_eq!(Divisor::new(divisor).divide(dividend), dividend.safe_div(divisor));
        }

        #[test]
        fn a_quotient_next_to_a_whole_number_is_exact_too(
            divisor in 1..=1_i64 << 44,
            quotient in 0..1_i64 << 49,
            off in -2..=2_i64,
        ) {
            // The dividends whose quotient is as close as it gets to a whole unit, where an estimate goes wrong.
            let dividend = ((i128::from(quotient) * i128::from(divisor)) >> 32) as i64 + off;
            let (dividend, divisor) = (I32F32(dividend), I32F32(divisor));
            prop_assert_eq!(Divisor::new(divisor).divide(dividend), dividend.safe_div(divisor));
        }
    }
}
