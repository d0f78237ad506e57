//! Shares of a stake pool as they lie in storage.
//!
//! The original keeps a decimal mantissa and exponent. Here shares are whole numbers and the exponent is always zero,
//! which decodes to the same value.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A number `mantissa × 10^exponent`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SafeFloat {
    /// The digits.
    pub mantissa: u128,
    /// The power of ten; zero on this chain.
    pub exponent: i64,
}

impl SafeFloat {
    /// A whole number of shares.
    #[must_use]
    pub const fn whole(shares: u128) -> Self {
        Self {
            mantissa: shares,
            exponent: 0,
        }
    }
}
