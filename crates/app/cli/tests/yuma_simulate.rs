//! `assay yuma simulate` and the metagraph as a table, on a chain that a spec describes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{ChainClient, ConnectOptions, NetUid};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Spec};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const SUBNET: NetUid = NetUid(2);

/// Three validators who disagree, three miners.
const SPEC: &str = r#"
block_time = "manual"
[[wallets]]
name = "owner"
[[wallets]]
name = "v1"
[[wallets]]
name = "v2"
[[wallets]]
name = "v3"
[[wallets]]
name = "m"
hotkeys = ["a", "b", "c"]
[[subnets]]
owner = "owner"
tempo = 30
[subnets.hyperparameters]
weights_rate_limit = 0
liquid_alpha_enabled = true
[[subnets.neurons]]
hotkey = "v1"
stake = 500
permit = true
weights = { 4 = 1 }
[[subnets.neurons]]
hotkey = "v2"
stake = 300.5
permit = true
weights = { 4 = 1, 5 = 3, 6 = 0 }
[[subnets.neurons]]
hotkey = "v3"
stake = 250
permit = true
weights = { 6 = 1 }
[[subnets.neurons]]
hotkey = "m/a"
[[subnets.neurons]]
hotkey = "m/b"
axon = "10.0.0.9:80"
[[subnets.neurons]]
hotkey = "m/c"
"#;

struct World {
    devnet: Devnet,
    client: ChainClient,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let config = DevnetConfig {
            blocks: BlockProduction::Manual,
            genesis: Some(Spec::parse(SPEC).unwrap().genesis),
            ..DevnetConfig::default()
        };
        let devnet = Devnet::start(config).await.unwrap();
        let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            devnet,
            client,
            folder,
        }
    }

    async fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .args(["-n", &self.devnet.url()])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::null());
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
        let text = self.text(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&text).unwrap()
    }

    async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_simulated_epoch_is_what_the_chain_then_does() {
    let world = World::new().await;
    // In the first cycle without bonds, then with those that it left; at the start and near the end of a cycle.
    for (before, kept) in [(3, "early.json"), (29, "late.json")] {
        world.devnet.produce(before).await.unwrap();
        let forecast = world
            .client
            .pin()
            .await
            .unwrap()
            .epoch_forecast(SUBNET)
            .await
            .unwrap();
        world
            .text(&["yuma", "simulate", "--netuid", "2", "--as", "1", "--save", kept])
            .await;
        let expected = assay_yuma::epoch(&forecast.input);
        let (number, _) = world.devnet.run_to_epoch(SUBNET.0).await.unwrap();
        assert_eq!(u64::from(number), forecast.input.block);

        let snapshot = world.client.pin().await.unwrap();
        let graph = snapshot.metagraph(SUBNET).await.unwrap();
        let stored = |field: fn(&assay_chain::Neuron) -> u64| -> Vec<u64> {
            graph.neurons.iter().map(field).collect()
        };
        let wide = |values: &[u16]| -> Vec<u64> { values.iter().map(|value| u64::from(*value)).collect() };
        assert_eq!(stored(|n| n.incentive.into()), wide(&expected.incentive));
        assert_eq!(stored(|n| n.consensus.into()), wide(&expected.consensus));
        assert_eq!(stored(|n| n.dividends.into()), wide(&expected.dividends));
        assert_eq!(
            stored(|n| n.validator_trust.unwrap().into()),
            wide(&expected.validator_trust)
        );
        assert_eq!(stored(|n| n.emission.0), expected.emission);
        assert!(expected.emission.iter().sum::<u64>() > 0);
        let bonds = snapshot.bonds(SUBNET).await.unwrap();
        for row in bonds {
            let entries: Vec<_> = row.entries.iter().map(|(uid, value)| (uid.0, *value)).collect();
            assert_eq!(entries, expected.bonds[usize::from(row.uid.0)]);
        }
        // What was told beforehand is what the file says now.
        let again = world
            .json(&["yuma", "simulate", "--snapshot", kept, "--as", "1"])
            .await;
        let first = &again["strategies"][0]["epochs"][0];
        assert_eq!(first["dividends"], expected.dividends[1]);
        assert_eq!(again["first_epoch"], number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agreeing_pays_more_than_dissent_and_a_copier_is_told_apart() {
    let world = World::new().await;
    world.devnet.produce(5).await.unwrap();
    let simulate = ["yuma", "simulate", "--netuid", "2", "--as", "3", "--epochs", "4"];
    let with = |weights: &'static str| [&simulate[..], &["--weights", weights]].concat();
    let agreeing = world.json(&with("4=1,5=0.4")).await;
    let outcome = |answer: &Value, name: &str| -> Value {
        let all = answer["strategies"].as_array().unwrap();
        all.iter()
            .find(|outcome| outcome["name"] == name)
            .unwrap()
            .clone()
    };
    let (now, mine) = (
        outcome(&agreeing, "as on chain"),
        outcome(&agreeing, "these weights"),
    );
    assert_eq!(mine["epochs"].as_array().unwrap().len(), 4);
    assert!(mine["total"].as_u64() > now["total"].as_u64(), "{agreeing}");
    assert!(mine["epochs"][0]["validator_trust"].as_u64() > now["epochs"][0]["validator_trust"].as_u64());
    let open = outcome(&agreeing, "a copier, weights in the open");
    let revealed = outcome(&agreeing, "a copier, commit-reveal");
    // Nothing was revealed yet that could be copied: the first epoch brings nothing.
    assert_eq!(revealed["epochs"][0]["validator_trust"], 0);
    assert!(open["total"].as_u64() > revealed["total"].as_u64());
    let miner = &agreeing["miners"][0];
    assert_eq!(
        (&miner["uid"], &miner["weight"]),
        (&Value::from(4), &Value::from(65535))
    );

    fs_err::write(
        world.folder.path().join("row.txt"),
        "# mine, and only mine\n4=1, # the best, by far\n5=0.4\n",
    )
    .unwrap();
    let from_file = world.json(&with("row.txt")).await;
    assert_eq!(from_file["strategies"], agreeing["strategies"]);
    let missing = world.refused(&with("rows.txt")).await;
    assert!(
        missing.contains("rows.txt") && missing.contains("nor a file that can be read"),
        "{missing}"
    );
    let save = [&simulate[..], &["--save", "kept.json", "--dry-run"]].concat();
    let save = world.refused(&save).await;
    assert!(save.contains("cannot show beforehand"), "{save}");
    let table = world.text(&with("4=1")).await;
    for part in [
        "uid 3",
        "the next epoch is at block 30",
        "over 4 epochs",
        "these weights",
        "the miners",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let nobody = world
        .refused(&["yuma", "simulate", "--netuid", "2", "--as", "99"])
        .await;
    assert!(nobody.contains("neither a uid of subnet 2"), "{nobody}");
    let nothing = world.refused(&with("99=1")).await;
    assert!(nothing.contains("no uid 99"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metagraph_is_sorted_filtered_and_written_for_programs() {
    let world = World::new().await;
    world.devnet.run_to_epoch(SUBNET.0).await.unwrap();
    let metagraph = ["subnet", "metagraph", "--netuid", "2"];
    let with = |more: &[&'static str]| [&metagraph[..], more].concat();
    let csv = world
        .text(&with(&[
            "--csv",
            "--columns",
            "uid,stake,validator,axon",
            "--sort",
            "stake",
            "--desc",
            "--first",
            "3",
        ]))
        .await;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "uid,stake,validator,axon");
    assert!(
        lines[1].starts_with("1,") && lines[1].ends_with(",true,"),
        "{csv}"
    );
    assert_eq!(lines.len(), 4);
    let uids = async |more: &[&'static str]| -> Vec<u64> {
        let answer = world.json(&with(more)).await;
        let neurons = answer["neurons"].as_array().unwrap();
        neurons
            .iter()
            .map(|neuron| neuron["uid"].as_u64().unwrap())
            .collect()
    };
    // The owner's hotkey always has a permit, and the owner's cut as stake.
    assert_eq!(
        uids(&["--filter", "validator", "--filter", "uid>0"]).await,
        [1, 2, 3]
    );
    assert_eq!(uids(&["--filter", "axon"]).await, [5]);
    assert_eq!(
        uids(&["--filter", "stake>=300", "--filter", "stake<600"])
            .await
            .first(),
        Some(&1)
    );
    let table = world.text(&with(&["--weights", "--filter", "uid=2"])).await;
    assert!(table.contains("7 of 256 slots taken, 1 of them shown"), "{table}");
    assert!(
        table.contains("4: 0.2500  5: 0.7500") && table.contains("bonds"),
        "{table}"
    );
    let answer = world.json(&with(&["--weights"])).await;
    assert_eq!(answer["weights"][1]["uid"], 2);
    let lost = world.output(&with(&["--csv", "--weights"])).await;
    assert_eq!(
        lost.status.code(),
        Some(2),
        "a table of neurons has no place for rows"
    );
    let wrong = world.output(&with(&["--filter", "stakes>1"])).await;
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("no column \"stakes\""), "{told}");
}
