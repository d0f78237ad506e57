//! Who owns a hotkey, and swapping it for another.

use super::{NEVER, NEXT_DAY, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        HotKeyAccountNotExists NEVER,
            "The chain does not know the hotkey.",
            "register the hotkey first: `assay subnet register`";
        NonAssociatedColdKey NEVER,
            "The hotkey belongs to another coldkey.",
            "sign with the coldkey that owns the hotkey, or use a new hotkey";
        NewHotKeyIsSameWithOld NEVER,
            "The new hotkey is the old one.",
            "give another hotkey";
        NewHotKeyNotCleanForRootSwap NEVER,
            "The new hotkey has a history on root and cannot take the place of another there.",
            "use a fresh hotkey";
        NotEnoughBalanceToPaySwapHotKey NEVER,
            "The coldkey cannot pay for the swap.",
            "fund the coldkey: a swap costs 0.1 TAO, on a single subnet 0.001 TAO";
        HotKeySetTxRateLimitExceeded Retry::AfterBlocks(100),
            "The coldkey swapped a hotkey too recently.",
            "wait, then try again";
        HotKeySwapOnSubnetIntervalNotPassed NEXT_DAY,
            "A hotkey was swapped on this subnet too recently.",
            "wait about a day between swaps on one subnet";
        TransactorAccountShouldBeHotKey NEVER,
            "The signer is not a hotkey.",
            "sign with the hotkey";
        BeneficiaryDoesNotOwnHotkey NEVER,
            "The beneficiary does not own the hotkey.",
            "name a hotkey of the beneficiary's coldkey";
    }
}
