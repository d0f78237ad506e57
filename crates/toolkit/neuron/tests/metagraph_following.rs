//! Waiting for a metagraph of a block that does not exist yet.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_chain::Block;
use assay_devnet::BlockProduction;
use assay_neuron::{MetagraphCache, Shutdown};
use std::time::Duration;
use subnet::Subnet;
use tokio::time::timeout;

#[tokio::test]
async fn a_block_to_come_is_waited_for_without_pressing_the_node_and_read_when_it_is_there() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::Manual).await;
    // By itself it would look again only after a thousand blocks.
    let cache = MetagraphCache::new(subnet.client.clone(), subnet.netuid, 1_000);
    let mut reader = cache.reader();
    let shutdown = Shutdown::new();
    let writer = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { cache.run(shutdown).await }
    });
    let first = reader.changed().await.unwrap().block.number;
    let wanted = Block(first.0 + 3);
    let before = subnet.client.requests();
    let waiting = tokio::spawn({
        let reader = reader.clone();
        async move { reader.at_or_after(wanted).await }
    });
    for _ in 0..2 {
        devnet.produce(1).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!waiting.is_finished());
    let requests = subnet.client.requests() - before;
    assert!(requests <= 4, "{requests} requests for nothing");
    devnet.produce(1).await.unwrap();
    let metagraph = timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(metagraph.block.number, wanted);
    shutdown.begin();
    writer.await.unwrap().unwrap();
    devnet.stop().await;
}
