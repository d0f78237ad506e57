//! A devnet that makes blocks while the peers' scripts block the test's thread.

use assay_chain::{Block, ChainClient, ConnectOptions, Snapshot};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_keys::{AccountId, Pair, Scheme};
use assay_peers::Python;
use serde_json::Value;
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Clients wait a block and more for each transaction. Shorter blocks than this use the processor that the clients need.
const BLOCK_TIME: Duration = Duration::from_millis(100);

/// A script makes some thirty transactions or commands of a second or two each; a busy machine takes five times as long.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Served {
    devnet: Option<Devnet>,
    pub(crate) runtime: Runtime,
    /// The home of the scripts: what they keep between runs (metadata, configuration) is this chain's own.
    home: TempDir,
}

impl Served {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let devnet = runtime.block_on(Devnet::start(DevnetConfig {
            blocks: BlockProduction::Every(BLOCK_TIME),
            ..DevnetConfig::default()
        }));
        Self {
            devnet: Some(devnet.unwrap()),
            runtime,
            home: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        self.devnet.as_ref().unwrap().url()
    }

    /// The scripts' home, which is this test's own.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The objects that a script of the newest SDK prints.
    pub(crate) fn run(&self, script: &str, arguments: &[&str]) -> Vec<Value> {
        self.run_with("sdk11", script, arguments)
    }

    /// The objects that a script of an SDK prints.
    pub(crate) fn run_with(&self, venv: &str, script: &str, arguments: &[&str]) -> Vec<Value> {
        let mut script = Python::venv(venv)
            .script(format!("conformance/{venv}/{script}"))
            .env("HOME", self.home.path())
            .timeout(PATIENCE);
        for argument in arguments {
            script = script.arg(argument);
        }
        script.run()
    }

    /// This project's client.
    pub(crate) async fn client(&self) -> ChainClient {
        let url = self.url().parse().unwrap();
        ChainClient::connect(url, ConnectOptions::default())
            .await
            .unwrap()
    }

    /// This project's client at a block.
    pub(crate) async fn at(&self, block: u64) -> Snapshot {
        let client = self.client().await;
        let hash = client.block_hash(Block(block)).await.unwrap().unwrap();
        client.at(hash).await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(devnet) = self.devnet.take() {
            self.runtime.block_on(devnet.stop());
        }
    }
}

/// The coldkey of a development account.
pub(crate) fn coldkey(name: &str) -> AccountId {
    account(&format!("//{name}"))
}

/// The hotkey that the scripts give it.
pub(crate) fn hotkey(name: &str) -> AccountId {
    account(&format!("//{name}//hot"))
}

fn account(uri: &str) -> AccountId {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap().account()
}
