//! Subnets that a crowd leases.

use super::{NEVER, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        InvalidLeaseBeneficiary NEVER,
            "The lease's beneficiary must be who created the crowdloan.",
            "sign with the crowdloan's creator";
        LeaseCannotEndInThePast NEVER,
            "The lease would end before it begins.",
            "give a later block";
        LeaseNetuidNotFound NEVER,
            "The leased subnet cannot be found.",
            "the chain's maintainers must look: the lease was not set up whole";
        LeaseDoesNotExist NEVER,
            "There is no such lease.",
            "check its number";
        LeaseHasNoEndBlock NEVER,
            "The lease has no end, so it cannot be ended.",
            "nothing to do: it is for ever";
        LeaseHasNotEnded Retry::AfterBlocks(360),
            "The lease has not ended.",
            "wait for its last block";
        ExpectedBeneficiaryOrigin NEVER,
            "Only the lease's beneficiary may do this.",
            "sign with the beneficiary's coldkey";
    }
}
