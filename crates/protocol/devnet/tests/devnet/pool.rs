//! Transactions from submission to inclusion.

use crate::{
    node::{Node, hexed, manual, next, number},
    transaction::{Signing, TAO, address, hash, pair, public, remark, transfer},
};
use assay_devnet::{BlockProduction, DevnetConfig};
use jsonrpsee::{core::client::ClientT, rpc_params};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_transfer_is_ready_then_in_a_block_then_final() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let transaction = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let mut statuses = node.watch(&transaction).await;
    assert_eq!(next(&mut statuses).await, json!("ready"));
    assert_eq!(
        node.ask("author_pendingExtrinsics", json!([])).await,
        json!([hexed(&transaction)])
    );
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(1)
    );

    let (_, block) = node.devnet.produce(1).await.unwrap();
    assert_eq!(next(&mut statuses).await, json!({ "inBlock": block }));
    assert_eq!(next(&mut statuses).await, json!({ "finalized": block }));
    let body = node.ask("chain_getBlock", json!([block])).await;
    assert_eq!(body["block"]["extrinsics"][1], json!(hexed(&transaction)));
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_001 * TAO);
    assert_eq!(node.ask("author_pendingExtrinsics", json!([])).await, json!([]));
    assert_eq!(
        node.ask("system_accountNextIndex", json!([address("Alice")]))
            .await,
        json!(1)
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nonces_back_to_back_share_a_block_in_order() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let transactions = [0, 1].map(|nonce| signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO)));
    for transaction in &transactions {
        let submitted = node.submit(transaction).await;
        assert_eq!(submitted, json!(hash(transaction)));
    }
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(2)
    );
    node.devnet.produce(1).await.unwrap();
    let block = node.ask("chain_getBlock", json!([])).await;
    let body = block["block"]["extrinsics"].as_array().unwrap();
    assert_eq!(
        body[1..],
        transactions.map(|transaction| json!(hexed(&transaction)))
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_nonce_waits_for_the_earlier_one() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let [first, second] = [0, 1].map(|nonce| signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO)));
    let mut late = node.watch(&second).await;
    assert_eq!(next(&mut late).await, json!("future"));
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(0)
    );
    // A block in between does not lose it.
    node.devnet.produce(1).await.unwrap();

    node.submit(&first).await;
    assert_eq!(next(&mut late).await, json!("ready"));
    let (_, block) = node.devnet.produce(1).await.unwrap();
    assert_eq!(next(&mut late).await, json!({ "inBlock": block }));
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_002 * TAO);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_carry_the_codes_and_texts_that_clients_compare() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let alice = pair("Alice");
    let refusal = async |transaction: &[u8]| {
        let error = node
            .refusal("author_submitExtrinsic", json!([hexed(transaction)]))
            .await;
        let data: Value = error
            .data()
            .map_or(Value::Null, |data| serde_json::from_str(data.get()).unwrap());
        (error.code(), error.message().to_owned(), data)
    };
    let invalid = |data: &str| (1010, "Invalid Transaction".to_owned(), json!(data));

    let first = signing.sign(&alice, 0, &transfer("Bob", TAO));
    node.submit(&first).await;
    assert_eq!(
        refusal(&first).await,
        (
            1013,
            "Transaction Already Imported".to_owned(),
            json!(hash(&first))
        )
    );

    let rival = signing.sign(&alice, 0, &transfer("Charlie", TAO));
    let (code, message, _) = refusal(&rival).await;
    assert_eq!(code, 1014);
    assert!(message.starts_with("Priority is too low: ("), "{message}");

    let mut forged = signing.sign(&alice, 1, &transfer("Bob", TAO));
    forged[60] ^= 1;
    assert_eq!(refusal(&forged).await, invalid("Transaction has a bad signature"));

    assert_eq!(refusal(&[0x12, 0x34]).await.0, 1002);
    assert_eq!(refusal(&[]).await.0, 1002);

    let poor = signing.sign(&pair("Stranger"), 0, &transfer("Bob", TAO));
    assert_eq!(
        refusal(&poor).await,
        invalid("Inability to pay some fees (e.g. account balance too low)")
    );

    node.devnet.produce(1).await.unwrap();
    assert_eq!(refusal(&first).await, invalid("Transaction is outdated"));
    assert_eq!(refusal(&rival).await, invalid("Transaction is outdated"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rank_takes_the_place_of_a_transaction_with_the_same_nonce_and_a_tip_does_not() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let first = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let mut statuses = node.watch(&first).await;
    assert_eq!(next(&mut statuses).await, json!("ready"));

    let tipped = signing.sign_with_tip(&pair("Alice"), 0, TAO, &transfer("Charlie", TAO));
    let refused = node
        .refusal("author_submitExtrinsic", json!([hexed(&tipped)]))
        .await;
    assert_eq!(refused.message(), "Priority is too low: (1 vs 1)");

    // System.set_heap_pages is an operational call, which goes before all others.
    let operational = signing.sign(&pair("Alice"), 0, &[&[0, 1][..], &64u64.to_le_bytes()].concat());
    node.submit(&operational).await;
    assert_eq!(
        next(&mut statuses).await,
        json!({ "usurped": hash(&operational) })
    );
    node.devnet.produce(1).await.unwrap();
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_000 * TAO);
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(1)
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mortal_transaction_is_good_in_its_era_only() {
    let node = Node::manual().await;
    node.devnet.produce(10).await.unwrap();
    let signing = Signing::of(&node).await;
    let (number, hash) = node.devnet.head();
    let birth = (u64::from(number), hash.0);
    let in_time = signing.sign_mortal(&pair("Alice"), 0, &transfer("Bob", TAO), 8, birth);
    let waiting = signing.sign_mortal(&pair("Dave"), 1, &transfer("Bob", TAO), 8, birth);
    let too_late = signing.sign_mortal(&pair("Eve"), 0, &transfer("Bob", TAO), 8, birth);
    node.submit(&in_time).await;
    let mut statuses = node.watch(&waiting).await;
    assert_eq!(next(&mut statuses).await, json!("future"));
    node.devnet.produce(8).await.unwrap();
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_001 * TAO);
    assert_eq!(next(&mut statuses).await, json!("invalid"));
    let refused = node
        .refusal("author_submitExtrinsic", json!([hexed(&too_late)]))
        .await;
    // The same bytes now name an era that began later, and the signature is not for that block.
    assert_eq!(
        refused.data().unwrap().get(),
        "\"Transaction has a bad signature\""
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_block_holds_goes_into_several_in_order() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    // Six remarks of 3 MB: two fit into the seven and a half megabytes that a block has for transactions.
    let big = vec![7u8; 3_000_000];
    for nonce in 0..6 {
        let transaction = signing.sign(&pair("Alice"), nonce, &remark(&big));
        node.submit(&transaction).await;
    }
    let mut counts = Vec::new();
    for _ in 0..4 {
        node.devnet.produce(1).await.unwrap();
        let block = node.ask("chain_getBlock", json!([])).await;
        counts.push(block["block"]["extrinsics"].as_array().unwrap().len() - 1);
    }
    assert_eq!(counts, [2, 2, 2, 0]);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_demand_a_transaction_makes_its_block() {
    let node = Node::start(DevnetConfig {
        blocks: BlockProduction::OnDemand,
        ..manual()
    })
    .await;
    let signing = Signing::of(&node).await;
    for nonce in 0..3 {
        let transaction = signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO));
        let mut statuses = node.watch(&transaction).await;
        assert_eq!(next(&mut statuses).await, json!("ready"));
        assert!(next(&mut statuses).await["inBlock"].is_string());
        assert!(next(&mut statuses).await["finalized"].is_string());
    }
    let head = node.ask("chain_getHeader", json!([])).await;
    assert_eq!(number(&head), 3, "a block for each and none without");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_at_once_all_get_in() {
    let node = Node::start(DevnetConfig {
        blocks: BlockProduction::Every(std::time::Duration::from_millis(50)),
        ..DevnetConfig::default()
    })
    .await;
    let signing = Signing::of(&node).await;
    let mut watched = Vec::new();
    for nonce in 0..10 {
        for sender in ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"] {
            let transaction = signing.sign(&pair(sender), nonce, &remark(b"here"));
            watched.push(node.watch(&transaction).await);
        }
    }
    for mut statuses in watched {
        loop {
            let status = next(&mut statuses).await;
            match status.as_str() {
                Some("ready" | "future") => {}
                Some(other) => panic!("a transaction ended as {other}"),
                None if status["finalized"].is_string() => break,
                None => assert!(status["inBlock"].is_string(), "{status}"),
            }
        }
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_nested_as_deep_as_they_decode_do_not_end_the_node() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    // Batches in batches, each of one call, around a remark.
    let nested = |depth: usize| {
        let mut call = [11, 0, 4].repeat(depth);
        call.extend(remark(b"deep"));
        signing.sign(&pair("Alice"), 0, &call)
    };
    for depth in [60, 125, 250, 10_000] {
        let transaction = nested(depth);
        let length = u32::try_from(transaction.len()).unwrap().to_le_bytes();
        let query = hexed(&[&transaction[..], &length].concat());
        let _ = node
            .0
            .request::<Value, _>(
                "state_call",
                rpc_params!["TransactionPaymentApi_query_info", query],
            )
            .await;
        let _ = node
            .0
            .request::<Value, _>("system_dryRun", rpc_params![hexed(&transaction)])
            .await;
        let _ = node
            .0
            .request::<Value, _>("author_submitExtrinsic", rpc_params![hexed(&transaction)])
            .await;
        node.devnet.produce(1).await.unwrap();
    }
    let included = node.ask("account_nextIndex", json!([address("Alice")])).await;
    assert_eq!(included, json!(1), "the one of sixty levels is taken");
    node.stop().await;
}
