//! The real Python SDK against the devnet.

use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_peers::Python;
use serde_json::{Value, json};
use std::time::Duration;

const TAO: u64 = 1_000_000_000;
const DAVE: &str = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy";

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_11_connects_reads_and_transfers() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let devnet = runtime
        .block_on(Devnet::start(DevnetConfig {
            blocks: BlockProduction::Every(Duration::from_millis(250)),
            ..DevnetConfig::default()
        }))
        .unwrap();
    let cache = tempfile::tempdir().unwrap();
    let seen = Python::venv("sdk11")
        .script("conformance/sdk11/devnet_drive.py")
        .arg(devnet.url())
        .arg("1")
        .arg(DAVE)
        .arg("2.5")
        // Its own, so that no earlier chain's metadata is there.
        .env("BITTENSOR_RUNTIME_CACHE_DIR", cache.path())
        .run();
    let step = |name: &str| -> Value {
        let found = seen.iter().find(|line| line["step"] == name);
        found
            .unwrap_or_else(|| panic!("no step {name} in {seen:#?}"))
            .clone()
    };

    assert_eq!(step("connect")["block_time"], json!(0.25));
    assert_eq!(step("balance")["rao"], json!(2_000 * TAO));

    // The localnet's subnet 1 has one neuron, the zero account's.
    let zero = "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM";
    let metagraph = step("metagraph");
    assert_eq!(metagraph["netuid"], json!(1));
    assert_eq!(metagraph["uids"], json!([0]));
    assert_eq!(metagraph["hotkeys"], json!([zero]));
    assert_eq!(metagraph["coldkeys"], json!([zero]));
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
    runtime.block_on(devnet.stop());
}
