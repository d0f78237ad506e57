//! A node that is killed without warning, a hundred times.
//!
//! The victim is this test binary itself, told by the environment to be a node. It says with which head it came back and
//! whether the state there is whole, then makes blocks as fast as it can and tells each head, until it is killed.

use crate::{
    node::{Client, manual},
    transaction::{Signing, TAO, pair, transfer},
};
use assay_devnet::{Devnet, DevnetConfig, History, Retracted, Storage};
use serde_json::{Value, json};
use sp_core::Blake2Hasher;
use sp_trie::{LayoutV1, TrieConfiguration};
use std::{
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

const FOLDER: &str = "ASSAY_DEVNET_VICTIM";

/// The last head that somebody heard of, for the victim to look for.
const HEARD: &str = "ASSAY_DEVNET_HEARD";

/// How many times the node is killed.
const KILLS: u64 = 100;

/// Blocks between two reorganisations.
const REORG_EVERY: u32 = 7;

/// A head as the victim tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    number: u32,
    hash: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let devnet = Devnet::start(config(Path::new(&folder))).await.unwrap();
    let node = Client::connect(&devnet.url()).await;
    let (number, hash) = devnet.head();
    let heard = std::env::var(HEARD).unwrap();
    let known = heard.is_empty() || !node.ask("chain_getHeader", json!([heard])).await.is_null();
    let whole = root_of_every_key(&node).await == json!(devnet.state_root());
    println!("\nback {number} {hash:?} {known} {whole}");
    let signing = Signing::of(&node).await;
    let alice = crate::transaction::address("Alice");
    loop {
        let nonce = node.ask("account_nextIndex", json!([alice])).await;
        let nonce = u32::try_from(nonce.as_u64().unwrap()).unwrap();
        node.submit(&signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO / 1000)))
            .await;
        let (number, hash) = devnet.produce(1).await.unwrap();
        println!("head {number} {hash:?}");
        if number % REORG_EVERY == 0 {
            let (number, hash) = devnet.reorg(2, Retracted::ToPool).await.unwrap();
            println!("head {number} {hash:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_blocks_survive_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x0a55_a400_0000_0003_u64;
    let mut heard: Option<Told> = None;
    for kill in 0..KILLS {
        let (mut child, mut lines) = spawn(folder.path(), heard.as_ref());
        let back = lines
            .find_map(|line| line.unwrap().strip_prefix("back ").map(str::to_owned))
            .expect("the node comes back");
        let words: Vec<&str> = back.split(' ').collect();
        assert_eq!(
            words[2..],
            ["true", "true"],
            "kill {kill}: {back}, heard {heard:?}"
        );
        let number: u32 = words[0].parse().unwrap();
        if let Some(heard) = &heard {
            assert!(number >= heard.number, "kill {kill}: {back}, heard {heard:?}");
        }
        // From right after the start to the middle of a block some blocks later.
        let blocks = next_random(&mut random) % 12;
        for _ in 0..blocks {
            heard = Some(told(&lines.next().unwrap().unwrap()));
        }
        let until = Instant::now() + Duration::from_micros(next_random(&mut random) % 4_000);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said and nobody had read yet counts. A last line may be cut off.
        for line in lines.map_while(Result::ok) {
            if line.split(' ').count() == 3 && line.len() == line.find("0x").unwrap_or(0) + 66 {
                heard = Some(told(&line));
            }
        }
    }
    // After all of it the chain is one chain.
    let devnet = Devnet::start(config(folder.path())).await.unwrap();
    let node = Client::connect(&devnet.url()).await;
    let mut parent = json!(devnet.genesis_hash());
    for number in 1..=devnet.head().0 {
        let block = node.ask("chain_getBlockHash", json!([number])).await;
        let header = node.ask("chain_getHeader", json!([block])).await;
        assert_eq!(
            (crate::node::number(&header), &header["parentHash"]),
            (number, &parent)
        );
        parent = block;
    }
    devnet.stop().await;
}

/// The root of the trie of every key and value that the head's state has.
async fn root_of_every_key(node: &Client) -> Value {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut start = Value::Null;
    loop {
        let page = node.ask("state_getKeysPaged", json!(["0x", 1_000, start])).await;
        let Some(last) = page.as_array().unwrap().last() else {
            break;
        };
        start = last.clone();
        let values = node.ask("state_queryStorageAt", json!([page])).await;
        let bytes = |text: &Value| hex::decode(&text.as_str().unwrap()[2..]).unwrap();
        for change in values[0]["changes"].as_array().unwrap() {
            pairs.push((bytes(&change[0]), bytes(&change[1])));
        }
    }
    json!(LayoutV1::<Blake2Hasher>::trie_root(pairs))
}

fn told(line: &str) -> Told {
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!((words[0], words.len()), ("head", 3), "{line}");
    Told {
        number: words[1].parse().unwrap(),
        hash: words[2].to_owned(),
    }
}

/// Steele and others' SplitMix64: equal seeds kill at equal moments, as far as a machine allows.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn config(folder: &Path) -> DevnetConfig {
    DevnetConfig {
        data: Storage::Folder(folder.to_owned()),
        // Few enough that states are thrown away, and blocks move to the database, while the node is being killed.
        history: History::Blocks(64),
        finality_lag: 3,
        ..manual()
    }
}

fn spawn(folder: &Path, heard: Option<&Told>) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::victim", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(HEARD, heard.map_or("", |heard| &heard.hash))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}
