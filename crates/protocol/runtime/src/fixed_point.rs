//! Fixed-point numbers as they lie in storage and in metadata: a composite with the one field `bits`.
//!
//! Only storage and wire types: arithmetic on them is written out where it is needed, on the bits, because every
//! formula of the chain has rounding rules of its own.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::{Path, Type, TypeInfo, build::Fields};
use serde::{Deserialize, Serialize};

macro_rules! fixed_point {
    ($(#[$doc:meta])* $name:ident, $bits:ty) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode,
            DecodeWithMemTracking, MaxEncodedLen, Serialize, Deserialize,
        )]
        pub struct $name<const FRACTION: u32> {
            /// The number times two to the power of `FRACTION`.
            pub bits: $bits,
        }

        impl<const FRACTION: u32> $name<FRACTION> {
            /// The number with these raw bits.
            #[must_use]
            pub const fn from_bits(bits: $bits) -> Self {
                Self { bits }
            }
        }

        impl<const FRACTION: u32> TypeInfo for $name<FRACTION> {
            type Identity = Self;

            fn type_info() -> Type {
                Type::builder()
                    .path(Path::new(stringify!($name), "substrate_fixed"))
                    .composite(Fields::named().field(|f| f.ty::<$bits>().name("bits").type_name(stringify!($bits))))
            }
        }
    };
}

fixed_point!(
    /// A signed number in 64 bits.
    FixedI64,
    i64
);
fixed_point!(
    /// A signed number in 128 bits.
    FixedI128,
    i128
);
fixed_point!(
    /// An unsigned number in 128 bits.
    FixedU128,
    u128
);

/// Signed, 32 bits before the point and 32 after.
pub type I32F32 = FixedI64<32>;
/// Signed, 96 bits before the point and 32 after.
pub type I96F32 = FixedI128<32>;
/// Signed, 64 bits before the point and 64 after.
pub type I64F64 = FixedI128<64>;
/// Unsigned, 64 bits before the point and 64 after.
pub type U64F64 = FixedU128<64>;
/// Unsigned, 96 bits before the point and 32 after.
pub type U96F32 = FixedU128<32>;
