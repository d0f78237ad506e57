//! The real Python SDKs and their command line against the devnet, unmodified.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_devnet::{BlockProduction, Devnet, DevnetConfig, development_accounts};
use assay_peers::Python;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const TAO: u64 = 1_000_000_000;
const DAVE: &str = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy";

/// The one neuron of a localnet's subnet 1: the account of zeros.
const ZERO: &str = "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM";

/// A devnet that makes blocks on a runtime of its own, since the peers' scripts block this thread.
struct Served {
    devnet: Option<Devnet>,
    runtime: Runtime,
    /// Metadata that the SDK keeps between runs; its own, so that no earlier chain's is there.
    cache: TempDir,
}

impl Served {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let devnet = runtime.block_on(Devnet::start(DevnetConfig {
            blocks: BlockProduction::Every(Duration::from_millis(250)),
            ..DevnetConfig::default()
        }));
        Self {
            devnet: Some(devnet.unwrap()),
            runtime,
            cache: tempfile::tempdir().unwrap(),
        }
    }

    fn url(&self) -> String {
        self.devnet.as_ref().unwrap().url()
    }

    /// What the drive script of an SDK prints, by the names of its steps.
    fn drive(&self, venv: &str) -> impl Fn(&str) -> Value + use<> {
        let seen = Python::venv(venv)
            .script(format!("conformance/{venv}/devnet_drive.py"))
            .arg(self.url())
            .arg("1")
            .arg(DAVE)
            .arg("2.5")
            .env("BITTENSOR_RUNTIME_CACHE_DIR", self.cache.path())
            .run();
        move |name| {
            let found = seen.iter().find(|line| line["step"] == name);
            found
                .unwrap_or_else(|| panic!("no step {name} in {seen:#?}"))
                .clone()
        }
    }

    /// The JSON that `btcli` prints.
    fn btcli(&self, arguments: &[&str]) -> Value {
        let mut program = Python::venv("sdk11").program("btcli");
        program = program.arg("--network").arg(self.url()).arg("--json");
        for argument in arguments {
            program = program.arg(argument);
        }
        let output = program
            .env("BITTENSOR_RUNTIME_CACHE_DIR", self.cache.path())
            .output();
        serde_json::from_str(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(devnet) = self.devnet.take() {
            self.runtime.block_on(devnet.stop());
        }
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_11_connects_reads_and_transfers() {
    let served = Served::start();
    let step = served.drive("sdk11");
    assert_eq!(step("connect")["block_time"], json!(0.25));
    assert_eq!(step("balance")["rao"], json!(2_000 * TAO));

    let metagraph = step("metagraph");
    assert_eq!(metagraph["netuid"], json!(1));
    assert_eq!(metagraph["uids"], json!([0]));
    assert_eq!(metagraph["hotkeys"], json!([ZERO]));
    assert_eq!(metagraph["coldkeys"], json!([ZERO]));
    assert_eq!(step("no metagraph")["found"], json!(false));

    let transfer = step("transfer");
    assert_eq!(transfer["success"], json!(true), "{transfer}");
    assert!(transfer["fee"].as_u64().unwrap() > 0, "{transfer}");
    let balances = step("balances");
    assert_eq!(balances["before"], json!(2_000 * TAO));
    assert_eq!(balances["after"], json!(2_000 * TAO + 2_500_000_000));

    let refused = step("too much");
    assert_eq!(refused["success"], json!(false), "{refused}");
    // The SDK found the chain's error in the events and has words for it.
    assert!(
        refused["error"].as_str().unwrap().contains("arithmetic"),
        "{refused}"
    );

    let heads: Vec<u64> = serde_json::from_value(step("heads")["numbers"].clone()).unwrap();
    assert_eq!(heads, [heads[0], heads[0] + 1, heads[0] + 2]);
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_10_connects_reads_transfers_and_waits_for_a_block() {
    let served = Served::start();
    let step = served.drive("sdk10");
    assert_eq!(
        step("connect")["fast"],
        json!(true),
        "250 ms is what it calls fast"
    );
    assert_eq!(step("balance")["rao"], json!(2_000 * TAO));
    assert_eq!(step("metagraph")["n"], json!(1));
    assert_eq!(step("metagraph")["hotkeys"], json!([ZERO]));
    assert_eq!(step("transfer")["success"], json!(true), "{}", step("transfer"));
    assert_eq!(step("balance after")["rao"], json!(2_000 * TAO + 2_500_000_000));
    assert!(step("waited")["block"].as_u64() > step("connect")["block"].as_u64());
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn btcli_11_shows_balances_and_subnets() {
    let served = Served::start();
    let alice = development_accounts(served.devnet.as_ref().unwrap().genesis())[0]
        .address
        .clone();
    let balance = served.btcli(&["wallet", "balance", &alice]);
    assert_eq!(balance["coldkey"], json!(alice));
    assert_eq!(balance["free_tao"].as_f64(), Some(1_000_000.0));

    let subnets = served.btcli(&["subnets", "list"]);
    let netuids: Vec<&Value> = subnets
        .as_array()
        .unwrap()
        .iter()
        .map(|subnet| &subnet["netuid"])
        .collect();
    assert_eq!(netuids, [&json!(0), &json!(1)]);
    let metagraph = served.btcli(&["subnets", "metagraph", "1"]);
    assert_eq!(metagraph["owner_hotkey"], json!(ZERO));
    let hyperparameters = served.btcli(&["subnets", "hyperparameters", "1"]);
    assert_eq!(hyperparameters["tempo"], json!(100));
}
