//! `assay weights commit` and `reveal` on subnets that take only committed weights.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{AccountId, Call, ChainClient, ConnectOptions, HashedWeights, NetUid, Uid};
use assay_devnet::{BlockProduction, CommitReveal, Devnet, DevnetConfig, Spec};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// Subnet 2 takes commits, subnet 3 weights in the open.
const SPEC: &str = r#"
[[wallets]]
name = "owner"
[[wallets]]
name = "v"
hotkeys = ["default", "other"]
[[wallets]]
name = "m"
[[subnets]]
owner = "owner"
tempo = 40
commit_reveal = true
[subnets.hyperparameters]
weights_rate_limit = 0
[[subnets.neurons]]
hotkey = "v"
stake = 500
permit = true
[[subnets.neurons]]
hotkey = "m"
[[subnets]]
owner = "owner"
owner_hotkey = "//owner//open"
commit_reveal = false
[subnets.hyperparameters]
weights_rate_limit = 0
[[subnets.neurons]]
hotkey = "v"
stake = 500
permit = true
[[subnets.neurons]]
hotkey = "m"
"#;

const SUBNET: NetUid = NetUid(2);

struct World {
    devnet: Devnet,
    client: ChainClient,
    folder: TempDir,
}

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn hotkey() -> AccountId {
    pair("//v//default").account()
}

impl World {
    async fn new(seed: u64) -> Self {
        let spec = Spec::parse(SPEC).unwrap();
        let mut genesis = spec.genesis;
        genesis.commit_reveal = CommitReveal::OwnBeacon;
        genesis.seed = seed;
        let devnet = Devnet::start(DevnetConfig {
            blocks: BlockProduction::OnDemand,
            genesis: Some(genesis),
            ..DevnetConfig::default()
        })
        .await
        .unwrap();
        let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, key) in [("default", "//v//default"), ("other", "//v//other")] {
            let wallet = Wallet::open(folder.path().join("w"), "v", name);
            wallet
                .create(KeyRole::Hotkey, &pair(key), &Protection::Plain, Overwrite::Refuse)
                .unwrap();
        }
        // Past the first block, whose weights would be limited by the registration.
        devnet.produce(2).await.unwrap();
        Self {
            devnet,
            client,
            folder,
        }
    }

    fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .args(["-n", &self.devnet.url(), "-w", "v", "--wallet-path"])
            .arg(self.folder.path().join("w"))
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn output(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(self.folder.path(), arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn text(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let text = self.text(&[arguments, &["--json", "--yes"]].concat()).await;
        serde_json::from_str(&text).unwrap()
    }

    async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(&[arguments, &["--yes"]].concat()).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn files(&self, end: &str) -> Vec<PathBuf> {
        let folder = self.folder.path().join(".assay/weights");
        if !folder.exists() {
            return Vec::new();
        }
        let mut paths: Vec<_> = fs_err::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with(end))
            .collect();
        paths.sort();
        paths
    }

    fn mark(&self) -> String {
        self.client.genesis().to_string()[2..10].to_owned()
    }

    async fn stored(&self) -> Vec<(Uid, u16)> {
        let snapshot = self.client.pin().await.unwrap();
        snapshot.weights_of(SUBNET, Uid(1)).await.unwrap()
    }
}

const COMMIT: [&str; 6] = ["weights", "commit", "2=1", "--netuid", "2", "--hash"];
const REVEAL: [&str; 4] = ["weights", "reveal", "--netuid", "2"];

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_commit_is_kept_and_revealed_in_its_epoch() {
    let world = World::new(0).await;
    let plan = world.json(&[&COMMIT[..], &["--dry-run"]].concat()).await;
    assert_eq!(plan["call"], "SubtensorModule.commit_weights");
    assert_eq!(
        world.files(".json"),
        Vec::<PathBuf>::new(),
        "nothing is kept of a dry run"
    );
    let unasked = world.output(&COMMIT).await;
    assert!(!unasked.status.success());
    assert_eq!(
        world.files(".json"),
        Vec::<PathBuf>::new(),
        "nor when nobody agreed"
    );

    let done = world.json(&COMMIT).await;
    let result = &done["result"];
    let hash = result["hash"].as_str().unwrap();
    let files = world.files(".json");
    let name = format!("{}-2-{}-{}.json", world.mark(), hotkey(), &hash[2..10]);
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].file_name().unwrap().to_str().unwrap(), name);
    assert_eq!(result["file"], files[0].to_str().unwrap());
    let mode = fs_err::metadata(&files[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept: HashedWeights = serde_json::from_slice(&fs_err::read(&files[0]).unwrap()).unwrap();
    assert_eq!(format!("0x{}", hex::encode(kept.hash())), hash);

    let from = result["reveal_from"].as_u64().unwrap();
    let early = world.refused(&REVEAL).await;
    assert!(
        early.contains(&format!("from block {from} on")) && early.contains("--wait"),
        "{early}"
    );
    assert_eq!(world.stored().await, []);
    // Told for whoever waits, and true: the block before is too early.
    let head = world.client.head().await.unwrap().number.0;
    world
        .devnet
        .produce(u32::try_from(from - 2 - head).unwrap())
        .await
        .unwrap();
    world.refused(&REVEAL).await;
    world.devnet.produce(1).await.unwrap();
    let revealed = world.json(&REVEAL).await;
    assert_eq!(revealed["block"]["number"], from, "{revealed}");
    let row = [(Uid(0), 0), (Uid(1), 0), (Uid(2), 65535)];
    assert_eq!(world.stored().await, row);
    assert_eq!(revealed["result"]["entries"], serde_json::to_value(row).unwrap());
    assert_eq!(world.files(".json"), Vec::<PathBuf>::new());
    let nothing = world.text(&REVEAL).await;
    assert!(nothing.contains("nothing of"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_several_counts_and_what_came_too_late_is_said() {
    let world = World::new(0).await;
    world.json(&COMMIT).await;
    world
        .json(&["weights", "commit", "1=1", "2=1", "--netuid", "2", "--hash"])
        .await;
    assert_eq!(world.files(".json").len(), 2);
    world.devnet.run_to_epoch(SUBNET.0).await.unwrap();
    let plan = world.json(&[&REVEAL[..], &["--dry-run"]].concat()).await;
    let purpose = plan["purpose"].as_str().unwrap();
    assert!(purpose.contains("drop the one older commit"), "{purpose}");
    world.json(&REVEAL).await;
    assert_eq!(
        world.stored().await,
        [(Uid(0), 0), (Uid(1), 65535), (Uid(2), 65535)]
    );
    assert_eq!(
        world.files(".json"),
        Vec::<PathBuf>::new(),
        "the older one is of no more use"
    );

    world.json(&COMMIT).await;
    for _ in 0..2 {
        world.devnet.run_to_epoch(SUBNET.0).await.unwrap();
    }
    let late = world.refused(&REVEAL).await;
    assert!(late.contains("has expired") && late.contains("hint:"), "{late}");
    let file = world.files(".json").remove(0);
    assert!(late.contains(file.to_str().unwrap()), "{late}");
    // Where one is due, the expired one is only a warning.
    world.json(&COMMIT).await;
    world.devnet.run_to_epoch(SUBNET.0).await.unwrap();
    let output = world.output(&[&REVEAL[..], &["--yes", "--json"]].concat()).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("warning:"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reveal_waits_for_its_epoch_and_takes_a_file_by_name() {
    let world = World::new(0).await;
    let done = world.json(&COMMIT).await;
    let file = world.files(".json").remove(0);
    let moved = world.folder.path().join("moved.json");
    fs_err::rename(&file, &moved).unwrap();
    let missing = world.output(&REVEAL).await;
    let told = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        missing.status.success() && told.contains("1 hash commits") && told.contains("--file"),
        "{told}"
    );
    let of_file = [&REVEAL[..], &["--file", "moved.json"]].concat();
    let other = world.refused(&[&of_file[..], &["-H", "other"]].concat()).await;
    assert!(other.contains("is of hotkey"), "{other}");
    let elsewhere = ["weights", "reveal", "--netuid", "3", "--file", "moved.json"];
    let elsewhere = world.refused(&elsewhere).await;
    assert!(elsewhere.contains("is of subnet 2, not 3"), "{elsewhere}");
    fs_err::write(world.folder.path().join("other.json"), "{}").unwrap();
    let wrong = world
        .refused(&[&REVEAL[..], &["--file", "other.json"]].concat())
        .await;
    assert!(wrong.contains("other.json is not what"), "{wrong}");

    let mut waiting = world.command(
        world.folder.path(),
        &[&of_file[..], &["--wait", "--yes", "--json"]].concat(),
    );
    let waiting = waiting.spawn().unwrap();
    let waited = tokio::task::spawn_blocking(move || waiting.wait_with_output().unwrap());
    while !waited.is_finished() {
        world.devnet.produce(1).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let output = waited.await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let revealed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(revealed["block"]["number"].as_u64() >= done["result"]["reveal_from"].as_u64());
    assert!(!moved.exists() && !world.stored().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_would_not_take_is_refused_beforehand() {
    let world = World::new(0).await;
    let open = world
        .refused(&["weights", "commit", "2=1", "--netuid", "3"])
        .await;
    assert!(
        open.contains("takes weights in the open") && open.contains("assay weights set"),
        "{open}"
    );
    for number in 0..10 {
        let call = Call::commit_weights(SUBNET, [number; 32]);
        let receipt = world.client.submit(&pair("//v//default"), &call).await.unwrap();
        receipt.finalized().await.unwrap();
    }
    let full = world.refused(&COMMIT).await;
    assert!(full.contains("10 hash commits"), "{full}");
    // Expired ones do not count.
    for _ in 0..2 {
        world.devnet.run_to_epoch(SUBNET.0).await.unwrap();
    }
    world.json(&COMMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timelocked_commit_is_left_to_the_chain_and_followed_later() {
    let world = World::new(0).await;
    let commit = ["weights", "commit", "2=1", "--netuid", "2"];
    let plan = world.json(&[&commit[..], &["--dry-run"]].concat()).await;
    assert_eq!((&plan["attempt"], &plan["commit"]), (&Value::Null, &Value::Null));
    let done = world.json(&commit).await;
    assert_eq!(done["attempt"], 1);
    let reveal_block = done["commit"]["reveal_block"].as_u64().unwrap();
    assert_eq!(world.stored().await, []);
    let histories = world.files(".jsonl");
    let name = format!("{}-2-{}.jsonl", world.mark(), hotkey());
    assert_eq!(histories[0].file_name().unwrap().to_str().unwrap(), name);
    let history = world.text(&["weights", "history", "--netuid", "2"]).await;
    assert!(history.contains("committed, to be revealed"), "{history}");

    let waiting = world.json(&REVEAL).await;
    assert_eq!(waiting[0]["attempt"], 1);
    assert!(waiting[0]["stage"]["committed"].is_object(), "{waiting}");
    while world.client.head().await.unwrap().number.0 < reveal_block + 10 {
        world.devnet.produce(1).await.unwrap();
    }
    let applied = world.json(&REVEAL).await;
    assert!(applied[0]["stage"]["applied"].is_object(), "{applied}");
    assert_eq!(world.stored().await, [(Uid(0), 0), (Uid(1), 0), (Uid(2), 65535)]);
    assert_eq!(world.json(&REVEAL).await, serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_chain_has_a_history_of_its_own() {
    let (first, second) = (World::new(1).await, World::new(2).await);
    assert_ne!(first.client.genesis(), second.client.genesis());
    let set = ["weights", "set", "2=1", "--netuid", "3", "--yes", "--json"];
    let history = ["weights", "history", "--netuid", "3", "--json"];
    let home = first.folder.path();
    let run = |world: &World, arguments: &[&str]| -> Value {
        let output = world.command(home, arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    run(&first, &set);
    assert_eq!(run(&first, &history).as_array().unwrap().len(), 1);
    assert_eq!(run(&second, &history).as_array().unwrap().len(), 0);

    // A history that an earlier version left belongs to the chain that has its blocks, whichever asks first.
    let named = first.files(".jsonl").remove(0);
    let earlier = named.with_file_name(format!("3-{}.jsonl", hotkey()));
    fs_err::rename(&named, &earlier).unwrap();
    assert_eq!(run(&second, &history).as_array().unwrap().len(), 0);
    assert!(earlier.exists());
    assert_eq!(run(&first, &history).as_array().unwrap().len(), 1);
    assert!(named.exists() && !earlier.exists());
}
