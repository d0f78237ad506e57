//! `assay devnet --spec`: the chain holds what the file says, and the commands for a running devnet do what they say.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{ChainClient, ConnectOptions, NetUid, Rao, Uid, WeightSubmission};
use assay_keys::{KeyRole, Pair, Scheme, Wallet};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

const SUBNET: NetUid = NetUid(2);

/// The built binary in a folder of its own.
fn assay(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .stdin(Stdio::null());
    command
}

/// A devnet that is killed with its test.
struct Process {
    child: Child,
    ready: Value,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut command = assay(
            home,
            &[&["devnet"], arguments, &["--json", "--port", "0"]].concat(),
        );
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, ready }
    }

    fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    fn output(&self, home: &Path, arguments: &[&str]) -> Output {
        assay(home, &[arguments, &["-n", self.url()]].concat())
            .output()
            .unwrap()
    }

    fn json(&self, home: &Path, arguments: &[&str]) -> Value {
        let output = self.output(home, &[arguments, &["--json", "--yes"]].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn client(&self) -> ChainClient {
        ChainClient::connect(self.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn account(uri: &str) -> assay_chain::AccountId {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap().account()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_example_starts_a_chain_that_holds_exactly_that() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let example = assay(home, &["devnet", "spec"]).output().unwrap().stdout;
    fs_err::write(home.join("spec.toml"), &example).unwrap();
    let devnet = Process::start(home, &["--spec", "spec.toml", "--home", "chain", "--manual"]);
    let client = devnet.client().await;

    let graph = client.metagraph(SUBNET).await.unwrap();
    assert_eq!(graph.name, "text");
    assert_eq!((graph.tempo, graph.owner_coldkey), (20, account("//owner")));
    let hotkeys: Vec<_> = graph.neurons.iter().map(|neuron| neuron.hotkey).collect();
    let names = [
        "//owner//default",
        "//validator//default",
        "//miner//good",
        "//miner//bad",
        "//Eve//hotkey",
    ];
    assert_eq!(hotkeys, names.map(account), "in the order of the file");
    let validator = &graph.neurons[1];
    assert_eq!(validator.coldkey, account("//validator"));
    assert!(validator.validator_permit);
    assert_eq!(validator.axon.unwrap().address, "10.0.0.1:8091".parse().unwrap());
    assert_eq!(graph.neurons[2].axon.unwrap().address.port(), 8091);
    let own = client
        .stake(SUBNET, &validator.hotkey, &validator.coldkey)
        .await
        .unwrap();
    // Shares of a pool may round to one unit less.
    assert!(own.alpha.0.abs_diff(1_000_000_000_000) <= 1, "{}", own.alpha);
    // Ten TAO of //Bob bought from a pool of a thousand and one.
    let bought = client
        .stake(SUBNET, &validator.hotkey, &account("//Bob"))
        .await
        .unwrap();
    assert!((9.5..10.0).contains(&bought.alpha.tokens()), "{}", bought.alpha);
    assert!(validator.total_stake.0.abs_diff(own.alpha.0 + bought.alpha.0) <= 2);
    let row = client
        .pin()
        .await
        .unwrap()
        .weights_of(SUBNET, Uid(1))
        .await
        .unwrap();
    assert_eq!(row, [(Uid(2), 65535), (Uid(3), 7282)]);

    let rules = client.hyperparameters(SUBNET).await.unwrap();
    assert_eq!(rules.weight_submission, WeightSubmission::Direct);
    assert_eq!(
        (
            rules.weights_rate_limit,
            rules.immunity_period,
            rules.max_validators
        ),
        (0, 100, 8)
    );
    assert_eq!(rules.min_burn, "0.001".parse().unwrap());
    assert_eq!(
        rules.burn,
        Rao::from_tao(1),
        "registrations of the file do not make it dearer"
    );
    // What registering and founding cost was minted for it.
    for (uri, tao) in [
        ("//owner", "5000"),
        ("//validator", "100"),
        ("//miner", "10.5"),
        ("//Eve", "2000"),
    ] {
        let free = client.balance(&account(uri)).await.unwrap().free;
        assert_eq!(free, tao.parse().unwrap(), "{uri}");
    }
    let wallet = Wallet::open(home.join("chain/wallets"), "miner", "bad");
    assert_eq!(
        wallet.public(KeyRole::Hotkey).unwrap().account,
        account("//miner//bad")
    );
    assert_eq!(
        wallet.public(KeyRole::Coldkey).unwrap().account,
        account("//miner")
    );

    // The weights count: an epoch pays nine to one.
    let epoch = devnet.json(home, &["devnet", "epoch", "--netuid", "2"]);
    assert_eq!(epoch["block"]["number"], 20);
    let graph = client.metagraph(SUBNET).await.unwrap();
    let incentive: Vec<_> = graph.neurons.iter().map(|neuron| neuron.incentive).collect();
    assert_eq!((incentive[0], incentive[1], incentive[4]), (0, 0, 0));
    let ratio = f64::from(incentive[2]) / f64::from(incentive[3]);
    assert!((8.9..9.1).contains(&ratio), "{incentive:?}");

    // The validator of the file uses its wallet's folder.
    let set = [
        "weights",
        "set",
        "2=1",
        "3=1",
        "--netuid",
        "2",
        "--wallet-path",
        "chain/wallets",
    ];
    let set = devnet.output(
        home,
        &[&set[..], &["-w", "validator", "--dry-run", "--json"]].concat(),
    );
    assert!(set.status.success(), "{}", text(&set.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_money_and_branches_of_a_running_devnet() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let devnet = Process::start(home, &["--home", "chain", "--block-time", "50ms"]);
    let client = devnet.client().await;

    let frozen = devnet.json(home, &["devnet", "freeze"]);
    assert_eq!(frozen["blocks"], 50);
    let at = devnet.json(home, &["devnet", "advance"])["block"]["number"]
        .as_u64()
        .unwrap();
    let advanced = devnet.output(home, &["devnet", "advance", "5"]);
    let told = text(&advanced.stdout);
    assert!(
        told.starts_with(&format!("made 5 blocks, now at block {}", at + 5)),
        "{told}"
    );

    let time = async || {
        let now = client
            .pin()
            .await
            .unwrap()
            .storage("Timestamp", "Now", vec![])
            .await;
        now.unwrap().unwrap().as_u128().unwrap()
    };
    let before = time().await;
    let warped = devnet.output(home, &["devnet", "warp", "2h"]);
    assert!(
        text(&warped.stdout).contains("7200 s"),
        "{}",
        text(&warped.stderr)
    );
    assert!(time().await >= before + 7_200_000);

    // Money for a wallet by its name, a development key, an address.
    let wallet = assay(
        home,
        &[
            "wallet",
            "new",
            "-w",
            "alone",
            "--no-password",
            "--wallet-path",
            "w",
            "--json",
        ],
    );
    let mut wallet = wallet;
    assert!(wallet.output().unwrap().status.success());
    let given = devnet.json(home, &["devnet", "faucet", "alone", "12.5", "--wallet-path", "w"]);
    assert_eq!(
        (&given["balance"], &given["given"]),
        (&Value::from(12_500_000_000u64), &Value::from(12_500_000_000u64))
    );
    let holder = given["account"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        client.balance(&holder).await.unwrap().free,
        "12.5".parse().unwrap()
    );
    devnet.json(home, &["devnet", "faucet", "//Dave", "1"]);
    assert_eq!(
        client.balance(&account("//Dave")).await.unwrap().free,
        Rao::from_tao(2_001)
    );
    // What cannot be shown beforehand is not done either.
    let height = client.head().await.unwrap();
    for command in [
        &["devnet", "faucet", "//Dave", "1"][..],
        &["devnet", "advance"],
        &["devnet", "epoch", "--netuid", "1"],
        &["devnet", "warp", "1h"],
        &["devnet", "freeze"],
        &["devnet", "resume"],
        &["devnet", "snapshot", "never"],
        &["devnet", "restore", "never", "--yes"],
    ] {
        let refused = devnet.output(home, &[command, &["--dry-run"]].concat());
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        assert!(
            told.contains("cannot show beforehand") && told.contains("hint:"),
            "{told}"
        );
    }
    assert_eq!(client.head().await.unwrap(), height);
    // A proxy for the world outside is not asked for this machine.
    let mut proxied = assay(home, &["devnet", "advance", "-n", devnet.url()]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        proxied.env(name, "http://127.0.0.1:1");
    }
    let proxied = proxied.output().unwrap();
    assert!(proxied.status.success(), "{}", text(&proxied.stderr));
    let nobody = devnet.output(home, &["devnet", "faucet", "nobody", "1"]);
    assert!(
        text(&nobody.stderr).contains("\"nobody\" names no account"),
        "{}",
        text(&nobody.stderr)
    );

    // Keep it, go on, branch off, go back.
    let kept = devnet.json(home, &["devnet", "snapshot", "here"]);
    devnet.json(home, &["devnet", "faucet", "//Dave", "9"]);
    let fork = Process::start(home, &["fork", kept["path"].as_str().unwrap(), "--manual"]);
    assert_eq!(fork.ready["block"], kept["number"]);
    let other = fork.client().await;
    assert_eq!(other.genesis(), client.genesis());
    assert_eq!(
        other.balance(&account("//Dave")).await.unwrap().free,
        Rao::from_tao(2_001)
    );
    assert_eq!(
        client.balance(&account("//Dave")).await.unwrap().free,
        Rao::from_tao(2_010)
    );
    let back = devnet.json(home, &["devnet", "restore", "here"]);
    assert_eq!(back["number"], kept["number"]);
    assert_eq!(
        client.balance(&account("//Dave")).await.unwrap().free,
        Rao::from_tao(2_001)
    );
    let unasked = devnet.output(home, &["devnet", "restore", "here"]);
    assert!(
        text(&unasked.stderr).contains("lose every block since then"),
        "{}",
        text(&unasked.stderr)
    );
    let unknown = devnet.output(home, &["devnet", "restore", "nowhere", "--yes"]);
    assert!(
        !unknown.status.success() && text(&unknown.stderr).contains("nowhere"),
        "{}",
        text(&unknown.stderr)
    );

    assert_eq!(devnet.json(home, &["devnet", "resume"])["blocks"], 50);
    let twice = devnet.output(home, &["devnet", "resume"]);
    assert!(
        text(&twice.stderr).contains("not frozen"),
        "{}",
        text(&twice.stderr)
    );
}

#[test]
fn a_spec_that_is_wrong_and_a_devnet_that_is_not_there_are_told_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fs_err::write(
        home.join("wrong.toml"),
        "[[subnets]]\nowner = \"//Bob\"\n\ntempos = 5\n",
    )
    .unwrap();
    let output = assay(
        home,
        &["devnet", "--ephemeral", "--port", "0", "--spec", "wrong.toml"],
    )
    .output()
    .unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for part in ["wrong.toml", "line 4", "`tempos`", "hint:"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let nobody = assay(home, &["devnet", "advance", "-n", "ws://127.0.0.1:1"])
        .output()
        .unwrap();
    let told = text(&nobody.stderr);
    assert!(
        told.contains("no devnet answers at http://127.0.0.1:1") && told.contains("hint:"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_hotkey_cannot_set_weights_is_told_check_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let spec = r#"
block_time = "manual"
[chain]
stake_threshold = 50
[[wallets]]
name = "owner"
[[wallets]]
name = "rich"
[[wallets]]
name = "modest"
[[wallets]]
name = "poor"
[[wallets]]
name = "stranger"
[[subnets]]
owner = "owner"
tempo = 100
[subnets.hyperparameters]
max_validators = 1
weights_rate_limit = 30
weights_version = 7
[[subnets.neurons]]
hotkey = "rich"
stake = 1000
permit = true
weights = { 0 = 1 }
[[subnets.neurons]]
hotkey = "modest"
stake = 100
[[subnets.neurons]]
hotkey = "poor"
stake = 1.5
"#;
    fs_err::write(home.join("spec.toml"), spec).unwrap();
    let devnet = Process::start(home, &["--spec", "spec.toml", "--home", "chain"]);
    let why = |who: &str, more: &[&str]| {
        let arguments = [
            "devnet",
            "why",
            who,
            "--netuid",
            "2",
            "--wallet-path",
            "chain/wallets",
        ];
        devnet.output(home, &[&arguments[..], more].concat())
    };
    let findings = |who: &str| -> Vec<(String, String, String)> {
        let output = why(who, &["--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            answer["can_set_weights"].as_bool(),
            Some(output.status.success()),
            "{answer}"
        );
        let part = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let findings = answer["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| finding["verdict"] == "stops")
            .map(|finding| {
                (
                    part(finding, "subject"),
                    part(finding, "fact"),
                    part(finding, "remedy"),
                )
            })
            .collect()
    };

    // Weights of block 1 and a limit of 30: the next may be in block 31.
    let rich = findings("rich");
    assert_eq!(rich.len(), 1, "{rich:?}");
    assert_eq!(rich[0].0, "rate_limit");
    assert!(rich[0].2.contains("block 31 takes the next"), "{rich:?}");
    devnet.json(home, &["devnet", "advance", "30"]);
    assert!(findings("rich").is_empty());
    let old = why("rich", &["--version-key", "6", "--json"]);
    let told = text(&old.stdout);
    assert!(
        !old.status.success() && told.contains("asks for version key 7"),
        "{told}"
    );

    let modest = findings("modest");
    assert_eq!(modest.len(), 1, "{modest:?}");
    assert_eq!(modest[0].0, "permit");
    assert!(modest[0].1.contains("rank 2 of 4, 1 permits"), "{modest:?}");
    assert!(
        modest[0].2.contains("stake 900.000000001 α more") && modest[0].2.contains("block 100, in 70 blocks"),
        "{modest:?}"
    );
    let subjects: Vec<_> = findings("poor").into_iter().map(|finding| finding.0).collect();
    assert_eq!(subjects, ["stake", "permit"]);
    let stranger = findings("stranger");
    assert_eq!(stranger[0].0, "registration");
    assert!(
        stranger[0]
            .2
            .contains("assay subnet register --netuid 2, for 0.94"),
        "{stranger:?}"
    );
    assert!(
        findings("owner").is_empty(),
        "the owner is exempt from stake and permit"
    );
    let table = why("poor", &[]);
    let (told, error) = (text(&table.stdout), text(&table.stderr));
    assert_eq!(table.status.code(), Some(1));
    assert!(
        told.contains("cannot set weights in subnet 2") && told.contains("NO"),
        "{told}"
    );
    assert!(error.contains("2 things stand between"), "{error}");
}
