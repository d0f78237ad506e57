//! The errors of the pallet in the original's order: a client that reads the raw index finds the same name. Variants
//! that nothing here returns keep their slot.

use frame_support::pallet_macros::pallet_section;

/// The errors of the pallet.
#[pallet_section]
pub(crate) mod errors {
    /// Why a call was refused. The first line of each variant is what Python clients show.
    #[pallet::error]
    pub enum Error<T> {
        /// The root network does not exist.
        RootNetworkDoesNotExist,
        /// The IP type is neither 4 nor 6.
        InvalidIpType,
        /// The IP address cannot be reached by others: loopback, broadcast or all ones.
        InvalidIpAddress,
        /// The port is 0.
        InvalidPort,
        /// The hotkey has no uid on this subnet.
        HotKeyNotRegisteredInSubNet,
        /// Nobody owns this hotkey; register it or stake to an existing one.
        HotKeyAccountNotExists,
        /// The hotkey is not registered on this network.
        HotKeyNotRegisteredInNetwork,
        /// The hotkey belongs to another coldkey.
        NonAssociatedColdKey,
        /// The stake is too small.
        NotEnoughStake,
        /// More would be unstaked than is staked.
        NotEnoughStakeToWithdraw,
        /// The stake is below the threshold for setting weights.
        NotEnoughStakeToSetWeights,
        /// The stake is below the threshold for having children.
        NotEnoughStakeToSetChildkeys,
        /// The coldkey's balance does not cover the amount and the existential deposit.
        NotEnoughBalanceToStake,
        /// The balance could not be withdrawn.
        BalanceWithdrawalError,
        /// The withdrawal would leave nothing.
        ZeroBalanceAfterWithdrawn,
        /// The neuron has no validator permit; only validators may weigh others.
        NeuronNoValidatorPermit,
        /// The list of uids and the list of weights differ in length.
        WeightVecNotEqualSize,
        /// A uid appears twice.
        DuplicateUids,
        /// A uid is not taken on this subnet.
        UidVecContainInvalidOne,
        /// The row has fewer weights than the subnet requires.
        WeightVecLengthIsLow,
        /// The block has no room for another registration.
        TooManyRegistrationsThisBlock,
        /// The hotkey already has a uid on this subnet.
        HotKeyAlreadyRegisteredInSubNet,
        /// The new hotkey is the old one.
        NewHotKeyIsSameWithOld,
        /// The new hotkey has root stake and cannot replace another on root.
        NewHotKeyNotCleanForRootSwap,
        /// The work refers to a block that is too old or in the future.
        InvalidWorkBlock,
        /// The work does not meet the difficulty.
        InvalidDifficulty,
        /// The seal does not belong to the work.
        InvalidSeal,
        /// A weight is above the subnet's limit.
        MaxWeightExceeded,
        /// The hotkey is a delegate already.
        HotKeyAlreadyDelegate,
        /// Weights were set too recently; wait for the rate limit to pass.
        SettingWeightsTooFast,
        /// The version key of the weights is below the subnet's.
        IncorrectWeightVersionKey,
        /// The endpoint was announced too recently; wait for the rate limit to pass.
        ServingRateLimitExceeded,
        /// More weights were given than the subnet has uids.
        UidsLengthExceedUidsInSubNet,
        /// A subnet was registered too recently; wait for the rate limit to pass.
        NetworkTxRateLimitExceeded,
        /// The take was raised too recently; wait for the rate limit to pass.
        DelegateTxRateLimitExceeded,
        /// Keys were swapped too recently; wait for the rate limit to pass.
        HotKeySetTxRateLimitExceeded,
        /// Stake was moved too recently; wait for the rate limit to pass.
        StakingRateLimitExceeded,
        /// The subnet takes no registrations.
        SubNetRegistrationDisabled,
        /// The interval has no room for another registration.
        TooManyRegistrationsThisInterval,
        /// The sender must be the hotkey.
        TransactorAccountShouldBeHotKey,
        /// The faucet is closed on this chain.
        FaucetDisabled,
        /// The sender does not own the subnet.
        NotSubnetOwner,
        /// Root has its own registration call.
        RegistrationNotPermittedOnRootSubnet,
        /// The stake is below that of every root validator.
        StakeTooLowForRoot,
        /// Every subnet is still immune, none can make room.
        AllNetworksInImmunity,
        /// The balance does not cover the price of a hotkey swap.
        NotEnoughBalanceToPaySwapHotKey,
        /// The call is for the root network only.
        NotRootSubnet,
        /// Weights cannot be set on the root network.
        CanNotSetRootNetworkWeights,
        /// The subnet is full and no neuron may be replaced.
        NoNeuronIdAvailable,
        /// The take is below the allowed minimum or not a change in the called direction.
        DelegateTakeTooLow,
        /// The take is above the allowed maximum.
        DelegateTakeTooHigh,
        /// There is no such commit, or it has been revealed already.
        NoWeightsCommitFound,
        /// The revealed weights do not hash to any commit.
        InvalidRevealCommitHashNotMatch,
        /// The subnet takes commits only: commit the weights and reveal them later.
        CommitRevealEnabled,
        /// The subnet takes no commits: set the weights directly.
        CommitRevealDisabled,
        /// Liquid alpha is off on this subnet.
        LiquidAlphaDisabled,
        /// The upper alpha is too low.
        AlphaHighTooLow,
        /// The lower alpha is out of its range.
        AlphaLowOutOfRange,
        /// The coldkey is associated already.
        ColdKeyAlreadyAssociated,
        /// The balance does not cover the price of a coldkey swap.
        NotEnoughBalanceToPaySwapColdKey,
        /// A hotkey cannot be its own child.
        InvalidChild,
        /// A child appears twice.
        DuplicateChild,
        /// The children's shares sum to more than everything.
        ProportionOverflow,
        /// A hotkey may have five children at most.
        TooManyChildren,
        /// This was done too recently; wait for the rate limit to pass.
        TxRateLimitExceeded,
        /// No coldkey swap has been announced.
        ColdkeySwapAnnouncementNotFound,
        /// The announced delay has not passed yet.
        ColdkeySwapTooEarly,
        /// The swap was announced too recently to be announced again.
        ColdkeySwapReannouncedTooEarly,
        /// The coldkey is not the announced one.
        AnnouncedColdkeyHashDoesNotMatch,
        /// The swap is disputed already.
        ColdkeySwapAlreadyDisputed,
        /// The new coldkey is a hotkey.
        NewColdKeyIsHotkey,
        /// The child key take is out of its bounds.
        InvalidChildkeyTake,
        /// The child key take was raised too recently; wait for the rate limit to pass.
        TxChildkeyTakeRateLimitExceeded,
        /// The identity has a field that is too long.
        InvalidIdentity,
        /// The subnet has no such mechanism.
        MechanismDoesNotExist,
        /// The stake is locked.
        StakeUnavailable,
        /// The subnet does not exist.
        SubnetNotExists,
        /// Ten commits wait for their reveal already.
        TooManyUnrevealedCommits,
        /// The commit's time to be revealed is over.
        ExpiredWeightCommit,
        /// The commit's time to be revealed has not come.
        RevealTooEarly,
        /// The lists differ in length.
        InputLengthsUnequal,
        /// Weights were committed too recently; wait for the rate limit to pass.
        CommittingWeightsTooFast,
        /// The amount is below the minimum.
        AmountTooLow,
        /// The pool does not hold enough for this trade.
        InsufficientLiquidity,
        /// The price moved beyond the limit.
        SlippageTooHigh,
        /// The subnet forbids transfers of stake.
        TransferDisallowed,
        /// The activity cut-off is below the minimum.
        ActivityCutoffTooLow,
        /// The call is disabled.
        CallDisabled,
        /// The subnet has been started already.
        FirstEmissionBlockNumberAlreadySet,
        /// The subnet cannot be started yet; wait for the delay to pass.
        NeedWaitingMoreBlocksToStarCall,
        /// There is less alpha outside the pool than would be recycled.
        NotEnoughAlphaOutToRecycle,
        /// Root stake cannot be burned or recycled.
        CannotBurnOrRecycleOnRootSubnet,
        /// No public key can be recovered from the signature.
        UnableToRecoverPublicKey,
        /// The recovered public key is not the expected one.
        InvalidRecoveredPublicKey,
        /// The subnet's token is not enabled; its owner starts it with start_call.
        SubtokenDisabled,
        /// The hotkey was swapped on this subnet too recently.
        HotKeySwapOnSubnetIntervalNotPassed,
        /// Origin and destination are the same subnet.
        SameNetuid,
        /// The balance is too small.
        InsufficientBalance,
        /// The lease's beneficiary is not valid.
        InvalidLeaseBeneficiary,
        /// The lease would end in the past.
        LeaseCannotEndInThePast,
        /// The leased subnet was not found.
        LeaseNetuidNotFound,
        /// There is no such lease.
        LeaseDoesNotExist,
        /// The lease has no end.
        LeaseHasNoEndBlock,
        /// The lease has not ended yet.
        LeaseHasNotEnded,
        /// A sum does not fit its type.
        Overflow,
        /// The beneficiary does not own the hotkey.
        BeneficiaryDoesNotOwnHotkey,
        /// Only the beneficiary may do this.
        ExpectedBeneficiaryOrigin,
        /// Hyperparameters are frozen shortly before an epoch; wait for it to pass.
        AdminActionProhibitedDuringWeightsWindow,
        /// There is no such symbol.
        SymbolDoesNotExist,
        /// Another subnet has this symbol.
        SymbolAlreadyInUse,
        /// The commit uses another version of the scheme than the chain.
        IncorrectCommitRevealVersion,
        /// The reveal round has passed already.
        InvalidRevealRound,
        /// The reveal period is too long.
        RevealPeriodTooLarge,
        /// The reveal period is too short.
        RevealPeriodTooSmall,
        /// The value is out of its bounds.
        InvalidValue,
        /// There is no room for another subnet.
        SubnetLimitReached,
        /// The coldkey cannot pay the lock cost of a subnet.
        CannotAffordLockCost,
        /// The EVM key was associated too recently; wait for the rate limit to pass.
        EvmKeyAssociateRateLimitExceeded,
        /// This hotkey is the auto-stake destination already.
        SameAutoStakeHotkeyAlreadySet,
        /// The uid map could not be cleared.
        UidMapCouldNotBeCleared,
        /// Trimming would leave too large a share of immune neurons.
        TrimmingWouldExceedMaxImmunePercentage,
        /// A hotkey cannot be parent and child of the same key.
        ChildParentInconsistency,
        /// The number of root claims is out of its bounds.
        InvalidNumRootClaim,
        /// The root claim threshold is out of its bounds.
        InvalidRootClaimThreshold,
        /// The set of subnets is too large or empty.
        InvalidSubnetNumber,
        /// The mechanisms together would have too many uids.
        TooManyUIDsPerMechanism,
        /// Voting power is not tracked on this subnet.
        VotingPowerTrackingNotEnabled,
        /// The smoothing of voting power is out of its bounds.
        InvalidVotingPowerEmaAlpha,
        /// The call is deprecated.
        Deprecated,
        /// Stake was added and burned too recently; wait for the rate limit to pass.
        AddStakeBurnRateLimitExceeded,
        /// The coldkey has announced a swap, which locks it.
        ColdkeySwapAnnounced,
        /// The coldkey's swap is disputed, which locks it.
        ColdkeySwapDisputed,
        /// The announcement cannot be cleared yet.
        ColdkeySwapClearTooEarly,
        /// The call is disabled for the time being.
        DisabledTemporarily,
        /// The price of a registration is above the given limit.
        RegistrationPriceLimitExceeded,
        /// The lock is on another hotkey.
        LockHotkeyMismatch,
        /// The stake is too small for this lock.
        InsufficientStakeForLock,
        /// There is no lock.
        NoExistingLock,
        /// A lock is active.
        ActiveLockExists,
        /// The account belongs to the chain itself.
        CannotUseSystemAccount,
        /// More would be unlocked than is locked.
        UnlockAmountTooHigh,
        /// The tempo is out of its bounds.
        TempoOutOfBounds,
        /// The activity cut-off factor is out of its bounds.
        ActivityCutoffFactorMilliOutOfBounds,
        /// An epoch has been triggered already.
        EpochTriggerAlreadyPending,
        /// The automatic epoch is so near that none can be triggered.
        AutoEpochAlreadyImminent,
        /// The tempo of a subnet with commit-reveal cannot be moved by a trigger.
        DynamicTempoBlockedByCommitReveal,
        /// The account refuses locked alpha.
        AccountRejectsLockedAlpha,
    }
}
