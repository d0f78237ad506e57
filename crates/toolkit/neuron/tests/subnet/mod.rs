//! A started subnet on a devnet in this process, with neurons by name.

#![allow(dead_code, reason = "each test binary uses its share; one uses all")]

use assay_chain::{
    Call, ChainClient, ChainError, ConnectOptions, Existence, NetUid, Pair, Rao, Receipt, scale_value::Value,
};
use assay_devnet::{BlockProduction, CommitReveal, Devnet, DevnetConfig, Genesis};
use assay_keys::Scheme;

pub(crate) fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

pub(crate) struct Subnet {
    pub(crate) client: ChainClient,
    pub(crate) netuid: NetUid,
}

impl Subnet {
    /// A subnet that takes weights in the open and as often as wanted, with these neurons at uid 1 and up. Blocks are
    /// made on demand until it stands, then as `blocks` says.
    pub(crate) async fn with(neurons: &[&str], blocks: BlockProduction) -> (Devnet, Self) {
        let (devnet, subnet) = Self::on(Genesis::default(), neurons).await;
        subnet
            .admin(
                "sudo_set_commit_reveal_weights_enabled",
                "enabled",
                Value::bool(false),
            )
            .await;
        devnet.set_block_production(blocks).unwrap();
        (devnet, subnet)
    }

    /// A subnet that takes only committed weights, on a chain with a beacon of its own. Its epochs are of 40 blocks.
    pub(crate) async fn that_commits(neurons: &[&str]) -> (Devnet, Self) {
        let genesis = Genesis {
            commit_reveal: CommitReveal::OwnBeacon,
            ..Genesis::default()
        };
        let (devnet, subnet) = Self::on(genesis, neurons).await;
        subnet.admin("sudo_set_tempo", "tempo", Value::u128(40)).await;
        (devnet, subnet)
    }

    async fn on(genesis: Genesis, neurons: &[&str]) -> (Devnet, Self) {
        let config = DevnetConfig {
            blocks: BlockProduction::OnDemand,
            genesis: Some(genesis),
            ..DevnetConfig::default()
        };
        let devnet = Devnet::start(config).await.unwrap();
        let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap();
        let alice = pair("//Alice");
        let created = client
            .create_subnet(&alice, &pair("//Alice//owner").account())
            .await
            .unwrap();
        let netuid = created.finalized().await.unwrap().created_subnet().unwrap();
        done(client.start_call(&alice, netuid).await).await;
        let subnet = Self { client, netuid };
        subnet
            .root("sudo_set_admin_freeze_window", "window", Value::u128(0))
            .await;
        subnet
            .admin(
                "sudo_set_weights_set_rate_limit",
                "weights_set_rate_limit",
                Value::u128(0),
            )
            .await;
        subnet.admin("sudo_set_tempo", "tempo", Value::u128(100)).await;
        for name in neurons {
            subnet.join(name).await;
        }
        (devnet, subnet)
    }

    /// Registers one more neuron.
    pub(crate) async fn join(&self, name: &str) {
        let coldkey = pair(&format!("//{name}"));
        let money = Call::transfer(&coldkey.account(), Rao::from_tao(10_000), Existence::KeepAlive);
        done(self.client.submit(&pair("//Bob"), &money).await).await;
        let hotkey = self.hotkey(name).account();
        let limit = Rao::from_tao(1_000);
        done(self.client.register(&coldkey, self.netuid, &hotkey, limit).await).await;
    }

    /// Another hotkey of its owner's takes a neuron's place.
    pub(crate) async fn give_slot_away(&self, name: &str) {
        let heir = pair(&format!("//{name}//heir")).account();
        let swap = Call::swap_hotkey(&self.hotkey(name).account(), &heir, Some(self.netuid));
        done(self.client.submit(&pair(&format!("//{name}")), &swap).await).await;
    }

    pub(crate) fn hotkey(&self, name: &str) -> Pair {
        pair(&format!("//{name}//hotkey"))
    }

    /// Stakes on a neuron and waits for the epoch that gives it a permit.
    pub(crate) async fn permit(&self, devnet: &Devnet, name: &str) {
        let hotkey = self.hotkey(name).account();
        let stake = self
            .client
            .add_stake(
                &pair(&format!("//{name}")),
                self.netuid,
                &hotkey,
                Rao::from_tao(1_000),
            )
            .await;
        devnet.produce(1).await.unwrap();
        done(stake).await;
        devnet.run_to_epoch(self.netuid.0).await.unwrap();
    }

    /// Sets a hyperparameter of the subnet.
    pub(crate) async fn admin(&self, call: &'static str, argument: &'static str, value: Value) {
        let netuid = Value::u128(self.netuid.0.into());
        self.sudo(Call::new(
            "AdminUtils",
            call,
            [("netuid", netuid), (argument, value)],
        ))
        .await;
    }

    /// Sets a parameter of the whole chain.
    pub(crate) async fn root(&self, call: &'static str, argument: &'static str, value: Value) {
        self.sudo(Call::new("AdminUtils", call, [(argument, value)]))
            .await;
    }

    async fn sudo(&self, call: Call) {
        done(self.client.sudo(&pair("//Alice"), &call).await).await;
    }
}

async fn done(receipt: Result<Receipt, ChainError>) {
    receipt.unwrap().finalized().await.unwrap();
}
