//! The storage items and constants that the clients of today read by name. A name that is missing ends the whole
//! command that touches it.

use crate::{
    metadata,
    types::{plain, written},
};
use frame_metadata::v14::{RuntimeMetadataV14, StorageEntryType, StorageHasher};

/// Items of the subnets' pallet that recorded clients read.
const READ: &str = "AdminFreezeWindow OwnerHyperparamRateLimit MaxDelegateTake MinDelegateTake Owner Delegates \
    ChildkeyTake PendingChildKeys ChildKeys ParentKeys RootAlphaDividendsPerSubnet SubnetLimit TotalIssuance TotalStake \
    SubnetTaoInEmission SubnetAlphaOut StakingHotkeys OwnedHotkeys AutoStakeDestination ColdkeySwapAnnouncementDelay \
    ColdkeySwapReannouncementDelay ColdkeySwapAnnouncements ColdkeySwapDisputes TotalHotkeyAlpha Alpha TokenSymbol \
    SubnetEmaTaoFlow MaxRegistrationsPerBlock TotalNetworks StartCallDelay NominatorMinRequiredStake \
    LastRateLimitedBlock TransferToggle SubnetLocked Tempo FirstEmissionBlockNumber SubnetworkN NetworksAdded \
    IsNetworkMember NetworkRegistrationAllowed NetworkPowRegistrationAllowed NetworkRegisteredAt BlocksSinceLastStep \
    SubnetOwner SubnetOwnerHotkey ServingRateLimit Rho AlphaSigmoidSteepness Kappa RegistrationsThisInterval \
    MaxAllowedUids ImmunityPeriod ActivityCutoff MaxWeightsLimit WeightsVersionKey MinAllowedWeights \
    MaxAllowedValidators AdjustmentInterval BondsMovingAverage BondsPenalty BondsResetOn WeightsSetRateLimit \
    ScalingLawPower TargetRegistrationsPerInterval AdjustmentAlpha CommitRevealWeightsEnabled Burn Difficulty MinBurn \
    MaxBurn MinDifficulty MaxDifficulty LastAdjustmentBlock RegistrationsThisBlock TxRateLimit LiquidAlphaOn Yuma3On \
    AlphaValues ImmuneOwnerUidsLimit StakeWeight Uids Keys Active LastUpdate ValidatorTrust PruningScores \
    ValidatorPermit Weights Bonds Axons NeuronCertificates Prometheus IdentitiesV2 SubnetIdentitiesV3 \
    TimelockedWeightCommits RevealPeriodEpochs RootClaimableThreshold RootClaimable RootClaimed RootClaimType \
    AssociatedEvmAddress SubnetLeases MechanismCountCurrent MechanismEmissionSplit";

/// Items that the newest clients read although the public source lacks most of them: name, hashers (`I` identity, `B`
/// Blake2 128, `T` Twox 64), value.
const LATER: [(&str, &str, &str); 37] = [
    ("SubnetEpochConsensus", "I", "EpochConsensus"),
    ("LastEpochBlock", "I", "u64"),
    ("PendingEpochAt", "I", "u64"),
    ("SubnetEpochIndex", "I", "u64"),
    ("ActivityCutoffFactorMilli", "I", "u32"),
    ("BurnHalfLife", "I", "u16"),
    ("BurnIncreaseMult", "I", "FixedU128"),
    ("CollateralLockShare", "I", "u16"),
    ("CollateralDrainRatio", "I", "FixedU128"),
    ("MinChildkeyTakePerSubnet", "I", "u16"),
    ("OwnerCutEnabled", "I", "bool"),
    ("OwnerCutAutoLockEnabled", "I", "bool"),
    ("SubnetEmissionEnabled", "I", "bool"),
    ("Lock", "BIB", LOCK),
    ("HotkeyLock", "IB", LOCK),
    ("DecayingHotkeyLock", "IB", LOCK),
    ("OwnerLock", "I", LOCK),
    ("DecayingOwnerLock", "I", LOCK),
    ("DecayingLock", "BI", "bool"),
    ("LockingColdkeys", "IBB", "()"),
    ("UnlockRate", "", "u64"),
    ("MaturityRate", "", "u64"),
    ("AccountFlags", "B", "u128"),
    ("TotalAlphaStaked", "I", "u64"),
    ("SubnetProtocolAlpha", "I", "u64"),
    ("LastPowRegistrationBlock", "B", "u64"),
    (
        "MinerCollateral",
        "IBB",
        "MinerCollateralState{locked:u64,min_locked:u64,earned:u64,drain_ratio:FixedU128}",
    ),
    (
        "NetworkRegistrationQueue",
        "",
        "Vec<QueuedNetworkRegistration{coldkey:U256,hotkey:U256,registration_block:u64,lock_amount:u64}>",
    ),
    ("DissolveCleanupQueue", "", "Vec<u16>"),
    ("CurrentDissolveCleanupStatus", "", "u32"),
    ("ChildkeyThresholdSuspended", "B", "bool"),
    ("RootStakeUnlockInterval", "", "u64"),
    ("BasketRate", "B", "FixedI128"),
    ("BasketClaimed", "BB", "i128"),
    ("TokenSymbol", "I", "Vec<u8>"),
    ("Difficulty", "I", "u64"),
    ("NetworkPowRegistrationAllowed", "I", "bool"),
];

const LOCK: &str = "LockState{locked_mass:u64,conviction:FixedU128,last_update:u64}";

/// Items of other pallets: pallet, names.
const ELSEWHERE: [(&str, &str); 10] = [
    ("System", "Account Events BlockHash Number"),
    ("Timestamp", "Now"),
    ("Commitments", "CommitmentOf RevealedCommitments LastBondsReset"),
    ("Drand", "LastStoredRound"),
    ("MevShield", "NextKey CurrentKey"),
    // `AlphaSqrtPrice` is of an earlier pool and read by no client; a copy here would only go stale.
    ("Swap", "SwapBalancer"),
    ("Sudo", "Key"),
    ("Proxy", "Proxies Announcements"),
    ("Multisig", "Multisigs"),
    ("AlphaAssets", "AlphaBurned"),
];

/// Constants: pallet, name, bytes.
const CONSTANTS: [(&str, &str, &[u8]); 19] = [
    ("Aura", "SlotDuration", &12_000u64.to_le_bytes()),
    ("Balances", "ExistentialDeposit", &500u64.to_le_bytes()),
    ("SubtensorModule", "InitialStartCallDelay", &0u64.to_le_bytes()),
    ("SubtensorModule", "KeySwapCost", &100_000_000u64.to_le_bytes()),
    ("Multisig", "DepositBase", &132_000_000u64.to_le_bytes()),
    ("Multisig", "DepositFactor", &32_000_000u64.to_le_bytes()),
    ("Multisig", "MaxSignatories", &100u32.to_le_bytes()),
    ("Proxy", "ProxyDepositBase", &60_000_000u64.to_le_bytes()),
    ("Proxy", "ProxyDepositFactor", &33_000_000u64.to_le_bytes()),
    ("Proxy", "MaxProxies", &20u32.to_le_bytes()),
    ("Proxy", "MaxPending", &75u32.to_le_bytes()),
    ("Proxy", "AnnouncementDepositBase", &36_000_000u64.to_le_bytes()),
    ("Proxy", "AnnouncementDepositFactor", &68_000_000u64.to_le_bytes()),
    ("System", "BlockHashCount", &2_400u32.to_le_bytes()),
    ("System", "SS58Prefix", &42u16.to_le_bytes()),
    // Blocks of this chain come as close together as the node likes.
    ("Timestamp", "MinimumPeriod", &0u64.to_le_bytes()),
    ("TransactionPayment", "OperationalFeeMultiplier", &[5]),
    ("Commitments", "MaxFields", &3u32.to_le_bytes()),
    ("SubtensorModule", "InitialTempo", &360u16.to_le_bytes()),
];

fn entry<'a>(
    metadata: &'a RuntimeMetadataV14,
    pallet: &str,
    name: &str,
) -> Option<&'a StorageEntryType<scale_info::form::PortableForm>> {
    let pallet = metadata.pallets.iter().find(|entry| entry.name == pallet)?;
    let entries = &pallet.storage.as_ref()?.entries;
    entries
        .iter()
        .find(|entry| entry.name == name)
        .map(|entry| &entry.ty)
}

#[test]
fn every_item_that_clients_read_is_there() {
    let metadata = metadata();
    let subnets = READ.split_whitespace().map(|name| ("SubtensorModule", name));
    let elsewhere = ELSEWHERE
        .iter()
        .flat_map(|(pallet, names)| names.split_whitespace().map(move |name| (*pallet, name)));
    for (pallet, name) in subnets.chain(elsewhere) {
        assert!(
            entry(&metadata, pallet, name).is_some(),
            "{pallet}.{name} is missing"
        );
    }
}

#[test]
fn items_of_later_runtimes_have_the_shapes_that_clients_decode() {
    let metadata = metadata();
    let letter = |hasher: &StorageHasher| match hasher {
        StorageHasher::Identity => 'I',
        StorageHasher::Blake2_128Concat => 'B',
        StorageHasher::Twox64Concat => 'T',
        other => panic!("{other:?}"),
    };
    for (name, hashers, value) in LATER {
        let found = entry(&metadata, "SubtensorModule", name).unwrap_or_else(|| panic!("{name} is missing"));
        let (found_hashers, found_value) = match found {
            StorageEntryType::Plain(value) => (String::new(), value),
            StorageEntryType::Map { hashers, value, .. } => (hashers.iter().map(letter).collect(), value),
        };
        assert_eq!(found_hashers, hashers, "hashers of {name}");
        let found_value = plain(&written(&metadata.types, found_value.id));
        assert_eq!(found_value, value, "value of {name}");
    }
}

#[test]
fn constants_have_the_public_chains_values() {
    let metadata = metadata();
    for (pallet, name, bytes) in CONSTANTS {
        let constant = metadata
            .pallets
            .iter()
            .find(|entry| entry.name == pallet)
            .and_then(|entry| entry.constants.iter().find(|constant| constant.name == name));
        let constant = constant.unwrap_or_else(|| panic!("{pallet}.{name} is missing"));
        assert_eq!(constant.value, bytes, "{pallet}.{name}");
    }
}
