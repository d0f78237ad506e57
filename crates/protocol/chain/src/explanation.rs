//! What the chain's error names mean, and what to do about each.

use crate::Retry;

/// What is known about an error of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The error's name on chain.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub meaning: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Whether and when the same call makes sense again.
    pub retry: Retry,
}

/// What is known about the chain's error `name` (`SettingWeightsTooFast`), whatever its case.
pub fn explain(name: &str) -> Option<&'static Explanation> {
    EXPLANATIONS
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(name))
}

/// All that is known, sorted by name.
pub fn explanations() -> &'static [Explanation] {
    EXPLANATIONS
}

const fn known(name: &'static str, retry: Retry, meaning: &'static str, hint: &'static str) -> Explanation {
    Explanation {
        name,
        meaning,
        hint,
        retry,
    }
}

const NEVER: Retry = Retry::Never;
const NEXT_BLOCK: Retry = Retry::AfterBlocks(1);

/// The errors that a miner, validator, subnet owner or staker can meet. Rate limits that a subnet sets itself are
/// given the chain's default, for want of the subnet's own number.
static EXPLANATIONS: &[Explanation] = &[
    known(
        "AccountNotAllowedCommit",
        NEVER,
        "The hotkey is not registered in the subnet, so it may not commit.",
        "register the hotkey first: `assay subnet register`",
    ),
    known(
        "AdminActionProhibitedDuringWeightsWindow",
        Retry::AfterBlocks(10),
        "Hyperparameters are frozen in the last blocks before an epoch, for root as well.",
        "try again after the epoch; on a devnet with short epochs set AdminUtils.sudo_set_admin_freeze_window to 0",
    ),
    known(
        "AmountTooLow",
        NEVER,
        "The amount is below the chain's minimum.",
        "use more: stakes start at 0.002 TAO and the fee",
    ),
    known(
        "AutoEpochAlreadyImminent",
        NEVER,
        "The next epoch comes by itself before a triggered one could.",
        "wait for it",
    ),
    known(
        "BalanceWithdrawalError",
        NEVER,
        "The balance could not be taken from the coldkey.",
        "fund the coldkey: `assay wallet balance`",
    ),
    known(
        "CanNotSetRootNetworkWeights",
        NEVER,
        "Weights cannot be set on the root network.",
        "choose a subnet other than 0",
    ),
    known(
        "CannotAffordLockCost",
        NEVER,
        "The coldkey cannot pay the lock that a new subnet costs.",
        "fund the coldkey: `assay subnet create --dry-run` shows the cost",
    ),
    known(
        "CannotUseSystemAccount",
        NEVER,
        "The key belongs to the chain itself.",
        "use a key of your own",
    ),
    known(
        "CommitRevealDisabled",
        NEVER,
        "The subnet does not use commit-reveal.",
        "set the weights directly: `assay weights set`",
    ),
    known(
        "CommitRevealEnabled",
        NEVER,
        "The subnet takes only committed weights.",
        "use commit-reveal, or let the subnet's owner switch it off",
    ),
    known(
        "CommitmentSetRateLimitExceeded",
        Retry::AfterBlocks(100),
        "The last commitment is too recent (older chains).",
        "wait, then commit again",
    ),
    known(
        "CommittingWeightsTooFast",
        Retry::AfterBlocks(100),
        "Weights were committed too recently.",
        "wait for the subnet's weight rate limit: `assay subnet hyperparams`",
    ),
    known(
        "Deprecated",
        NEVER,
        "The call is no longer supported.",
        "update Assay",
    ),
    known(
        "DisabledTemporarily",
        Retry::AfterBlocks(100),
        "The call is switched off for now.",
        "try again later",
    ),
    known(
        "DuplicateUids",
        NEVER,
        "The same uid appears twice in the weights.",
        "give every uid once",
    ),
    known(
        "ExistentialDeposit",
        NEVER,
        "The amount is below the smallest balance an account may have.",
        "send at least 500 rao",
    ),
    known(
        "Expendability",
        NEVER,
        "The transfer would close the sending account.",
        "keep at least 500 rao and the fee, or allow the account to be closed",
    ),
    known(
        "FirstEmissionBlockNumberAlreadySet",
        NEVER,
        "The subnet was started already.",
        "nothing to do",
    ),
    known(
        "HotKeyAccountNotExists",
        NEVER,
        "The chain does not know the hotkey.",
        "register the hotkey first: `assay subnet register`",
    ),
    known(
        "HotKeyAlreadyRegisteredInSubNet",
        NEVER,
        "The hotkey is registered in the subnet already.",
        "nothing to do; use another hotkey for a second slot",
    ),
    known(
        "HotKeyNotRegisteredInNetwork",
        NEVER,
        "The hotkey is not registered in the subnet.",
        "register the hotkey first: `assay subnet register`",
    ),
    known(
        "HotKeyNotRegisteredInSubNet",
        NEVER,
        "The hotkey is not registered in the subnet; it may have been pruned.",
        "register the hotkey first: `assay subnet register`",
    ),
    known(
        "IncorrectCommitRevealVersion",
        NEVER,
        "The chain expects another version of commit-reveal.",
        "update Assay",
    ),
    known(
        "IncorrectWeightVersionKey",
        NEVER,
        "The weights were set with an older version key than the subnet asks for.",
        "update the validator: the subnet's owner requires a newer version",
    ),
    known(
        "InputLengthsUnequal",
        NEVER,
        "Lists that belong together differ in length.",
        "give as many weights as uids",
    ),
    known(
        "InsufficientBalance",
        NEVER,
        "The account holds less than that.",
        "fund the account: `assay wallet balance`",
    ),
    known(
        "InsufficientLiquidity",
        NEXT_BLOCK,
        "The subnet's pool is too small for the amount.",
        "use a smaller amount",
    ),
    known(
        "InvalidIpAddress",
        NEVER,
        "The address cannot be published.",
        "the chain refuses 127.0.0.1, ::1 and broadcast addresses; give the public one",
    ),
    known(
        "InvalidIpType",
        NEVER,
        "The address is neither IPv4 nor IPv6.",
        "use 4 or 6",
    ),
    known(
        "InvalidPort",
        NEVER,
        "Port 0 cannot be published.",
        "give the port on which the axon listens",
    ),
    known(
        "LiquidityRestrictions",
        NEVER,
        "Some of the balance is locked.",
        "wait for the lock to end, or use less",
    ),
    known(
        "MaxWeightExceeded",
        NEVER,
        "A weight is above the subnet's limit.",
        "spread the weight over more uids",
    ),
    known(
        "MechanismDoesNotExist",
        NEVER,
        "There is no such subnet or mechanism.",
        "`assay subnet list` shows the subnets of this chain",
    ),
    known(
        "NeedWaitingMoreBlocksToStarCall",
        Retry::AfterBlocks(100),
        "The subnet is too young to be started.",
        "wait for the start delay, then call start again",
    ),
    known(
        "NetworkTxRateLimitExceeded",
        Retry::AfterBlocks(7200),
        "A subnet was registered too recently.",
        "wait: the chain allows one registration in about a day",
    ),
    known(
        "NeuronNoValidatorPermit",
        NEVER,
        "The hotkey has no validator permit: its stake is not among the highest.",
        "stake more on the hotkey, then wait for the next epoch; without a permit only a weight to oneself is allowed",
    ),
    known(
        "NoNeuronIdAvailable",
        Retry::AfterBlocks(360),
        "The subnet is full and nobody can be pruned.",
        "wait until the immunity of some neuron ends",
    ),
    known(
        "NoWeightsCommitFound",
        NEVER,
        "There is no commitment to reveal.",
        "it expired, or was revealed already",
    ),
    known(
        "NonAssociatedColdKey",
        NEVER,
        "The hotkey belongs to another coldkey.",
        "sign with the coldkey that owns the hotkey, or use a new hotkey",
    ),
    known(
        "NotEnoughBalanceToStake",
        NEVER,
        "The coldkey cannot pay for it.",
        "fund the coldkey: `assay wallet balance`",
    ),
    known(
        "NotEnoughStake",
        NEVER,
        "There is not enough stake.",
        "`assay stake show` says how much there is",
    ),
    known(
        "NotEnoughStakeToSetWeights",
        NEVER,
        "The hotkey's stake weight is below the chain's threshold for setting weights.",
        "stake more on the hotkey: `assay stake add`",
    ),
    known(
        "NotEnoughStakeToWithdraw",
        NEVER,
        "Less is staked than is to be withdrawn.",
        "`assay stake show` says how much there is",
    ),
    known(
        "NotSubnetOwner",
        NEVER,
        "Only the subnet's owner may do this.",
        "sign with the coldkey that registered the subnet",
    ),
    known(
        "RegistrationNotPermittedOnRootSubnet",
        NEVER,
        "Nobody registers on the root network this way.",
        "choose a subnet other than 0",
    ),
    known(
        "RegistrationPriceLimitExceeded",
        NEXT_BLOCK,
        "The registration costs more than the limit given.",
        "raise the limit, or wait for the price to fall: it halves within some 360 blocks",
    ),
    known(
        "RequireSudo",
        NEVER,
        "Only the sudo key may do this.",
        "sign with the sudo key; on a devnet that is //Alice",
    ),
    known(
        "ServingRateLimitExceeded",
        Retry::AfterBlocks(50),
        "The axon was published too recently.",
        "wait for the subnet's serving rate limit",
    ),
    known(
        "SettingWeightsTooFast",
        Retry::AfterBlocks(100),
        "Weights were set too recently.",
        "wait for the subnet's weight rate limit: `assay subnet hyperparams`",
    ),
    known(
        "SlippageTooHigh",
        NEXT_BLOCK,
        "The price would move past the limit.",
        "raise the price limit, or use a smaller amount",
    ),
    known(
        "SpaceLimitExceeded",
        Retry::AfterBlocks(360),
        "The hotkey has used its 3100 bytes of commitments in this epoch.",
        "commit again in the next epoch",
    ),
    known(
        "StakeTooLowForRoot",
        NEVER,
        "The stake is too low for the root network.",
        "stake more on the hotkey",
    ),
    known(
        "StakeUnavailable",
        NEVER,
        "The stake is locked.",
        "wait until the lock ends",
    ),
    known(
        "StakingRateLimitExceeded",
        NEXT_BLOCK,
        "Staked too recently.",
        "try again in the next block",
    ),
    known(
        "SubNetRegistrationDisabled",
        NEVER,
        "The subnet does not take registrations.",
        "its owner has closed it; ask there",
    ),
    known(
        "SubnetLimitReached",
        NEVER,
        "There are as many subnets as the chain allows.",
        "wait until a subnet ends",
    ),
    known(
        "SubnetNotExists",
        NEVER,
        "There is no such subnet.",
        "`assay subnet list` shows the subnets of this chain",
    ),
    known(
        "SubtokenDisabled",
        NEVER,
        "The subnet has not been started, so nobody can stake on it.",
        "its owner must start it: SubtensorModule.start_call",
    ),
    known(
        "TooManyFieldsInCommitmentInfo",
        NEVER,
        "A commitment has at most three fields.",
        "use fewer fields",
    ),
    known(
        "TooManyRegistrationsThisBlock",
        NEXT_BLOCK,
        "Too many registrations in this block.",
        "try again in the next block",
    ),
    known(
        "TooManyRegistrationsThisInterval",
        Retry::AfterBlocks(100),
        "Too many registrations in this interval.",
        "try again in the next interval",
    ),
    known(
        "TooManyUnrevealedCommits",
        Retry::AfterBlocks(360),
        "Ten commitments wait for their reveal already.",
        "wait for the next epoch",
    ),
    known(
        "TransferDisallowed",
        NEVER,
        "The subnet forbids stake transfers.",
        "the subnet's owner decides about transfers",
    ),
    known(
        "TxRateLimitExceeded",
        Retry::AfterBlocks(720),
        "The owner changed this hyperparameter too recently.",
        "wait two tempos",
    ),
    known(
        "UidVecContainInvalidOne",
        NEVER,
        "A weight is for a uid that does not exist.",
        "read the metagraph again: the subnet may have shrunk",
    ),
    known(
        "UidsLengthExceedUidsInSubNet",
        NEVER,
        "There are more weights than neurons.",
        "read the metagraph again: the subnet may have shrunk",
    ),
    known(
        "WeightVecLengthIsLow",
        NEVER,
        "The row has fewer weights than the subnet asks for.",
        "give every neuron a weight, zeros included",
    ),
    known(
        "WeightVecNotEqualSize",
        NEVER,
        "There are not as many weights as uids.",
        "give as many weights as uids",
    ),
    known(
        "ZeroBalanceAfterWithdrawn",
        NEVER,
        "The account would be left with nothing.",
        "leave the existential deposit and the fee",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_unique_and_found_in_any_case() {
        assert!(EXPLANATIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(
            explain("settingweightstoofast").unwrap().retry,
            Retry::AfterBlocks(100)
        );
        assert_eq!(explain("NoSuchError"), None);
    }
}
