//! Creating, starting and owning subnets.

use super::{NEVER, NEXT_DAY, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        AllNetworksInImmunity NEXT_DAY,
            "The chain is full and every subnet is still immune.",
            "wait until the immunity of a subnet ends";
        CannotAffordLockCost NEVER,
            "The coldkey cannot pay the lock that a new subnet costs.",
            "fund the coldkey: `assay subnet create --dry-run` shows the cost, which falls with every block";
        CallDisabled NEVER,
            "The chain has switched this call off.",
            "there is nothing to do until the chain's maintainers switch it on";
        Deprecated NEVER,
            "The call is no longer supported.",
            "update Assay, or use the call that replaced it";
        DisabledTemporarily Retry::AfterBlocks(100),
            "The call is switched off for now.",
            "try again later";
        FirstEmissionBlockNumberAlreadySet NEVER,
            "The subnet was started already.",
            "nothing to do";
        NeedWaitingMoreBlocksToStarCall Retry::AfterBlocks(100),
            "The subnet is too young to be started.",
            "wait for the start delay, then call start again";
        NetworkTxRateLimitExceeded NEXT_DAY,
            "A subnet was registered too recently.",
            "wait: the chain allows one registration in about a day; on a devnet root may set AdminUtils.sudo_set_network_rate_limit";
        NotSubnetOwner NEVER,
            "Only the subnet's owner may do this.",
            "sign with the coldkey that registered the subnet: `assay subnet show` names it";
        SubnetLimitReached NEVER,
            "There are as many subnets as the chain allows, and none can go.",
            "wait until a subnet ends or the immunity of one is over";
        SubnetNotExists NEVER,
            "There is no such subnet.",
            "`assay subnet list` shows the subnets of this chain";
        InvalidSubnetNumber NEVER,
            "The number of subnets in the list is not allowed.",
            "name at least one subnet and at most as many as the call takes";
        SymbolDoesNotExist NEVER,
            "There is no such token symbol.",
            "choose one of the chain's symbols";
        SymbolAlreadyInUse NEVER,
            "Another subnet has this token symbol.",
            "choose a symbol that no subnet uses: `assay subnet list`";
        TooManyUIDsPerMechanism NEVER,
            "So many mechanisms would not fit so many neurons.",
            "neurons times mechanisms may be 256 at most: trim the subnet first, or use fewer mechanisms";
        UidMapCouldNotBeCleared NEVER,
            "The table of neurons could not be cleared in one go.",
            "try again in a later block; if it stays, the chain's maintainers must look";
        TrimmingWouldExceedMaxImmunePercentage Retry::AfterBlocks(360),
            "After trimming, too large a part of the neurons would be immune.",
            "trim less, or wait until the immunity of more neurons has ended";
        Overflow NEVER,
            "A number grew too large.",
            "use smaller amounts";
        VotingPowerTrackingNotEnabled NEVER,
            "The subnet does not track voting power.",
            "the subnet's owner switches it on first";
        InvalidVotingPowerEmaAlpha NEVER,
            "The factor of the voting power's moving average is out of bounds.",
            "use at most 10^18, which stands for 1";
    }
    "AdminUtils" {
        SubnetDoesNotExist NEVER,
            "There is no such subnet.",
            "`assay subnet list` shows the subnets of this chain";
    }
}
