//! A chain in a folder: going on, snapshots, and what is refused.

use crate::{
    node::{Node, manual, next, number},
    transaction::{Signing, TAO, pair, public, transfer},
};
use assay_devnet::{Devnet, DevnetConfig, DevnetError, Genesis, SnapshotError, Storage, StoreError};
use serde_json::json;
use std::path::Path;

fn at(folder: &Path) -> DevnetConfig {
    DevnetConfig {
        data: Storage::Folder(folder.to_owned()),
        ..manual()
    }
}

async fn pay_bob(node: &Node, nonce: u32) {
    let transaction = Signing::of(node)
        .await
        .sign(&pair("Alice"), nonce, &transfer("Bob", TAO));
    node.submit(&transaction).await;
    node.devnet.produce(1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(at(folder.path())).await;
    pay_bob(&node, 0).await;
    let (head, root) = (node.devnet.head(), node.devnet.state_root());
    node.stop().await;

    let node = Node::start(at(folder.path())).await;
    assert_eq!((node.devnet.head(), node.devnet.state_root()), (head, root));
    pay_bob(&node, 1).await;
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_002 * TAO);
    assert_eq!(number(&node.ask("chain_getHeader", json!([])).await), 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_and_one_of_another_chain_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(at(folder.path())).await;
    let refused = Devnet::start(at(folder.path())).await;
    assert!(
        matches!(refused, Err(DevnetError::Store(StoreError::InUse { .. }))),
        "{refused:?}"
    );
    node.stop().await;

    let other = Devnet::start(DevnetConfig {
        genesis: Some(Genesis {
            seed: 9,
            ..Genesis::default()
        }),
        ..at(folder.path())
    })
    .await;
    assert!(
        matches!(other, Err(DevnetError::OtherGenesis { .. })),
        "{other:?}"
    );
    // The same description, and none at all, both find their chain.
    for genesis in [Some(Genesis::default()), None] {
        let devnet = Devnet::start(DevnetConfig {
            genesis,
            ..at(folder.path())
        })
        .await;
        devnet.unwrap().stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_never_finished_is_made_anew_and_a_foreign_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.redb");
    // A kill between the making of the file and its mark leaves this.
    fs_err::write(&file, vec![0; 1024 * 1024]).unwrap();
    let node = Node::start(at(folder.path())).await;
    pay_bob(&node, 0).await;
    node.stop().await;

    fs_err::write(&file, "somebody's notes").unwrap();
    let refused = Devnet::start(at(folder.path())).await;
    assert!(
        matches!(refused, Err(DevnetError::Store(StoreError::Database { .. }))),
        "{refused:?}"
    );
    assert_eq!(fs_err::read(&file).unwrap(), b"somebody's notes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_brings_back_the_same_root_the_same_history_and_the_same_future() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(at(folder.path())).await;
    pay_bob(&node, 0).await;
    node.devnet.produce(5).await.unwrap();
    let (head, root) = (node.devnet.head(), node.devnet.state_root());
    let saved = node.ask("devnet_snapshot", json!(["before"])).await;
    assert_eq!(saved["number"], json!(head.0));
    assert_eq!(saved["stateRoot"], json!(root));

    pay_bob(&node, 1).await;
    let lost = node.devnet.head();
    let mut heads = node.heads().await;
    assert_eq!(number(&next(&mut heads).await), lost.0);
    node.ask("devnet_restore", json!(["before"])).await;
    assert_eq!((node.devnet.head(), node.devnet.state_root()), (head, root));
    assert_eq!(
        number(&next(&mut heads).await),
        head.0,
        "subscribers hear of the head of then"
    );
    assert!(node.ask("chain_getHeader", json!([lost.1])).await.is_null());
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_001 * TAO);
    let genesis = format!("{:?}", node.devnet.genesis_hash());
    assert_eq!(node.balance(public("Bob"), Some(&genesis)).await, 1_000_000 * TAO);

    // A new devnet from the same file, in memory and far away, makes the same next block.
    let path = Path::new(saved["path"].as_str().unwrap()).to_owned();
    let elsewhere = Node::start(DevnetConfig {
        restore: Some(path),
        ..manual()
    })
    .await;
    assert_eq!(
        (elsewhere.devnet.head(), elsewhere.devnet.state_root()),
        (head, root)
    );
    assert_eq!(
        elsewhere.devnet.produce(1).await.unwrap(),
        node.devnet.produce(1).await.unwrap()
    );
    elsewhere.stop().await;
    node.stop().await;

    let node = Node::start(at(folder.path())).await;
    assert_eq!(
        node.devnet.head().0,
        head.0 + 1,
        "what was restored is what is on disk"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_and_one_of_another_chain_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(at(folder.path())).await;
    node.devnet.produce(2).await.unwrap();
    let path = folder.path().join("whole.snapshot");
    node.devnet.snapshot(&path).await.unwrap();
    node.devnet.produce(1).await.unwrap();
    let head = node.devnet.head();

    let whole = fs_err::read(&path).unwrap();
    let damaged = folder.path().join("damaged.snapshot");
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bytes in [
        &whole[..whole.len() - 1],
        &whole[..middle],
        &whole[..10],
        &flipped[..],
        b"",
    ] {
        fs_err::write(&damaged, bytes).unwrap();
        let refused = node.devnet.restore(&damaged).await;
        assert!(
            matches!(refused, Err(DevnetError::Snapshot(SnapshotError::Damaged { .. }))),
            "{refused:?}"
        );
    }
    let other = Node::start(DevnetConfig {
        genesis: Some(Genesis {
            seed: 3,
            ..Genesis::default()
        }),
        ..manual()
    })
    .await;
    let refused = other.devnet.restore(&path).await;
    assert!(
        matches!(
            refused,
            Err(DevnetError::Snapshot(SnapshotError::OtherChain { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(node.devnet.head(), head);
    // Over the network only names are taken, and only where there is a folder for them.
    assert_eq!(
        node.refusal("devnet_snapshot", json!(["../escape"])).await.code(),
        -32602
    );
    assert_eq!(
        other.refusal("devnet_snapshot", json!(["fine"])).await.code(),
        -32000
    );
    node.devnet.produce(1).await.unwrap();
    node.stop().await;
    other.stop().await;
}
