//! What a staker wants done with dividends on root stake. This chain pays none; clients read the items by name.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use std::collections::BTreeSet;

/// The kinds of claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum RootClaimTypeEnum {
    /// Swap the alpha for TAO and stake it on root.
    #[default]
    Swap,
    /// Keep the alpha.
    Keep,
    /// Keep the alpha of some subnets only.
    KeepSubnets {
        /// Which.
        subnets: BTreeSet<u16>,
    },
}
