//! What a validator keeps of its nominators' dividends.

use super::{NEVER, errors};
use crate::Retry;

/// A validator may raise its take once in 30 days of 12-second blocks.
const NEXT_MONTH: Retry = Retry::AfterBlocks(216_000);

errors! {
    "SubtensorModule" {
        DelegateTakeTooLow NEVER,
            "The take is not above the present one, or below the least allowed.",
            "increase_take needs more than now, decrease_take less than now and no less than the minimum";
        DelegateTakeTooHigh NEVER,
            "The take is above the most allowed.",
            "use at most 11796 of 65535 (18 %)";
        DelegateTxRateLimitExceeded NEXT_MONTH,
            "The take was raised too recently.",
            "wait: it can be raised once in 216000 blocks (30 days) and lowered at any time";
        HotKeyAlreadyDelegate NEVER,
            "The hotkey takes nominations already.",
            "nothing to do";
        InvalidChildkeyTake NEVER,
            "The child key's take is out of bounds.",
            "use 0 to 11796 of 65535 (18 %), and no less than the subnet's minimum";
        TxChildkeyTakeRateLimitExceeded NEXT_MONTH,
            "The child key's take was raised too recently.",
            "wait: it can be raised once in 216000 blocks (30 days) and lowered at any time";
    }
}
