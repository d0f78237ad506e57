//! Subnets on a real chain: creating, registering, staking, serving, and everything that can be read of them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{
    Alpha, AxonAnnouncement, ChainError, NetUid, Rao, Registration, Retry, SubnetPhase, Uid, WeightRow,
    WeightSubmission, Zeros, scale_value::Value,
};
use assay_devnet::BlockProduction;
use devnet::{Subnet, done, pair};

#[tokio::test]
async fn a_subnet_is_created_listed_started_and_filled() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let cost = client.subnet_creation_cost().await.unwrap();
    assert!(cost >= Rao::from_tao(1_000));
    let subnet = Subnet::created(&client).await;
    let netuid = subnet.netuid;

    let listed = client.subnets().await.unwrap();
    assert!(listed.windows(2).all(|pair| pair[0].netuid < pair[1].netuid));
    let summary = listed
        .iter()
        .find(|listed| listed.netuid == netuid)
        .unwrap()
        .clone();
    assert_eq!(summary, client.subnet(netuid).await.unwrap());
    assert_eq!(summary.owner, subnet.owner.coldkey.account());
    assert_eq!(summary.owner_hotkey, subnet.owner.account());
    assert_eq!(
        (summary.phase, summary.registration),
        (SubnetPhase::Created, Registration::Open)
    );
    assert_eq!(summary.neurons, 1, "the owner's own");

    done(client.start_call(&subnet.owner.coldkey, netuid).await).await;
    assert_eq!(client.subnet(netuid).await.unwrap().phase, SubnetPhase::Started);
    let before = client.burn(netuid).await.unwrap();
    let (first, uid) = subnet.register("First").await;
    assert_eq!(uid, Uid(1));
    assert_eq!(client.uid(netuid, &first.account()).await.unwrap(), Some(uid));
    assert_eq!(
        client.uid(netuid, &pair("//Nobody").account()).await.unwrap(),
        None
    );
    assert!(
        client.burn(netuid).await.unwrap() > before,
        "each registration raises the price"
    );
}

#[tokio::test]
async fn what_is_missing_is_told_as_missing() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let nowhere = NetUid(4000);
    assert!(!client.subnet_exists(nowhere).await.unwrap());
    for error in [
        client.subnet(nowhere).await.unwrap_err(),
        client.metagraph(nowhere).await.unwrap_err(),
        client.hyperparameters(nowhere).await.unwrap_err(),
        client.epoch_schedule(nowhere).await.unwrap_err(),
        client.burn(nowhere).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, ChainError::NoSubnet { netuid } if netuid == nowhere),
            "{error}"
        );
    }
    assert_eq!(client.weights(nowhere).await.unwrap(), []);
    assert_eq!(client.commitments(nowhere).await.unwrap(), []);
    assert_eq!(
        client
            .commitment(nowhere, &pair("//Bob").account())
            .await
            .unwrap(),
        None
    );
    assert_eq!(client.stakes(&pair("//Bob").account()).await.unwrap(), []);
}

#[tokio::test]
async fn each_refusal_of_the_chain_has_its_name_and_a_hint() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::created(&client).await;
    let (netuid, alice, bob) = (subnet.netuid, pair("//Alice"), pair("//Bob"));
    let stranger = pair("//Stranger");

    // (what is tried, the chain's name for why not)
    let attempts = [
        (
            client
                .add_stake(&alice, netuid, &subnet.owner.account(), Rao::from_tao(5))
                .await,
            "SubtokenDisabled",
        ),
        (
            client
                .register(&bob, NetUid::ROOT, &stranger.account(), Rao::from_tao(9))
                .await,
            "RegistrationNotPermittedOnRootSubnet",
        ),
        (
            client
                .register(&bob, NetUid(4000), &stranger.account(), Rao::from_tao(9))
                .await,
            "SubnetNotExists",
        ),
        (
            client.register(&bob, netuid, &stranger.account(), Rao(1)).await,
            "RegistrationPriceLimitExceeded",
        ),
        (
            client
                .register(&alice, netuid, &subnet.owner.account(), Rao::from_tao(9))
                .await,
            "HotKeyAlreadyRegisteredInSubNet",
        ),
    ];
    for (attempt, name) in attempts {
        // The chain runs the same checks in its pool and in the block: either may be the first to refuse.
        let error = match attempt {
            Ok(receipt) => receipt.finalized().await.unwrap_err(),
            Err(error) => error,
        };
        match &error {
            ChainError::Dispatch { .. } => assert_eq!(error.chain_name(), Some(name), "{error}"),
            ChainError::Rejected { .. } => {}
            _ => panic!("{name}: {error}"),
        }
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
    }
}

#[tokio::test]
async fn a_metagraph_is_whole_and_of_one_block_and_takes_three_requests_for_256_neurons() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let netuid = subnet.netuid;
    // The price would grow a quarter with each: keep it where 255 registrations are affordable.
    subnet
        .admin("sudo_set_min_burn", "min_burn", Value::u128(500_000))
        .await;
    subnet
        .admin("sudo_set_max_burn", "max_burn", Value::u128(1_000_000_000))
        .await;
    let registrations: Vec<_> = (0..255u32)
        .map(|number| {
            assay_chain::Call::burned_register(netuid, &pair(&format!("//miner{number}")).account())
        })
        .collect();
    for batch in registrations.chunks(64) {
        done(
            client
                .submit(&subnet.owner.coldkey, &assay_chain::Call::batch_all(batch))
                .await,
        )
        .await;
    }
    let axon = AxonAnnouncement {
        address: "10.1.2.3:8091".parse().unwrap(),
        version: 7,
        protocol: 4,
    };
    done(client.serve_axon(&pair("//miner0"), netuid, axon).await).await;
    subnet.stake(&subnet.owner, 100).await;

    let before = client.requests();
    let metagraph = client.metagraph(netuid).await.unwrap();
    assert!(
        client.requests() - before <= 3,
        "{} requests",
        client.requests() - before
    );
    assert_eq!(metagraph.size(), 256);
    assert_eq!(metagraph.block, client.head().await.unwrap());
    assert!(
        metagraph
            .neurons
            .iter()
            .enumerate()
            .all(|(place, neuron)| usize::from(neuron.uid.0) == place)
    );
    let owner = metagraph.owner_neuron().unwrap();
    assert_eq!((owner.uid, owner.hotkey), (Uid(0), subnet.owner.account()));
    assert!(owner.alpha_stake > Alpha::ZERO && owner.total_stake >= owner.alpha_stake);
    let miner = metagraph.by_hotkey(&pair("//miner0").account()).unwrap();
    assert_eq!(miner.coldkey, subnet.owner.coldkey.account());
    let published = miner.axon.unwrap();
    assert_eq!(
        (published.address, published.version, published.protocol),
        (axon.address, 7, 4)
    );
    assert_eq!(
        metagraph
            .neurons
            .iter()
            .filter(|neuron| neuron.axon.is_some())
            .count(),
        1
    );
    assert!(miner.registered_at.0 > 0);

    // Pinned: what happens later does not show at the old block.
    let then = client.at(metagraph.block.hash).await.unwrap();
    subnet.stake(&subnet.owner, 50).await;
    assert_eq!(then.metagraph(netuid).await.unwrap(), metagraph);
    assert!(
        client
            .metagraph(netuid)
            .await
            .unwrap()
            .owner_neuron()
            .unwrap()
            .alpha_stake
            > owner.alpha_stake
    );
}

#[tokio::test]
async fn stake_goes_in_as_tao_is_held_as_alpha_and_comes_back_as_tao() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let (validator, _) = subnet.register("Validator").await;
    let (netuid, coldkey, hotkey) = (subnet.netuid, validator.coldkey.account(), validator.account());
    assert!(client.alpha_price(netuid).await.unwrap() > Rao::ZERO);

    subnet.stake(&validator, 100).await;
    let [position] = client.stakes(&coldkey).await.unwrap().try_into().unwrap();
    assert_eq!(
        (position.hotkey, position.netuid, position.registered),
        (hotkey, netuid, true)
    );
    assert!(position.alpha > Alpha::ZERO);
    assert_eq!(client.stake(netuid, &hotkey, &coldkey).await.unwrap(), position);
    assert_eq!(
        client
            .stake(netuid, &hotkey, &pair("//Bob").account())
            .await
            .unwrap()
            .alpha,
        Alpha::ZERO
    );

    let before = client.balance(&coldkey).await.unwrap().free;
    let half = Alpha(position.alpha.0 / 2);
    done(
        client
            .remove_stake(&validator.coldkey, netuid, &hotkey, half)
            .await,
    )
    .await;
    assert!(client.balance(&coldkey).await.unwrap().free > before);
    let left = client.stake(netuid, &hotkey, &coldkey).await.unwrap().alpha;
    assert!(
        left.0.abs_diff(position.alpha.0 - half.0) <= 1,
        "{left} of {}",
        position.alpha
    );
}

#[tokio::test]
async fn a_subnets_rules_and_epochs_are_read_at_one_block() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::created(&client).await;
    let netuid = subnet.netuid;
    let born = client.hyperparameters(netuid).await.unwrap();
    assert_eq!(born.weight_submission, WeightSubmission::Direct);
    assert_eq!(born.phase, SubnetPhase::Created);
    assert_eq!(
        (born.tempo, born.min_allowed_weights, born.yuma_version),
        (360, 1, 3)
    );

    subnet.admin("sudo_set_tempo", "tempo", Value::u128(20)).await;
    subnet
        .admin(
            "sudo_set_weights_version_key",
            "weights_version_key",
            Value::u128(5),
        )
        .await;
    subnet
        .admin(
            "sudo_set_commit_reveal_weights_enabled",
            "enabled",
            Value::bool(true),
        )
        .await;
    let now = client.hyperparameters(netuid).await.unwrap();
    assert_eq!((now.tempo, now.weights_version_key), (20, 5));
    assert_eq!(
        now.weight_submission,
        WeightSubmission::CommitReveal {
            reveal_period_epochs: 1
        }
    );
    assert!(now.block.number > born.block.number);

    let schedule = client.epoch_schedule(netuid).await.unwrap();
    let next = schedule.next_epoch_block.unwrap();
    assert!(next > schedule.block.number && next.since(schedule.last_epoch_block) <= 20);
    let (block, _) = devnet.run_to_epoch(netuid.0).await.unwrap();
    assert_eq!(u64::from(block), next.0, "the epoch ran where the schedule said");
    let after = client.epoch_schedule(netuid).await.unwrap();
    assert_eq!(after.last_epoch_block, next);
    assert_eq!(after.next_epoch_block.unwrap().0, next.0 + 20);
    assert_eq!(after.epoch_index, schedule.epoch_index.map(|index| index + 1));
}

#[tokio::test]
async fn weights_are_stored_as_sent_and_pay_the_miner_that_earned_them() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let netuid = subnet.netuid;
    let (validator, validator_uid) = subnet.register("Validator").await;
    let (good, good_uid) = subnet.register("Good").await;
    let (_, poor_uid) = subnet.register("Poor").await;
    subnet.stake(&validator, 1_000).await;
    // Permits are given at an epoch.
    devnet.run_to_epoch(netuid.0).await.unwrap();

    let scores = [
        (poor_uid, 1.0),
        (good_uid, 3.0),
        (validator_uid, 0.0),
        (Uid(0), 0.0),
    ];
    let row = WeightRow::from_scores(&scores, Zeros::Explicit).unwrap();
    let receipt = client
        .set_weights(&validator.hotkey, netuid, &row, 0)
        .await
        .unwrap();
    let included = receipt.finalized().await.unwrap();
    assert_eq!(included.fee, Rao::ZERO, "weights are free");
    assert!(included.event("SubtensorModule", "WeightsSet").is_some());
    let stored = client.weights(netuid).await.unwrap();
    let [stored] = stored.as_slice() else {
        panic!("{stored:?}")
    };
    assert_eq!(stored.uid, validator_uid);
    assert_eq!(stored.entries, row.entries(), "ascending, with explicit zeros");
    assert_eq!(
        stored.entries,
        [
            (Uid(0), 0),
            (validator_uid, 0),
            (good_uid, 65535),
            (poor_uid, 21845)
        ]
    );

    devnet.run_to_epoch(netuid.0).await.unwrap();
    let metagraph = client.metagraph(netuid).await.unwrap();
    let neuron = |uid: Uid| metagraph.neuron(uid).unwrap();
    assert!(neuron(validator_uid).validator_permit && neuron(validator_uid).validator_trust.unwrap() > 0);
    assert!(neuron(good_uid).incentive > neuron(poor_uid).incentive);
    assert!(neuron(good_uid).emission > neuron(poor_uid).emission);
    assert_eq!(neuron(good_uid).hotkey, good.account());

    // Without stake there is no permit, and the chain says so.
    let receipt = client.set_weights(&good.hotkey, netuid, &row, 0).await;
    let error = match receipt {
        Ok(receipt) => receipt.finalized().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.chain_name(), Some("NeuronNoValidatorPermit"), "{error}");
    assert_eq!(error.retry(), Retry::Never);
}

#[tokio::test]
async fn storage_keys_are_the_public_chains_own() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let alice = || Value::from_bytes(pair("//Alice").account().0);
    let alice_hex = hex::encode(pair("//Alice").account().0);
    let pallet = "658faa385070e074c85bf6b568cf0555";
    let number = |number: u128| Value::u128(number);
    let cases = [
        (
            "Tempo",
            vec![number(1)],
            "7641384bb339f3758acddfd7053d3317".to_owned() + "0100",
        ),
        (
            "SubnetworkN",
            vec![number(1)],
            "a1048e9d244171852dfe8db314dc68ca".to_owned() + "0100",
        ),
        (
            "Uids",
            vec![number(1), alice()],
            format!("aab1b4e78e1ea8305462ee53b3686dc80100de1e86a9a8c739864cf3cc5ec2bea59f{alice_hex}"),
        ),
        (
            "Keys",
            vec![number(1), number(0)],
            "9f99a2ce711f3a31b2fc05604c93f179".to_owned() + "01000000",
        ),
        (
            "Weights",
            vec![number(1), number(0)],
            "a1e7036061f484bc3048a64b64e35ec4".to_owned() + "01000000",
        ),
        (
            "LastEpochBlock",
            vec![number(1)],
            "90010c37124c14146041452f9ffba0df".to_owned() + "0100",
        ),
        (
            "TotalNetworks",
            vec![],
            "5f3bb7bcd0a076a48abf8c256d221721".to_owned(),
        ),
    ];
    for (entry, keys, suffix) in cases {
        let key = client.storage_key("SubtensorModule", entry, keys).unwrap();
        assert_eq!(hex::encode(key), format!("{pallet}{suffix}"), "{entry}");
    }
    let key = client
        .storage_key("Commitments", "CommitmentOf", vec![number(1), alice()])
        .unwrap();
    let expected = "ca407206ec1ab726b2636c4b145ac287419a60ae8b01e6dcaebd7317e43c69bf0100518366b5b1bc7c99";
    assert_eq!(hex::encode(key), format!("{expected}{alice_hex}"));
}

#[tokio::test]
async fn whatever_has_no_method_is_read_by_its_name() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let snapshot = client.pin().await.unwrap();
    let tempo = snapshot
        .storage("SubtensorModule", "Tempo", vec![Value::u128(1)])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        tempo.as_u128(),
        Some(u128::from(client.hyperparameters(NetUid(1)).await.unwrap().tempo))
    );
    let deposit = client.constant("Balances", "ExistentialDeposit").unwrap();
    assert_eq!(
        deposit.as_u128(),
        Some(u128::from(client.existential_deposit().unwrap().0))
    );
    assert!(client.block_time().unwrap() > std::time::Duration::ZERO);
    let error = snapshot
        .storage("SubtensorModule", "Temperature", vec![])
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no storage SubtensorModule.Temperature"),
        "{error}"
    );
    let error = client.constant("Balances", "Nothing").unwrap_err();
    assert!(
        error.to_string().contains("no constant Balances.Nothing"),
        "{error}"
    );
}

#[tokio::test]
async fn those_who_read_the_same_block_share_one_read() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let netuid = Subnet::create(&client).await.netuid;
    let snapshot = client.pin().await.unwrap();
    let before = client.requests();
    let readers = (0..8).map(|_| {
        let snapshot = snapshot.clone();
        async move {
            tokio::join!(
                snapshot.shared_metagraph(netuid),
                snapshot.hyperparameters(netuid)
            )
        }
    });
    let read = futures::future::join_all(readers).await;
    assert_eq!(
        client.requests() - before,
        3,
        "two for the metagraph and one for the hyperparameters, for all eight"
    );
    let first = read[0].0.as_ref().unwrap();
    assert!(
        read.iter()
            .all(|(metagraph, _)| std::sync::Arc::ptr_eq(metagraph.as_ref().unwrap(), first))
    );
    // What fails is not kept.
    let nowhere = NetUid(4000);
    for _ in 0..2 {
        let error = snapshot.metagraph(nowhere).await.unwrap_err();
        assert!(matches!(error, ChainError::NoSubnet { .. }), "{error}");
    }
    // Another block is another read.
    devnet.produce(1).await.unwrap();
    let later = client
        .pin()
        .await
        .unwrap()
        .shared_metagraph(netuid)
        .await
        .unwrap();
    assert_eq!(later.block.number.0, first.block.number.0 + 1);
}
