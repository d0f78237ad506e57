//! A chain whose runtime changes under a running client.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{Existence, Rao};
use assay_devnet::BlockProduction;
use devnet::{Subnet, pair};
use serde_json::json;

#[tokio::test]
async fn reads_signatures_and_old_blocks_go_on_through_an_upgrade() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let netuid = Subnet::create(&client).await.netuid;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let old = client.spec_version();
    let before = client.pin().await.unwrap();
    let metagraph = before.metagraph(netuid).await.unwrap();

    devnet.upgrade_runtime(None).unwrap();
    // Signed with what the client knows of the old runtime, which it learns is past.
    for _ in 0..3 {
        let receipt = client
            .transfer(&alice, &bob, Rao(5), Existence::KeepAlive)
            .await
            .unwrap();
        receipt.finalized().await.unwrap();
    }
    let after = client.pin().await.unwrap();
    let upgraded = after.metagraph(netuid).await.unwrap();
    assert_eq!(upgraded.neurons, metagraph.neurons);
    assert_eq!(client.spec_version(), old + 1);
    // The metadata of the new runtime describes subnets by another type; what is read by name follows it.
    let tempo = after
        .storage_json("SubtensorModule", "Tempo", &[json!(netuid)])
        .await
        .unwrap();
    assert_eq!(tempo, metagraph.tempo);
    assert_eq!(
        after.hyperparameters(netuid).await.unwrap().tempo,
        before.hyperparameters(netuid).await.unwrap().tempo
    );
    // A block of the old runtime is read with the old runtime, by a client that never knew it as well.
    let again = devnet::client(&devnet).await;
    let past = again.at(before.block().hash).await.unwrap();
    assert_eq!(past.metagraph(netuid).await.unwrap(), metagraph);
    assert_eq!(
        past.balance(&bob).await.unwrap(),
        before.balance(&bob).await.unwrap()
    );
}

#[tokio::test]
async fn a_runtime_that_is_not_final_yet_is_signed_for() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    devnet.set_finality_lag(6).await.unwrap();
    devnet.produce(8).await.unwrap();
    let old = client.spec_version();
    devnet.upgrade_runtime(None).unwrap();
    devnet.produce(2).await.unwrap();
    // The pool checks by the new runtime, and every anchor is of the old one.
    let receipt = client
        .transfer(&alice, &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    assert_eq!(client.spec_version(), old + 1);
    devnet.produce(8).await.unwrap();
    receipt.finalized().await.unwrap();
}
