//! Committed weights on a real chain, in both schemes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{
    Block, Call, ChainError, CommitFate, HashedWeights, Uid, WeightCommitError, WeightRow, Zeros,
    scale_value::Value,
};
use assay_devnet::{BlockProduction, CommitReveal, Devnet, DevnetConfig, Genesis};
use devnet::{Subnet, done};

async fn subnet_that_commits(devnet: &Devnet) -> Subnet {
    let client = devnet::client(devnet).await;
    let subnet = Subnet::create(&client).await;
    subnet
        .admin(
            "sudo_set_commit_reveal_weights_enabled",
            "enabled",
            Value::bool(true),
        )
        .await;
    subnet.admin("sudo_set_tempo", "tempo", Value::u128(30)).await;
    subnet.register("Miner").await;
    subnet
}

fn row() -> WeightRow {
    WeightRow::from_scores(&[(Uid(1), 1.0)], Zeros::Explicit).unwrap()
}

#[tokio::test]
async fn a_hash_commit_is_revealed_in_its_epoch_and_in_no_other() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let subnet = subnet_that_commits(&devnet).await;
    let (client, netuid) = (&subnet.client, subnet.netuid);
    let hotkey = &subnet.owner.hotkey;
    let account = hotkey.account();
    let hidden = HashedWeights::new(account, netuid, row(), 0);
    let open = client.set_weights(hotkey, netuid, &row(), 0).await;
    let refused = match open {
        Err(error) => error,
        Ok(receipt) => receipt.finalized().await.unwrap_err(),
    };
    assert!(
        refused.chain_name() == Some("CommitRevealEnabled") || matches!(refused, ChainError::Rejected { .. }),
        "{refused}"
    );

    done(
        client
            .submit(hotkey, &Call::commit_weights(netuid, hidden.hash()))
            .await,
    )
    .await;
    let waiting = client
        .pin()
        .await
        .unwrap()
        .hash_commits(netuid, &account)
        .await
        .unwrap();
    assert_eq!((waiting.len(), waiting[0].hash), (1, hidden.hash()));
    let reveal = Call::reveal_weights(&hidden);
    let early = match client.submit(hotkey, &reveal).await {
        Err(error) => error,
        Ok(receipt) => receipt.finalized().await.unwrap_err(),
    };
    assert!(
        early.chain_name() == Some("RevealTooEarly") || matches!(early, ChainError::Rejected { .. }),
        "{early}"
    );
    devnet.run_to_epoch(netuid.0).await.unwrap();
    done(client.submit(hotkey, &reveal).await).await;
    let stored = client.weights(netuid).await.unwrap();
    assert_eq!((stored.len(), stored[0].entries.as_slice()), (1, row().entries()));
    let waiting = client
        .pin()
        .await
        .unwrap()
        .hash_commits(netuid, &account)
        .await
        .unwrap();
    assert_eq!(waiting, []);
}

#[tokio::test]
async fn a_timelocked_commit_is_opened_by_the_chain_in_the_block_that_was_planned() {
    let config = DevnetConfig {
        blocks: BlockProduction::OnDemand,
        genesis: Some(Genesis {
            commit_reveal: CommitReveal::OwnBeacon,
            ..Genesis::default()
        }),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let subnet = subnet_that_commits(&devnet).await;
    let (client, netuid) = (&subnet.client, subnet.netuid);
    let hotkey = &subnet.owner.hotkey;
    let snapshot = client.pin().await.unwrap();
    let weights = snapshot
        .timelock_weights(&hotkey.account(), netuid, &row(), 0)
        .await
        .unwrap();
    let receipt = client
        .submit(hotkey, &Call::commit_timelocked_weights(&weights))
        .await
        .unwrap();
    let included = receipt.finalized().await.unwrap();
    let commit = client
        .timelocked_commit(&hotkey.account(), &weights, &included)
        .await
        .unwrap();
    assert_eq!(client.commit_fate(&commit).await.unwrap(), CommitFate::Waiting);

    // Long after the reveal, so that its block has to be searched for.
    while client.head().await.unwrap().number.0 < commit.reveal_block.0 + 50 {
        devnet.produce(10).await.unwrap();
    }
    let fate = client.commit_fate(&commit).await.unwrap();
    let CommitFate::Revealed { block, uid, stored } = fate else {
        panic!("{fate:?}")
    };
    assert_eq!((uid, stored.as_slice()), (Uid(0), row().entries()));
    assert!(
        block.number >= commit.reveal_block && block.number <= Block(commit.reveal_block.0 + 4),
        "planned for {}, revealed in {block}",
        commit.reveal_block
    );
    // What no queue holds is not a commit.
    let other = snapshot
        .timelock_weights(&hotkey.account(), netuid, &row(), 0)
        .await
        .unwrap();
    let error = client
        .timelocked_commit(&hotkey.account(), &other, &included)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::WeightCommit(WeightCommitError::NotQueued { .. })
        ),
        "{error}"
    );
}
