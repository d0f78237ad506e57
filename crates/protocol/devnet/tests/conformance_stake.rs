//! The Python SDKs, unmodified, move stake, set child keys and swap keys on the devnet.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_peers::Python;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Runtime;

const TAO: u64 = 1_000_000_000;

/// What an SDK's script printed, by the names of its steps.
struct Steps(Vec<Value>);

impl Steps {
    /// Runs the script of an SDK against a fresh devnet.
    fn of(venv: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let devnet = runtime
            .block_on(Devnet::start(DevnetConfig {
                blocks: BlockProduction::Every(Duration::from_millis(250)),
                ..DevnetConfig::default()
            }))
            .unwrap();
        let cache = tempfile::tempdir().unwrap();
        let seen = Python::venv(venv)
            .script(format!("conformance/{venv}/stake_and_keys.py"))
            .arg(devnet.url())
            .env("BITTENSOR_RUNTIME_CACHE_DIR", cache.path())
            .run();
        runtime.block_on(devnet.stop());
        Self(seen)
    }

    fn get(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|line| line["step"] == name);
        found.unwrap_or_else(|| panic!("no step {name} in {:#?}", self.0))
    }

    fn amount(&self, name: &str, field: &str) -> u64 {
        self.get(name)[field].as_u64().unwrap()
    }

    fn check_successes(&self, names: &[&str]) {
        for name in names {
            assert_eq!(self.get(name)["success"], json!(true), "{}", self.get(name));
        }
    }

    /// The step was refused, and the SDK says these words about it.
    fn check_refusals(&self, refusals: &[(&str, &str)]) {
        for (name, words) in refusals {
            let step = self.get(name);
            assert_eq!(step["success"], json!(false), "{step}");
            assert!(step.to_string().contains(words), "{step}");
        }
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_11_moves_stake_sets_children_and_swaps_keys() {
    let steps = Steps::of("sdk11");
    steps.check_successes(&[
        "create",
        "start",
        "stake",
        "associate",
        "move",
        "transfer",
        "give away",
        "unstake all",
        "children",
        "take",
        "symbol",
        "swap hotkey",
        "announce",
    ]);
    steps.check_refusals(&[
        ("blocked", "swap has been announced"),
        ("early", "ColdkeySwapTooEarly"),
    ]);
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_10_moves_stake_sets_children_and_swaps_keys() {
    let steps = Steps::of("sdk10");
    steps.check_successes(&[
        "create",
        "start",
        "open root",
        "register",
        "stake",
        "move",
        "transfer",
        "swap",
        "burn",
        "auto stake",
        "claim type",
        "children",
        "unstake all",
        "swap hotkey",
        "delay",
        "announce",
        "swap coldkey",
    ]);
    assert!(steps.amount("staked", "alice") > 0);
    assert_eq!(steps.amount("moved", "alice_on_bob"), 10 * TAO);
    assert_eq!(steps.amount("moved", "bob_on_alice"), 7 * TAO);
    assert!(steps.amount("moved", "alice_on_root") > 0);
    let left = steps.amount("moved", "alice");
    assert_eq!(steps.amount("staked", "alice") - left, 22 * TAO);
    assert_eq!(steps.amount("fee", "rao"), 0);
    assert_eq!(steps.amount("left", "bob_on_alice"), 0);
    let chosen = steps.get("auto stakes")["chosen"].as_object().unwrap();
    assert_eq!(chosen.len(), 1);
    assert!(steps.get("claim type read")["kind"].to_string().contains("Keep"));
    assert_eq!(steps.get("waiting")["children"][0][0], json!(0.5));
    assert_eq!(steps.amount("seat", "uid"), 1);
    assert_eq!(steps.get("owner")["coldkey"], steps.get("owner")["eve"]);
    steps.check_refusals(&[
        ("early", "No coldkey swap announcement"),
        ("blocked", "Custom error: 0"),
    ]);
}
