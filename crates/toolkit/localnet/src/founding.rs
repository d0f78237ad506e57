//! Makes the subnet: funds the accounts, creates and starts it, sets its hyperparameters, registers the neurons and
//! stakes the validators.
//!
//! Every step looks at the chain first and does only what is missing, so that a run that was cut off anywhere goes
//! on from there. All of it goes through the same client and the same extrinsics as on a public chain; only block
//! production is hurried along, because a newcomer should not wait for a timer.

use crate::{Account, LocalnetError, error::Doing};
use assay_chain::{Call, ChainClient, NetUid, Rao, Receipt, SubnetPhase, WeightSubmission};
use assay_devnet::Devnet;
use assay_keys::{AccountId, Pair, Scheme};
use scale_value::Value;

/// What each account starts with: enough for registration and stake, and for playing with the wallet afterwards.
const ALLOWANCE: Rao = Rao::from_tao(5_000);
/// What the owner starts with: the lock of a new subnet begins at 1,000 TAO.
const OWNER_ALLOWANCE: Rao = Rao::from_tao(20_000);
/// What a validator stakes.
const VALIDATOR_STAKE: Rao = Rao::from_tao(1_000);
/// The most that a registration may cost: each raises the price of the next by a quarter.
const REGISTRATION_LIMIT: Rao = Rao::from_tao(1_000);

pub(crate) struct Founder<'a> {
    pub(crate) chain: &'a ChainClient,
    pub(crate) devnet: &'a Devnet,
    /// Blocks between two epochs.
    pub(crate) tempo: u16,
}

impl Founder<'_> {
    /// Brings the subnet to the point where miners may serve and validators may set weights.
    pub(crate) async fn found(
        &self,
        owner: &Account,
        validators: &[Account],
        miners: &[Account],
    ) -> Result<NetUid, LocalnetError> {
        self.fund(owner, validators, miners).await?;
        let netuid = self.create(owner).await?;
        self.set_hyperparameters(netuid).await?;
        self.register(netuid, validators.iter().chain(miners)).await?;
        self.stake(netuid, validators).await?;
        Ok(netuid)
    }

    async fn fund(
        &self,
        owner: &Account,
        validators: &[Account],
        miners: &[Account],
    ) -> Result<(), LocalnetError> {
        const DOING: &str = "funding the accounts of the run";
        let mut transfers = Vec::new();
        let everybody = validators
            .iter()
            .chain(miners)
            .map(|account| (account, ALLOWANCE));
        for (account, allowance) in everybody.chain([(owner, OWNER_ALLOWANCE)]) {
            let address = account.coldkey.account();
            if self.chain.balance(&address).await.doing(DOING)?.free == Rao::ZERO {
                transfers.push(transfer(address, allowance));
            }
        }
        if transfers.is_empty() {
            return Ok(());
        }
        let receipt = self.chain.submit(&sudo()?, &Call::batch_all(&transfers)).await;
        self.settle([receipt.doing(DOING)?], DOING).await
    }

    async fn create(&self, owner: &Account) -> Result<NetUid, LocalnetError> {
        const DOING: &str = "creating the subnet";
        let address = owner.coldkey.account();
        let subnets = self.chain.subnets().await.doing(DOING)?;
        let (netuid, phase) = match subnets.iter().find(|subnet| subnet.owner == address) {
            Some(subnet) => (subnet.netuid, subnet.phase),
            None => {
                let receipt = self
                    .chain
                    .create_subnet(&owner.coldkey, &owner.hotkey.account())
                    .await
                    .doing(DOING)?;
                self.block(DOING).await?;
                let included = receipt.in_block().await.doing(DOING)?;
                let netuid = included.created_subnet().ok_or(LocalnetError::UnknownSubnet)?;
                (netuid, SubnetPhase::Created)
            }
        };
        if phase == SubnetPhase::Created {
            let doing = "starting the subnet";
            let receipt = self.chain.start_call(&owner.coldkey, netuid).await;
            self.settle([receipt.doing(doing)?], doing).await?;
        }
        Ok(netuid)
    }

    /// What a subnet on one machine needs otherwise than a public one: short epochs, weights in the open (the
    /// development chain's randomness is not the public one, to which others encrypt), and no waiting between two
    /// weight settings or two publications of an axon.
    async fn set_hyperparameters(&self, netuid: NetUid) -> Result<(), LocalnetError> {
        const DOING: &str = "setting the subnet's hyperparameters";
        let now = self.chain.hyperparameters(netuid).await.doing(DOING)?;
        if now.tempo == self.tempo
            && now.weight_submission == WeightSubmission::Direct
            && now.weights_rate_limit == 0
        {
            return Ok(());
        }
        let of_subnet = |call: &'static str, argument: &'static str, value: Value| {
            Call::new(
                "AdminUtils",
                call,
                [("netuid", Value::u128(netuid.0.into())), (argument, value)],
            )
        };
        let calls = [
            // First: with the freeze window as it is, the calls below are refused near an epoch.
            Call::new(
                "AdminUtils",
                "sudo_set_admin_freeze_window",
                [("window", Value::u128(0))],
            ),
            of_subnet(
                "sudo_set_commit_reveal_weights_enabled",
                "enabled",
                Value::bool(false),
            ),
            of_subnet(
                "sudo_set_weights_set_rate_limit",
                "weights_set_rate_limit",
                Value::u128(0),
            ),
            of_subnet(
                "sudo_set_serving_rate_limit",
                "serving_rate_limit",
                Value::u128(0),
            ),
            of_subnet("sudo_set_tempo", "tempo", Value::u128(self.tempo.into())),
        ];
        let sudo = sudo()?;
        for call in calls {
            let doing = format!("{DOING} with {}", call.title());
            let receipt = self.chain.sudo(&sudo, &call).await.doing(doing.clone())?;
            self.settle([receipt], &doing).await?;
        }
        Ok(())
    }

    async fn register(
        &self,
        netuid: NetUid,
        accounts: impl Iterator<Item = &Account>,
    ) -> Result<(), LocalnetError> {
        let mut receipts = Vec::new();
        for account in accounts {
            let doing = format!("registering {}", account.name);
            let hotkey = account.hotkey.account();
            if self
                .chain
                .uid(netuid, &hotkey)
                .await
                .doing(doing.clone())?
                .is_some()
            {
                continue;
            }
            let receipt = self
                .chain
                .register(&account.coldkey, netuid, &hotkey, REGISTRATION_LIMIT)
                .await
                .doing(doing)?;
            receipts.push(receipt);
        }
        self.settle(receipts, "registering the neurons").await
    }

    async fn stake(&self, netuid: NetUid, validators: &[Account]) -> Result<(), LocalnetError> {
        const DOING: &str = "staking the validators";
        let metagraph = self.chain.metagraph(netuid).await.doing(DOING)?;
        let mut receipts = Vec::new();
        for account in validators {
            let hotkey = account.hotkey.account();
            let staked = metagraph
                .by_hotkey(&hotkey)
                .is_some_and(|neuron| neuron.alpha_stake.0 > 0);
            if staked {
                continue;
            }
            let receipt = self
                .chain
                .add_stake(&account.coldkey, netuid, &hotkey, VALIDATOR_STAKE)
                .await
                .doing(DOING)?;
            receipts.push(receipt);
        }
        self.settle(receipts, DOING).await
    }

    /// Makes the block that takes the transactions, and waits until each has succeeded.
    async fn settle(
        &self,
        receipts: impl IntoIterator<Item = Receipt>,
        doing: &str,
    ) -> Result<(), LocalnetError> {
        let receipts: Vec<_> = receipts.into_iter().collect();
        if receipts.is_empty() {
            return Ok(());
        }
        self.block("making a block").await?;
        for receipt in receipts {
            receipt.in_block().await.doing(doing)?;
        }
        Ok(())
    }

    async fn block(&self, doing: &'static str) -> Result<(), LocalnetError> {
        self.devnet
            .produce(1)
            .await
            .map(drop)
            .map_err(|source| LocalnetError::Devnet { doing, source })
    }
}

/// The key that may do everything on a devnet.
fn sudo() -> Result<Pair, LocalnetError> {
    const SUDO: &str = "//Alice";
    Pair::from_uri(SUDO, Scheme::Sr25519).map_err(|source| LocalnetError::Wallet {
        name: SUDO.to_owned(),
        source,
    })
}

fn transfer(to: AccountId, amount: Rao) -> Call {
    Call::new(
        "Balances",
        "transfer_keep_alive",
        [
            ("dest", Value::unnamed_variant("Id", [Value::from_bytes(to.0)])),
            ("value", Value::u128(amount.0.into())),
        ],
    )
}
