//! `assay miner datasets` and `assay validator datasets` against a chain and a hub, with the flags of the seed.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{
    Call, ChainClient, ConnectOptions, Existence, NetUid, Rao, Receipt, scale_value::Value as Scale,
};
use assay_datasets::{Recipe, demo, rows::Template};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_hub::{Account, HubServer, HubServerConfig};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use serde_json::Value;
use std::{
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Longest that one command may take on a busy machine; ends a test that hangs.
const DEADLINE: Duration = Duration::from_secs(120);

struct Scene {
    folder: TempDir,
    devnet: Devnet,
    hub: HubServer,
    client: ChainClient,
    netuid: NetUid,
}

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn key(name: &str, part: &str) -> Pair {
    pair(&format!("//{name}//{part}"))
}

async fn settled(receipt: Receipt) {
    receipt.finalized().await.unwrap();
}

impl Scene {
    /// A subnet with a validator that may set weights and a miner that has published nothing.
    async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DevnetConfig {
            blocks: BlockProduction::OnDemand,
            ..DevnetConfig::default()
        };
        let devnet = Devnet::start(config).await.unwrap();
        let hub = HubServerConfig::new(folder.path().join("hub")).account(Account::new("alice", "hf_alice"));
        let hub = HubServer::start(hub).await.unwrap();
        let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap();
        let mut scene = Self {
            folder,
            devnet,
            hub,
            client,
            netuid: NetUid(0),
        };
        for name in ["owner", "validator", "miner", "stranger"] {
            scene.wallet(name).await;
        }
        let owner = key("owner", "coldkey");
        let created = scene
            .client
            .create_subnet(&owner, &key("owner", "hotkey").account())
            .await
            .unwrap();
        scene.netuid = created.finalized().await.unwrap().created_subnet().unwrap();
        settled(scene.client.start_call(&owner, scene.netuid).await.unwrap()).await;
        scene
            .set("sudo_set_admin_freeze_window", &[("window", Scale::u128(0))])
            .await;
        let netuid = ("netuid", Scale::u128(scene.netuid.0.into()));
        for (call, argument) in [
            (
                "sudo_set_commit_reveal_weights_enabled",
                ("enabled", Scale::bool(false)),
            ),
            (
                "sudo_set_weights_set_rate_limit",
                ("weights_set_rate_limit", Scale::u128(0)),
            ),
            ("sudo_set_tempo", ("tempo", Scale::u128(20))),
        ] {
            scene.set(call, &[netuid.clone(), argument]).await;
        }
        for name in ["validator", "miner"] {
            let (coldkey, hotkey) = (key(name, "coldkey"), key(name, "hotkey").account());
            let limit = Rao::from_tao(1_000);
            settled(
                scene
                    .client
                    .register(&coldkey, scene.netuid, &hotkey, limit)
                    .await
                    .unwrap(),
            )
            .await;
        }
        let stake = Rao::from_tao(500);
        let (coldkey, hotkey) = (key("validator", "coldkey"), key("validator", "hotkey").account());
        settled(
            scene
                .client
                .add_stake(&coldkey, scene.netuid, &hotkey, stake)
                .await
                .unwrap(),
        )
        .await;
        scene.devnet.run_to_epoch(scene.netuid.0).await.unwrap();
        scene
    }

    async fn set(&self, call: &'static str, arguments: &[(&'static str, Scale)]) {
        let call = Call::new("AdminUtils", call, arguments.iter().cloned());
        settled(self.client.sudo(&pair("//Alice"), &call).await.unwrap()).await;
    }

    async fn wallet(&self, name: &str) {
        let wallet = Wallet::open(self.folder.path().join("wallets"), name, "default");
        for (role, part) in [(KeyRole::Coldkey, "coldkey"), (KeyRole::Hotkey, "hotkey")] {
            wallet
                .create(role, &key(name, part), &Protection::Plain, Overwrite::Refuse)
                .unwrap();
        }
        let (to, gift) = (key(name, "coldkey").account(), Rao::from_tao(3_000));
        settled(
            self.client
                .transfer(&pair("//Alice"), &to, gift, Existence::KeepAlive)
                .await
                .unwrap(),
        )
        .await;
    }

    /// A file of the demonstration, or any text, in this scene's folder.
    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs_err::write(&path, content).unwrap();
        path.display().to_string()
    }

    async fn assay(&self, wallet: &str, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_assay"));
        let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/flock/base");
        command
            .args(arguments)
            // The seed's own spelling.
            .args([
                "--wallet.name",
                wallet,
                "--wallet.hotkey",
                "default",
                "--wallet.path",
            ])
            .arg(self.folder.path().join("wallets"))
            .args([
                "--subtensor.network",
                &self.devnet.url(),
                "--netuid",
                &self.netuid.to_string(),
            ])
            .args([
                "--recipe",
                &self.file("recipe.toml", &toml::to_string(&recipe()).unwrap()),
            ])
            .arg("--base-model")
            .arg(base)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("HF_ENDPOINT", self.hub.url())
            .env("HF_TOKEN", if wallet == "miner" { "hf_alice" } else { "" })
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let done = tokio::time::timeout(DEADLINE, command.output()).await;
        done.unwrap_or_else(|_| panic!("{arguments:?} came to no end"))
            .unwrap()
    }

    async fn ran(&self, wallet: &str, arguments: &[&str]) -> String {
        let output = self.assay(wallet, arguments).await;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    async fn refused(&self, wallet: &str, arguments: &[&str]) -> String {
        let output = self.assay(wallet, arguments).await;
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The seed's recipe, small enough for the reference model in a test.
fn recipe() -> Recipe {
    let mut recipe = Recipe::seed(Template::Qwen);
    recipe.training.context_length = 128;
    recipe.training.epochs = 1;
    recipe
}

fn demo_rows(name: &str, count: usize) -> String {
    let file = demo::files().into_iter().find(|file| file.name == name).unwrap();
    file.content
        .lines()
        .take(count)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_is_published_and_paid_by_two_commands() {
    let scene = Scene::build().await;
    let (good, broken) = (
        scene.file("good.jsonl", &demo_rows("clean.jsonl", 8)),
        scene.file("broken.jsonl", &demo_rows("malformed.jsonl", 6)),
    );
    let eval = scene.file("eval.jsonl", &demo_rows("eval.jsonl", 4));
    let mine = [
        "miner",
        "datasets",
        "--hf_repo_id",
        "alice/rows",
        "--logging.trace",
        "--dataset_path",
    ];

    let refused = scene.refused("miner", &[&mine[..], &[&broken]].concat()).await;
    assert!(
        refused.contains("line 3: no answer") && refused.contains("hint:"),
        "{refused}"
    );
    let refused = scene.refused("stranger", &[&mine[..], &[&good]].concat()).await;
    assert!(
        refused.contains("not registered") && refused.contains("assay subnet register"),
        "{refused}"
    );
    let dry: Value = serde_json::from_str(
        &scene
            .ran("miner", &[&mine[..], &[&good, "--dry-run", "--json"]].concat())
            .await,
    )
    .unwrap();
    assert_eq!(
        (&dry["rows"], &dry["commitment"]),
        (&Value::from(8), &Value::Null)
    );

    let done: Value = serde_json::from_str(
        &scene
            .ran("miner", &[&mine[..], &[&good, "--json"]].concat())
            .await,
    )
    .unwrap();
    let commitment = format!("alice/rows:f127:{}", done["revision"].as_str().unwrap());
    assert_eq!(done["commitment"], commitment);
    let stored = scene
        .client
        .commitment(scene.netuid, &key("miner", "hotkey").account())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.text().as_deref(), Some(commitment.as_str()));

    // Rounds by blocks instead of epochs, as the seed's flag asks.
    scene.devnet.produce(10).await.unwrap();
    let validate = [
        "validator",
        "datasets",
        "--eval",
        &eval,
        "--blocks_per_epoch",
        "5",
        "--rounds",
        "1",
        "--json",
    ];
    let told = scene.ran("validator", &validate).await;
    let events: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["kind"]["event"].as_str().unwrap())
        .collect();
    for kind in [
        "round_started",
        "commitment_seen",
        "downloading",
        "accepted",
        "training",
        "evaluated",
        "weights",
    ] {
        assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }
    let table = &events
        .iter()
        .find(|event| event["kind"]["event"] == "round_scored")
        .unwrap()["kind"]["detail"];
    assert_eq!(table["closed"].as_u64().unwrap() % 5, 0);
    let hotkey = key("miner", "hotkey").account().to_string();
    let line = table["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["hotkey"] == hotkey)
        .unwrap();
    assert!(
        line["standing"]["ranked"]["loss"].as_f64().unwrap() > 0.0,
        "{line}"
    );
    assert_eq!(scene.client.weights(scene.netuid).await.unwrap().len(), 1);

    // Its state is of this chain alone, and was not always named so.
    let validator = key("validator", "hotkey").account();
    let side = scene.folder.path().join(".assay/validators");
    let genesis = scene.client.genesis().to_string();
    let home = side.join(format!(
        "datasets-{}-{}-{validator}",
        &genesis[2..10],
        scene.netuid
    ));
    let earlier = side.join(format!("datasets-{}-{validator}", scene.netuid));
    assert!(home.join("weights.jsonl").is_file());
    fs_err::rename(&home, &earlier).unwrap();
    let plan: Value = serde_json::from_str(
        &scene
            .ran("validator", &[&validate[..], &["--dry-run"]].concat())
            .await,
    )
    .unwrap();
    assert_eq!(plan["home"], home.to_str().unwrap());
    assert!(home.is_dir() && !earlier.exists());

    let refused = scene.refused("stranger", &validate[..4]).await;
    assert!(refused.contains("not registered"), "{refused}");
    let missing = scene
        .refused(
            "validator",
            &["validator", "datasets", "--eval", "/nowhere/eval.jsonl"],
        )
        .await;
    assert!(missing.contains("/nowhere/eval.jsonl"), "{missing}");
}
