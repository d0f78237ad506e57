//! `assay up` killed with SIGKILL at many moments: the same command goes on, nothing is lost, nothing counts twice.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command
        .args(["up", "--json", "--epochs", "3", "--port", "0", "--home"])
        .arg(home)
        .stdin(Stdio::null());
    command
}

/// What a validator has finished measuring: dataset, seed and loss, in the order in which it finished.
fn evaluations(home: &Path) -> Vec<(i64, String, Option<f64>)> {
    let runs: Vec<_> = fs_err::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [run] = &runs[..] else {
        panic!("one run, one folder, not {runs:?}");
    };
    let file = run.join("validators/validator-1/state.sqlite");
    if !file.is_file() {
        return Vec::new();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(&file);
        let mut database = SqliteConnection::connect_with(&options).await.unwrap();
        let tables = sqlx::query("SELECT name FROM sqlite_master WHERE name = 'evaluations'")
            .fetch_all(&mut database)
            .await
            .unwrap();
        if tables.is_empty() {
            return Vec::new();
        }
        let found = sqlx::query_as("SELECT dataset, seed, loss FROM evaluations ORDER BY id")
            .fetch_all(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
        found
    })
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let home = tempfile::tempdir().unwrap();
    let mut moments = StdRng::seed_from_u64(7);
    let mut finished = Vec::new();
    for kill in 0..10 {
        let mut child = command(home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Some fall into the founding of the subnet, some into training, some between two epochs.
        thread::sleep(Duration::from_millis(moments.random_range(50..6_000)));
        if child.try_wait().unwrap().is_some() {
            eprintln!("kill {kill} came after the end");
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let now = evaluations(home.path());
        assert!(
            now.starts_with(&finished),
            "after kill {kill}: {finished:?} became {now:?}"
        );
        finished = now;
    }

    let output = command(home.path()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stderr}", output.status);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["continued"], true);

    let epochs = summary["epochs"].as_array().unwrap();
    for (index, epoch) in epochs.iter().enumerate() {
        assert_eq!(epoch["epoch"], index as u64 + 1);
    }
    assert!(epochs.len() >= 3, "{summary:#}");
    // Each round is paid once, in order, and none is missing: the tempo is 100 blocks.
    let rounds: Vec<_> = epochs
        .iter()
        .map(|epoch| epoch["round"].as_u64().unwrap())
        .collect();
    assert!(rounds.is_sorted_by(|a, b| a + 100 == *b), "{rounds:?}");
    let blocks: Vec<_> = epochs
        .iter()
        .map(|epoch| epoch["block"].as_u64().unwrap())
        .collect();
    assert!(blocks.is_sorted_by(|a, b| a < b), "{blocks:?}");
    for epoch in epochs {
        let miners = epoch["miners"].as_array().unwrap();
        let ranked = miners.iter().filter(|miner| miner["status"] == "ranked").count();
        assert_eq!(ranked, 3, "{epoch:#}");
        assert!(
            !miners.iter().any(|miner| miner["status"] == "our_fault"),
            "{epoch:#}"
        );
    }
    assert_eq!(summary["miners"][0]["name"], "clean");

    // Three datasets to train on in each round, each measured once, and nothing measured before a kill again after it.
    let all = evaluations(home.path());
    assert!(all.starts_with(&finished));
    let mut distinct: Vec<_> = all
        .iter()
        .map(|(dataset, seed, _)| (*dataset, seed.clone()))
        .collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), all.len());
    let seeds = all
        .iter()
        .map(|(_, seed, _)| seed)
        .collect::<std::collections::BTreeSet<_>>();
    assert!(
        all.len() <= 3 * seeds.len() && all.len() >= 3 * epochs.len(),
        "{all:?}"
    );
}
