//! Balances.

use super::{NEVER, errors};

errors! {
    "Balances" {
        DeadAccount NEVER,
            "The receiving account does not exist, and this is too little to begin one.",
            "send at least the existential deposit, 500 rao";
        DeltaZero NEVER,
            "The issuance would be changed by nothing.",
            "give a number other than 0";
        ExistentialDeposit NEVER,
            "The amount is below the smallest balance an account may have.",
            "send at least 500 rao";
        ExistingVestingSchedule NEVER,
            "The account has a vesting schedule already.",
            "use another account";
        Expendability NEVER,
            "The transfer would close the sending account.",
            "keep at least 500 rao and the fee, or allow the account to be closed: `assay wallet transfer --allow-death`";
        InsufficientBalance NEVER,
            "The account holds less than that.",
            "fund the account: `assay wallet balance`";
        IssuanceDeactivated NEVER,
            "The issuance cannot be changed: it was switched off.",
            "nothing to do";
        LiquidityRestrictions NEVER,
            "Some of the balance is locked.",
            "wait for the lock to end, or use less";
        TooManyFreezes NEVER,
            "The account has as many freezes as it may.",
            "end one first";
        TooManyHolds NEVER,
            "The account has as many holds as it may.",
            "end one first";
        TooManyReserves NEVER,
            "The account has as many named reserves as it may.",
            "end one first";
        VestingBalance NEVER,
            "The balance has not vested yet.",
            "wait until more of it has vested, or use less";
    }
}
