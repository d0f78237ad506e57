//! The first state of a chain, made from a plain description: equal descriptions give equal states and so equal
//! genesis hashes.

use crate::{
    AccountId, AuraConfig, Balance, BalancesConfig, Runtime, RuntimeGenesisConfig, SubtensorModule,
    SubtensorModuleConfig, SudoConfig,
};
use codec::Encode;
use serde::{Deserialize, Serialize};
use sp_core::{Pair, sr25519};
use sp_io::TestExternalities;
use sp_runtime::{BuildStorage, StateVersion, Storage};

/// One TAO in rao.
pub const TAO: Balance = 1_000_000_000;

/// State key of the description's seed. It is part of no pallet; it only makes chains differ.
pub const SEED_KEY: &[u8] = b":assay:seed";

/// State key of the digest of the metadata. Clients cache metadata by genesis hash, so metadata that changed must
/// change the genesis hash.
pub const METADATA_DIGEST_KEY: &[u8] = b":assay:metadata";

/// Two accounts that a localnet funds for tests of its EVM, which this chain does not have.
const EVM_TEST_ACCOUNTS: [[u8; 32]; 2] = [
    *b"\xa0\x2a\x00\xe5\x49\xcb\x10\x4f\x71\x0d\x3f\xe6\xf2\xf8\x3e\x91\x52\x4d\x2a\x40\xc4\xed\x83\x16\x58\xa1\x20\x88\x30\x77\xf9\xa9",
    *b"\xca\xf8\x95\x9d\x3c\x25\x42\x9e\x57\x97\x75\x8a\xa1\x6e\x32\x68\x39\xc7\x44\xa3\x74\xc3\x15\x7f\xda\xd8\x6e\x65\x45\x8f\x6c\x59",
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
        }
    }
}

impl Genesis {
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
                ..Default::default()
            },
            sudo: SudoConfig {
                key: Some(self.sudo.clone()),
            },
            ..Default::default()
        })
    }

    /// The state of block 0 as key and value pairs.
    ///
    /// # Errors
    /// When a balance or the block time makes no sense.
    pub fn storage(&self) -> Result<Storage, GenesisError> {
        let mut storage = self
            .runtime_config()?
            .build_storage()
            .map_err(|reason| GenesisError::Refused { reason })?;
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
            if *rao < 500 {
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
    // A hard derivation from the development phrase can only fail on a malformed path, and a name without a slash
    // gives a well-formed one. The fallback keeps the function total.
    sr25519::Pair::from_string(&format!("//{}", name.replace('/', "")), None)
        .map_or(AccountId::new([0; 32]), |pair| pair.public().into())
}

/// The accounts a public localnet funds, in rao.
#[must_use]
pub fn development_balances() -> Vec<(AccountId, Balance)> {
    let rich = ["Alice", "Bob", "Charlie"].map(|name| (development_account(name), 1_000_000 * TAO));
    let modest =
        ["Dave", "Eve", "Ferdie", "One", "Two", "Three"].map(|name| (development_account(name), 2_000 * TAO));
    let evm = EVM_TEST_ACCOUNTS.map(|account| (AccountId::new(account), 2_000 * TAO));
    rich.into_iter().chain(modest).chain(evm).collect()
}

/// The JSON of a named genesis; `local_testnet` is the only one.
pub(crate) fn preset(id: &sp_genesis_builder::PresetId) -> Option<Vec<u8>> {
    if id.as_str() != sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET {
        return None;
    }
    serde_json::to_vec(&Genesis::default().runtime_config().ok()?).ok()
}
