//! `assay subnet`, `stake`, `weights` and `commitment` against a running chain, as a person or a script uses them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{Call, ChainClient, ConnectOptions, Existence, Rao, scale_value};
use assay_devnet::{BlockProduction, CommitReveal, Devnet, DevnetConfig, Genesis};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

struct Terminal {
    folder: TempDir,
    network: String,
}

impl Terminal {
    fn command(&self, wallet: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .args(["--network", &self.network, "--wallet", wallet, "--wallet-path"])
            .arg(self.folder.path().join("wallets"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::null());
        command
    }

    async fn output(&self, wallet: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(wallet, arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn run(&self, wallet: &str, arguments: &[&str]) -> String {
        let output = self.output(wallet, arguments).await;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Under `--json`, which asks nothing, with `--yes` where something is to be done.
    async fn json(&self, wallet: &str, arguments: &[&str]) -> Value {
        let text = self
            .run(wallet, &[arguments, &["--json", "--yes"]].concat())
            .await;
        serde_json::from_str(&text).unwrap()
    }

    async fn refused(&self, wallet: &str, arguments: &[&str]) -> String {
        let output = self.output(wallet, arguments).await;
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8(output.stderr).unwrap()
    }

    /// A wallet with 3 000 TAO on its coldkey.
    async fn wallet(&self, name: &str, client: &ChainClient) {
        let wallet = Wallet::open(self.folder.path().join("wallets"), name, "default");
        for (role, key) in [(KeyRole::Coldkey, "coldkey"), (KeyRole::Hotkey, "hotkey")] {
            let pair = pair(&format!("//{name}//{key}"));
            wallet
                .create(role, &pair, &Protection::Plain, Overwrite::Refuse)
                .unwrap();
        }
        let coldkey = pair(&format!("//{name}//coldkey")).account();
        let money = client
            .transfer(
                &pair("//Alice"),
                &coldkey,
                Rao::from_tao(3_000),
                Existence::KeepAlive,
            )
            .await;
        money.unwrap().finalized().await.unwrap();
    }
}

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_from_its_creation_to_weights_on_chain_by_commands_alone() {
    let config = DevnetConfig {
        blocks: BlockProduction::OnDemand,
        genesis: Some(Genesis {
            commit_reveal: CommitReveal::PublicBeacon,
            ..Genesis::default()
        }),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
        .await
        .unwrap();
    let terminal = Terminal {
        folder: tempfile::tempdir().unwrap(),
        network: devnet.url(),
    };
    for name in ["owner", "validator", "miner"] {
        terminal.wallet(name, &client).await;
    }

    // A dry run tells the price and does nothing; without a terminal nothing is done unasked.
    let before = client.subnets().await.unwrap();
    let dry = terminal.json("owner", &["subnet", "create", "--dry-run"]).await;
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["call"], "SubtensorModule.register_network");
    assert!(dry["call_data"].as_str().unwrap().starts_with("0x"), "{dry}");
    let asked = terminal.refused("owner", &["subnet", "create"]).await;
    assert!(asked.contains("--yes"), "{asked}");
    assert_eq!(client.subnets().await.unwrap(), before);
    let dear = terminal
        .refused("owner", &["subnet", "create", "--limit", "1", "--yes"])
        .await;
    assert!(dear.contains("more than the limit of 1 τ"), "{dear}");

    let created = terminal.json("owner", &["subnet", "create"]).await;
    let netuid = created["result"]["netuid"].as_u64().unwrap().to_string();
    let on = ["--netuid", netuid.as_str()];
    let with = |arguments: &[&'static str]| [arguments, &on].concat();
    assert_eq!(client.subnets().await.unwrap().len(), before.len() + 1);

    // Not started yet: the chain's own error, by name, with what to do.
    let early = terminal
        .refused("owner", &with(&["stake", "add", "--amount", "10", "--yes"]))
        .await;
    assert!(
        early.contains("SubtokenDisabled") && early.contains("hint:"),
        "{early}"
    );
    terminal.json("owner", &with(&["subnet", "start"])).await;
    assert_eq!(
        terminal.json("owner", &with(&["subnet", "show"])).await["subnet"]["phase"],
        "started"
    );

    let poor = terminal
        .refused(
            "miner",
            &with(&["subnet", "register", "--limit", "0.000001", "--yes"]),
        )
        .await;
    assert!(poor.contains("a registration costs"), "{poor}");
    assert_eq!(
        terminal.json("validator", &with(&["subnet", "register"])).await["result"]["uid"],
        1
    );
    assert_eq!(
        terminal.json("miner", &with(&["subnet", "register"])).await["result"]["uid"],
        2
    );
    let again = terminal
        .refused("miner", &with(&["subnet", "register", "--yes"]))
        .await;
    assert!(
        again.contains("registered on subnet") && again.contains("as uid 2"),
        "{again}"
    );

    let staked = terminal
        .json(
            "validator",
            &with(&["stake", "add", "--amount", "1000", "--tolerance", "none"]),
        )
        .await;
    let alpha = staked["result"]["received"].as_u64().unwrap();
    assert!(alpha > 0);
    let shown = terminal.json("validator", &["stake", "show"]).await;
    assert_eq!(shown["stakes"][0]["alpha"].as_u64(), Some(alpha));
    terminal
        .json("validator", &with(&["stake", "remove", "--amount", "1"]))
        .await;
    let too_much = terminal
        .refused(
            "validator",
            &with(&["stake", "remove", "--amount", "5000000", "--yes"]),
        )
        .await;
    assert!(too_much.contains(" α"), "{too_much}");

    // Commitments.
    let text = "miner/dataset:1:0123456789abcdef0123456789abcdef01234567";
    terminal
        .json("miner", &[&with(&["commitment", "set"])[..], &[text]].concat())
        .await;
    let read = terminal.run("miner", &with(&["commitment", "get"])).await;
    assert!(read.starts_with(text), "{read}");
    assert!(
        terminal
            .run("owner", &with(&["commitment", "list"]))
            .await
            .contains(text)
    );
    let nothing = terminal.refused("validator", &with(&["commitment", "get"])).await;
    assert!(nothing.contains("has committed nothing"), "{nothing}");

    // Weights: refused by name so soon after the registration, then set and applied.
    let weights: &[&str] = &[&["weights", "set", "2=0.8", "1=0.2"], &on[..]].concat();
    let refused = terminal
        .refused("validator", &[weights, &["--yes"]].concat())
        .await;
    assert!(refused.contains("the next may come in"), "{refused}");
    let argument = |name, value| {
        [
            ("netuid", scale_value::Value::u128(netuid.parse().unwrap())),
            (name, value),
        ]
    };
    let open = "sudo_set_commit_reveal_weights_enabled";
    let unlimited = "sudo_set_weights_set_rate_limit";
    for call in [
        Call::new(
            "AdminUtils",
            "sudo_set_admin_freeze_window",
            [("window", scale_value::Value::u128(0))],
        ),
        Call::new(
            "AdminUtils",
            open,
            argument("enabled", scale_value::Value::bool(false)),
        ),
        Call::new(
            "AdminUtils",
            unlimited,
            argument("weights_set_rate_limit", scale_value::Value::u128(0)),
        ),
    ] {
        client
            .sudo(&pair("//Alice"), &call)
            .await
            .unwrap()
            .finalized()
            .await
            .unwrap();
    }
    let no_permit = terminal
        .refused("validator", &[weights, &["--yes"]].concat())
        .await;
    assert!(
        no_permit.contains("no validator permit") && no_permit.contains("hint:"),
        "{no_permit}"
    );
    devnet.run_to_epoch(netuid.parse().unwrap()).await.unwrap();
    let planned = terminal
        .json("validator", &[weights, &["--dry-run"]].concat())
        .await;
    assert_eq!(
        (&planned["dry_run"], &planned["attempt"]),
        (&Value::Bool(true), &Value::Null)
    );
    assert!(client.weights(netuid.parse().unwrap()).await.unwrap().is_empty());
    let set = terminal.json("validator", weights).await;
    assert_eq!(set["entries"][2]["value"], 65535);
    let stored = terminal.json("owner", &with(&["weights", "show"])).await;
    assert_eq!(
        stored["rows"][0]["entries"],
        serde_json::json!([[0, 0], [1, 16384], [2, 65535]])
    );
    let history = terminal.run("validator", &with(&["weights", "history"])).await;
    assert!(history.contains("applied "), "{history}");
    // Following tells the same step by step, and ends when it is interrupted.
    let mut follow = terminal.command("validator", &with(&["weights", "history", "--follow", "--json"]));
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let last = lines
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .find(|step| !step["applied"].is_null());
    assert_eq!(last.unwrap()["attempt"], set["attempt"]);
    follow.kill().unwrap();
    follow.wait().unwrap();
    let nobody = terminal
        .refused(
            "validator",
            &[&with(&["weights", "set"])[..], &["9=1", "--yes"]].concat(),
        )
        .await;
    assert!(nobody.contains("no uid 9"), "{nobody}");

    // Hyperparameters: what there is, and who may change it.
    let set = |name: &'static str, value: &'static str| with(&["subnet", "hyperparams", "set", name, value]);
    let changed = terminal.json("owner", &set("immunity_period", "77")).await;
    assert_eq!(
        (&changed["result"]["before"], &changed["result"]["value"]),
        (&Value::from(5000), &Value::from(77))
    );
    let settings = terminal.json("miner", &with(&["subnet", "hyperparams"])).await;
    let settings = settings["settings"].as_array().unwrap();
    let immunity = settings
        .iter()
        .find(|setting| setting["name"] == "immunity_period");
    assert_eq!(
        (&immunity.unwrap()["value"], &immunity.unwrap()["default"]),
        (&Value::from(77), &Value::from(5000))
    );
    for (wallet, name, value, told) in [
        ("miner", "immunity_period", "78", "does not own subnet"),
        ("owner", "kappa", "1", "only root may change kappa"),
        ("owner", "kapa", "1", "no hyperparameter \"kapa\""),
        ("owner", "tempo", "soon", "write a whole number; allowed is 360"),
        ("owner", "immunity_period", "78", "TxRateLimitExceeded"),
    ] {
        let refused = terminal
            .refused(wallet, &[&set(name, value)[..], &["--yes"]].concat())
            .await;
        assert!(refused.contains(told), "{refused}");
    }

    // Reading for people: tables on standard output.
    assert!(terminal.run("owner", &["subnet", "list"]).await.contains(&netuid));
    assert!(
        terminal
            .run("owner", &with(&["subnet", "hyperparams"]))
            .await
            .contains("commit_reveal_weights_enabled")
    );
    let metagraph = terminal.run("owner", &with(&["subnet", "metagraph"])).await;
    assert!(
        metagraph.contains("3 of 256 slots taken") && metagraph.contains("validator"),
        "{metagraph}"
    );
    let then = terminal
        .run("owner", &with(&["subnet", "metagraph", "--at", "8"]))
        .await;
    assert!(then.contains("at block 8:"), "{then}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_there_is_told_with_a_hint() {
    let terminal = Terminal {
        folder: tempfile::tempdir().unwrap(),
        network: "ws://127.0.0.1:1".to_owned(),
    };
    let told = terminal.refused("anybody", &["subnet", "list"]).await;
    assert!(
        told.contains("ws://127.0.0.1:1 cannot be reached") && told.contains("hint:"),
        "{told}"
    );
    let terminal = Terminal {
        network: "fimney".to_owned(),
        ..terminal
    };
    let told = terminal.refused("anybody", &["subnet", "list"]).await;
    assert!(told.contains("fimney") && told.contains("finney"), "{told}");
}
