//! What becomes of calls when the node stops, stalls, comes back, or turns into another chain.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;
mod stalling;
mod tampering;

use assay_chain::{
    Budget, ChainClient, ChainError, ConnectOptions, Existence, NotIncluded, Rao, Retry, Stage,
};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Genesis, Storage};
use devnet::pair;
use futures::StreamExt;
use stalling::StallingProxy;
use std::{net::SocketAddr, path::Path, sync::atomic::Ordering, time::Duration};
use tampering::TamperingNode;
use tokio::time::timeout;

async fn devnet_in(folder: &Path, listen: SocketAddr, blocks: BlockProduction) -> Devnet {
    let config = DevnetConfig {
        data: Storage::Folder(folder.to_owned()),
        listen,
        blocks,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

fn address_of(devnet: &Devnet) -> SocketAddr {
    devnet.url().trim_start_matches("ws://").parse().unwrap()
}

fn quick() -> ConnectOptions {
    ConnectOptions::default()
        .with_deadline(Duration::from_secs(5))
        .with_inclusion_deadline(Duration::from_secs(30))
}

#[tokio::test]
async fn a_node_that_is_not_there_is_told_with_its_address() {
    let error = ChainClient::connect("ws://127.0.0.1:1".parse().unwrap(), quick())
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("ws://127.0.0.1:1"), "{error}");
    assert!(matches!(error.retry(), Retry::After(_)));
}

#[tokio::test]
async fn a_stalled_node_costs_a_call_its_deadline_and_no_more_and_the_next_call_gets_a_new_socket() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let proxy = StallingProxy::before(&devnet).await;
    let client = ChainClient::connect(proxy.endpoint().into(), quick())
        .await
        .unwrap();
    client.head().await.unwrap();

    proxy.stalled.store(true, Ordering::SeqCst);
    let error = timeout(Duration::from_secs(60), client.head())
        .await
        .expect("the deadline holds")
        .unwrap_err();
    assert!(matches!(error, ChainError::Deadline { .. }), "{error}");
    assert!(
        error.to_string().contains("chain_getHeader"),
        "it names what was asked: {error}"
    );

    proxy.stalled.store(false, Ordering::SeqCst);
    assert_eq!(client.head().await.unwrap().number.0, 0);
}

#[tokio::test]
async fn a_node_that_restarts_is_found_again_by_the_same_client() {
    let folder = tempfile::tempdir().unwrap();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let devnet = devnet_in(folder.path(), free, BlockProduction::OnDemand).await;
    let address = address_of(&devnet);
    let client = ChainClient::connect(devnet.url().parse().unwrap(), quick())
        .await
        .unwrap();
    let bob = pair("//Bob").account();
    let transfer = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    transfer.finalized().await.unwrap();
    let before = client.balance(&bob).await.unwrap();

    devnet.stop().await;
    let error = client.balance(&bob).await.unwrap_err();
    assert!(error.retry().is_possible(), "{error}");

    let _devnet = devnet_in(folder.path(), address, BlockProduction::OnDemand).await;
    assert_eq!(client.balance(&bob).await.unwrap(), before);
}

#[tokio::test]
async fn a_transaction_under_way_when_the_node_stops_is_sent_again_and_happens_once() {
    let folder = tempfile::tempdir().unwrap();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    // No blocks: the transaction waits in the pool, which the stop empties.
    let devnet = devnet_in(folder.path(), free, BlockProduction::Manual).await;
    let address = address_of(&devnet);
    let client = ChainClient::connect(devnet.url().parse().unwrap(), quick())
        .await
        .unwrap();
    let bob = pair("//Bob").account();
    let before = client.balance(&bob).await.unwrap().free;
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(9), Existence::KeepAlive)
        .await
        .unwrap();
    devnet.stop().await;
    assert!(
        matches!(receipt.stage(), Stage::Submitted),
        "{:?}",
        receipt.stage()
    );

    let devnet = devnet_in(
        folder.path(),
        address,
        BlockProduction::Every(Duration::from_millis(100)),
    )
    .await;
    let included = receipt.finalized().await.unwrap();
    assert_eq!(included.hash, receipt.hash());
    assert_eq!(client.balance(&bob).await.unwrap().free.0 - before.0, 9);

    // Some blocks later it is still once.
    devnet.produce(3).await.unwrap();
    assert_eq!(client.balance(&bob).await.unwrap().free.0 - before.0, 9);
}

#[tokio::test]
async fn a_transaction_whose_answer_got_lost_is_found_in_the_blocks() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let proxy = StallingProxy::before(&devnet).await;
    let client = ChainClient::connect(proxy.endpoint().into(), quick())
        .await
        .unwrap();
    let receipt = client
        .transfer(
            &pair("//Alice"),
            &pair("//Bob").account(),
            Rao(9),
            Existence::KeepAlive,
        )
        .await
        .unwrap();
    // The block is made while the client hears nothing.
    proxy.stalled.store(true, Ordering::SeqCst);
    devnet.produce(1).await.unwrap();
    client.head().await.unwrap_err();
    proxy.stalled.store(false, Ordering::SeqCst);

    let included = timeout(Duration::from_secs(60), async {
        loop {
            match receipt.finalized().await {
                Ok(included) => return included,
                Err(ChainError::StillPending { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert_eq!(included.await.unwrap().block.number.0, 1);
}

#[tokio::test]
async fn a_transaction_that_no_block_took_in_its_lifetime_has_expired_for_certain() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let proxy = StallingProxy::before(&devnet).await;
    let client = ChainClient::connect(proxy.endpoint().into(), quick().with_mortality(4))
        .await
        .unwrap();
    let alice = pair("//Alice");
    let receipt = client
        .transfer(&alice, &pair("//Bob").account(), Rao(9), Existence::KeepAlive)
        .await
        .unwrap();
    assert_eq!(receipt.valid_until().0, 4);
    // A node that forgot its pool: the chain goes on without the transaction, which nobody can hand over again.
    proxy.stalled.store(true, Ordering::SeqCst);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty");
    devnet.snapshot(&file).await.unwrap();
    devnet.restore(&file).await.unwrap();
    devnet.produce(6).await.unwrap();
    // The socket is dead; the next call finds out.
    client.head().await.unwrap_err();
    proxy.stalled.store(false, Ordering::SeqCst);

    let mut stages = receipt.stages();
    let ended = timeout(Duration::from_secs(60), stages.wait_for(Stage::is_last)).await;
    ended.expect("in time").unwrap();
    let error = receipt.finalized().await.unwrap_err();
    let expired = matches!(
        error,
        ChainError::NotIncluded {
            why: NotIncluded::Expired { .. },
            ..
        }
    );
    assert!(expired, "{error}");
    assert!(
        error.retry().is_possible(),
        "it is safe to send it again: {error}"
    );
}

#[tokio::test]
async fn another_chain_at_the_same_address_is_refused() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let address = address_of(&devnet);
    let client = ChainClient::connect(devnet.url().parse().unwrap(), quick())
        .await
        .unwrap();
    devnet.stop().await;
    let other = DevnetConfig {
        listen: address,
        genesis: Some(Genesis {
            seed: 77,
            ..Genesis::default()
        }),
        blocks: BlockProduction::Manual,
        ..DevnetConfig::default()
    };
    let _other = Devnet::start(other).await.unwrap();
    let error = client.head().await.unwrap_err();
    assert!(matches!(error, ChainError::OtherChain { .. }), "{error}");
    assert_eq!(error.retry(), Retry::Never);
}

#[tokio::test]
async fn blocks_come_in_order_without_gaps_across_a_restart_of_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let every = BlockProduction::Every(Duration::from_millis(100));
    let devnet = devnet_in(folder.path(), free, every).await;
    let address = address_of(&devnet);
    let client = ChainClient::connect(devnet.url().parse().unwrap(), quick())
        .await
        .unwrap();
    let mut blocks = client.blocks().await.unwrap();
    let first = blocks.next().await.unwrap().unwrap().number.0;
    let mut expected = first + 1;
    for _ in 0..3 {
        assert_eq!(blocks.next().await.unwrap().unwrap().number.0, expected);
        expected += 1;
    }
    devnet.stop().await;
    let devnet = devnet_in(folder.path(), address, every).await;
    // Blocks that the client was not there for.
    devnet.produce(20).await.unwrap();
    for _ in 0..20 {
        let block = timeout(Duration::from_secs(30), blocks.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(block.number.0, expected);
        assert_eq!(client.block_hash(block.number).await.unwrap(), Some(block.hash));
        expected += 1;
    }
}

#[tokio::test]
async fn a_chain_that_stands_still_is_told_and_followed_again_when_it_moves() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let options = quick().with_stale_after(Duration::from_millis(300));
    let client = ChainClient::connect(devnet.url().parse().unwrap(), options)
        .await
        .unwrap();
    let mut blocks = client.blocks().await.unwrap();
    assert_eq!(blocks.next().await.unwrap().unwrap().number.0, 0);
    let stale = blocks.next().await.unwrap().unwrap_err();
    assert!(
        matches!(stale, ChainError::Stale { head, .. } if head.number.0 == 0),
        "{stale}"
    );

    devnet.produce(2).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        // Another complaint may come first.
        if let Ok(block) = timeout(Duration::from_secs(30), blocks.next())
            .await
            .unwrap()
            .unwrap()
        {
            seen.push(block.number.0);
        }
    }
    assert_eq!(seen, [1, 2]);
}

#[tokio::test]
async fn a_node_that_wants_to_be_left_alone_for_long_is_told_as_a_chain_that_stands_still() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let options = quick().with_stale_after(Duration::from_millis(300));
    let client = ChainClient::connect(node.url.parse().unwrap(), options)
        .await
        .unwrap();
    let mut blocks = client.blocks().await.unwrap();
    assert_eq!(blocks.next().await.unwrap().unwrap().number.0, 0);
    node.lie(|lies| lies.limit = Some((-32005, 3600)));
    client.head().await.unwrap_err();
    // No request goes out any more, so each comes to nothing at once.
    for _ in 0..2 {
        let stale = timeout(Duration::from_secs(60), blocks.next())
            .await
            .expect("in time");
        let stale = stale.unwrap().unwrap_err();
        assert!(matches!(stale, ChainError::Stale { .. }), "{stale}");
    }
}

#[tokio::test]
async fn blocks_that_were_made_before_the_subscription_do_not_wait_for_the_next_one() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    // Tells no head, not even at the beginning.
    let node = TamperingNode::before(&devnet).await;
    let options = quick().with_stale_after(Duration::from_secs(3600));
    let client = ChainClient::connect(node.url.parse().unwrap(), options)
        .await
        .unwrap();
    let mut blocks = client.blocks().await.unwrap();
    assert_eq!(blocks.next().await.unwrap().unwrap().number.0, 0);
    devnet.produce(600).await.unwrap();
    let all = async {
        for expected in 1..=600 {
            assert_eq!(blocks.next().await.unwrap().unwrap().number.0, expected);
        }
    };
    timeout(Duration::from_secs(120), all).await.expect("in time");
}

#[tokio::test]
async fn a_signer_waits_for_its_turn_no_longer_than_for_any_other_call() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let proxy = StallingProxy::before(&devnet).await;
    let client = ChainClient::connect(proxy.endpoint().into(), quick())
        .await
        .unwrap();
    proxy.stalled.store(true, Ordering::SeqCst);
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    // Each would find out for itself that the node is silent, one after the other.
    let paying = (0..6).map(|_| client.transfer(&alice, &bob, Rao(1), Existence::KeepAlive));
    let began = tokio::time::Instant::now();
    for paid in futures::future::join_all(paying).await {
        let error = paid.unwrap_err();
        assert!(matches!(error, ChainError::Deadline { .. }), "{error}");
    }
    assert!(began.elapsed() < quick().deadline * 3, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_budget_that_is_used_up_makes_calls_wait_and_then_run_into_their_deadline() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let scarce = Budget::Limited {
        burst: 8,
        per_second: 0.01,
    };
    let client = ChainClient::connect(devnet.url().parse().unwrap(), quick().with_budget(scarce))
        .await
        .unwrap();
    let mut answered = 0;
    let error = loop {
        match client.head().await {
            Ok(_) => answered += 1,
            Err(error) => break error,
        }
        assert!(answered < 9, "the budget holds");
    };
    assert!(matches!(error, ChainError::Deadline { .. }), "{error}");
}

#[tokio::test]
async fn a_subscription_that_died_without_a_sound_is_noticed_before_the_chain_seems_to_stand_still() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    // Accepts subscriptions to heads, and never tells one.
    let node = TamperingNode::before(&devnet).await;
    let options = quick().with_stale_after(Duration::from_secs(12));
    let client = ChainClient::connect(node.url.parse().unwrap(), options)
        .await
        .unwrap();
    let mut blocks = client.blocks().await.unwrap();
    assert_eq!(blocks.next().await.unwrap().unwrap().number.0, 0);
    devnet.produce(300).await.unwrap();
    for expected in 1..=300 {
        assert_eq!(blocks.next().await.unwrap().unwrap().number.0, expected);
    }
}

#[tokio::test]
async fn many_blocks_at_once_reach_every_follower_however_slow() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let mut followers = Vec::new();
    for _ in 0..4 {
        let mut blocks = client.blocks().await.unwrap();
        assert_eq!(blocks.next().await.unwrap().unwrap().number.0, 0);
        followers.push(blocks);
    }
    // One hears each block as it comes, one only when all have been made, and the others in turns.
    let mut quick = followers.pop().unwrap();
    let listening = tokio::spawn(async move {
        for expected in 1..=1_200 {
            assert_eq!(quick.next().await.unwrap().unwrap().number.0, expected);
        }
    });
    devnet.produce(600).await.unwrap();
    for follower in &mut followers {
        for expected in 1..=10 {
            assert_eq!(follower.next().await.unwrap().unwrap().number.0, expected);
        }
    }
    devnet.produce(600).await.unwrap();
    let all = async {
        for follower in &mut followers {
            for expected in 11..=1_200 {
                assert_eq!(follower.next().await.unwrap().unwrap().number.0, expected);
            }
        }
        listening.await.unwrap();
    };
    timeout(Duration::from_secs(80), all)
        .await
        .expect("before the chain would seem to stand still");
}
