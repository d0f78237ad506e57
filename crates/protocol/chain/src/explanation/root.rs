//! The root network and what its stakers claim.

use super::{NEVER, errors};

errors! {
    "SubtensorModule" {
        RootNetworkDoesNotExist NEVER,
            "The chain has no root network.",
            "the chain is not set up; use another endpoint";
        NotRootSubnet NEVER,
            "The call is for the root network only.",
            "use netuid 0";
        StakeTooLowForRoot NEVER,
            "The stake is too low for the root network.",
            "stake more on the hotkey than the lowest of root's 64 has";
        InvalidNumRootClaim NEVER,
            "The number of automatic root claims is out of bounds.",
            "use a number within the chain's bounds";
        InvalidRootClaimThreshold NEVER,
            "The threshold of root claims is out of bounds.",
            "use a smaller threshold";
    }
}
