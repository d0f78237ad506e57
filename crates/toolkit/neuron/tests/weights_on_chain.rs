//! Setting weights on a real chain: the happy road, each refusal, and what a crash leaves behind.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_chain::{
    AxonAnnouncement, Block, ChainClient, ChainError, ConnectOptions, NetUid, Pair, Retry, Uid, Zeros,
    scale_value::Value,
};
use assay_devnet::BlockProduction;
use assay_neuron::{
    AttemptStage, MetagraphCache, NotRegistered, Refusal, SetWeightsError, Shutdown, WeightHistory,
    WeightSetter, WeightSetterConfig, registration,
};
use std::{path::Path, time::Duration};
use subnet::{Subnet, pair};

fn setter(subnet: &Subnet, hotkey: &Pair, folder: &Path, version_key: u64) -> WeightSetter {
    let config = WeightSetterConfig {
        version_key,
        zeros: Zeros::Explicit,
        history: folder.join("weights.jsonl"),
    };
    WeightSetter::new(subnet.client.clone(), hotkey.clone(), subnet.netuid, config).unwrap()
}

fn refusal(error: SetWeightsError) -> Refusal {
    match error {
        SetWeightsError::Refused(refusal) => refusal,
        error => panic!("{error}"),
    }
}

/// The stages of the last attempt, by name.
async fn stages(setter: &WeightSetter) -> Vec<&'static str> {
    let history = setter.history().await;
    let names = history
        .last()
        .unwrap()
        .stages
        .iter()
        .map(|record| match record.stage {
            AttemptStage::Refused { .. } => "refused",
            AttemptStage::Submitted { .. } => "submitted",
            AttemptStage::InBlock { .. } => "in block",
            AttemptStage::Finalized { .. } => "finalized",
            AttemptStage::Applied { .. } => "applied",
            AttemptStage::Failed { .. } => "failed",
            _ => "unknown",
        });
    names.collect()
}

#[tokio::test]
async fn scores_become_weights_that_the_chain_holds_and_every_stage_is_on_disk() {
    let (devnet, subnet) = Subnet::with(&["Validator", "Good", "Poor"], BlockProduction::OnDemand).await;
    let folder = tempfile::tempdir().unwrap();
    subnet.permit(&devnet, "Validator").await;
    let setter = setter(&subnet, &subnet.hotkey("Validator"), folder.path(), 0);
    let (good, poor) = (subnet.hotkey("Good").account(), subnet.hotkey("Poor").account());
    let gone = pair("//LongGone").account();

    let applied = setter
        .set(&[(poor, 0.1), (gone, 5.0), (good, 0.4)])
        .await
        .unwrap();
    assert_eq!(
        stages(&setter).await,
        ["submitted", "in block", "finalized", "applied"]
    );
    let expected = [(Uid(0), 0), (Uid(1), 0), (Uid(2), 65535), (Uid(3), 16384)];
    assert_eq!(applied.row.entries(), expected);
    let stored = subnet.client.weights(subnet.netuid).await.unwrap();
    assert_eq!(stored[0].entries, expected);

    // What is on disk is the same, with hotkeys beside their slots of that block.
    let attempts = WeightHistory::look(folder.path().join("weights.jsonl")).unwrap();
    assert_eq!(attempts, setter.history().await);
    let start = attempts[0].start.as_ref().unwrap();
    assert_eq!(start.without_slot, [gone]);
    assert_eq!(
        (
            start.entries[2].uid,
            start.entries[2].hotkey,
            start.entries[2].value
        ),
        (Uid(2), good, 65535)
    );
}

#[tokio::test]
async fn what_the_chain_would_refuse_is_refused_by_name_before_anything_is_sent() {
    let (devnet, subnet) = Subnet::with(&["Validator", "Miner"], BlockProduction::OnDemand).await;
    let folder = tempfile::tempdir().unwrap();
    let miner = subnet.hotkey("Miner").account();
    let scores = [(miner, 1.0)];
    let validator = setter(&subnet, &subnet.hotkey("Validator"), folder.path(), 3);
    let nonce_before = subnet
        .client
        .balance(&subnet.hotkey("Validator").account())
        .await
        .unwrap()
        .nonce;

    // No stake, so no permit.
    let refused = refusal(validator.set(&scores).await.unwrap_err());
    assert_eq!(refused, Refusal::NoPermit { uid: Uid(1) });
    assert_eq!(stages(&validator).await, ["refused"]);

    subnet.permit(&devnet, "Validator").await;
    subnet
        .admin(
            "sudo_set_weights_version_key",
            "weights_version_key",
            Value::u128(4),
        )
        .await;
    let refused = refusal(validator.preflight().await.unwrap_err());
    assert_eq!(refused, Refusal::OldVersion { required: 4, ours: 3 });
    subnet
        .admin(
            "sudo_set_weights_version_key",
            "weights_version_key",
            Value::u128(3),
        )
        .await;
    validator.preflight().await.unwrap();

    subnet
        .root(
            "sudo_set_stake_threshold",
            "min_stake",
            Value::u128(u128::from(u64::MAX)),
        )
        .await;
    let refused = refusal(validator.set(&scores).await.unwrap_err());
    assert!(
        matches!(refused, Refusal::StakeTooLow { threshold, .. } if threshold.0 == u64::MAX),
        "{refused}"
    );
    subnet
        .root("sudo_set_stake_threshold", "min_stake", Value::u128(0))
        .await;

    let stranger = setter(&subnet, &pair("//Stranger"), &folder.path().join("stranger"), 3);
    let refused = refusal(stranger.set(&scores).await.unwrap_err());
    assert_eq!(
        refused,
        Refusal::NotRegistered {
            netuid: subnet.netuid
        }
    );
    assert_eq!(refused.retry(), Retry::Never);

    let error = validator
        .set(&[(pair("//LongGone").account(), 1.0)])
        .await
        .unwrap_err();
    assert!(
        matches!(error, SetWeightsError::NobodyToReward { scored: 1 }),
        "{error}"
    );
    let account = subnet.hotkey("Validator").account();
    let nonce = subnet.client.balance(&account).await.unwrap().nonce;
    assert_eq!(nonce, nonce_before, "nothing was sent");
}

#[tokio::test]
async fn the_rate_limit_says_how_many_blocks_to_wait_and_is_over_then() {
    let (devnet, subnet) = Subnet::with(&["Validator", "Miner"], BlockProduction::OnDemand).await;
    let folder = tempfile::tempdir().unwrap();
    subnet.permit(&devnet, "Validator").await;
    let validator = setter(&subnet, &subnet.hotkey("Validator"), folder.path(), 0);
    let scores = [(subnet.hotkey("Miner").account(), 1.0)];
    validator.set(&scores).await.unwrap();
    subnet
        .admin(
            "sudo_set_weights_set_rate_limit",
            "weights_set_rate_limit",
            Value::u128(50),
        )
        .await;

    let refused = refusal(validator.set(&scores).await.unwrap_err());
    let Refusal::TooSoon { last, blocks_left } = refused else {
        panic!("{refused}")
    };
    let head = subnet.client.head().await.unwrap().number;
    assert_eq!(blocks_left, 50 - (head.0 + 1 - last.0));
    assert_eq!(refused.retry(), Retry::AfterBlocks(blocks_left));

    // One block before the end of the wait it is still refused, then it is not.
    devnet
        .produce(u32::try_from(blocks_left).unwrap() - 1)
        .await
        .unwrap();
    let refused = refusal(validator.set(&scores).await.unwrap_err());
    assert_eq!(refused, Refusal::TooSoon { last, blocks_left: 1 });
    devnet.produce(1).await.unwrap();
    validator.set(&scores).await.unwrap();
}

#[tokio::test]
async fn a_subnet_that_asks_for_more_weights_than_the_row_has_refuses_it() {
    let (devnet, subnet) = Subnet::with(&["Validator", "First", "Second"], BlockProduction::OnDemand).await;
    let folder = tempfile::tempdir().unwrap();
    subnet.permit(&devnet, "Validator").await;
    subnet
        .admin(
            "sudo_set_min_allowed_weights",
            "min_allowed_weights",
            Value::u128(4),
        )
        .await;
    let scores = [(subnet.hotkey("First").account(), 1.0)];
    let config = WeightSetterConfig {
        version_key: 0,
        zeros: Zeros::Dropped,
        history: folder.path().join("dropped.jsonl"),
    };
    let hotkey = subnet.hotkey("Validator");
    let dropping = WeightSetter::new(subnet.client.clone(), hotkey.clone(), subnet.netuid, config).unwrap();
    let refused = refusal(dropping.set(&scores).await.unwrap_err());
    assert_eq!(
        refused,
        Refusal::TooFewWeights {
            entries: 1,
            minimum: 4
        }
    );
    // With explicit zeros every neuron has an entry.
    setter(&subnet, &hotkey, folder.path(), 0)
        .set(&scores)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_off_is_resolved_by_what_the_chain_holds() {
    let (devnet, subnet) = Subnet::with(&["Validator", "Miner"], BlockProduction::Manual).await;
    let folder = tempfile::tempdir().unwrap();
    subnet.permit(&devnet, "Validator").await;
    let impatient = ConnectOptions::default()
        .with_inclusion_deadline(Duration::from_millis(200))
        .with_mortality(4);
    let client = ChainClient::connect(devnet.url().parse().unwrap(), impatient)
        .await
        .unwrap();
    let config = || WeightSetterConfig {
        version_key: 0,
        zeros: Zeros::Explicit,
        history: folder.path().join("w.jsonl"),
    };
    let hotkey = subnet.hotkey("Validator");
    let validator = WeightSetter::new(client.clone(), hotkey.clone(), subnet.netuid, config()).unwrap();
    let scores = [(subnet.hotkey("Miner").account(), 1.0)];

    // No block comes: the attempt stays open, for the next start as well, and no second one is sent beside it.
    let error = validator.set(&scores).await.unwrap_err();
    assert!(
        matches!(error, SetWeightsError::Chain(ChainError::StillPending { .. })),
        "{error}"
    );
    drop(validator);
    let restarted = || WeightSetter::new(client.clone(), hotkey.clone(), subnet.netuid, config()).unwrap();
    let second = restarted();
    assert_eq!(second.resume().await.unwrap(), Vec::<u64>::new());
    let error = second.set(&scores).await.unwrap_err();
    assert!(
        matches!(error, SetWeightsError::UnderWay { attempt: 1 }),
        "{error}"
    );
    assert!(error.retry().is_possible());

    // A block took it.
    devnet.produce(1).await.unwrap();
    let mut steps = second.steps();
    assert_eq!(second.resume().await.unwrap(), [1]);
    assert_eq!(stages(&second).await, ["submitted", "applied"]);
    assert!(matches!(
        steps.recv().await.unwrap().stage,
        AttemptStage::Applied { .. }
    ));
    assert_eq!(second.resume().await.unwrap(), Vec::<u64>::new());

    // The node lost its pool with the next one: nothing has it, so the way is free at once.
    let other = [
        (subnet.hotkey("Miner").account(), 0.5),
        (subnet.hotkey("Validator").account(), 1.0),
    ];
    second.set(&other).await.unwrap_err();
    drop(second);
    let empty = folder.path().join("snapshot");
    devnet.snapshot(&empty).await.unwrap();
    devnet.restore(&empty).await.unwrap();
    // A process of its own: no tracker that would send it again.
    let client = ChainClient::connect(devnet.url().parse().unwrap(), ConnectOptions::default())
        .await
        .unwrap();
    let third = WeightSetter::new(client, hotkey.clone(), subnet.netuid, config()).unwrap();
    devnet.set_block_production(BlockProduction::OnDemand).unwrap();
    assert_eq!(third.set(&other).await.unwrap().attempt, 3);
    let history = third.history().await;
    assert!(
        matches!(history[1].stage(), Some(AttemptStage::Failed { .. })),
        "{:?}",
        history[1]
    );
    assert_eq!(
        stages(&third).await,
        ["submitted", "in block", "finalized", "applied"]
    );
}

#[tokio::test]
async fn an_unregistered_hotkey_is_told_what_registration_costs() {
    let (_devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let registered = registration::require(&subnet.client, subnet.netuid, &subnet.hotkey("Miner").account())
        .await
        .unwrap();
    assert_eq!(registered.uid, Uid(1));
    let stranger = pair("//Stranger").account();
    let error = registration::require(&subnet.client, subnet.netuid, &stranger)
        .await
        .unwrap_err();
    let NotRegistered::Unregistered { cost, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*cost, subnet.client.burn(subnet.netuid).await.unwrap());
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&cost.to_string()) && hint.contains("assay subnet register"),
        "{hint}"
    );
    let error = registration::require(&subnet.client, NetUid(4000), &stranger)
        .await
        .unwrap_err();
    assert!(
        matches!(error, NotRegistered::Chain(ChainError::NoSubnet { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn many_readers_share_one_metagraph_that_follows_the_chain() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let cache = MetagraphCache::new(subnet.client.clone(), subnet.netuid, 5);
    let mut readers = vec![cache.reader(); 8];
    assert!(readers[0].latest().is_none());
    let shutdown = Shutdown::new();
    let writer = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { cache.run(shutdown).await }
    });
    let first = readers[0].changed().await.unwrap();
    assert_eq!(first.size(), 2);

    let miner = subnet.hotkey("Miner");
    let axon = AxonAnnouncement {
        address: "10.0.0.1:8091".parse().unwrap(),
        version: 1,
        protocol: 4,
    };
    let receipt = subnet
        .client
        .serve_axon(&miner, subnet.netuid, axon)
        .await
        .unwrap();
    let block = receipt.finalized().await.unwrap().block.number;
    // Asked for one that must show it, all get the very same one.
    let requests = subnet.client.requests();
    let mut seen = Vec::new();
    for reader in &readers {
        seen.push(reader.at_or_after(block).await.unwrap());
    }
    assert!(
        seen.iter()
            .all(|metagraph| std::sync::Arc::ptr_eq(metagraph, &seen[0]) || metagraph.block.number >= block)
    );
    assert!(
        subnet.client.requests() - requests <= 9,
        "{} requests for 8 readers",
        subnet.client.requests() - requests
    );
    assert!(seen[0].by_hotkey(&miner.account()).unwrap().axon.is_some());

    // By itself it follows every fifth block.
    devnet.produce(12).await.unwrap();
    let head = subnet.client.head().await.unwrap().number;
    while readers[1].latest().unwrap().block.number.0 + 5 < head.0 {
        readers[1].changed().await.unwrap();
    }
    shutdown.begin();
    writer.await.unwrap().unwrap();
    assert_eq!(
        readers[2]
            .at_or_after(Block(1_000_000))
            .await
            .unwrap_err()
            .to_string(),
        "the metagraph is no longer being read"
    );
}
