//! Stake bought within limits, moved, given away and exchanged; an identity; and calls and values by name.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{AccountId, Alpha, ChainClient, ConnectOptions, NetUid};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Spec};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const SPEC: &str = r#"
[[wallets]]
name = "owner"
tao = 100
[[wallets]]
name = "alice"
tao = 5000
hotkeys = ["default", "second"]
[[subnets]]
name = "first"
owner = "owner"
[[subnets.neurons]]
hotkey = "alice"
stake = 100
[[subnets.neurons]]
hotkey = "alice/second"
[[subnets]]
owner = "owner"
owner_hotkey = "//owner//other"
[[subnets.neurons]]
hotkey = "alice"
"#;

struct World {
    devnet: Devnet,
    client: ChainClient,
    folder: TempDir,
}

fn account(uri: &str) -> AccountId {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap().account()
}

impl World {
    async fn new() -> Self {
        let spec = Spec::parse(SPEC).unwrap();
        let config = DevnetConfig {
            blocks: BlockProduction::OnDemand,
            genesis: Some(spec.genesis),
            ..DevnetConfig::default()
        };
        let devnet = Devnet::start(config).await.unwrap();
        let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for wallet in &spec.wallets {
            let keys = Wallet::open(folder.path().join("w"), &wallet.name, "default");
            let keys_of = [
                (KeyRole::Coldkey, &wallet.coldkey_uri),
                (KeyRole::Hotkey, &wallet.hotkeys[0].uri),
            ];
            for (role, uri) in keys_of {
                let pair = Pair::from_uri(uri, Scheme::Sr25519).unwrap();
                keys.create(role, &pair, &Protection::Plain, Overwrite::Refuse)
                    .unwrap();
            }
        }
        Self {
            devnet,
            client,
            folder,
        }
    }

    async fn output(&self, wallet: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .args(["-n", &self.devnet.url(), "-w", wallet, "--wallet-path", "w"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn text(&self, wallet: &str, arguments: &[&str]) -> String {
        let output = self.output(wallet, arguments).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn json(&self, wallet: &str, arguments: &[&str]) -> Value {
        let text = self
            .text(wallet, &[arguments, &["--json", "--yes"]].concat())
            .await;
        serde_json::from_str(&text).unwrap()
    }

    async fn refused(&self, wallet: &str, arguments: &[&str]) -> String {
        let output = self.output(wallet, &[arguments, &["--yes"]].concat()).await;
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn stake(&self, netuid: u16, hotkey: &str, coldkey: &str) -> Alpha {
        let stake = self
            .client
            .stake(NetUid(netuid), &account(hotkey), &account(coldkey))
            .await;
        stake.unwrap().alpha
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_shows_what_it_moves_and_keeps_to_its_limit() {
    let world = World::new().await;
    let add = |amount: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        [&["stake", "add", "--netuid", "2", "--amount", amount], more].concat()
    };
    // A thousand TAO in a pool of a thousand: half of what the price promises.
    let plan = world.json("alice", &add("1000", &["--dry-run"])).await;
    let purpose = plan["purpose"].as_str().unwrap();
    assert!(
        purpose.contains("about 499.") && purpose.contains("which is much"),
        "{purpose}"
    );
    // Unless somebody says otherwise the price may end five percent higher.
    assert_eq!(plan["call"], "SubtensorModule.add_stake_limit");
    assert!(
        purpose.contains("if one alpha costs no more than 1.05"),
        "{purpose}"
    );
    for more in [&[][..], &["--tolerance", "5%"]] {
        let dear = world.refused("alice", &add("1000", more)).await;
        assert!(dear.contains("SlippageTooHigh"), "{dear}");
    }
    let at_any = world
        .json("alice", &add("1000", &["--tolerance", "none", "--dry-run"]))
        .await;
    assert_eq!(at_any["call"], "SubtensorModule.add_stake");
    let purpose = at_any["purpose"].as_str().unwrap();
    assert!(purpose.contains("whatever the price is by then"), "{purpose}");
    let idle = world
        .refused("alice", &add("1", &["--tolerance", "none", "--partial"]))
        .await;
    assert!(idle.contains("there is none"), "{idle}");
    let part = world
        .json(
            "alice",
            &add("1000", &["--limit", "1.1", "--partial", "--dry-run"]),
        )
        .await;
    let purpose = part["purpose"].as_str().unwrap();
    assert!(
        purpose.contains("or as much of it as goes while one alpha costs no more than 1.1 "),
        "{purpose}"
    );
    // As much as five percent allow: the price rises with the square of the pool's TAO.
    let partly = world
        .json("alice", &add("1000", &["--tolerance", "5", "--partial"]))
        .await;
    let paid = partly["result"]["paid"].as_u64().unwrap();
    assert!((20_000_000_000..30_000_000_000).contains(&paid), "{partly}");
    let before = world.stake(2, "//alice//default", "//alice").await;
    let remove = [
        "stake", "remove", "--netuid", "2", "--amount", "10", "--limit", "2",
    ];
    let cheap = world.refused("alice", &remove).await;
    assert!(cheap.contains("SlippageTooHigh"), "{cheap}");
    world
        .json("alice", &[&remove[..6], &["--tolerance", "3"]].concat())
        .await;
    let after = world.stake(2, "//alice//default", "//alice").await;
    assert!((before.0 - after.0).abs_diff(10_000_000_000) <= 1);
    let nothing = world
        .refused("alice", &["stake", "remove", "--netuid", "2", "--amount", "0"])
        .await;
    assert!(nothing.contains("is nothing to take"), "{nothing}");
    let shown = world.json("alice", &["stake", "show"]).await;
    assert!(shown["worth"].as_u64().unwrap() > 100_000_000_000, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stake_moves_between_hotkeys_owners_and_subnets() {
    let world = World::new().await;
    let second = account("//alice//second").to_string();
    let owner = account("//owner").to_string();
    let to_second = [
        "stake", "move", "--netuid", "2", "--to", &second, "--amount", "30",
    ];
    let asked = world.output("alice", &to_second).await;
    assert!(!asked.status.success(), "nothing moves unasked");
    world.json("alice", &to_second).await;
    let moved = world.stake(2, "//alice//second", "//alice").await;
    assert!(moved.0.abs_diff(30_000_000_000) <= 1, "{moved}");

    let give = [
        "stake", "transfer", "--netuid", "2", "--to", &owner, "--amount", "20",
    ];
    world.json("alice", &give).await;
    let given = world.stake(2, "//alice//default", "//owner").await;
    assert!(given.0.abs_diff(20_000_000_000) <= 1, "{given}");

    // The limit is alpha there for one here, as the chain counts it: a billionth is one.
    let swap_ten = [
        "stake",
        "swap",
        "--netuid",
        "2",
        "--to-netuid",
        "3",
        "--amount",
        "10",
        "--limit",
    ];
    let plan = world
        .json("alice", &[&swap_ten[..], &["0.9", "--dry-run"]].concat())
        .await;
    let purpose = plan["purpose"].as_str().unwrap();
    assert!(
        purpose.contains("if one alpha of subnet 2 is worth no less than 0.9 "),
        "{purpose}"
    );
    let decoded = world
        .json("alice", &["tx", "decode", plan["call_data"].as_str().unwrap()])
        .await;
    assert_eq!(
        (
            &decoded["call"]["name"],
            &decoded["call"]["arguments"]["limit_price"]
        ),
        (&Value::from("swap_stake_limit"), &Value::from(900_000_000))
    );
    let dear = world.refused("alice", &[&swap_ten[..], &["1.1"]].concat()).await;
    assert!(dear.contains("SlippageTooHigh"), "{dear}");
    let swapped = world.json("alice", &[&swap_ten[..], &["0.9"]].concat()).await;
    let result = &swapped["result"];
    assert_eq!(
        (&result["from"], &result["to"], &result["given"]),
        (&Value::from(2), &Value::from(3), &Value::from(10_000_000_000_u64))
    );
    let there = world.stake(3, "//alice//default", "//alice").await;
    assert_eq!(result["stake"], there.0);
    assert_eq!(result["coldkey"], account("//alice").to_string());

    // What takes no limit says so before it is agreed to.
    let plan = world
        .json(
            "alice",
            &[
                "stake",
                "transfer",
                "--netuid",
                "2",
                "--to-netuid",
                "3",
                "--to",
                &owner,
                "--amount",
                "1",
                "--dry-run",
            ],
        )
        .await;
    assert!(
        plan["purpose"].as_str().unwrap().contains("takes no limit"),
        "{plan}"
    );

    let swap = [
        "stake",
        "swap",
        "--netuid",
        "2",
        "--to-netuid",
        "3",
        "--all",
        "--tolerance",
        "none",
    ];
    let usual = world.refused("alice", &swap[..7]).await;
    assert!(usual.contains("SlippageTooHigh"), "{usual}");
    let plan = world.json("alice", &[&swap[..], &["--dry-run"]].concat()).await;
    assert!(
        plan["purpose"].as_str().unwrap().contains("sells for about"),
        "{plan}"
    );
    world.json("alice", &swap).await;
    let swapped = world.stake(3, "//alice//default", "//alice").await;
    assert!((40.0..50.0).contains(&swapped.tokens()), "{swapped}");
    assert_eq!(world.stake(2, "//alice//default", "//alice").await, Alpha::ZERO);
    let nothing = world.refused("alice", &swap).await;
    assert!(nothing.contains("has 0 α"), "{nothing}");
    let same = world
        .refused(
            "alice",
            &["stake", "swap", "--netuid", "2", "--to-netuid", "2", "--all"],
        )
        .await;
    assert!(same.contains("in subnet 2 already"), "{same}");
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_calls_and_values_by_name() {
    let world = World::new().await;
    let identity = ["subnet", "identity", "--netuid", "2"];
    assert!(world.text("alice", &identity).await.contains("first"));
    let change = [
        &identity[..],
        &["--url", "https://example.org", "--contact", "me"],
    ]
    .concat();
    let stranger = world.refused("alice", &change).await;
    assert!(stranger.contains("does not own subnet 2"), "{stranger}");
    world.json("owner", &change).await;
    let now = world.json("owner", &identity).await;
    assert_eq!(
        (&now["identity"]["name"], &now["identity"]["url"]),
        (&Value::from("first"), &Value::from("https://example.org"))
    );

    let tempo = world
        .text("alice", &["chain", "storage", "SubtensorModule.Tempo", "2"])
        .await;
    assert_eq!(tempo.trim(), "360");
    let uids = world
        .json("alice", &["chain", "storage", "SubtensorModule.Uids", "2"])
        .await;
    assert_eq!(uids.as_array().unwrap().len(), 3);
    let some = [
        "chain",
        "storage",
        "SubtensorModule.Uids",
        "2",
        "--limit",
        "2",
        "--json",
    ];
    let some = world.output("alice", &some).await;
    let entries: Value = serde_json::from_slice(&some.stdout).unwrap();
    let told = String::from_utf8_lossy(&some.stderr).into_owned();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert!(told.contains("more entries than the 2"), "{told}");
    let all = [
        "chain",
        "storage",
        "SubtensorModule.Uids",
        "2",
        "--limit",
        "3",
        "--json",
    ];
    let all = world.output("alice", &all).await;
    assert!(all.stderr.is_empty(), "{}", String::from_utf8_lossy(&all.stderr));
    let many = world
        .refused("alice", &["chain", "storage", "SubtensorModule.Tempo", "2", "3"])
        .await;
    assert!(many.contains("at most 1 keys"), "{many}");
    let slot = world
        .text("alice", &["chain", "constant", "Aura.SlotDuration"])
        .await;
    assert_eq!(slot.trim(), "12000");
    let cost = world
        .text(
            "alice",
            &[
                "chain",
                "api",
                "SubnetRegistrationRuntimeApi.get_network_registration_cost",
            ],
        )
        .await;
    assert!(cost.trim().parse::<u64>().unwrap() >= 1_000_000_000_000, "{cost}");
    let wrong = world
        .refused("alice", &["chain", "storage", "SubtensorModule.Tempoo", "2"])
        .await;
    assert!(wrong.contains("Tempoo"), "{wrong}");

    let remark = ["tx", "call", "System.remark", "--args", r#"{"remark": "hello"}"#];
    let plan = world.json("alice", &[&remark[..], &["--dry-run"]].concat()).await;
    assert_eq!(plan["call_data"], "0x00001468656c6c6f");
    let decoded = world.json("alice", &["tx", "decode", "0x00001468656c6c6f"]).await;
    assert_eq!(
        (
            &decoded["call"]["pallet"],
            &decoded["call"]["name"],
            &decoded["signed"]
        ),
        (&Value::from("System"), &Value::from("remark"), &Value::Null)
    );
    assert_eq!(decoded["call"]["arguments"]["remark"], "0x68656c6c6f");
    let sudo = world
        .json("alice", &[&remark[..], &["--sudo", "--dry-run"]].concat())
        .await;
    let purpose = sudo["purpose"].as_str().unwrap();
    assert!(purpose.ends_with("with root's rights"), "{purpose}");
    let inner = world
        .text("alice", &["tx", "decode", sudo["call_data"].as_str().unwrap()])
        .await;
    assert!(
        inner.starts_with("Sudo.sudo") && inner.contains("remark") && inner.contains("nobody yet"),
        "{inner}"
    );
    for (bytes, told) in [
        ("0x123", "two for each byte"),
        ("0x", "there are no bytes"),
        ("0xffffff", "neither a transaction nor a call"),
    ] {
        let refused = world.refused("alice", &["tx", "decode", bytes]).await;
        assert!(refused.contains(told), "{refused}");
    }
    // Standard input is empty here.
    let empty = world.refused("alice", &["tx", "decode", "-"]).await;
    assert!(empty.contains("there are no bytes"), "{empty}");
    world.json("alice", &remark).await;
    let bad = world
        .refused(
            "alice",
            &["tx", "call", "System.remark", "--args", r#"{"mark": 1}"#],
        )
        .await;
    assert!(bad.contains("remark"), "{bad}");
}
