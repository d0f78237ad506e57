//! The first state of a chain, made from a plain description: equal descriptions give equal states and so equal
//! genesis hashes.

mod founding;
mod settings;

pub use founding::{
    FIRST_NETUID, FoundedNeuron, FoundedStake, FoundedSubnet, Founding, Permit, Refusal, StakeAmount,
    SubnetPhase,
};
pub use settings::{OF_CHAIN as CHAIN_SETTINGS, OF_SUBNET as SUBNET_SETTINGS, Setting, Unit};

use crate::{
    AccountId, AuraConfig, Balance, BalancesConfig, DevnetConfig, DrandConfig, MevShieldConfig, Runtime,
    RuntimeGenesisConfig, SubtensorModule, SubtensorModuleConfig, SudoConfig, own_beacon::OwnBeacon,
};
use crate::{
    hex_literal::hex_literal, pallet_configs::EXISTENTIAL_DEPOSIT, pallets::subtensor::ROOT, shield::Shield,
};
use codec::Encode;
use serde::{Deserialize, Serialize};
use sp_core::{Pair, sr25519};
use sp_io::TestExternalities;
use sp_runtime::{BuildStorage, StateVersion, Storage};
use sp_state_machine::BasicExternalities;

/// One TAO in rao.
pub const TAO: Balance = 1_000_000_000;

/// State key of the description's seed. It is part of no pallet; it only makes chains differ.
pub const SEED_KEY: &[u8] = b":assay:seed";

/// State key of the digest of the metadata. Clients cache metadata by genesis hash, so metadata that changed must
/// change the genesis hash.
pub const METADATA_DIGEST_KEY: &[u8] = b":assay:metadata";

/// The development keys that a localnet funds: name, sr25519 public key of `//name`, TAO. Deriving nine keys takes
/// longer than starting a chain, so they are written down; a test derives them.
const DEVELOPMENT_ACCOUNTS: [(&str, [u8; 32], Balance); 9] = [
    (
        "Alice",
        hex_literal("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"),
        1_000_000,
    ),
    (
        "Bob",
        hex_literal("8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48"),
        1_000_000,
    ),
    (
        "Charlie",
        hex_literal("90b5ab205c6974c9ea841be688864633dc9ca8a357843eeacf2314649965fe22"),
        1_000_000,
    ),
    (
        "Dave",
        hex_literal("306721211d5404bd9da88e0204360a1a9ab8b87c66c1bc2fcdd37f3c2222cc20"),
        2_000,
    ),
    (
        "Eve",
        hex_literal("e659a7a1628cdd93febc04a4e0646ea20e9f5f0ce097d9a05290d4a9e054df4e"),
        2_000,
    ),
    (
        "Ferdie",
        hex_literal("1cbd2d43530a44705ad088af313e18f80b53ef16b36177cd4b77b846f2a5f07c"),
        2_000,
    ),
    (
        "One",
        hex_literal("ac859f8a216eeb1b320b4c76d118da3d7407fa523484d0a980126d3b4d0d220a"),
        2_000,
    ),
    (
        "Two",
        hex_literal("1254f7017f0b8347ce7ab14f96d818802e7e9e0c0d1b7c9acb3c726b080e7a03"),
        2_000,
    ),
    (
        "Three",
        hex_literal("9026941b7aa2328a8c5ea4e25bb747a2bf92a066fae0cc3722faf58cf44d3502"),
        2_000,
    ),
];

/// Two accounts that a localnet funds for tests of its EVM, which this chain does not have.
const EVM_TEST_ACCOUNTS: [[u8; 32]; 2] = [
    hex_literal("a02a00e549cb104f710d3fe6f2f83e91524d2a40c4ed831658a120883077f9a9"),
    hex_literal("caf8959d3c25429e5797758aa16e326839c744a374c3157fdad86e65458f6c59"),
];

/// What a new chain starts with. The default is the public localnet's: funded development accounts and Alice as sudo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Genesis {
    /// Any number; chains with different seeds have different genesis hashes.
    pub seed: u64,
    /// Interval between blocks in milliseconds, published as the constant `Aura.SlotDuration`.
    pub slot_duration_ms: u64,
    /// The account that may make root calls.
    pub sudo: AccountId,
    /// Whether the development accounts of [`development_balances`] are funded.
    pub development_accounts: DevelopmentAccounts,
    /// Further balances in rao; for an account that is funded already the larger amount counts.
    pub balances: Vec<(AccountId, Balance)>,
    /// Subnets, neurons, stakes and weights that are there from the beginning.
    pub founding: Founding,
    /// Whether subnets demand commits, and whose pulses open them.
    pub commit_reveal: CommitReveal,
    /// Which timelocked weights count.
    pub timelock_payloads: TimelockPayloads,
}

/// Whether subnets demand that weights are committed first, and which beacon opens what is timelocked.
///
/// Stock clients encrypt to the public beacon, whose pulses a chain without the internet never sees; so nothing is
/// demanded by default, and a subnet's owner may demand it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommitReveal {
    /// New subnets take weights in the open. The public beacon's pulses are believed, should somebody feed them.
    #[default]
    Off,
    /// New subnets demand commits, and the chain has a beacon of its own.
    OwnBeacon,
    /// New subnets demand commits, and the public beacon's pulses are believed, should somebody feed them.
    PublicBeacon,
}

/// Which timelocked weights count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimelockPayloads {
    /// Those that say whose they are. Others could be copied by anybody.
    #[default]
    WithHotkey,
    /// The older ones without a hotkey too, as on the public chain.
    Any,
}

/// Whether the well-known development accounts have money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DevelopmentAccounts {
    /// Alice, Bob and Charlie have 1 000 000 TAO, the others 2 000 TAO.
    #[default]
    Funded,
    /// Nobody but the accounts of `balances` has anything.
    Empty,
}

/// Why a description is no genesis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// A balance below the existential deposit would not survive.
    #[error(
        "the balance of {account} is {rao} rao, below the existential deposit of 500 rao; give it more or leave it out"
    )]
    BalanceTooSmall {
        /// Whose balance.
        account: AccountId,
        /// How much.
        rao: Balance,
    },
    /// The sum of all balances does not fit the chain's 64 bits.
    #[error("the balances sum to more than 2^64 rao; give the accounts less")]
    TooMuchMoney,
    /// The chain does not take a part of the founding.
    #[error("{0}")]
    Founding(Refusal),
    /// A block time of nothing.
    #[error("slot_duration_ms is 0; the shortest block time is 1 ms")]
    ZeroSlotDuration,
    /// The pallets refused the description.
    #[error("the pallets refused the genesis description: {reason}")]
    Refused {
        /// What they said.
        reason: String,
    },
}

impl Default for Genesis {
    fn default() -> Self {
        Self {
            seed: 0,
            slot_duration_ms: crate::pallets::aura::DEFAULT_SLOT_DURATION_MS,
            sudo: development_account("Alice"),
            development_accounts: DevelopmentAccounts::Funded,
            balances: Vec::new(),
            founding: Founding::default(),
            commit_reveal: CommitReveal::default(),
            timelock_payloads: TimelockPayloads::default(),
        }
    }
}

impl Genesis {
    /// The chain's own beacon, if it has one.
    #[must_use]
    pub fn own_beacon(&self) -> Option<OwnBeacon> {
        (self.commit_reveal == CommitReveal::OwnBeacon).then_some(OwnBeacon {
            seed: self.seed,
            period_ms: self.slot_duration_ms,
        })
    }

    /// The configuration of every pallet.
    ///
    /// # Errors
    /// When a balance or the block time makes no sense.
    pub fn runtime_config(&self) -> Result<RuntimeGenesisConfig, GenesisError> {
        if self.slot_duration_ms == 0 {
            return Err(GenesisError::ZeroSlotDuration);
        }
        let mut balances = self.all_balances()?;
        // The TAO of subnet 1's pool exists, or nothing could be unstaked from it.
        balances.push((
            SubtensorModule::subnet_account(1),
            SubtensorModuleConfig::FIRST_POOL,
        ));
        // Root's pool can shrink to nothing. What keeps its account alive is not part of the pool: without it a rest
        // below the existential deposit would be burned, and the last staker could not be paid.
        balances.push((SubtensorModule::subnet_account(ROOT), EXISTENTIAL_DEPOSIT));
        let total_issuance = balances
            .iter()
            .try_fold(0u64, |sum, (_, rao)| sum.checked_add(*rao))
            .ok_or(GenesisError::TooMuchMoney)?;
        Ok(RuntimeGenesisConfig {
            aura: AuraConfig {
                slot_duration_ms: self.slot_duration_ms,
                ..Default::default()
            },
            balances: BalancesConfig {
                balances,
                ..Default::default()
            },
            subtensor_module: SubtensorModuleConfig {
                total_issuance,
                commit_reveal: self.commit_reveal != CommitReveal::Off,
                ..Default::default()
            },
            drand: DrandConfig {
                own: self.own_beacon(),
                ..Default::default()
            },
            devnet: DevnetConfig {
                new_subnets_commit: self.commit_reveal != CommitReveal::Off,
                accepts_unsigned_payloads: self.timelock_payloads == TimelockPayloads::Any,
                ..Default::default()
            },
            sudo: SudoConfig {
                key: Some(self.sudo.clone()),
            },
            mev_shield: MevShieldConfig {
                encapsulation_key: Shield::of_seed(self.seed).encapsulation_key(),
                ..Default::default()
            },
            ..Default::default()
        })
    }

    /// The state of block 0 as key and value pairs.
    ///
    /// # Errors
    /// When a balance or the block time makes no sense, or the chain refuses a part of the founding.
    pub fn storage(&self) -> Result<Storage, GenesisError> {
        let mut storage = self
            .runtime_config()?
            .build_storage()
            .map_err(|reason| GenesisError::Refused { reason })?;
        if self.founding != Founding::default() {
            BasicExternalities::execute_with_storage(&mut storage, || self.founding.apply())
                .map_err(GenesisError::Founding)?;
        }
        storage.top.insert(SEED_KEY.to_vec(), self.seed.encode());
        // The metadata holds constants that live in the state, so it is generated on top of it.
        let metadata = TestExternalities::new_with_state_version(storage.clone(), StateVersion::V1)
            .execute_with(|| Runtime::metadata().encode());
        let digest = sp_io::hashing::blake2_256(&metadata);
        storage.top.insert(METADATA_DIGEST_KEY.to_vec(), digest.to_vec());
        Ok(storage)
    }

    fn all_balances(&self) -> Result<Vec<(AccountId, Balance)>, GenesisError> {
        let mut balances = std::collections::BTreeMap::new();
        if self.development_accounts == DevelopmentAccounts::Funded {
            balances.extend(development_balances());
        }
        for (account, rao) in &self.balances {
            if *rao < EXISTENTIAL_DEPOSIT {
                return Err(GenesisError::BalanceTooSmall {
                    account: account.clone(),
                    rao: *rao,
                });
            }
            let held = balances.entry(account.clone()).or_insert(*rao);
            *held = (*held).max(*rao);
        }
        Ok(balances.into_iter().collect())
    }
}

/// The sr25519 account of the development key `//name`.
#[must_use]
pub fn development_account(name: &str) -> AccountId {
    if let Some((_, account, _)) = DEVELOPMENT_ACCOUNTS.iter().find(|(known, _, _)| *known == name) {
        return AccountId::new(*account);
    }
    // A hard derivation from the development phrase can only fail on a malformed path, and a name without a slash
    // gives a well-formed one. The fallback keeps the function total.
    sr25519::Pair::from_string(&format!("//{}", name.replace('/', "")), None)
        .map_or(AccountId::new([0; 32]), |pair| pair.public().into())
}

/// The accounts a public localnet funds, in rao.
#[must_use]
pub fn development_balances() -> Vec<(AccountId, Balance)> {
    let named = DEVELOPMENT_ACCOUNTS
        .iter()
        .map(|(_, account, tao)| (AccountId::new(*account), tao * TAO));
    let evm = EVM_TEST_ACCOUNTS
        .iter()
        .map(|account| (AccountId::new(*account), 2_000 * TAO));
    named.chain(evm).collect()
}

/// The JSON of a named genesis; `local_testnet` is the only one.
pub(crate) fn preset(id: &sp_genesis_builder::PresetId) -> Option<Vec<u8>> {
    if id.as_str() != sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET {
        return None;
    }
    serde_json::to_vec(&Genesis::default().runtime_config().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{AccountId, DEVELOPMENT_ACCOUNTS, TAO, development_balances};
    use sp_core::{Pair, sr25519};

    #[test]
    fn the_development_accounts_are_those_of_their_names() {
        for (name, account, _) in DEVELOPMENT_ACCOUNTS {
            let pair = sr25519::Pair::from_string(&format!("//{name}"), None).unwrap();
            assert_eq!(pair.public().0, account, "{name}");
        }
    }

    #[test]
    fn a_localnet_has_three_rich_and_eight_modest_accounts() {
        let balances = development_balances();
        let with = |tao: u64| balances.iter().filter(|(_, rao)| *rao == tao * TAO).count();
        assert_eq!((balances.len(), with(1_000_000), with(2_000)), (11, 3, 8));
        let distinct: std::collections::BTreeSet<&AccountId> =
            balances.iter().map(|(account, _)| account).collect();
        assert_eq!(distinct.len(), 11);
    }
}
