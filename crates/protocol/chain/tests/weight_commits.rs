//! Committed weights on a real chain, in both schemes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;
mod tampering;

use assay_chain::{
    Block, Call, ChainClient, ChainError, CommitFate, HashedWeights, Uid, WeightCommitError, WeightRow,
    Zeros, scale_value::Value,
};
use assay_devnet::{BlockProduction, CommitReveal, Devnet, DevnetConfig, Genesis};
use devnet::{Subnet, done};
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use serde_json::Value as Json;
use tampering::TamperingNode;

async fn devnet_with_a_beacon() -> Devnet {
    let config = DevnetConfig {
        blocks: BlockProduction::OnDemand,
        genesis: Some(Genesis {
            commit_reveal: CommitReveal::OwnBeacon,
            ..Genesis::default()
        }),
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

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
    let devnet = devnet_with_a_beacon().await;
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

#[tokio::test]
async fn of_two_commits_of_one_epoch_the_one_that_was_dropped_is_not_told_as_revealed() {
    let devnet = devnet_with_a_beacon().await;
    let subnet = subnet_that_commits(&devnet).await;
    let (client, netuid) = (&subnet.client, subnet.netuid);
    let hotkey = &subnet.owner.hotkey;
    let mut commits = Vec::new();
    // Both in the epoch that begins now.
    devnet.run_to_epoch(netuid.0).await.unwrap();
    for version_key in [0, 9] {
        let snapshot = client.pin().await.unwrap();
        let weights = snapshot
            .timelock_weights(&hotkey.account(), netuid, &row(), version_key)
            .await
            .unwrap();
        let receipt = client
            .submit(hotkey, &Call::commit_timelocked_weights(&weights))
            .await
            .unwrap();
        let included = receipt.finalized().await.unwrap();
        let commit = client
            .timelocked_commit(&hotkey.account(), &weights, &included)
            .await;
        commits.push(commit.unwrap());
    }
    let [older, newer] = commits.as_slice() else {
        panic!("{commits:?}")
    };
    assert_eq!(older.epoch, newer.epoch);
    // By the time they are opened the subnet takes only the second one's version.
    subnet
        .admin(
            "sudo_set_weights_version_key",
            "weights_version_key",
            Value::u128(9),
        )
        .await;
    while client.head().await.unwrap().number.0 < newer.reveal_block.0 + 10 {
        devnet.produce(1).await.unwrap();
    }
    let fate = client.commit_fate(older).await.unwrap();
    let CommitFate::Dropped {
        reason: Some(reason), ..
    } = &fate
    else {
        panic!("{fate:?}")
    };
    assert!(reason.contains("IncorrectWeightVersionKey"), "{reason}");
    let fate = client.commit_fate(newer).await.unwrap();
    assert!(matches!(fate, CommitFate::Revealed { .. }), "{fate:?}");

    // A node that keeps no list of what it did not reveal cannot tell which of them it was.
    let node = TamperingNode::before(&devnet).await;
    let stranger = ChainClient::connect(node.url.parse().unwrap(), devnet::options())
        .await
        .unwrap();
    for commit in &commits {
        let fate = stranger.commit_fate(commit).await.unwrap();
        assert!(
            matches!(
                fate,
                CommitFate::Unclear {
                    commits: 2,
                    revealed: 1,
                    ..
                }
            ),
            "{fate:?}"
        );
    }
}

#[tokio::test]
async fn a_beacon_with_another_key_than_the_states_is_refused() {
    let devnet = devnet_with_a_beacon().await;
    let subnet = subnet_that_commits(&devnet).await;
    let direct = WsClientBuilder::default().build(devnet.url()).await.unwrap();
    let told: Json = direct.request("devnet_beacon", rpc_params![]).await.unwrap();
    let key = told["publicKey"].as_str().unwrap();
    let last = if key.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{last}", &key[..key.len() - 1]);
    let node = TamperingNode::before(&devnet).await;
    let said = |key: &str| format!("\"publicKey\":\"{key}\"");
    node.lie(|lies| lies.replaced.push((said(key), said(&other))));
    let client = ChainClient::connect(node.url.parse().unwrap(), devnet::options())
        .await
        .unwrap();
    let sealed = client
        .pin()
        .await
        .unwrap()
        .timelock_weights(&subnet.owner.account(), subnet.netuid, &row(), 0)
        .await;
    let error = sealed.unwrap_err();
    assert!(
        matches!(error, ChainError::WeightCommit(WeightCommitError::OtherBeacon)),
        "{error}"
    );
}
