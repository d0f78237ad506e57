//! The chain's exponential: a Taylor series of fixed length on 32.32 numbers, bit for bit.
//!
//! The series stops at the 31st power, which is 0.8 % short at 20, and e itself is a constant with 23 fraction
//! bits. Both are part of the consensus and reproduced.

use crate::fixed::I32F32;

/// e as the chain holds it. It answers for an argument of exactly one, not for minus one.
const E: I32F32 = I32F32::from_bits(11_674_931_200);
/// The argument beyond which the chain does not go.
const LIMIT: I32F32 = I32F32::from_integer(20);
/// The last power of the series.
const LAST_POWER: usize = 31;
/// Series computed side by side: a single one waits for its own products, and eight keep the multiplier busy
/// without running out of registers to hold them.
const LANES: usize = 8;

/// Multiplier and shift that divide a number below 2⁶³ by the index, exactly.
///
/// With `s = ⌈log2 i⌉ - 1` and `m = ⌈2^(64+s) / i⌉`, `m·i` exceeds `2^(64+s)` by less than `2^(s+1)`, so the error
/// of `t·m / 2^(64+s)` stays below `1/i` for every `t < 2⁶³`.
const INVERSES: [(u64, u32); LAST_POWER + 1] = {
    let mut table = [(0, 0); LAST_POWER + 1];
    let mut i = 2;
    while i <= LAST_POWER {
        let shift = usize::BITS - (i - 1).leading_zeros() - 1;
        let multiplier = (1_u128 << (64 + shift)).div_ceil(i as u128);
        table[i] = (multiplier as u64, shift);
        i += 1;
    }
    table
};

/// `exp(x)` with the argument clamped to ±20, as the chain's `exp_safe`.
///
/// ```
/// use assay_yuma::fixed::{I32F32, exp_safe};
/// assert_eq!(exp_safe(I32F32::from_integer(-20)).to_bits(), 8);
/// assert_eq!(exp_safe(I32F32::from_integer(99)), exp_safe(I32F32::from_integer(20)));
/// ```
#[must_use]
pub fn exp_safe(argument: I32F32) -> I32F32 {
    let mut one = [argument];
    exp_safe_in_place(&mut one);
    one[0]
}

/// Replaces every argument by its [`exp_safe`].
pub(crate) fn exp_safe_in_place(arguments: &mut [I32F32]) {
    for chunk in arguments.chunks_mut(LANES) {
        let mut magnitudes = [0_u64; LANES];
        for (magnitude, argument) in magnitudes.iter_mut().zip(chunk.iter()) {
            *magnitude = argument
                .limited(I32F32::ZERO - LIMIT, LIMIT)
                .to_bits()
                .unsigned_abs();
        }
        let series = taylor(magnitudes);
        for (argument, sum) in chunk.iter_mut().zip(series) {
            *argument = if *argument == I32F32::ONE {
                E
            } else if argument.to_bits() < 0 {
                inverse(sum)
            } else {
                I32F32::from_bits(sum as i64)
            };
        }
    }
}

/// `1 / bits`, rounded down, for a number of at least one.
#[inline]
pub(crate) fn inverse(bits: u64) -> I32F32 {
    // 2⁶⁴ does not fit: divide 2⁶⁴ - 1, and add the unit back where the divisor is a divisor of 2⁶⁴.
    let quotient = u64::MAX / bits;
    let exact = u64::MAX - quotient * bits == bits - 1;
    I32F32::from_bits((quotient + u64::from(exact)) as i64)
}

/// The sums of the series for magnitudes up to 20, in raw bits. They stay below 2⁶¹.
fn taylor(magnitudes: [u64; LANES]) -> [u64; LANES] {
    let mut terms = magnitudes;
    let mut sums = magnitudes.map(|magnitude| magnitude + (1 << 32));
    for (multiplier, shift) in &INVERSES[2..] {
        let mut any = 0;
        for lane in 0..LANES {
            // At most 2⁶², so the division below is the one for numbers under 2⁶³.
            let product = ((u128::from(terms[lane]) * u128::from(magnitudes[lane])) >> 32) as u64;
            let term = ((u128::from(product) * u128::from(*multiplier)) >> 64) as u64 >> shift;
            terms[lane] = term;
            sums[lane] += term;
            any |= term;
        }
        if any == 0 {
            break;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The series written down as the chain's library computes it.
    fn reference(argument: i64) -> i64 {
        let x = i128::from(argument.clamp(-20 << 32, 20 << 32));
        let magnitude = x.abs();
        match x {
            0 => return 1 << 32,
            x if x == 1 << 32 => return 11_674_931_200,
            _ => {}
        }
        let mut term = magnitude;
        let mut sum = magnitude + (1 << 32);
        for i in 2..=31 {
            term = ((term * magnitude) >> 32) / i;
            sum += term;
        }
        if x < 0 {
            ((1_i128 << 64) / sum) as i64
        } else {
            sum as i64
        }
    }

    proptest! {
        #[test]
        fn side_by_side_equals_one_by_one(arguments in proptest::collection::vec(
            prop_oneof![-(21_i64 << 32)..21_i64 << 32, Just(0), Just(1 << 32), Just(-1 << 32), Just(20 << 32)],
            0..40,
        )) {
            let mut batch: Vec<I32F32> = arguments.iter().map(|bits| I32F32::from_bits(*bits)).collect();
            exp_safe_in_place(&mut batch);
            let expected: Vec<I32F32> =
                arguments.iter().map(|bits| I32F32::from_bits(reference(*bits))).collect();
            prop_assert_eq!(batch, expected);
        }
    }
}
