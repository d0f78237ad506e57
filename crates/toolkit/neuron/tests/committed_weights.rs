//! Weights on a subnet that takes only commits: to the block in which the chain reveals them, or the reason why it did
//! not.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_chain::{
    Call, ChainClient, ChainError, ConnectOptions, Pair, Retry, Uid, Zeros, scale_value::Value,
};
use assay_devnet::{BlockProduction, Devnet};
use assay_neuron::{
    AttemptStage, SentWeights, SetWeightsError, WeightSetter, WeightSetterConfig, WeightsWarning,
};
use std::{path::Path, sync::Arc};
use subnet::Subnet;

fn setter(client: &ChainClient, subnet: &Subnet, hotkey: &Pair, folder: &Path) -> WeightSetter {
    let config = WeightSetterConfig {
        version_key: 0,
        zeros: Zeros::Explicit,
        history: folder.join("weights.jsonl"),
    };
    WeightSetter::new(client.clone(), hotkey.clone(), subnet.netuid, config).unwrap()
}

/// The stages of an attempt, by name.
async fn stages(setter: &WeightSetter, attempt: u64) -> Vec<&'static str> {
    let history = setter.history().await;
    let attempt = history.iter().find(|known| known.number == attempt).unwrap();
    let names = attempt.stages.iter().map(|record| match record.stage {
        AttemptStage::Sealed { .. } => "sealed",
        AttemptStage::Submitted { .. } => "submitted",
        AttemptStage::InBlock { .. } => "in block",
        AttemptStage::Finalized { .. } => "finalized",
        AttemptStage::Committed { .. } => "committed",
        AttemptStage::Revealed { .. } => "revealed",
        AttemptStage::Applied { .. } => "applied",
        AttemptStage::Failed { .. } => "failed",
        _ => "another",
    });
    names.collect()
}

async fn committed(subnet: &Subnet, devnet: &Devnet, folder: &Path) -> (WeightSetter, SentWeights) {
    subnet.permit(devnet, "Validator").await;
    let setter = setter(&subnet.client, subnet, &subnet.hotkey("Validator"), folder);
    let scores = [
        (subnet.hotkey("Good").account(), 0.8),
        (subnet.hotkey("Poor").account(), 0.2),
    ];
    let sent = setter.submit(&scores).await.unwrap();
    (setter, sent)
}

const COMMITTED: [&str; 5] = ["sealed", "submitted", "in block", "finalized", "committed"];

#[tokio::test]
async fn a_commit_is_followed_until_the_chain_reveals_it_and_its_state_shows_the_row() {
    let (devnet, subnet) = Subnet::that_commits(&["Validator", "Good", "Poor"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (setter, sent) = committed(&subnet, &devnet, folder.path()).await;
    let commit = sent.commit.clone().unwrap();
    assert_eq!(stages(&setter, 1).await, COMMITTED);
    // Nobody can read the row, and the chain does not use it.
    assert_eq!(subnet.client.weights(subnet.netuid).await.unwrap(), []);
    let queue = subnet
        .client
        .pin()
        .await
        .unwrap()
        .timelocked_commits(subnet.netuid)
        .await
        .unwrap();
    assert_eq!(
        (queue.len(), queue[0].digest, queue[0].round),
        (1, commit.digest, commit.round)
    );

    let setter = Arc::new(setter);
    let settling = tokio::spawn({
        let setter = Arc::clone(&setter);
        async move { setter.settle(sent).await }
    });
    while subnet.client.head().await.unwrap().number.0 < commit.reveal_block.0 + 10 {
        devnet.produce(1).await.unwrap();
    }
    let applied = settling.await.unwrap().unwrap();
    let expected = [(Uid(0), 0), (Uid(1), 0), (Uid(2), 65535), (Uid(3), 16384)];
    assert_eq!(applied.row.entries(), expected);
    let stored = subnet.client.weights(subnet.netuid).await.unwrap();
    assert_eq!(
        (stored.len(), stored[0].entries.as_slice()),
        (1, expected.as_slice())
    );
    assert!(
        applied.applied.number >= commit.reveal_block
            && applied.applied.number.0 <= commit.reveal_block.0 + 4,
        "expected in block {}, revealed in {}",
        commit.reveal_block,
        applied.applied
    );
    // It was not there one block earlier.
    let before = assay_chain::Block(applied.applied.number.0 - 1);
    let before = subnet.client.block_hash(before).await.unwrap().unwrap();
    assert_eq!(
        subnet
            .client
            .at(before)
            .await
            .unwrap()
            .weights(subnet.netuid)
            .await
            .unwrap(),
        []
    );
    let all: Vec<_> = COMMITTED.into_iter().chain(["revealed", "applied"]).collect();
    assert_eq!(stages(&setter, 1).await, all);
}

#[tokio::test]
async fn a_process_that_starts_again_goes_on_with_the_commit_of_the_one_before() {
    let (devnet, subnet) = Subnet::that_commits(&["Validator", "Good", "Poor"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (setter, sent) = committed(&subnet, &devnet, folder.path()).await;
    let commit = sent.commit.unwrap();
    drop(setter);
    // A crash right after the transaction was handed over: all that is left is what was sealed and submitted.
    let path = folder.path().join("weights.jsonl");
    let lines = fs_err::read_to_string(&path).unwrap();
    let kept: Vec<_> = lines
        .lines()
        .filter(|line| {
            !line.contains("in_block") && !line.contains("finalized") && !line.contains("\"committed\"")
        })
        .collect();
    fs_err::write(&path, kept.join("\n") + "\n").unwrap();

    let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
        .await
        .unwrap();
    let hotkey = subnet.hotkey("Validator");
    let second = self::setter(&client, &subnet, &hotkey, folder.path());
    assert_eq!(stages(&second, 1).await, ["sealed", "submitted"]);
    assert_eq!(
        second.resume().await.unwrap(),
        Vec::<u64>::new(),
        "it waits for its reveal"
    );
    assert_eq!(stages(&second, 1).await, ["sealed", "submitted", "committed"]);
    // A committed row does not keep the next one waiting.
    let next = second
        .submit(&[(subnet.hotkey("Poor").account(), 1.0)])
        .await
        .unwrap();
    assert_eq!(next.attempt, 2);

    while subnet.client.head().await.unwrap().number.0 < commit.reveal_block.0 + 10 {
        devnet.produce(1).await.unwrap();
    }
    drop(second);
    let third = self::setter(&client, &subnet, &hotkey, folder.path());
    let resolved = third.resume().await.unwrap();
    assert!(resolved.contains(&1) && resolved.contains(&2), "{resolved:?}");
    let ends = (stages(&third, 1).await, stages(&third, 2).await);
    // Both were revealed in the same block, the later one last: the first one's row was there for no block.
    assert_eq!(ends.0.last(), Some(&"failed"), "{ends:?}");
    assert_eq!(ends.1[5..], ["revealed", "applied"], "{ends:?}");
}

#[tokio::test]
async fn who_waits_for_a_reveal_and_who_resumes_note_its_end_once() {
    let (devnet, subnet) = Subnet::that_commits(&["Validator", "Good", "Poor"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (setter, sent) = committed(&subnet, &devnet, folder.path()).await;
    let reveal_block = sent.commit.as_ref().unwrap().reveal_block;
    while subnet.client.head().await.unwrap().number.0 < reveal_block.0 + 10 {
        devnet.produce(1).await.unwrap();
    }
    assert_eq!(setter.resume().await.unwrap(), [1]);
    let applied = setter.settle(sent).await.unwrap();
    let all: Vec<_> = COMMITTED.into_iter().chain(["revealed", "applied"]).collect();
    assert_eq!(stages(&setter, 1).await, all);
    let history = setter.history().await;
    let end = AttemptStage::Applied {
        block: applied.applied,
    };
    assert_eq!(history[0].stage(), Some(&end));
}

#[tokio::test]
async fn a_commit_that_the_chain_drops_is_a_failure_with_the_chains_reason() {
    let (devnet, subnet) = Subnet::that_commits(&["Validator", "Good", "Poor"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (setter, sent) = committed(&subnet, &devnet, folder.path()).await;
    // By the time it is opened the subnet asks for a newer version.
    subnet
        .admin(
            "sudo_set_weights_version_key",
            "weights_version_key",
            Value::u128(9),
        )
        .await;
    let setter = Arc::new(setter);
    let settling = tokio::spawn({
        let setter = Arc::clone(&setter);
        let sent = sent.clone();
        async move { setter.settle(sent).await }
    });
    let reveal_block = sent.commit.unwrap().reveal_block;
    while subnet.client.head().await.unwrap().number.0 < reveal_block.0 + 10 {
        devnet.produce(1).await.unwrap();
    }
    let error = settling.await.unwrap().unwrap_err();
    let SetWeightsError::Dropped { block, reason } = &error else {
        panic!("{error}")
    };
    assert!(*block >= reveal_block);
    assert!(
        reason.as_ref().unwrap().contains("IncorrectWeightVersionKey"),
        "{reason:?}"
    );
    assert_eq!(stages(&setter, 1).await.last(), Some(&"failed"));
    assert_eq!(subnet.client.weights(subnet.netuid).await.unwrap(), []);
}

#[tokio::test]
async fn a_row_that_another_one_overtook_is_told_with_the_blocks_to_wait() {
    let (devnet, subnet) = Subnet::that_commits(&["Validator", "Good", "Poor"]).await;
    let folder = tempfile::tempdir().unwrap();
    subnet.permit(&devnet, "Validator").await;
    subnet
        .admin(
            "sudo_set_weights_set_rate_limit",
            "weights_set_rate_limit",
            Value::u128(30),
        )
        .await;
    devnet.produce(30).await.unwrap();
    devnet.set_block_production(BlockProduction::Manual).unwrap();
    // Another program with the same key commits in the very block for which the setter's check was made.
    let hotkey = subnet.hotkey("Validator");
    let digest = Call::commit_weights(subnet.netuid, [7; 32]);
    let other = subnet.client.submit(&hotkey, &digest).await.unwrap();
    let setter = Arc::new(setter(&subnet.client, &subnet, &hotkey, folder.path()));
    let setting = tokio::spawn({
        let setter = Arc::clone(&setter);
        let good = subnet.hotkey("Good").account();
        async move { setter.submit(&[(good, 1.0)]).await }
    });
    // Both are in the pool before the block is made.
    while subnet.client.next_nonce(&hotkey.account()).await.unwrap() < other.nonce() + 2 {
        tokio::task::yield_now().await;
    }
    devnet.produce(1).await.unwrap();
    other.finalized().await.unwrap();
    let error = setting.await.unwrap().unwrap_err();
    let SetWeightsError::TooFast { failure, blocks_left } = &error else {
        panic!("{error}")
    };
    assert!(matches!(failure, ChainError::Dispatch { .. }), "{failure}");
    assert_eq!(error.retry(), Retry::AfterBlocks(*blocks_left));
    let history = setter.history().await;
    assert!(
        matches!(
            history[0].stage(),
            Some(AttemptStage::Failed { chain_error: Some(name), blocks_to_wait: Some(_), .. })
                if name == "CommittingWeightsTooFast"
        ),
        "{history:?}"
    );
    // After that many blocks it goes through.
    devnet
        .produce(u32::try_from(*blocks_left).unwrap())
        .await
        .unwrap();
    devnet.set_block_production(BlockProduction::OnDemand).unwrap();
    let sent = setter
        .submit(&[(subnet.hotkey("Good").account(), 1.0)])
        .await
        .unwrap();
    assert!(sent.commit.is_some());
}

#[tokio::test]
async fn an_immunity_that_ends_before_the_reveal_is_warned_of() {
    let (devnet, subnet) = Subnet::that_commits(&["Validator", "Good", "Poor"]).await;
    let folder = tempfile::tempdir().unwrap();
    subnet.permit(&devnet, "Validator").await;
    let setter = setter(
        &subnet.client,
        &subnet,
        &subnet.hotkey("Validator"),
        folder.path(),
    );
    let scores = [(subnet.hotkey("Good").account(), 1.0)];
    let immunity = async |blocks: u128| {
        subnet
            .admin("sudo_set_immunity_period", "immunity_period", Value::u128(blocks))
            .await;
        setter.plan(&scores).await.unwrap()
    };
    let planned = immunity(40).await;
    let expected = WeightsWarning::ImmunityWithinReveal {
        immunity_period: 40,
        reveal_blocks: 40,
    };
    assert_eq!(planned.warnings, [expected]);
    let reveal = planned.reveal.unwrap();
    assert!(reveal.reveal_block > reveal.at.number);
    assert_eq!(immunity(41).await.warnings, []);
}
