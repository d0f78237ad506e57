//! Transactions through a real node: what a receipt shows, and how each way to fail is told.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{
    Call, ChainError, DispatchFailure, Existence, GeneralFailure, PendingStage, PoolCheck, PoolRejection,
    Rao, Retry, Stage, Uid, WeightRow, Zeros, scale_value::Value,
};
use assay_devnet::BlockProduction;
use devnet::{client, pair};
use serde_json::json;

#[tokio::test]
async fn a_transfer_moves_from_submitted_through_a_block_to_finalized_and_the_money_moves() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let (alice, newcomer) = (pair("//Alice"), pair("//Newcomer").account());
    let before = client.balance(&alice.account()).await.unwrap();

    let receipt = client
        .transfer(&alice, &newcomer, Rao::from_tao(3), Existence::KeepAlive)
        .await
        .unwrap();
    let included = receipt.finalized().await.unwrap();

    assert!(matches!(receipt.stage(), Stage::Finalized(_)));
    assert_eq!(included.hash, receipt.hash());
    assert_eq!(
        client.block_hash(included.block.number).await.unwrap(),
        Some(included.block.hash)
    );
    assert!(
        included.event("Balances", "Transfer").is_some(),
        "{:?}",
        included.events
    );
    assert!(included.fee > Rao::ZERO);
    assert_eq!(client.balance(&newcomer).await.unwrap().free, Rao::from_tao(3));
    let after = client.balance(&alice.account()).await.unwrap();
    assert_eq!(before.free.0 - after.free.0, Rao::from_tao(3).0 + included.fee.0);
    assert_eq!(after.nonce, before.nonce + 1);
}

#[tokio::test]
async fn a_read_at_an_older_block_shows_what_was_then() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let newcomer = pair("//Newcomer").account();
    let then = client.pin().await.unwrap();
    let transfer = client
        .transfer(
            &pair("//Alice"),
            &newcomer,
            Rao::from_tao(1),
            Existence::KeepAlive,
        )
        .await
        .unwrap();
    transfer.finalized().await.unwrap();

    assert_eq!(then.balance(&newcomer).await.unwrap().free, Rao::ZERO);
    let again = client.at(then.block().hash).await.unwrap();
    assert_eq!(again.block(), then.block());
    assert_eq!(again.balance(&newcomer).await.unwrap().free, Rao::ZERO);
    assert_eq!(client.balance(&newcomer).await.unwrap().free, Rao::from_tao(1));
}

#[tokio::test]
async fn a_transaction_that_no_block_has_yet_is_pending_and_the_same_receipt_tells_when_one_has() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let options = devnet::options().with_inclusion_deadline(std::time::Duration::from_millis(200));
    let client = assay_chain::ChainClient::connect(devnet.url().parse().unwrap(), options)
        .await
        .unwrap();
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(7), Existence::KeepAlive)
        .await
        .unwrap();

    let pending = receipt.in_block().await.unwrap_err();
    assert!(
        matches!(
            pending,
            ChainError::StillPending {
                stage: PendingStage::NotIncluded,
                ..
            }
        ),
        "{pending}"
    );
    assert_eq!(
        pending.retry(),
        Retry::Never,
        "another copy would be a second payment"
    );

    devnet.produce(1).await.unwrap();
    let mut stages = receipt.stages();
    stages.wait_for(Stage::is_last).await.unwrap();
    assert_eq!(receipt.finalized().await.unwrap().block.number.0, 1);
}

#[tokio::test]
async fn a_failure_on_chain_carries_the_chains_own_error_and_what_to_do() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let bob = pair("//Bob").account();

    // More than Alice has: the chain says so when it runs the call.
    let receipt = client
        .transfer(
            &pair("//Alice"),
            &bob,
            Rao::from_tao(5_000_000),
            Existence::KeepAlive,
        )
        .await
        .unwrap();
    let error = receipt.finalized().await.unwrap_err();
    let ChainError::Dispatch { call, block, failure } = &error else {
        panic!("{error}")
    };
    assert_eq!(call, "Balances.transfer_keep_alive");
    assert_eq!(client.block_hash(block.number).await.unwrap(), Some(block.hash));
    assert_eq!(**failure, DispatchFailure::General(GeneralFailure::Underflow));
    assert!(error.hint().is_some());
    assert_eq!(error.retry(), Retry::Never);

    // Only the sudo key may: an error of a pallet, by its name on chain.
    let remark = Call::new("System", "remark", [("remark", Value::from_bytes(b"hello"))]);
    let receipt = client.sudo(&pair("//Bob"), &remark).await.unwrap();
    let error = receipt.in_block().await.unwrap_err();
    assert_eq!(error.chain_name(), Some("RequireSudo"), "{error}");
    assert!(error.hint().unwrap().contains("sudo key"));
}

#[tokio::test]
async fn a_call_that_fails_inside_sudo_or_a_batch_is_a_failure() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());

    // Root has no account to send from: the outer call succeeds, the inner one does not.
    let transfer = Call::transfer(&bob, Rao(1), Existence::KeepAlive);
    let error = client
        .sudo(&alice, &transfer)
        .await
        .unwrap()
        .finalized()
        .await
        .unwrap_err();
    let ChainError::Dispatch { failure, .. } = &error else {
        panic!("{error}")
    };
    let expected = DispatchFailure::Inner {
        by: "Sudo".to_owned(),
        failure: Box::new(DispatchFailure::General(GeneralFailure::BadOrigin)),
    };
    assert_eq!(**failure, expected);

    // All or none: the first transfer is undone with the second.
    let before = client.balance(&bob).await.unwrap();
    let too_much = Call::transfer(&bob, Rao::from_tao(5_000_000), Existence::KeepAlive);
    let batch = Call::batch_all(&[transfer, too_much]);
    let error = client
        .submit(&alice, &batch)
        .await
        .unwrap()
        .finalized()
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Dispatch { .. }), "{error}");
    assert_eq!(client.balance(&bob).await.unwrap(), before);
}

#[tokio::test]
async fn an_account_without_money_is_refused_by_the_pool_before_any_block() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let error = client
        .transfer(
            &pair("//Pauper"),
            &pair("//Bob").account(),
            Rao(1),
            Existence::AllowDeath,
        )
        .await
        .unwrap_err();
    let ChainError::Rejected { call, reason } = &error else {
        panic!("{error}")
    };
    assert_eq!(call, "Balances.transfer_allow_death");
    assert_eq!(*reason, PoolRejection::CannotPayFee);
    assert!(error.hint().unwrap().contains("send TAO"));
    assert_eq!(
        client.head().await.unwrap().number.0,
        0,
        "nothing happened on chain"
    );
}

#[tokio::test]
async fn a_call_that_the_runtime_does_not_have_is_named() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let error = client
        .submit(&pair("//Alice"), &Call::new("Balances", "mint", []))
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Shape(_)), "{error}");
    assert!(error.to_string().contains("no call Balances.mint"), "{error}");
    let wrong = Call::new(
        "Balances",
        "transfer_keep_alive",
        [("destination", Value::u128(1))],
    );
    let error = client.submit(&pair("//Alice"), &wrong).await.unwrap_err();
    assert!(
        error.to_string().contains("call Balances.transfer_keep_alive"),
        "{error}"
    );
}

#[tokio::test]
async fn submissions_of_one_account_at_the_same_time_are_all_included_each_with_its_own_nonce() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    // A second client of the same key, as another program would be.
    let other = devnet::client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let before = client.balance(&bob).await.unwrap().free;

    let transfers = (0..24u64).map(|number| {
        let (client, alice) = (
            if number % 4 == 0 {
                other.clone()
            } else {
                client.clone()
            },
            alice.clone(),
        );
        tokio::spawn(async move {
            let receipt = client
                .transfer(&alice, &bob, Rao(1 << number), Existence::KeepAlive)
                .await?;
            receipt.finalized().await.map(|_| receipt.nonce())
        })
    });
    let mut nonces = Vec::new();
    for transfer in transfers.collect::<Vec<_>>() {
        nonces.push(transfer.await.unwrap().unwrap());
    }
    nonces.sort_unstable();
    assert_eq!(nonces, (0..24).collect::<Vec<u32>>());
    assert_eq!(
        client.balance(&bob).await.unwrap().free.0 - before.0,
        (1 << 24) - 1
    );
}

#[tokio::test]
async fn the_fee_that_is_estimated_is_the_fee_that_is_paid() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let call = Call::transfer(&bob, Rao::from_tao(1), Existence::KeepAlive);
    let estimate = client.fee(&alice.account(), &call).await.unwrap();
    let paid = client
        .submit(&alice, &call)
        .await
        .unwrap()
        .in_block()
        .await
        .unwrap()
        .fee;
    assert_eq!(estimate, paid);
}

/// The failure of a call that ran another one.
async fn inner(receipt: Result<assay_chain::Receipt, ChainError>) -> (String, String) {
    let error = receipt.unwrap().finalized().await.unwrap_err();
    let ChainError::Dispatch { failure, .. } = &error else {
        panic!("{error}")
    };
    let DispatchFailure::Inner { by, failure } = &**failure else {
        panic!("{error}")
    };
    (by.clone(), failure.to_string())
}

#[tokio::test]
async fn a_call_that_fails_inside_a_proxy_a_multisig_or_a_batch_is_a_failure() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob"));
    let too_much = Call::transfer(&bob.account(), Rao::from_tao(5_000_000), Existence::KeepAlive);
    let underflow = DispatchFailure::General(GeneralFailure::Underflow).to_string();

    devnet::done(
        client
            .submit(&alice, &Call::add_proxy(&bob.account(), "Any", 0))
            .await,
    )
    .await;
    let proxied = too_much.clone().for_account(&alice.account());
    let failed = inner(client.submit(&bob, &proxied).await).await;
    assert_eq!(failed, ("Proxy".to_owned(), underflow.clone()));

    for batch in ["batch", "force_batch"] {
        let calls = json!({ "calls": [
            { "System": { "remark": { "remark": "first" } } },
            { "Balances": { "transfer_keep_alive": { "dest": bob.account(), "value": 5_000_000_000_000_000_u64 } } },
        ] });
        let call = client.call_from_json("Utility", batch, &calls).await.unwrap();
        let failed = inner(client.submit(&alice, &call).await).await;
        assert_eq!(failed, ("Utility".to_owned(), underflow.clone()), "{batch}");
    }

    // Approved by one, run by the other: the account that both have has no money.
    let approval = |other: &assay_chain::AccountId, timepoint: serde_json::Value| {
        json!({
            "threshold": 2,
            "other_signatories": [other],
            "maybe_timepoint": timepoint,
            "call": { "Balances": { "transfer_keep_alive": { "dest": bob.account(), "value": 1_000_000 } } },
            "max_weight": { "ref_time": 10_000_000_000_u64, "proof_size": 100_000 },
        })
    };
    let first = approval(&bob.account(), serde_json::Value::Null);
    let first = client
        .call_from_json("Multisig", "as_multi", &first)
        .await
        .unwrap();
    let included = client
        .submit(&alice, &first)
        .await
        .unwrap()
        .finalized()
        .await
        .unwrap();
    let timepoint = json!({ "height": included.block.number.0, "index": included.index });
    let second = approval(&alice.account(), timepoint);
    let second = client
        .call_from_json("Multisig", "as_multi", &second)
        .await
        .unwrap();
    let (by, _) = inner(client.submit(&bob, &second).await).await;
    assert_eq!(by, "Multisig");
}

#[tokio::test]
async fn a_row_that_fails_inside_a_batch_of_weights_is_a_failure() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let subnet = devnet::Subnet::create(&client).await;
    let rows = json!({ "netuids": [999], "weights": [[[0, 1]]], "version_keys": [0] });
    let call = client
        .call_from_json("SubtensorModule", "batch_set_weights", &rows)
        .await
        .unwrap();
    let (by, _) = inner(client.submit(&subnet.owner.hotkey, &call).await).await;
    assert_eq!(by, "SubtensorModule");
}

#[tokio::test]
async fn weights_that_come_too_soon_are_refused_by_name_with_the_blocks_to_wait() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&devnet).await;
    let subnet = devnet::Subnet::create(&client).await;
    let owner = &subnet.owner.hotkey;
    subnet
        .admin(
            "sudo_set_commit_reveal_weights_enabled",
            "enabled",
            Value::bool(false),
        )
        .await;
    subnet
        .admin(
            "sudo_set_weights_set_rate_limit",
            "weights_set_rate_limit",
            Value::u128(100),
        )
        .await;
    let row = WeightRow::from_scores(&[(Uid(0), 1.0)], Zeros::Explicit).unwrap();

    // A row alone is free, a batch is not.
    let money = client
        .transfer(
            &subnet.owner.coldkey,
            &owner.account(),
            Rao::from_tao(1),
            Existence::KeepAlive,
        )
        .await;
    devnet::done(money).await;

    // Its registration counts as a row.
    devnet.produce(100).await.unwrap();
    // Both are good for the pool, as long as no block has one of them; the block finds out.
    let set = Call::set_weights(subnet.netuid, &row, 0);
    let twice = client
        .submit(owner, &Call::batch_all(&[set.clone(), set]))
        .await
        .unwrap();
    let error = twice.finalized().await.unwrap_err();
    assert!(matches!(error, ChainError::Dispatch { .. }), "{error}");
    assert_eq!(error.chain_name(), Some("SettingWeightsTooFast"), "{error}");
    assert!(
        matches!(error.retry(), Retry::AfterBlocks(blocks) if blocks > 1),
        "{:?}",
        error.retry()
    );
    assert!(error.hint().is_some());

    // One alone is taken, and after it the pool says it.
    devnet::done(client.set_weights(owner, subnet.netuid, &row, 0).await).await;
    let error = client
        .set_weights(owner, subnet.netuid, &row, 0)
        .await
        .unwrap_err();
    let ChainError::Rejected { reason, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*reason, PoolRejection::Check(PoolCheck::RateLimitExceeded));
    assert!(
        matches!(error.retry(), Retry::AfterBlocks(blocks) if blocks > 1),
        "{:?}",
        error.retry()
    );
}
