//! What a devnet cannot show: blocks that are not final yet, reorganisations, and runtimes that change or are strange.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;
mod tampering;

use assay_chain::{ChainClient, ChainError, Existence, NotIncluded, PendingStage, Rao, Retry, Stage};
use assay_devnet::BlockProduction;
use devnet::{Subnet, pair};
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use std::time::Duration;
use tampering::{TamperingNode, name_in_bytes};
use tokio::time::timeout;

async fn client(node: &TamperingNode) -> ChainClient {
    ChainClient::connect(node.url.parse().unwrap(), devnet::options())
        .await
        .unwrap()
}

/// Waits for a stage, for as long as a test may take.
async fn reached(receipt: &assay_chain::Receipt, wanted: fn(&Stage) -> bool) -> Stage {
    let mut stages = receipt.stages();
    let stage = timeout(Duration::from_secs(60), stages.wait_for(wanted))
        .await
        .expect("in time")
        .unwrap();
    stage.clone()
}

#[tokio::test]
async fn a_block_that_is_dropped_takes_its_transaction_back_and_the_next_one_brings_it_again() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&node).await;
    let genesis = client.genesis().to_string();
    node.lie(|lies| lies.finalized = Some(genesis));
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    let (_, hash) = devnet.produce(1).await.unwrap();
    let in_block = format!("{{\"inBlock\":\"{hash:?}\"}}");

    node.status.send(in_block.clone()).unwrap();
    let included = receipt.in_block().await.unwrap();
    assert!(
        matches!(receipt.stage(), Stage::InBlock(_)),
        "in a block is not final"
    );
    assert_eq!(included.block.number.0, 1);

    node.status
        .send(format!("{{\"retracted\":\"{hash:?}\"}}"))
        .unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::Reorged { .. })).await;
    node.status.send(in_block).unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::InBlock(_))).await;
    node.status
        .send(format!("{{\"finalized\":\"{hash:?}\"}}"))
        .unwrap();
    assert_eq!(receipt.finalized().await.unwrap(), included);
    assert!(matches!(receipt.stage(), Stage::Finalized(_)));
}

#[tokio::test]
async fn a_transaction_in_a_block_that_does_not_become_final_is_pending_not_done() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let options = devnet::options().with_finality_deadline(Duration::from_millis(200));
    let client = ChainClient::connect(node.url.parse().unwrap(), options)
        .await
        .unwrap();
    let genesis = client.genesis().to_string();
    node.lie(|lies| lies.finalized = Some(genesis));
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    let (_, hash) = devnet.produce(1).await.unwrap();
    node.status.send(format!("{{\"inBlock\":\"{hash:?}\"}}")).unwrap();
    receipt.in_block().await.unwrap();
    let pending = receipt.finalized().await.unwrap_err();
    assert!(
        matches!(
            pending,
            ChainError::StillPending {
                stage: PendingStage::NotFinal,
                ..
            }
        ),
        "{pending}"
    );
    assert_eq!(pending.retry(), Retry::Never);
}

#[tokio::test]
async fn that_one_node_calls_a_transaction_lost_is_a_doubt_and_not_its_end() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let options = devnet::options().with_inclusion_deadline(Duration::from_millis(300));
    let client = ChainClient::connect(node.url.parse().unwrap(), options)
        .await
        .unwrap();
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let usurped = format!("{{\"usurped\":\"0x{}\"}}", "00".repeat(32));

    // It is in a block, whatever the node says of it.
    let receipt = client
        .transfer(&alice, &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    devnet.produce(1).await.unwrap();
    node.status.send("\"invalid\"".to_owned()).unwrap();
    let settled = reached(&receipt, Stage::is_last).await;
    assert!(
        matches!(settled, Stage::Finalized(ref included) if included.block.number.0 == 1),
        "{settled:?}"
    );

    // In no block yet: a peer has it, of which this node knows nothing. It does not take it again either.
    for (word, height) in [("\"dropped\"", 2), ("\"invalid\"", 3), (usurped.as_str(), 4)] {
        let receipt = client
            .transfer(&alice, &bob, Rao(6), Existence::KeepAlive)
            .await
            .unwrap();
        node.lie(|lies| lies.refused = Some((1016, "Immediately Dropped")));
        node.status.send(word.to_owned()).unwrap();
        reached(&receipt, |stage| matches!(stage, Stage::Doubted(_))).await;
        // As often as it is sent again.
        reached(&receipt, |stage| {
            matches!(stage, Stage::Doubted(ChainError::Rejected { .. }))
        })
        .await;
        let pending = receipt.in_block().await.unwrap_err();
        let ChainError::StillPending {
            doubt: Some(doubt), ..
        } = &pending
        else {
            panic!("{pending}")
        };
        assert!(matches!(**doubt, ChainError::Rejected { .. }), "{doubt}");
        assert!(pending.to_string().contains("pool is full"), "{pending}");
        assert_eq!(
            pending.retry(),
            Retry::Never,
            "another one would be a second payment"
        );

        devnet.produce(1).await.unwrap();
        let settled = reached(&receipt, Stage::is_last).await;
        assert!(
            matches!(settled, Stage::Finalized(ref included) if included.block.number.0 == height),
            "{settled:?}"
        );
        node.lie(|lies| lies.refused = None);
    }
}

#[tokio::test]
async fn a_transaction_whose_nonce_another_one_took_in_a_final_block_has_failed_for_certain() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let honest = devnet::client(&devnet).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&node).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let receipt = client
        .transfer(&alice, &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    // The pool is lost, and another program's transaction has the same nonce.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty");
    devnet.snapshot(&file).await.unwrap();
    devnet.restore(&file).await.unwrap();
    let other = honest
        .transfer(&alice, &bob, Rao(6), Existence::KeepAlive)
        .await
        .unwrap();
    assert_eq!(other.nonce(), receipt.nonce());
    devnet.produce(1).await.unwrap();
    other.finalized().await.unwrap();

    node.status.send("\"dropped\"".to_owned()).unwrap();
    let error = receipt.finalized().await.unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::NotIncluded {
                why: NotIncluded::Usurped,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.retry(), Retry::Now);
}

#[tokio::test]
async fn a_doubted_transaction_does_not_hold_up_the_accounts_next_one() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&node).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let lost = client
        .transfer(&alice, &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty");
    devnet.snapshot(&file).await.unwrap();
    devnet.restore(&file).await.unwrap();
    node.lie(|lies| lies.refused = Some((1016, "Immediately Dropped")));
    node.status.send("\"dropped\"".to_owned()).unwrap();
    reached(&lost, |stage| matches!(stage, Stage::Doubted(_))).await;
    // Other nodes have room.
    node.lie(|lies| lies.refused = None);
    let next = client
        .transfer(&alice, &bob, Rao(6), Existence::KeepAlive)
        .await
        .unwrap();
    // One of them takes the nonce, and the other one certainly does not happen, or comes after it.
    devnet.produce(1).await.unwrap();
    node.status
        .send("\"nothing that a node says\"".to_owned())
        .unwrap();
    let (lost, next) = (
        reached(&lost, Stage::is_last).await,
        reached(&next, Stage::is_last).await,
    );
    assert!(
        matches!(
            (&lost, &next),
            (Stage::Finalized(_), _) | (_, Stage::Finalized(_))
        ),
        "{lost:?} {next:?}"
    );
}

#[tokio::test]
async fn a_node_that_does_not_know_the_blocks_has_not_shown_that_none_of_them_holds_it() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = ChainClient::connect(node.url.parse().unwrap(), devnet::options().with_mortality(4))
        .await
        .unwrap();
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    assert_eq!(receipt.valid_until().0, 4);
    devnet.produce(6).await.unwrap();
    // It knows which block is final, and none of those up to it.
    let old = serde_json::json!({
        "parentHash": format!("0x{}", "00".repeat(32)),
        "number": "0x0",
        "stateRoot": format!("0x{}", "00".repeat(32)),
        "extrinsicsRoot": format!("0x{}", "00".repeat(32)),
        "digest": { "logs": [] },
    });
    node.lie(|lies| lies.head = Some(old.to_string()));
    node.status
        .send("\"nothing that a node says\"".to_owned())
        .unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::Doubted(_))).await;
    node.lie(|lies| lies.head = None);
    let settled = reached(&receipt, Stage::is_last).await;
    assert!(matches!(settled, Stage::Finalized(_)), "{settled:?}");
}

#[tokio::test]
async fn a_node_that_calls_another_block_final_has_not_made_this_one_final() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&node).await;
    let genesis = client.genesis().to_string();
    node.lie(|lies| lies.finalized = Some(genesis));
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    let (_, holder) = devnet.produce(1).await.unwrap();
    let (_, empty) = devnet.produce(1).await.unwrap();
    node.status
        .send(format!("{{\"inBlock\":\"{holder:?}\"}}"))
        .unwrap();
    receipt.in_block().await.unwrap();
    node.status
        .send(format!("{{\"finalized\":\"{empty:?}\"}}"))
        .unwrap();
    node.status
        .send(format!("{{\"retracted\":\"{holder:?}\"}}"))
        .unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::Reorged { .. })).await;
}

#[tokio::test]
async fn a_block_whose_events_do_not_tell_the_outcome_is_no_success() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&node).await;
    let genesis = client.genesis().to_string();
    node.lie(|lies| lies.finalized = Some(genesis));
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    let (_, hash) = devnet.produce(1).await.unwrap();
    let key = client.storage_key("System", "Events", Vec::new()).unwrap();
    let direct = WsClientBuilder::default().build(devnet.url()).await.unwrap();
    let events: String = direct
        .request(
            "state_getStorage",
            rpc_params![format!("0x{}", hex::encode(key)), format!("{hash:?}")],
        )
        .await
        .unwrap();
    // An empty list.
    node.lie(|lies| {
        lies.replaced.push((events, "0x00".to_owned()));
        lies.finalized = None;
    });
    node.status
        .send(format!("{{\"finalized\":\"{hash:?}\"}}"))
        .unwrap();
    let error = receipt.finalized().await.unwrap_err();
    let ChainError::OutcomeUnknown { block, source, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(block.number.0, 1);
    assert!(matches!(**source, ChainError::Shape(_)), "{source}");
    assert_eq!(error.retry(), Retry::Never, "it may have succeeded");
}

#[tokio::test]
async fn a_runtime_in_a_strange_shape_is_an_error_that_names_what_is_strange() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let honest = devnet::client(&devnet).await;
    let netuid = Subnet::create(&honest).await.netuid;
    let node = TamperingNode::before(&devnet).await;
    // As if a later runtime had renamed a storage entry that is needed, a field of an answer, a whole API, and an
    // entry that is not needed.
    let renamed = [
        ("MinAllowedWeights", "MinAllowedWeighty"),
        ("incentives", "incentivez"),
    ];
    let apis = [
        ("StakeInfoRuntimeApi", "StakeInfoRuntimeApj"),
        ("SubnetIdentitiesV3", "SubnetIdentitiesV4"),
    ];
    node.lie(|lies| {
        let bytes = renamed
            .iter()
            .chain(&apis)
            .map(|(from, to)| (name_in_bytes(from), name_in_bytes(to)));
        lies.replaced.extend(bytes);
    });
    let client = client(&node).await;

    let error = client.hyperparameters(netuid).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no storage SubtensorModule.MinAllowedWeights"),
        "{error}"
    );
    let error = client.metagraph(netuid).await.unwrap_err();
    assert!(
        error.to_string().contains("SubnetInfoRuntimeApi.get_metagraph"),
        "{error}"
    );
    let cause = std::error::Error::source(&error)
        .expect("where the shapes part")
        .to_string();
    assert!(cause.contains("incentives"), "{cause}");
    let error = client.stakes(&pair("//Alice").account()).await.unwrap_err();
    assert!(
        error.to_string().contains("no runtime API StakeInfoRuntimeApi"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("update Assay"));
    // What is not needed is missed by nobody.
    assert_eq!(client.subnet(netuid).await.unwrap().name, None);
    assert_eq!(
        client.subnets().await.unwrap().len(),
        honest.subnets().await.unwrap().len()
    );
}

#[tokio::test]
async fn a_runtime_upgrade_under_a_running_client_is_noticed_by_the_next_read_and_the_next_signature() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let honest = devnet::client(&devnet).await;
    let netuid = Subnet::create(&honest).await.netuid;
    let node = TamperingNode::before(&devnet).await;
    // The client connects to what it takes for an older runtime: another version, and a field that has another name.
    let spec = honest.spec_version();
    let (new, old) = (
        format!("\"specVersion\":{spec}"),
        format!("\"specVersion\":{}", spec - 1),
    );
    node.lie(|lies| {
        lies.replaced.push((new, old));
        lies.replaced
            .push((name_in_bytes("incentives"), name_in_bytes("incentivez")));
    });
    let client = client(&node).await;
    assert_eq!(client.spec_version(), spec - 1);
    client.metagraph(netuid).await.unwrap_err();

    node.lie(|lies| lies.replaced.clear());
    assert_eq!(
        client.metagraph(netuid).await.unwrap(),
        honest.metagraph(netuid).await.unwrap()
    );
    assert_eq!(
        client.spec_version(),
        spec,
        "from now on the newer one is the present one"
    );

    // The same for a signature: it covers the version, so the node refuses the old one and the client signs anew.
    let node = TamperingNode::before(&devnet).await;
    let (new, old) = (
        format!("\"specVersion\":{spec}"),
        format!("\"specVersion\":{}", spec - 1),
    );
    node.lie(|lies| lies.replaced.push((new, old)));
    let client = self::client(&node).await;
    node.lie(|lies| lies.replaced.clear());
    let before = devnet.head().0;
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    let made = timeout(Duration::from_secs(60), async {
        while devnet.head().0 == before {
            tokio::task::yield_now().await;
        }
    });
    made.await.expect("a block in time");
    node.status
        .send(format!("{{\"finalized\":\"{:?}\"}}", devnet.head().1))
        .unwrap();
    receipt.finalized().await.unwrap();
}
