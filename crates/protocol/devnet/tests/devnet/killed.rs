//! A node that is killed without warning, many times.
//!
//! The victim is this test binary itself, told by the environment to be a node: it prints its URL, makes blocks every
//! 50 ms, and waits for its end.

use crate::{
    node::{Client, next, number},
    transaction::{Signing, TAO, pair, public, transfer},
};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Storage};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

const FOLDER: &str = "ASSAY_DEVNET_VICTIM";

/// How many times the node is killed.
const KILLS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let devnet = Devnet::start(config(Path::new(&folder))).await.unwrap();
    println!("\nlistening on {}", devnet.url());
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_blocks_survive_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut paid = 0;
    let mut heard: Vec<(String, Value, u64)> = Vec::new();
    for kill in 0..KILLS {
        let (mut child, url) = spawn(folder.path());
        let node = Client::connect(&url).await;
        // Blocks that somebody heard of in an earlier life are there, with their states.
        for (block, header, transfers) in &heard {
            assert_eq!(
                node.ask("chain_getHeader", json!([block])).await,
                *header,
                "kill {kill}"
            );
            let held = node.balance(public("Bob"), Some(block.as_str())).await;
            assert_eq!(held, (1_000_000 + transfers) * TAO, "kill {kill}, block {block}");
        }
        let transaction = Signing::of(&node)
            .await
            .sign(&pair("Alice"), paid, &transfer("Bob", TAO));
        let mut statuses = node.watch(&transaction).await;
        let block = loop {
            let status = next(&mut statuses).await;
            if let Some(block) = status["inBlock"].as_str() {
                break block.to_owned();
            }
        };
        paid += 1;
        let header = node.ask("chain_getHeader", json!([block])).await;
        heard.push((block, header, u64::from(paid)));
        // From right after a block to the middle of making the next.
        tokio::time::sleep(Duration::from_millis(u64::from(kill) * 7)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let devnet = Devnet::start(config(folder.path())).await.unwrap();
    let node = Client::connect(&devnet.url()).await;
    assert_eq!(
        node.balance(public("Bob"), None).await,
        (1_000_000 + u64::from(paid)) * TAO
    );
    // Every block follows the one before, and the state of each can be read.
    let mut parent = format!("{:?}", devnet.genesis_hash());
    for expected in 1..=devnet.head().0 {
        let block = node.ask("chain_getBlockHash", json!([expected])).await;
        let header = node.ask("chain_getHeader", json!([block])).await;
        assert_eq!(
            (number(&header), &header["parentHash"]),
            (expected, &json!(parent))
        );
        parent = block.as_str().unwrap().to_owned();
        assert!(node.balance(public("Alice"), Some(&parent)).await > 0);
    }
    devnet.stop().await;
}

fn config(folder: &Path) -> DevnetConfig {
    DevnetConfig {
        data: Storage::Folder(folder.to_owned()),
        blocks: BlockProduction::Every(Duration::from_millis(50)),
        ..DevnetConfig::default()
    }
}

fn spawn(folder: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::victim", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let url = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned));
    (child, url.expect("the node says where it listens"))
}
