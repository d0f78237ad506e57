//! A devnet in this process, a client of it, and the well-known keys that own its money.

#![allow(dead_code, reason = "each test binary uses its share; one uses all")]

use assay_chain::{
    AccountId, Call, ChainClient, ConnectOptions, NetUid, Pair, Rao, Receipt, Uid, scale_value::Value,
};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_keys::Scheme;
use std::time::Duration;

pub(crate) async fn devnet(blocks: BlockProduction) -> Devnet {
    let config = DevnetConfig {
        blocks,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

/// Options that fail a test within seconds rather than minutes.
pub(crate) fn options() -> ConnectOptions {
    ConnectOptions::default()
        .with_deadline(Duration::from_secs(20))
        .with_inclusion_deadline(Duration::from_secs(20))
}

pub(crate) async fn client(devnet: &Devnet) -> ChainClient {
    ChainClient::connect(devnet.url().parse().unwrap(), options())
        .await
        .unwrap()
}

pub(crate) fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

/// A coldkey with money and its hotkey.
pub(crate) struct Neuron {
    pub(crate) coldkey: Pair,
    pub(crate) hotkey: Pair,
}

impl Neuron {
    pub(crate) fn account(&self) -> AccountId {
        self.hotkey.account()
    }
}

/// A started subnet, owned by Alice, that takes weights in the open and as often as wanted.
pub(crate) struct Subnet {
    pub(crate) client: ChainClient,
    pub(crate) netuid: NetUid,
    pub(crate) owner: Neuron,
}

impl Subnet {
    pub(crate) async fn create(client: &ChainClient) -> Self {
        let subnet = Self::created(client).await;
        done(client.start_call(&subnet.owner.coldkey, subnet.netuid).await).await;
        subnet
            .admin(
                "sudo_set_weights_set_rate_limit",
                "weights_set_rate_limit",
                Value::u128(0),
            )
            .await;
        subnet
    }

    /// A subnet as it is born: not started.
    pub(crate) async fn created(client: &ChainClient) -> Self {
        let owner = Neuron {
            coldkey: pair("//Alice"),
            hotkey: pair("//Alice//owner"),
        };
        let receipt = client
            .create_subnet(&owner.coldkey, &owner.account())
            .await
            .unwrap();
        let netuid = receipt.finalized().await.unwrap().created_subnet().unwrap();
        // Otherwise nothing could be set shortly before an epoch.
        let window = Call::new(
            "AdminUtils",
            "sudo_set_admin_freeze_window",
            [("window", Value::u128(0))],
        );
        done(client.sudo(&pair("//Alice"), &window).await).await;
        Self {
            client: client.clone(),
            netuid,
            owner,
        }
    }

    /// Sets a hyperparameter with root's rights.
    pub(crate) async fn admin(&self, call: &'static str, argument: &'static str, value: Value) {
        let netuid = Value::u128(self.netuid.0.into());
        let call = Call::new("AdminUtils", call, [("netuid", netuid), (argument, value)]);
        done(self.client.sudo(&pair("//Alice"), &call).await).await;
    }

    /// A neuron with 10 000 TAO, registered.
    pub(crate) async fn register(&self, name: &str) -> (Neuron, Uid) {
        let neuron = Neuron {
            coldkey: pair(&format!("//{name}")),
            hotkey: pair(&format!("//{name}//hotkey")),
        };
        let money = Call::transfer(
            &neuron.coldkey.account(),
            Rao::from_tao(10_000),
            assay_chain::Existence::KeepAlive,
        );
        done(self.client.submit(&pair("//Bob"), &money).await).await;
        let receipt = self
            .client
            .register(
                &neuron.coldkey,
                self.netuid,
                &neuron.account(),
                Rao::from_tao(1_000),
            )
            .await
            .unwrap();
        let uid = receipt.finalized().await.unwrap().registered_uid().unwrap();
        (neuron, uid)
    }

    /// Stakes TAO of a neuron's coldkey on its hotkey.
    pub(crate) async fn stake(&self, neuron: &Neuron, tao: u64) {
        let amount = Rao::from_tao(tao);
        done(
            self.client
                .add_stake(&neuron.coldkey, self.netuid, &neuron.account(), amount)
                .await,
        )
        .await;
    }
}

/// Waits for the success of a transaction.
pub(crate) async fn done(receipt: Result<Receipt, assay_chain::ChainError>) {
    receipt.unwrap().finalized().await.unwrap();
}
