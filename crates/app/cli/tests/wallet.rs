//! `assay wallet`, as a person or a script uses it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const PASSWORD: &str = "correct horse 9 battery";

/// A folder of wallets and the command line on it, with an environment of its own.
struct Wallets {
    folder: TempDir,
}

impl Wallets {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .arg("wallet")
            .args(arguments)
            .arg("--wallet-path")
            .arg(self.path().join("wallets"))
            .current_dir(self.path())
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    /// Runs, and expects success.
    fn run(&self, arguments: &[&str]) -> String {
        succeed(self.command(arguments).output().unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Runs with a secret on standard input.
    fn run_with(&self, arguments: &[&str], secret: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs, expects exit code 1, and gives what was said.
    fn refused(&self, arguments: &[&str]) -> String {
        fail(self.command(arguments).output().unwrap())
    }
}

fn succeed(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn fail(output: Output) -> String {
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_new_wallet_signs_and_its_phrase_brings_it_back() {
    let wallets = Wallets::new();
    let made = wallets.json(&["new", "--no-password", "-w", "alpha", "-H", "worker"]);
    assert_eq!(made["keys"][0]["role"], "coldkey");
    assert_eq!(made["keys"][1]["encryption"], "plain");
    let account = made["keys"][1]["account"].as_str().unwrap();

    let listed = wallets.json(&["list"]);
    assert_eq!(listed["wallets"][0]["name"], "alpha");
    assert_eq!(listed["wallets"][0]["hotkeys"][0]["account"], account);
    assert_eq!(
        wallets.json(&["show", "-w", "alpha", "-H", "worker"])["hotkey"]["account"],
        account
    );

    let signed = wallets.json(&[
        "sign",
        "--use-hotkey",
        "--message",
        "hello",
        "-w",
        "alpha",
        "-H",
        "worker",
    ]);
    assert_eq!(signed["account"], account);
    let signature = signed["signature"].as_str().unwrap();
    let verify = |message| {
        let arguments = [
            "verify",
            "--message",
            message,
            "--signature",
            signature,
            "--account",
            account,
            "--json",
        ];
        wallets.command(&arguments).output().unwrap()
    };
    let good: Value = serde_json::from_str(&succeed(verify("hello"))).unwrap();
    assert_eq!(
        good,
        json!({ "valid": true, "account": account, "scheme": "sr25519" })
    );
    let bad = verify("hallo");
    assert_eq!(
        serde_json::from_slice::<Value>(&bad.stdout).unwrap()["valid"],
        false
    );
    fail(bad);

    let phrase = made["keys"][1]["phrase"].as_str().unwrap();
    let arguments = [
        "export", "hotkey", "--as", "phrase", "--yes", "-w", "alpha", "-H", "worker",
    ];
    assert_eq!(wallets.run(&arguments).trim(), phrase);
    succeed(wallets.run_with(
        &["import", "hotkey", "--phrase", "-w", "beta", "-H", "again"],
        phrase,
    ));
    assert_eq!(
        wallets.json(&["show", "-w", "beta", "-H", "again"])["hotkey"]["account"],
        account
    );
}

#[test]
fn every_way_of_importing_leads_to_the_same_key() {
    let wallets = Wallets::new();
    let into = |name: &str, source: &[&str], secret: &str| {
        let arguments = [&["import", "hotkey", "-H", name], source].concat();
        succeed(wallets.run_with(&arguments, secret));
        assert_eq!(
            wallets.json(&["show", "-H", name])["hotkey"]["account"],
            ALICE,
            "{name}"
        );
    };
    into("uri", &["--uri"], "//Alice\n");
    let exported = wallets.json(&["export", "hotkey", "-H", "uri", "--as", "private-key", "--yes"]);
    into(
        "private",
        &["--private-key"],
        exported["private_key"].as_str().unwrap(),
    );
    let file = wallets.path().join("alice.json");
    wallets.run(&[
        "export",
        "hotkey",
        "-H",
        "uri",
        "--as",
        "keyfile",
        "--to",
        file.to_str().unwrap(),
    ]);
    into("file", &["--file", file.to_str().unwrap()], "");
    into(
        "seed",
        &["--seed"],
        "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a",
    );
    into("address", &["--address", ALICE], "");
    // Of a key that came from a derivation nobody knows the phrase.
    let said = wallets.refused(&["export", "hotkey", "-H", "uri", "--as", "phrase", "--yes"]);
    assert!(
        said.contains("does not hold its recovery phrase") && said.contains("hint: --as private-key"),
        "{said}"
    );
    // And an address alone does not sign.
    let said = wallets.refused(&["sign", "--use-hotkey", "-H", "address", "--message", "x"]);
    assert!(
        said.contains("holds only the public key") && said.contains("wallet import"),
        "{said}"
    );
}

#[test]
fn nothing_is_lost_unasked() {
    let wallets = Wallets::new();
    let account = |wallets: &Wallets| wallets.json(&["show"])["hotkey"]["account"].clone();
    let plan = wallets.json(&["new", "hotkey", "--dry-run"]);
    assert_eq!(plan["dry_run"], true);
    assert!(plan["keys"][0].get("phrase").is_none());
    assert!(
        !wallets.path().join("wallets").exists(),
        "a dry run writes nothing"
    );

    wallets.run(&["new", "hotkey"]);
    let first = account(&wallets);
    let said = wallets.refused(&["new", "hotkey"]);
    assert!(
        said.contains("exists already") && said.contains("hint:"),
        "{said}"
    );
    // Asked for, but with nobody there to agree.
    let said = wallets.refused(&["new", "hotkey", "--overwrite"]);
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(account(&wallets), first);
    wallets.run(&["new", "hotkey", "--overwrite", "--yes"]);
    assert_ne!(account(&wallets), first);

    let said = wallets.refused(&["export", "hotkey", "--as", "seed"]);
    assert!(said.contains("--yes"), "{said}");
    let plan = wallets.json(&["export", "hotkey", "--as", "seed", "--dry-run"]);
    assert_eq!(
        (&plan["dry_run"], &plan["form"]),
        (&Value::Bool(true), &Value::from("seed"))
    );
}

#[test]
fn a_coldkey_wants_a_good_password_and_says_where_to_put_it() {
    let wallets = Wallets::new();
    let said = wallets.refused(&["new", "coldkey"]);
    assert!(
        said.contains("BT_WALLET_PASSWORD") && said.contains("--no-password"),
        "{said}"
    );
    let said = fail(
        wallets
            .command(&["new", "coldkey"])
            .env("BT_WALLET_PASSWORD", "short")
            .output()
            .unwrap(),
    );
    assert!(said.contains("8 characters") && !said.contains("short"), "{said}");
    assert!(!wallets.path().join("wallets").exists());
}

/// Two key derivations of 512 MiB, and one more for the wrong password.
#[test]
fn an_encrypted_coldkey_signs_with_its_password_only() {
    let wallets = Wallets::new();
    let with_password = |arguments: &[&str], password: &str| {
        wallets
            .command(arguments)
            .env("BT_WALLET_PASSWORD", password)
            .output()
            .unwrap()
    };
    let made = succeed(with_password(&["new", "coldkey", "--json"], PASSWORD));
    assert_eq!(
        serde_json::from_str::<Value>(&made).unwrap()["keys"][0]["encryption"],
        "nacl"
    );

    let sign = ["sign", "--message", "hello", "--json"];
    let said = wallets.refused(&sign);
    assert!(
        said.contains("needs its password") && said.contains("BT_PW_"),
        "{said}"
    );
    let said = fail(with_password(&sign, "correct horse 8 battery"));
    assert!(
        said.contains("BT_WALLET_PASSWORD does not fit") && !said.contains("horse"),
        "{said}"
    );
    let signed: Value = serde_json::from_str(&succeed(with_password(&sign, PASSWORD))).unwrap();
    let signature = signed["signature"].as_str().unwrap();
    // The public half needs no password.
    wallets.run(&["verify", "--message", "hello", "--signature", signature]);
}

#[test]
fn secrets_come_from_standard_input_within_bounds() {
    let wallets = Wallets::new();
    let import = |secret: &str| fail(wallets.run_with(&["import", "hotkey", "--phrase"], secret));
    assert!(import("").contains("standard input is empty"));
    let said = import("legal winner thank year wafe sausage worth useful legal winner thank yellow");
    assert!(said.contains("word 5") && !said.contains("wafe"), "{said}");
    assert!(import(&"legal ".repeat(3000)).contains("more than"));
    assert!(!wallets.path().join("wallets").exists());
}

#[test]
fn the_list_is_readable_and_empty_folders_say_so() {
    let wallets = Wallets::new();
    assert_eq!(wallets.run(&["list"]), "");
    assert_eq!(wallets.json(&["list"])["wallets"], json!([]));
    succeed(wallets.run_with(
        &["import", "hotkey", "--uri", "-w", "alpha", "-H", "worker"],
        "//Alice",
    ));
    let table = wallets.run(&["list"]);
    assert!(
        table
            .lines()
            .any(|line| line.contains("hotkey worker") && line.contains(ALICE)),
        "{table}"
    );
}

/// A devnet with the well-known rich accounts, making a block for each transaction.
fn with_devnet(test: impl FnOnce(&str)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let configuration = DevnetConfig {
        blocks: BlockProduction::OnDemand,
        ..DevnetConfig::default()
    };
    let devnet = runtime.block_on(Devnet::start(configuration)).unwrap();
    test(&devnet.url());
    runtime.block_on(devnet.stop());
}

#[test]
fn money_moves_and_both_sides_show_it() {
    with_devnet(|network| {
        let wallets = Wallets::new();
        succeed(wallets.run_with(
            &["import", "coldkey", "--uri", "--no-password", "-w", "alice"],
            "//Alice",
        ));
        wallets.run(&["new", "coldkey", "--no-password", "-w", "poor"]);
        let poor = wallets.json(&["show", "-w", "poor"])["coldkey"]["account"]
            .as_str()
            .unwrap()
            .to_owned();
        let on_chain = |arguments: &[&str]| {
            wallets
                .command(&[arguments, &["-n", network]].concat())
                .output()
                .unwrap()
        };
        let transfer = ["transfer", &poor, "12.5", "-w", "alice", "--json"];

        let plan: Value =
            serde_json::from_str(&succeed(on_chain(&[&transfer[..], &["--dry-run"]].concat()))).unwrap();
        assert_eq!(plan["dry_run"], true);
        assert!(
            plan["purpose"].as_str().unwrap().starts_with("send 12.5"),
            "{plan}"
        );
        assert_eq!(plan["result"], Value::Null);
        let said = fail(on_chain(&transfer));
        assert!(said.contains("--yes"), "money is not sent unasked: {said}");

        let sent: Value =
            serde_json::from_str(&succeed(on_chain(&[&transfer[..], &["--yes"]].concat()))).unwrap();
        let balances: Value =
            serde_json::from_str(&succeed(on_chain(&["balance", "--all", "--json"]))).unwrap();
        let (rich, poor_row) = (&balances["accounts"][0], &balances["accounts"][1]);
        assert_eq!(
            (&rich["account"], &poor_row["wallet"]),
            (&json!(ALICE), &json!("poor"))
        );
        assert_eq!(poor_row["free"], 12_500_000_000_u64);
        let left = 1_000_000_000_000_000 - 12_500_000_000 - sent["fee"].as_u64().unwrap();
        assert_eq!(rich["free"], left, "{sent}");

        let said = fail(on_chain(&["transfer", ALICE, "13", "-w", "poor", "--yes"]));
        assert!(said.contains("more than the") && said.contains("hint:"), "{said}");
        // Enough for the amount but not for the fee on top of it.
        let said = fail(on_chain(&[
            "transfer",
            ALICE,
            "12.4999995",
            "-w",
            "poor",
            "--yes",
        ]));
        assert!(
            said.contains("after a fee of") && said.contains("hint:"),
            "{said}"
        );
    });
}

#[test]
fn a_node_that_is_not_there_is_named() {
    let wallets = Wallets::new();
    let said = wallets.refused(&["balance", ALICE, "-n", "ws://127.0.0.1:9"]);
    assert!(
        said.contains("ws://127.0.0.1:9") && said.contains("cannot be reached"),
        "{said}"
    );
    let said = wallets.refused(&["balance", ALICE, "-n", "finnay"]);
    assert!(said.contains("\"finnay\" is no network"), "{said}");
}

/// `btcli` 11 lists what `assay` made, and accepts its signatures; `assay` accepts those of `btcli`.
#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn btcli_11_and_assay_share_wallets_and_signatures() {
    let wallets = Wallets::new();
    let made = wallets.json(&["new", "--no-password", "-w", "alpha", "-H", "worker"]);
    let account = made["keys"][1]["account"].as_str().unwrap();
    let btcli = |arguments: &[&str]| -> Value {
        let mut program = assay_peers::Python::venv("sdk11")
            .program("btcli")
            .arg("--json")
            .arg("wallet");
        for argument in arguments {
            program = program.arg(argument);
        }
        let printed = program
            .arg("--wallet-path")
            .arg(wallets.path().join("wallets"))
            .env("HOME", wallets.path())
            .output();
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    };
    let listed = btcli(&["list"]);
    assert_eq!(listed["coldkeys"][0]["hotkeys"][0]["ss58"], account);

    let selected = ["-w", "alpha", "-H", "worker"];
    let signed = btcli(&[&["sign", "--use-hotkey", "--message", "hello"], &selected[..]].concat());
    let theirs = signed["signed_message"]
        .as_str()
        .unwrap_or_else(|| panic!("{signed}"));
    wallets.run(&[
        "verify",
        "--message",
        "hello",
        "--account",
        account,
        "--signature",
        theirs,
    ]);

    let signed = wallets.json(&[&["sign", "--use-hotkey", "--message", "hello"], &selected[..]].concat());
    let ours = signed["signature"].as_str().unwrap();
    let verdict = btcli(&[
        "verify",
        "--message",
        "hello",
        "--signature",
        ours,
        "--ss58",
        account,
    ]);
    assert!(verdict.to_string().contains("true"), "{verdict}");
}
