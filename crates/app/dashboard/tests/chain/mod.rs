//! A devnet on which a little of everything has happened, some of it meant to break a page.

#![allow(dead_code, reason = "each test binary uses its share")]

use assay_chain::{
    AxonAnnouncement, Call, ChainClient, ConnectOptions, Existence, NetUid, Pair, Rao, Receipt, Uid,
    WeightRow, Zeros, scale_value::Value,
};
use assay_dashboard::{Chain, Dashboard, DashboardConfig};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_keys::Scheme;
use std::net::SocketAddr;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// What a hostile owner calls the subnet, and a hostile miner its dataset.
pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&</script>";
/// A name that is read backwards where nothing is done about it.
pub(crate) const BACKWARDS: &str = "good\u{202e}live";

pub(crate) struct World {
    pub(crate) devnet: Devnet,
    pub(crate) client: ChainClient,
    pub(crate) netuid: NetUid,
    pub(crate) owner: Pair,
    pub(crate) miner: Pair,
    /// Heights of the blocks with something to see.
    pub(crate) transfer: u64,
    pub(crate) failure: u64,
    pub(crate) weights: u64,
    pub(crate) remark: u64,
}

pub(crate) fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).expect("a key")
}

async fn done(receipt: Result<Receipt, assay_chain::ChainError>) -> u64 {
    let receipt = receipt.expect("taken by the pool");
    receipt.finalized().await.expect("done").block.number.0
}

fn bytes(text: &str) -> Value {
    Value::from_bytes(text.as_bytes())
}

impl World {
    pub(crate) async fn new() -> World {
        // On the heap: a test's thread has two megabytes of stack.
        Box::pin(World::make()).await
    }

    async fn make() -> World {
        let devnet = Devnet::start(DevnetConfig {
            blocks: BlockProduction::OnDemand,
            ..DevnetConfig::default()
        })
        .await
        .expect("a devnet");
        let endpoint = devnet.url().parse().expect("an endpoint");
        let client = ChainClient::connect(endpoint, ConnectOptions::default())
            .await
            .expect("a connection");
        let (alice, bob) = (pair("//Alice"), pair("//Bob"));
        let (owner, miner) = (pair("//Alice//owner"), pair("//Bob//miner"));
        let created = client
            .create_subnet(&alice, &owner.account())
            .await
            .expect("taken");
        let netuid = created
            .finalized()
            .await
            .expect("created")
            .created_subnet()
            .expect("a subnet");
        let admin = |call: &'static str, name: &'static str, value: Value| {
            let netuid = ("netuid", Value::u128(netuid.0.into()));
            Call::new("AdminUtils", call, [netuid, (name, value)])
        };
        let window = ("window", Value::u128(0));
        for call in [
            Call::new("AdminUtils", "sudo_set_admin_freeze_window", [window]),
            admin(
                "sudo_set_commit_reveal_weights_enabled",
                "enabled",
                Value::bool(false),
            ),
            admin(
                "sudo_set_weights_set_rate_limit",
                "weights_set_rate_limit",
                Value::u128(0),
            ),
            admin("sudo_set_tempo", "tempo", Value::u128(10)),
        ] {
            done(client.sudo(&alice, &call).await).await;
        }
        done(client.start_call(&alice, netuid).await).await;
        done(
            client
                .submit(&bob, &Call::burned_register(netuid, &miner.account()))
                .await,
        )
        .await;
        done(
            client
                .add_stake(&alice, netuid, &owner.account(), Rao::from_tao(100))
                .await,
        )
        .await;
        let axon = AxonAnnouncement {
            address: "10.1.2.3:8091".parse().expect("an address"),
            version: 7,
            protocol: 4,
        };
        done(client.serve_axon(&miner, netuid, axon).await).await;
        done(client.set_commitment(&miner, netuid, HOSTILE).await).await;
        done(client.submit(&alice, &subnet_identity(netuid)).await).await;
        done(client.submit(&bob, &identity()).await).await;

        let row = WeightRow::from_scores(&[(Uid(0), 1.0), (Uid(1), 3.0)], Zeros::Explicit).expect("weights");
        let weights = done(client.set_weights(&owner, netuid, &row, 0).await).await;
        let transfer = done(
            client
                .transfer(&alice, &miner.account(), Rao(1_234_567_891), Existence::KeepAlive)
                .await,
        )
        .await;
        let receipt = client.start_call(&alice, netuid).await.expect("taken");
        receipt.finalized().await.expect_err("it was started before");
        let failure = client.head().await.expect("a head").number.0;
        let remarks = [
            Call::new("System", "remark", [("remark", bytes(HOSTILE))]),
            Call::new("System", "remark", [("remark", Value::from_bytes([0xab; 9_000]))]),
        ];
        let remark = done(client.submit(&bob, &Call::batch_all(&remarks)).await).await;
        // Two epochs, so that there is something to earn.
        devnet.produce(25).await.expect("blocks");
        World {
            devnet,
            client,
            netuid,
            owner,
            miner,
            transfer,
            failure,
            weights,
            remark,
        }
    }
}

fn subnet_identity(netuid: NetUid) -> Call {
    Call::new(
        "SubtensorModule",
        "set_subnet_identity",
        [
            ("netuid", Value::u128(netuid.0.into())),
            ("subnet_name", bytes(HOSTILE)),
            ("github_repo", bytes("https://example.org/code")),
            ("subnet_contact", bytes("")),
            ("subnet_url", bytes("javascript:alert(1)")),
            ("discord", bytes("")),
            ("description", Value::from_bytes([0xff, 0xfe, b'?'])),
            ("logo_url", bytes("")),
            ("additional", bytes("")),
        ],
    )
}

/// What Bob says about himself.
fn identity() -> Call {
    Call::new(
        "SubtensorModule",
        "set_identity",
        [
            ("name", bytes(BACKWARDS)),
            ("url", bytes("javascript:alert(1)")),
            ("github_repo", bytes("")),
            ("image", bytes("")),
            ("discord", bytes("")),
            ("description", bytes(HOSTILE)),
            ("additional", bytes("")),
        ],
    )
}

/// The pages about a chain, served until they are stopped.
pub(crate) struct Pages {
    pub(crate) address: SocketAddr,
    /// What the pages believe of the chain.
    pub(crate) chain: watch::Sender<Chain>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Pages {
    pub(crate) async fn serve(chain: Chain) -> Pages {
        let (chain, watched) = watch::channel(chain);
        let config = DashboardConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            ..DashboardConfig::default()
        };
        let dashboard = Dashboard::bind_to_chain(config, watched)
            .await
            .expect("a free port");
        let address = dashboard.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(dashboard.serve(async {
            let _ = stopped.await;
        }));
        Pages {
            address,
            chain,
            stop,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.expect("a clean end");
    }
}
