//! The events of the pallet in the original's order, with its field names. Variants that nothing here emits keep
//! their slot.

use frame_support::pallet_macros::pallet_section;

/// The events of the pallet.
#[pallet_section]
pub(crate) mod events {
    /// What happened. Accounts, subnets and amounts are in the order each line names them.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A subnet was created: netuid, mechanism.
        NetworkAdded(u16, u16),
        /// A subnet was dissolved: netuid.
        NetworkRemoved(u16),
        /// Stake was added: coldkey, hotkey, TAO paid, alpha received, netuid, fee.
        StakeAdded(AccountId32, AccountId32, u64, u64, u16, u64),
        /// Stake was removed: coldkey, hotkey, TAO received, alpha given, netuid, fee.
        StakeRemoved(AccountId32, AccountId32, u64, u64, u16, u64),
        /// Stake moved between hotkeys: coldkey, origin hotkey, origin netuid, destination hotkey, destination netuid, TAO.
        StakeMoved(AccountId32, AccountId32, u16, AccountId32, u16, u64),
        /// Weights were set: storage index, uid.
        WeightsSet(u16, u16),
        /// A neuron was registered: netuid, uid, hotkey.
        NeuronRegistered(u16, u16, AccountId32),
        /// Several neurons were registered.
        BulkNeuronsRegistered(u16, u16),
        /// Several balances were set.
        BulkBalancesSet(u16, u16),
        /// The number of uids was changed.
        MaxAllowedUidsSet(u16, u16),
        /// The largest weight was changed.
        MaxWeightLimitSet(u16, u16),
        /// The difficulty was changed.
        DifficultySet(u16, u64),
        /// The adjustment interval was changed.
        AdjustmentIntervalSet(u16, u16),
        /// The target of registrations per interval was changed.
        RegistrationPerIntervalSet(u16, u16),
        /// The registrations a block allows were changed.
        MaxRegistrationsPerBlockSet(u16, u16),
        /// The activity cut-off was changed.
        ActivityCutoffSet(u16, u16),
        /// Rho was changed.
        RhoSet(u16, u16),
        /// The steepness of liquid alpha was changed.
        AlphaSigmoidSteepnessSet(u16, i16),
        /// Kappa was changed.
        KappaSet(u16, u16),
        /// The fewest weights of a row were changed.
        MinAllowedWeightSet(u16, u16),
        /// The prune length was changed.
        ValidatorPruneLenSet(u16, u64),
        /// The scaling law power was changed.
        ScalingLawPowerSet(u16, u16),
        /// The rate limit of weights was changed.
        WeightsSetRateLimitSet(u16, u64),
        /// The immunity period was changed.
        ImmunityPeriodSet(u16, u16),
        /// The moving average of bonds was changed.
        BondsMovingAverageSet(u16, u64),
        /// The bonds penalty was changed.
        BondsPenaltySet(u16, u16),
        /// The reset of bonds was switched.
        BondsResetOnSet(u16, bool),
        /// The number of permits was changed.
        MaxAllowedValidatorsSet(u16, u16),
        /// An axon was announced: netuid, hotkey.
        AxonServed(u16, AccountId32),
        /// A metrics endpoint was announced: netuid, hotkey.
        PrometheusServed(u16, AccountId32),
        /// A hotkey became a delegate: coldkey, hotkey, take.
        DelegateAdded(AccountId32, AccountId32, u16),
        /// The default take was changed.
        DefaultTakeSet(u16),
        /// The version key of weights was changed.
        WeightsVersionKeySet(u16, u64),
        /// The lowest difficulty was changed.
        MinDifficultySet(u16, u64),
        /// The highest difficulty was changed.
        MaxDifficultySet(u16, u64),
        /// The rate limit of endpoints was changed.
        ServingRateLimitSet(u16, u64),
        /// The price of a uid was set.
        BurnSet(u16, u64),
        /// The highest price of a uid was changed.
        MaxBurnSet(u16, u64),
        /// The lowest price of a uid was changed.
        MinBurnSet(u16, u64),
        /// The epochs one block may run were changed.
        MaxEpochsPerBlockSet(u8),
        /// The rate limit of key swaps was changed.
        TxRateLimitSet(u64),
        /// The rate limit of takes was changed.
        TxDelegateTakeRateLimitSet(u64),
        /// The rate limit of child key takes was changed.
        TxChildKeyTakeRateLimitSet(u64),
        /// The freeze window was changed.
        AdminFreezeWindowSet(u16),
        /// The owner's rate limit was changed.
        OwnerHyperparamRateLimitSet(u16),
        /// The lowest child key take was changed.
        MinChildKeyTakeSet(u16),
        /// The lowest child key take of a subnet was changed.
        MinChildKeyTakePerSubnetSet(u16, u16),
        /// The highest child key take was changed.
        MaxChildKeyTakeSet(u16),
        /// A child key take was set: hotkey, take.
        ChildKeyTakeSet(AccountId32, u16),
        /// A root call was made; its outcome.
        Sudid(Result<(), DispatchError>),
        /// Registration was switched.
        RegistrationAllowed(u16, bool),
        /// Registration by work was switched.
        PowRegistrationAllowed(u16, bool),
        /// The tempo was changed.
        TempoSet(u16, u16),
        /// The recycled total was set.
        RAORecycledForRegistrationSet(u16, u64),
        /// The stake threshold was changed.
        StakeThresholdSet(u64),
        /// The adjustment alpha was changed.
        AdjustmentAlphaSet(u16, u64),
        /// The faucet paid: account, amount.
        Faucet(AccountId32, u64),
        /// The owner's share was changed.
        SubnetOwnerCutSet(u16),
        /// The rate limit of subnet creation was changed.
        NetworkRateLimitSet(u64),
        /// The immunity period of subnets was changed.
        NetworkImmunityPeriodSet(u64),
        /// The delay of start calls was changed.
        StartCallDelaySet(u64),
        /// The lowest cost of a subnet was changed.
        NetworkMinLockCostSet(u64),
        /// The number of subnets was changed.
        SubnetLimitSet(u16),
        /// The reduction interval of the subnet cost was changed.
        NetworkLockCostReductionIntervalSet(u64),
        /// A take was lowered: coldkey, hotkey, take.
        TakeDecreased(AccountId32, AccountId32, u16),
        /// A take was raised: coldkey, hotkey, take.
        TakeIncreased(AccountId32, AccountId32, u16),
        /// A hotkey was swapped everywhere.
        HotkeySwapped {
            /// The coldkey.
            coldkey: AccountId32,
            /// Old hotkey.
            old_hotkey: AccountId32,
            /// New hotkey.
            new_hotkey: AccountId32,
        },
        /// The highest take was changed.
        MaxDelegateTakeSet(u16),
        /// The lowest take was changed.
        MinDelegateTakeSet(u16),
        /// A coldkey swap was announced.
        ColdkeySwapAnnounced {
            /// Who.
            who: AccountId32,
            /// New coldkey hash.
            new_coldkey_hash: H256,
        },
        /// A coldkey swap was reset.
        ColdkeySwapReset {
            /// Who.
            who: AccountId32,
        },
        /// A coldkey was swapped.
        ColdkeySwapped {
            /// Old coldkey.
            old_coldkey: AccountId32,
            /// New coldkey.
            new_coldkey: AccountId32,
        },
        /// A coldkey swap was disputed.
        ColdkeySwapDisputed {
            /// The coldkey.
            coldkey: AccountId32,
        },
        /// Everything was unstaked and sent to a new coldkey.
        AllBalanceUnstakedAndTransferredToNewColdkey {
            /// Current coldkey.
            current_coldkey: AccountId32,
            /// New coldkey.
            new_coldkey: AccountId32,
            /// Total balance.
            total_balance: u64,
        },
        /// An arbitration was extended.
        ArbitrationPeriodExtended {
            /// The coldkey.
            coldkey: AccountId32,
        },
        /// Children were set and wait: hotkey, netuid, block, children.
        SetChildrenScheduled(AccountId32, u16, u64, Vec<(u64, AccountId32)>),
        /// Children took effect: hotkey, netuid, children.
        SetChildren(AccountId32, u16, Vec<(u64, AccountId32)>),
        /// A coldkey set its identity.
        ChainIdentitySet(AccountId32),
        /// A subnet's identity was set.
        SubnetIdentitySet(u16),
        /// A subnet's identity was removed.
        SubnetIdentityRemoved(u16),
        /// The dissolution of a subnet was scheduled.
        DissolveNetworkScheduled {
            /// Account.
            account: AccountId32,
            /// The subnet.
            netuid: u16,
            /// Execution block.
            execution_block: u64,
        },
        /// The delay of coldkey swaps was changed.
        ColdkeySwapAnnouncementDelaySet(u64),
        /// The delay between swap announcements was changed.
        ColdkeySwapReannouncementDelaySet(u64),
        /// The schedule of dissolutions was changed.
        DissolveNetworkScheduleDurationSet(u64),
        /// Timelocked weights of the older form were committed.
        CRV3WeightsCommitted(AccountId32, u16, H256),
        /// Weights were committed: hotkey, storage index, hash.
        WeightsCommitted(AccountId32, u16, H256),
        /// Weights were revealed: hotkey, storage index, hash.
        WeightsRevealed(AccountId32, u16, H256),
        /// Weights of several commits were revealed.
        WeightsBatchRevealed(AccountId32, u16, Vec<H256>),
        /// A batch of weights was worked off.
        BatchWeightsCompleted(Vec<Compact<u16>>, AccountId32),
        /// Some of a batch of weights failed.
        BatchCompletedWithErrors(),
        /// One of a batch of weights failed: netuid, why.
        BatchWeightItemFailed(u16, DispatchError),
        /// Stake changed its coldkey.
        StakeTransferred(AccountId32, AccountId32, AccountId32, u16, u16, u64),
        /// Stake changed its subnet.
        StakeSwapped(AccountId32, AccountId32, u16, u16, u64),
        /// Transfers of stake were switched.
        TransferToggle(u16, bool),
        /// The owner's hotkey was changed.
        SubnetOwnerHotkeySet(u16, AccountId32),
        /// A subnet was started: netuid, first block of emission.
        FirstEmissionBlockNumberSet(u16, u64),
        /// Alpha was recycled.
        AlphaRecycled(AccountId32, AccountId32, u64, u16),
        /// Alpha was burned.
        AlphaBurned(AccountId32, AccountId32, u64, u16),
        /// An EVM key was associated.
        EvmKeyAssociated {
            /// The subnet.
            netuid: u16,
            /// The hotkey.
            hotkey: AccountId32,
            /// Evm key.
            evm_key: H160,
            /// Block associated.
            block_associated: u64,
        },
        /// Timelocked weights of the older form were revealed.
        CRV3WeightsRevealed(u16, AccountId32),
        /// The reveal period was changed.
        CommitRevealPeriodsSet(u16, u64),
        /// Commit-reveal was switched.
        CommitRevealEnabled(u16, bool),
        /// A hotkey was swapped on one subnet.
        HotkeySwappedOnSubnet {
            /// The coldkey.
            coldkey: AccountId32,
            /// Old hotkey.
            old_hotkey: AccountId32,
            /// New hotkey.
            new_hotkey: AccountId32,
            /// The subnet.
            netuid: u16,
        },
        /// A lease began.
        SubnetLeaseCreated {
            /// Beneficiary.
            beneficiary: AccountId32,
            /// Lease id.
            lease_id: u32,
            /// The subnet.
            netuid: u16,
            /// End block.
            end_block: Option<u64>,
        },
        /// A lease ended.
        SubnetLeaseTerminated {
            /// Beneficiary.
            beneficiary: AccountId32,
            /// The subnet.
            netuid: u16,
        },
        /// A subnet's symbol was changed.
        SymbolUpdated {
            /// The subnet.
            netuid: u16,
            /// Symbol.
            symbol: Vec<u8>,
        },
        /// The commit scheme was changed.
        CommitRevealVersionSet(u16),
        /// Timelocked weights were committed: hotkey, storage index, digest, round.
        TimelockedWeightsCommitted(AccountId32, u16, H256, u64),
        /// Timelocked weights were revealed: storage index, hotkey.
        TimelockedWeightsRevealed(u16, AccountId32),
        /// Mining income was staked by itself.
        AutoStakeAdded {
            /// The subnet.
            netuid: u16,
            /// Destination.
            destination: AccountId32,
            /// The hotkey.
            hotkey: AccountId32,
            /// Owner.
            owner: AccountId32,
            /// Incentive.
            incentive: u64,
        },
        /// The miners were paid: storage index, amount by uid.
        IncentiveAlphaEmittedToMiners {
            /// The subnet.
            netuid: u16,
            /// Emissions.
            emissions: Vec<u64>,
        },
        /// The fewest uids were changed.
        MinAllowedUidsSet(u16, u16),
        /// An auto-stake destination was chosen.
        AutoStakeDestinationSet {
            /// The coldkey.
            coldkey: AccountId32,
            /// The subnet.
            netuid: u16,
            /// The hotkey.
            hotkey: AccountId32,
        },
        /// The count of protected replaceable neurons was changed.
        MinNonImmuneUidsSet(u16, u16),
        /// Root dividends were claimed.
        RootClaimed {
            /// The coldkey.
            coldkey: AccountId32,
        },
        /// The kind of root claims was chosen.
        RootClaimTypeSet {
            /// The coldkey.
            coldkey: AccountId32,
            /// Root claim type.
            root_claim_type: RootClaimTypeEnum,
        },
        /// Tracking of voting power began.
        VotingPowerTrackingEnabled {
            /// The subnet.
            netuid: u16,
        },
        /// The end of tracking was scheduled.
        VotingPowerTrackingDisableScheduled {
            /// The subnet.
            netuid: u16,
            /// Disable at block.
            disable_at_block: u64,
        },
        /// Tracking of voting power ended.
        VotingPowerTrackingDisabled {
            /// The subnet.
            netuid: u16,
        },
        /// The smoothing of voting power was changed.
        VotingPowerEmaAlphaSet {
            /// The subnet.
            netuid: u16,
            /// Alpha.
            alpha: u64,
        },
        /// Dividends of a lease were paid.
        SubnetLeaseDividendsDistributed {
            /// Lease id.
            lease_id: u32,
            /// Contributor.
            contributor: AccountId32,
            /// Alpha.
            alpha: u64,
        },
        /// Stake was bought and burned.
        AddStakeBurn {
            /// The subnet.
            netuid: u16,
            /// The hotkey.
            hotkey: AccountId32,
            /// Amount.
            amount: u64,
            /// Alpha.
            alpha: u64,
        },
        /// A coldkey swap announcement was cleared.
        ColdkeySwapCleared {
            /// Who.
            who: AccountId32,
        },
        /// A fee was paid in alpha.
        TransactionFeePaidWithAlpha {
            /// Who.
            who: AccountId32,
            /// The subnet.
            netuid: u16,
            /// Alpha fee.
            alpha_fee: u64,
            /// Tao amount.
            tao_amount: u64,
        },
        /// The half-life of the price was changed.
        BurnHalfLifeSet {
            /// The subnet.
            netuid: u16,
            /// Burn half life.
            burn_half_life: u16,
        },
        /// The increase of the price was changed.
        BurnIncreaseMultSet {
            /// The subnet.
            netuid: u16,
            /// Burn increase mult.
            burn_increase_mult: U64F64,
        },
        /// Delegation to new subnets was switched.
        AutoParentDelegationEnabledSet {
            /// The hotkey.
            hotkey: AccountId32,
            /// Enabled.
            enabled: bool,
        },
        /// Stake was locked.
        StakeLocked {
            /// The coldkey.
            coldkey: AccountId32,
            /// The hotkey.
            hotkey: AccountId32,
            /// The subnet.
            netuid: u16,
            /// Amount.
            amount: u64,
        },
        /// Stake was unlocked.
        StakeUnlocked {
            /// The coldkey.
            coldkey: AccountId32,
            /// The hotkey.
            hotkey: AccountId32,
            /// The subnet.
            netuid: u16,
            /// Amount.
            amount: u64,
        },
        /// A lock changed its hotkey.
        LockMoved {
            /// The coldkey.
            coldkey: AccountId32,
            /// Origin hotkey.
            origin_hotkey: AccountId32,
            /// Destination hotkey.
            destination_hotkey: AccountId32,
            /// The subnet.
            netuid: u16,
        },
        /// The activity cut-off factor was changed.
        ActivityCutoffFactorMilliSet {
            /// The subnet.
            netuid: u16,
            /// Factor milli.
            factor_milli: u32,
        },
        /// An epoch was triggered by the owner.
        EpochTriggered {
            /// The subnet.
            netuid: u16,
            /// By.
            by: AccountId32,
            /// Fires at.
            fires_at: u64,
        },
        /// An epoch waits for a block with room.
        EpochDeferred {
            /// The subnet.
            netuid: u16,
            /// From block.
            from_block: u64,
            /// To block.
            to_block: u64,
        },
        /// An epoch was skipped because a hotkey had two uids.
        EpochSkipped {
            /// The subnet.
            netuid: u16,
            /// Block.
            block: u64,
        },
        /// A subnet changed its owner.
        SubnetOwnerChanged {
            /// The subnet.
            netuid: u16,
            /// Old coldkey.
            old_coldkey: AccountId32,
            /// New coldkey.
            new_coldkey: AccountId32,
        },
        /// A lock was made perpetual or not.
        PerpetualLockUpdated {
            /// The coldkey.
            coldkey: AccountId32,
            /// The subnet.
            netuid: u16,
            /// Enabled.
            enabled: bool,
        },
        /// The account refuses or takes locked alpha.
        RejectLockedAlphaUpdated {
            /// The coldkey.
            coldkey: AccountId32,
            /// Enabled.
            enabled: bool,
        },
    }
}
