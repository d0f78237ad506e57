//! Errors of FRAME's own pallets: the system, sudo, batches, and the shielded pool.

use super::{NEVER, NEXT_BLOCK, errors};
use crate::Retry;

errors! {
    "System" {
        InvalidSpecName NEVER,
            "The new runtime is of another chain.",
            "upgrade with a runtime of the same name";
        SpecVersionNeedsToIncrease NEVER,
            "The new runtime is not newer than the present one.",
            "raise the runtime's spec_version";
        FailedToExtractRuntimeVersion NEVER,
            "The new runtime does not tell its version.",
            "give the bytes of a runtime";
        NonDefaultComposite NEVER,
            "The account still holds something, so it cannot be removed.",
            "empty the account first";
        NonZeroRefCount NEVER,
            "The account is still in use, so it cannot be removed.",
            "end its stakes, proxies and reserves first";
        CallFiltered NEVER,
            "The chain does not take this call, or not from where it came (a batch or a proxy).",
            "send it alone, signed by its own key; batches cannot be nested";
        MultiBlockMigrationsOngoing NEXT_BLOCK,
            "The chain is in the middle of an upgrade.",
            "try again in a few blocks";
        NothingAuthorized NEVER,
            "No upgrade was authorised.",
            "authorise the hash of the runtime first";
        Unauthorized NEVER,
            "The runtime is not the one that was authorised.",
            "give exactly the bytes whose hash was authorised";
    }
    "Sudo" {
        RequireSudo NEVER,
            "Only the sudo key may do this.",
            "sign with the sudo key; on a devnet that is //Alice";
    }
    "Utility" {
        TooManyCalls NEVER,
            "The batch has too many calls.",
            "split it";
    }
    "MevShield" {
        BadEncKeyLen NEVER,
            "The shield's key has the wrong length.",
            "an ML-KEM-768 key has 1184 bytes";
        Unreachable NEVER,
            "The shield met a state that cannot be.",
            "the chain's maintainers must look";
        TooManyPendingExtrinsics Retry::AfterBlocks(1),
            "The shield stores as many extrinsics as it may.",
            "wait until some were applied, or send it in a carrier of its own (submit_encrypted)";
        WeightExceedsAbsoluteMax NEVER,
            "The weight is above half of what a block has.",
            "choose a smaller one";
    }
}
