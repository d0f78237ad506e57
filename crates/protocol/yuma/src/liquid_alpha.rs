//! Liquid alpha: how fast each single bond moves.
//!
//! A bond follows its weight faster the further the validator stands from the consensus when it buys, or from its
//! own bond when it sells. The sigmoid between the two limits costs an exponential a cell, which is what makes an
//! epoch slow: cells that cannot end up with a bond are not computed, and a buyer at or below the consensus always
//! gets the same alpha, which is computed once.

use crate::exponential::{exp_safe_in_place, inverse};
use crate::fixed::I32F32;
use crate::input;

/// The sigmoid of a subnet, ready to be applied to many cells.
///
/// ```
/// use assay_yuma::{LiquidAlpha, fixed::I32F32, liquid_alpha::Sigmoid};
/// let sigmoid = Sigmoid::new(LiquidAlpha { low: 45_875, high: 58_982, sigmoid_steepness: 1_000 });
/// let half = I32F32::ONE / I32F32::from_integer(2);
/// assert_eq!(sigmoid.alpha(half, half, half).to_bits(), 3_012_258_989);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sigmoid {
    low: I32F32,
    high: I32F32,
    /// The steepness as it enters the exponent.
    slope: I32F32,
    /// The alpha at a distance of zero.
    at_rest: I32F32,
}

/// Half, the distance at which the sigmoid is half-way.
const HALF: I32F32 = I32F32::from_bits(1 << 31);

impl Sigmoid {
    /// Prepares the sigmoid of these hyperparameters.
    #[must_use]
    pub fn new(alpha: input::LiquidAlpha) -> Sigmoid {
        let steepness = I32F32::from_integer(i32::from(alpha.sigmoid_steepness));
        let mut sigmoid = Sigmoid {
            low: I32F32::from_u16_fraction(alpha.low),
            high: I32F32::from_u16_fraction(alpha.high),
            slope: steepness / I32F32::from_integer(-100),
            at_rest: I32F32::ZERO,
        };
        let mut one = [I32F32::ZERO];
        sigmoid.apply(&mut one);
        sigmoid.at_rest = one[0];
        sigmoid
    }

    /// The alpha of one cell, from the consensus on the miner, the validator's weight and its old bond.
    #[must_use]
    pub fn alpha(&self, consensus: I32F32, weight: I32F32, bond: I32F32) -> I32F32 {
        let mut one = [distance(consensus, weight, bond)];
        self.apply(&mut one);
        one[0]
    }

    /// The alpha at a distance of zero.
    pub(crate) fn at_rest(&self) -> I32F32 {
        self.at_rest
    }

    /// Replaces every distance by its alpha.
    pub(crate) fn apply(&self, distances: &mut [I32F32]) {
        for distance in distances.iter_mut() {
            *distance = self.slope * (*distance - HALF);
        }
        exp_safe_in_place(distances);
        let range = self.high - self.low;
        for value in distances.iter_mut() {
            let share = inverse((I32F32::ONE + *value).to_bits() as u64);
            *value = (self.low + share * range).limited(self.low, self.high);
        }
    }
}

/// How far a buyer stands above the consensus, or a seller below its own bond: between zero and one.
#[inline]
pub(crate) fn distance(consensus: I32F32, weight: I32F32, bond: I32F32) -> I32F32 {
    let [consensus, weight, bond] = [consensus, weight, bond].map(I32F32::to_bits);
    // Selects rather than branches: which of them it is differs from cell to cell.
    let (from, to) = if weight >= bond {
        (consensus, weight)
    } else {
        (weight, bond)
    };
    I32F32::from_bits(to.saturating_sub(from).clamp(0, I32F32::ONE.to_bits()))
}
