//! Makes the subnet: funds the accounts, creates and starts it, sets its hyperparameters, registers the neurons and
//! stakes the validators.
//!
//! Every step looks at the chain first and does only what is missing, so that a run that was cut off anywhere goes
//! on from there. All of it goes through the same client and the same extrinsics as on a public chain; only block
//! production is hurried along, because a newcomer should not wait for a timer.

use super::accounts::{self, Account};
use assay_chain::{Call, ChainClient, NetUid, Rao, Receipt, SubnetPhase, WeightSubmission};
use assay_devnet::Devnet;
use assay_keys::AccountId;
use miette::{IntoDiagnostic, WrapErr};
use scale_value::Value;

/// What each account starts with: enough for registration and stake, and for playing with the wallet afterwards.
const ALLOWANCE: Rao = Rao::from_tao(5_000);
/// What the owner starts with: the lock of a new subnet begins at 1,000 TAO.
const OWNER_ALLOWANCE: Rao = Rao::from_tao(20_000);
/// What a validator stakes.
const VALIDATOR_STAKE: Rao = Rao::from_tao(1_000);

/// Blocks between two epochs, at a block a second. Shorter, and a machine that is left running trains all the time;
/// longer, and one waits for nothing.
pub(super) const TEMPO: u16 = 100;

/// Brings the subnet to the point where miners may commit and validators may set weights.
pub(super) async fn found(
    chain: &ChainClient,
    devnet: &Devnet,
    owner: &Account,
    validators: &[Account],
    miners: &[Account],
) -> miette::Result<NetUid> {
    let founder = Founder { chain, devnet };
    founder.fund(owner, validators, miners).await?;
    let netuid = founder.create(owner).await?;
    founder.set_hyperparameters(netuid).await?;
    founder.register(netuid, validators.iter().chain(miners)).await?;
    founder.stake(netuid, validators).await?;
    Ok(netuid)
}

struct Founder<'a> {
    chain: &'a ChainClient,
    devnet: &'a Devnet,
}

impl Founder<'_> {
    async fn fund(&self, owner: &Account, validators: &[Account], miners: &[Account]) -> miette::Result<()> {
        let mut transfers = Vec::new();
        let everybody = validators
            .iter()
            .chain(miners)
            .map(|account| (account, ALLOWANCE));
        for (account, allowance) in everybody.chain([(owner, OWNER_ALLOWANCE)]) {
            let address = account.coldkey.account();
            if self.chain.balance(&address).await.into_diagnostic()?.free == Rao::ZERO {
                transfers.push(transfer(address, allowance));
            }
        }
        if transfers.is_empty() {
            return Ok(());
        }
        let bank = accounts::sudo().into_diagnostic()?;
        let receipt = self.chain.submit(&bank, &Call::batch_all(&transfers)).await;
        self.settle([receipt.into_diagnostic()?])
            .await
            .wrap_err("the accounts of the run cannot be funded")
    }

    async fn create(&self, owner: &Account) -> miette::Result<NetUid> {
        let address = owner.coldkey.account();
        let subnets = self.chain.subnets().await.into_diagnostic()?;
        let (netuid, phase) = match subnets.iter().find(|subnet| subnet.owner == address) {
            Some(subnet) => (subnet.netuid, subnet.phase),
            None => {
                let receipt = self
                    .chain
                    .create_subnet(&owner.coldkey, &owner.hotkey.account())
                    .await
                    .into_diagnostic()?;
                self.devnet.produce(1).await.into_diagnostic()?;
                let included = receipt
                    .in_block()
                    .await
                    .into_diagnostic()
                    .wrap_err("the subnet cannot be created")?;
                let netuid = included
                    .created_subnet()
                    .ok_or_else(|| miette::miette!("the chain created a subnet and did not say which"))?;
                (netuid, SubnetPhase::Created)
            }
        };
        if phase == SubnetPhase::Created {
            let receipt = self
                .chain
                .start_call(&owner.coldkey, netuid)
                .await
                .into_diagnostic()?;
            self.settle([receipt])
                .await
                .wrap_err_with(|| format!("subnet {netuid} cannot be started"))?;
        }
        Ok(netuid)
    }

    /// What a competition on one machine needs otherwise than a public subnet: short epochs, weights in the open (the
    /// development chain's randomness is not the public one, to which others encrypt), and no waiting between two
    /// weight settings.
    async fn set_hyperparameters(&self, netuid: NetUid) -> miette::Result<()> {
        let now = self.chain.hyperparameters(netuid).await.into_diagnostic()?;
        if now.tempo == TEMPO
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
            of_subnet("sudo_set_tempo", "tempo", Value::u128(TEMPO.into())),
        ];
        let sudo = accounts::sudo().into_diagnostic()?;
        for call in calls {
            let receipt = self.chain.sudo(&sudo, &call).await.into_diagnostic()?;
            self.settle([receipt])
                .await
                .wrap_err_with(|| format!("{} is refused", call.title()))?;
        }
        Ok(())
    }

    async fn register(&self, netuid: NetUid, accounts: impl Iterator<Item = &Account>) -> miette::Result<()> {
        // Each registration raises the price of the next by a quarter.
        let limit = Rao::from_tao(1_000);
        let mut receipts = Vec::new();
        for account in accounts {
            let hotkey = account.hotkey.account();
            if self.chain.uid(netuid, &hotkey).await.into_diagnostic()?.is_some() {
                continue;
            }
            let receipt = self
                .chain
                .register(&account.coldkey, netuid, &hotkey, limit)
                .await
                .into_diagnostic()
                .wrap_err_with(|| format!("{} cannot be registered", account.name))?;
            receipts.push(receipt);
        }
        self.settle(receipts).await.wrap_err("a registration failed")
    }

    async fn stake(&self, netuid: NetUid, validators: &[Account]) -> miette::Result<()> {
        let metagraph = self.chain.metagraph(netuid).await.into_diagnostic()?;
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
                .into_diagnostic()
                .wrap_err_with(|| format!("{} cannot be staked", account.name))?;
            receipts.push(receipt);
        }
        self.settle(receipts).await.wrap_err("a stake failed")
    }

    /// Makes the block that takes the transactions, and waits until each has succeeded.
    async fn settle(&self, receipts: impl IntoIterator<Item = Receipt>) -> miette::Result<()> {
        let receipts: Vec<_> = receipts.into_iter().collect();
        if receipts.is_empty() {
            return Ok(());
        }
        self.devnet.produce(1).await.into_diagnostic()?;
        for receipt in receipts {
            receipt.in_block().await.into_diagnostic()?;
        }
        Ok(())
    }
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
