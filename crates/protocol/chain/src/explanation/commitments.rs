//! What a hotkey states publicly.

use super::{NEVER, NEXT_EPOCH, errors};
use crate::Retry;

errors! {
    "Commitments" {
        AccountNotAllowedCommit NEVER,
            "The hotkey is not registered in the subnet, so it may not commit.",
            "register the hotkey first: `assay subnet register`";
        SpaceLimitExceeded NEXT_EPOCH,
            "The hotkey has used its 3100 bytes of commitments in this epoch.",
            "commit again in the next epoch; each commitment counts as 100 bytes at least";
        TooManyFieldsInCommitmentInfo NEVER,
            "A commitment has at most three fields.",
            "use fewer fields";
        UnexpectedUnreserveLeftover NEVER,
            "More was deposited for an earlier commitment than could be given back.",
            "the chain's maintainers must look: deposits are 0 today";
        CommitmentSetRateLimitExceeded Retry::AfterBlocks(100),
            "The last commitment is too recent (older chains).",
            "wait, then commit again";
    }
}
