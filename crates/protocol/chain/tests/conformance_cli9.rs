//! The command line of the SDK's tenth generation, `btcli` 9.23, against the devnet, unmodified.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{AccountId, Alpha, NetUid, Rao};
use assay_devnet::BlockProduction;
use assay_peers::Python;
use devnet::{Subnet, pair};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const DAVE: &str = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy";

/// `btcli` with wallets and a home folder of its own.
struct Btcli {
    url: String,
    home: TempDir,
}

impl Btcli {
    fn new(url: String) -> Self {
        let home = tempfile::tempdir().unwrap();
        let made = Python::venv("cli9")
            .script("conformance/cli9/wallets.py")
            .arg(home.path().join("wallets"))
            .arg("Alice")
            .arg("Dave")
            .run();
        assert_eq!(made[0]["coldkey"], pair("//Alice").account().to_string());
        assert_eq!(made[1]["hotkey"], pair("//Dave//hotkey").account().to_string());
        Self { url, home }
    }

    /// The JSON that a command prints.
    fn run(&self, arguments: &[&str]) -> Value {
        let mut program = Python::venv("cli9").program("btcli");
        for argument in arguments {
            program = program.arg(argument);
        }
        let output = program
            .arg("--network")
            .arg(&self.url)
            .arg("--json-output")
            .env("HOME", self.home.path())
            .env("NO_COLOR", "1")
            // It breaks its JSON where a terminal's line would end.
            .env("COLUMNS", "20000")
            .output();
        serde_json::from_str(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"))
    }

    /// The same with a wallet.
    fn with(&self, wallet: &str, arguments: &[&str]) -> Value {
        let folder = self.home.path().join("wallets");
        let wallets = [
            "--wallet-path",
            folder.to_str().unwrap(),
            "--wallet-name",
            wallet,
            "--hotkey",
            "default",
        ];
        self.run(&[arguments, &wallets].concat())
    }
}

fn tao(value: &Value) -> Rao {
    // Written with nine decimals, so that the closest number of rao is the one that was meant.
    Rao((value.as_f64().unwrap() * 1e9).round() as u64)
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn btcli_9_shows_pays_registers_stakes_and_sets() {
    // The program blocks this thread, so blocks are made on a runtime of their own.
    let runtime = Runtime::new().unwrap();
    let (devnet, client, subnet) = runtime.block_on(async {
        let devnet = devnet::devnet(BlockProduction::Every(Duration::from_millis(200))).await;
        let client = devnet::client(&devnet).await;
        let subnet = Subnet::create(&client).await;
        (devnet, client, subnet)
    });
    let (netuid, alice) = (subnet.netuid, pair("//Alice").account());
    let number = netuid.to_string();
    let btcli = Btcli::new(devnet.url());
    let balance = |account: &AccountId| runtime.block_on(client.balance(account)).unwrap().free;

    let shown = btcli.with("alice", &["wallet", "balance"]);
    assert_eq!(shown["balances"]["alice"]["coldkey"], alice.to_string());
    assert_eq!(tao(&shown["balances"]["alice"]["free"]), balance(&alice));

    let listed = btcli.run(&["subnets", "list"]);
    let subnets = runtime.block_on(client.subnets()).unwrap();
    assert_eq!(listed["total_netuids"], subnets.len());
    for known in &subnets {
        let row = &listed["subnets"][known.netuid.to_string()];
        assert_eq!(row["netuid"], known.netuid.0);
        if known.netuid != NetUid::ROOT {
            assert_eq!(row["tempo"]["sn_tempo"], known.tempo);
        }
    }

    let before = balance(&DAVE.parse().unwrap());
    let paid = btcli.with(
        "alice",
        &[
            "wallet",
            "transfer",
            "--dest",
            DAVE,
            "--amount",
            "1.5",
            "--no-prompt",
        ],
    );
    assert_eq!(paid["success"], true, "{paid}");
    assert_eq!(balance(&DAVE.parse().unwrap()).0 - before.0, 1_500_000_000);
    let too_much = btcli.with(
        "alice",
        &[
            "wallet",
            "transfer",
            "--dest",
            DAVE,
            "--amount",
            "9000000",
            "--no-prompt",
        ],
    );
    assert_eq!(too_much["success"], false);

    let registered = btcli.with(
        "dave",
        &["subnets", "register", "--netuid", &number, "--no-prompt"],
    );
    assert_eq!(registered["success"], true, "{registered}");
    let hotkey = pair("//Dave//hotkey").account();
    let uid = runtime.block_on(client.uid(netuid, &hotkey)).unwrap().unwrap();
    let words = registered["msg"].as_str().unwrap();
    assert!(words.ends_with(&format!("UID {uid}")), "{words}");

    let owner = subnet.owner.account();
    let on_owner = |verb: &str, amount: &str| {
        btcli.with(
            "alice",
            &[
                "stake",
                verb,
                "--netuid",
                &number,
                "--amount",
                amount,
                "--include-hotkeys",
                &owner.to_string(),
                "--unsafe",
                "--no-mev-protection",
                "--no-prompt",
            ],
        )
    };
    let stake = || {
        runtime
            .block_on(client.stake(netuid, &owner, &alice))
            .unwrap()
            .alpha
    };
    let added = on_owner("add", "5");
    assert_eq!(
        added["staking_success"][&number][owner.to_string()],
        true,
        "{added}"
    );
    let staked = stake();
    assert!(staked > Alpha(4_900_000_000), "{staked}");
    let removed = on_owner("remove", "2");
    assert_eq!(removed[0]["success"], true, "{removed}");
    assert_eq!(staked.0 - stake().0, 2_000_000_000);

    let set = btcli.with(
        "alice",
        &[
            "sudo",
            "set",
            "--netuid",
            &number,
            "--param",
            "serving_rate_limit",
            "--value",
            "7",
            "--no-prompt",
        ],
    );
    assert_eq!(set["success"], true, "{set}");
    let rules = runtime.block_on(client.hyperparameters(netuid)).unwrap();
    assert_eq!(rules.serving_rate_limit, 7);

    let shown = btcli.run(&["subnets", "show", "--netuid", &number, "--no-prompt"]);
    let graph = runtime.block_on(client.metagraph(netuid)).unwrap();
    let uids = shown["uids"].as_array().unwrap();
    assert_eq!(uids.len(), graph.size());
    for told in uids {
        let neuron = &graph.neurons[told["uid"].as_u64().unwrap() as usize];
        assert_eq!(told["hotkey"], neuron.hotkey.to_string());
        assert_eq!(told["coldkey"], neuron.coldkey.to_string());
        assert_eq!(told["incentive"], json!(f64::from(neuron.incentive) / 65_535.0));
        assert_eq!(tao(&told["alpha_stake"]).0, neuron.alpha_stake.0);
    }
    runtime.block_on(devnet.stop());
}
