//! What a transaction costs: 0.0005 rao per unit of reference time and 1 rao per byte, as on the original chain.
//!
//! Caveat: the original pays the fee to the block author. This chain has no author to pay, so fees are burned.

use crate::Balance;
use frame_support::weights::{WeightToFeeCoefficient, WeightToFeeCoefficients, WeightToFeePolynomial};
use sp_runtime::Perbill;

/// Reference time to rao.
#[derive(Debug)]
pub struct LinearWeightToFee;

impl WeightToFeePolynomial for LinearWeightToFee {
    type Balance = Balance;

    fn polynomial() -> WeightToFeeCoefficients<Self::Balance> {
        let per_unit = WeightToFeeCoefficient {
            coeff_integer: 0,
            coeff_frac: Perbill::from_parts(500_000),
            negative: false,
            degree: 1,
        };
        [per_unit].into_iter().collect()
    }
}
