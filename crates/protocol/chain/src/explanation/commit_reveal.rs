//! Committing weights now and showing them later.

use super::{NEVER, NEXT_EPOCH, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        CommitRevealDisabled NEVER,
            "The subnet does not use commit-reveal.",
            "set the weights directly: `assay weights set`";
        CommitRevealEnabled NEVER,
            "The subnet takes only committed weights.",
            "set them with `assay weights set`, which commits them by itself, or let the subnet's owner switch commit-reveal off";
        CommittingWeightsTooFast Retry::AfterBlocks(100),
            "Weights were committed too recently.",
            "wait for the subnet's weight rate limit: `assay subnet hyperparams`";
        IncorrectCommitRevealVersion NEVER,
            "The chain expects another version of commit-reveal.",
            "update Assay; the chain's version is the storage item CommitRevealWeightsVersion";
        InvalidRevealRound Retry::Now,
            "The drand round of the reveal has passed already.",
            "commit again with a later round; check this machine's clock";
        NoWeightsCommitFound NEVER,
            "There is no commitment to reveal.",
            "it was revealed already, replaced by a later reveal, or never arrived: `assay weights history` tells which";
        InvalidRevealCommitHashNotMatch NEVER,
            "What is revealed is not what was committed.",
            "reveal exactly the committed uids, values, salt and version key, with the same hotkey on the same subnet";
        ExpiredWeightCommit NEVER,
            "The commitment was not revealed in its epoch and is gone.",
            "commit again, and reveal in the epoch that lies the reveal period after the commitment's";
        RevealTooEarly NEXT_EPOCH,
            "The commitment cannot be revealed yet.",
            "reveal in the epoch that lies the reveal period after the commitment's, neither before nor after it";
        TooManyUnrevealedCommits NEXT_EPOCH,
            "Ten commitments of this hotkey wait for their reveal already.",
            "wait for the next epoch";
        RevealPeriodTooLarge NEVER,
            "The reveal period is too long.",
            "use 1 to 100 epochs";
        RevealPeriodTooSmall NEVER,
            "The reveal period is too short.",
            "use 1 to 100 epochs";
    }
    "Drand" {
        NoneValue NEVER,
            "The beacon's storage holds nothing to work on.",
            "a matter of the chain's node, not of your call";
        StorageOverflow NEVER,
            "The number of a beacon round overflowed.",
            "a matter of the chain's node, not of your call";
        DrandConnectionFailure Retry::AfterBlocks(1),
            "The node could not reach the drand beacon.",
            "the node's operator should look at its connection; reveals wait meanwhile";
        UnverifiedPulse NEVER,
            "The pulse was not verified.",
            "send the pulse of the beacon that the chain is configured for";
        InvalidRoundNumber NEVER,
            "The pulse's round does not follow the last one, or its time has not come.",
            "send pulses in order, each once and not ahead of the chain's time; Drand.LastStoredRound tells the last";
        PulseVerificationError NEVER,
            "The pulse's signature does not verify.",
            "send the signature as the beacon published it, 48 bytes, for exactly that round";
    }
}
