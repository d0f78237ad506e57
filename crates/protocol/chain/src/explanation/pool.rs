//! Trading TAO for a subnet's alpha.

use super::{NEVER, NEXT_BLOCK, errors};

errors! {
    "SubtensorModule" {
        InsufficientLiquidity NEXT_BLOCK,
            "The subnet's pool is too small for the amount.",
            "use a smaller amount: a purchase may be at most 1000 times the pool's TAO, and a sale must leave the pool its minimum";
    }
    "Swap" {
        FeeRateTooHigh NEVER,
            "The pool's fee is above what is allowed.",
            "choose a smaller fee";
        InsufficientInputAmount NEVER,
            "Too little was offered for a trade.",
            "offer more";
        InsufficientLiquidity NEXT_BLOCK,
            "The pool does not hold enough for the trade.",
            "use a smaller amount";
        PriceLimitExceeded NEXT_BLOCK,
            "The price is beyond the limit given.",
            "raise the limit, accept a part, or use a smaller amount";
        InsufficientBalance NEVER,
            "The account holds less than the trade needs.",
            "fund the account: `assay wallet balance`";
        InvalidTickRange NEVER,
            "The price range of the position is empty or out of bounds.",
            "give a lower bound below the upper one";
        InvalidLiquidityValue NEVER,
            "The position's liquidity is out of bounds.",
            "give more than the minimum";
        ReservesTooLow NEXT_BLOCK,
            "The pool's reserves are too low to trade with.",
            "wait for the subnet's emission to fill the pool, or use a smaller amount";
        MechanismDoesNotExist NEVER,
            "There is no such subnet.",
            "`assay subnet list` shows the subnets of this chain";
        SubtokenDisabled NEVER,
            "The subnet has not been started, so its alpha cannot be traded.",
            "its owner must start it: `assay subnet start`";
        ReservesOutOfBalance NEXT_BLOCK,
            "One side of the pool is far too small beside the other.",
            "wait for the subnet's emission to fill the pool, or use a smaller amount";
        SwapInputTooLarge NEVER,
            "More was offered than one trade may have.",
            "split it into smaller trades";
        Deprecated NEVER,
            "The call is no longer supported.",
            "positions of single users are gone; stake instead: `assay stake add`";
    }
}
