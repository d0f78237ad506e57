//! Adding, removing and moving stake, and what may lock it.

use super::{NEVER, NEXT_BLOCK, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        AmountTooLow NEVER,
            "The amount is below the chain's minimum.",
            "use more: what is staked, withdrawn or left over must be worth 0.002 TAO and the fee; withdrawing everything is always allowed";
        BalanceWithdrawalError NEVER,
            "The balance could not be taken from the coldkey.",
            "fund the coldkey: `assay wallet balance`";
        InsufficientBalance NEVER,
            "The account holds less than that.",
            "fund the account: `assay wallet balance`";
        NotEnoughStake NEVER,
            "There is not enough stake.",
            "`assay stake show` says how much there is";
        NotEnoughStakeToWithdraw NEVER,
            "Less is staked than is to be withdrawn.",
            "`assay stake show` says how much there is";
        SlippageTooHigh NEXT_BLOCK,
            "The price would move past the limit.",
            "raise the price limit, accept a part, or use a smaller amount; a dry run shows what the trade does to the price";
        StakeUnavailable NEVER,
            "The stake is locked.",
            "wait until the lock ends, or use less than the unlocked part";
        StakingRateLimitExceeded NEXT_BLOCK,
            "Stake on this hotkey was moved too recently.",
            "try again in the next block";
        SubtokenDisabled NEVER,
            "The subnet has not been started, so nobody can stake on it.",
            "its owner must start it: `assay subnet start`";
        TransferDisallowed NEVER,
            "The subnet forbids stake transfers.",
            "the subnet's owner decides about transfers; unstake and stake again instead";
        ZeroBalanceAfterWithdrawn NEVER,
            "The account would be left with nothing.",
            "leave the existential deposit of 500 rao and the fee";
        SameNetuid NEVER,
            "Origin and destination are the same subnet.",
            "name another subnet, or move the stake between hotkeys instead";
        SameAutoStakeHotkeyAlreadySet NEVER,
            "This hotkey is the automatic stake's destination already.",
            "nothing to do";
        AddStakeBurnRateLimitExceeded Retry::AfterBlocks(7_200),
            "Alpha was bought and burned too recently in this subnet.",
            "wait about a day";
        NotEnoughAlphaOutToRecycle NEVER,
            "The subnet has less alpha outside its pool than should be recycled or burned.",
            "use a smaller amount";
        CannotBurnOrRecycleOnRootSubnet NEVER,
            "Root has no alpha of its own to recycle or burn.",
            "choose a subnet other than 0";
        LockHotkeyMismatch NEVER,
            "The lock is on another hotkey.",
            "name the hotkey that the stake is locked to; a lock moves with a call of its own";
        InsufficientStakeForLock NEVER,
            "There is less stake than should be locked.",
            "lock at most what `assay stake show` says for this subnet";
        NoExistingLock NEVER,
            "There is no lock to change.",
            "nothing is locked by this coldkey in this subnet";
        ActiveLockExists NEVER,
            "The coldkey has a lock in this subnet already.",
            "add to that one, or wait until it has ended";
        UnlockAmountTooHigh NEVER,
            "More would be unlocked than is locked.",
            "unlock at most what is locked";
        AccountRejectsLockedAlpha NEVER,
            "The receiver does not accept locked alpha.",
            "send unlocked alpha, or let the receiver accept locked alpha first";
    }
}
