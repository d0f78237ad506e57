//! Calls that several accounts approve.

use super::{NEVER, errors};

errors! {
    "Multisig" {
        MinimumThreshold NEVER,
            "A multisig needs a threshold of two or more.",
            "for a threshold of one use as_multi_threshold_1";
        AlreadyApproved NEVER,
            "The signer has approved this call already.",
            "another signatory must approve";
        NoApprovalsNeeded NEVER,
            "The call has all its approvals and only waits to be run.",
            "let a signatory send the call itself with as_multi";
        TooFewSignatories NEVER,
            "There are too few other signatories.",
            "name at least one";
        TooManySignatories NEVER,
            "There are too many signatories.",
            "100 at most";
        SignatoriesOutOfOrder NEVER,
            "The other signatories are not sorted.",
            "sort them by their public keys, ascending, each once";
        SenderInSignatories NEVER,
            "The signer is among the other signatories.",
            "leave the signer out of the list";
        NotFound NEVER,
            "There is no such open call.",
            "it was run or cancelled, or threshold and signatories are not the ones it was opened with";
        NotOwner NEVER,
            "Only who opened the call may cancel it.",
            "let that account cancel it";
        NoTimepoint NEVER,
            "The call is open already, so its timepoint must be given.",
            "give block and index of the extrinsic that opened it";
        WrongTimepoint NEVER,
            "The timepoint is not that of the open call.",
            "give block and index of the extrinsic that opened it";
        UnexpectedTimepoint NEVER,
            "The call is not open yet, so there is no timepoint to give.",
            "leave the timepoint out";
        MaxWeightTooLow NEVER,
            "The call weighs more than was allowed for it.",
            "give a larger max_weight";
        AlreadyStored NEVER,
            "The call's data is stored already.",
            "nothing to do";
    }
}
