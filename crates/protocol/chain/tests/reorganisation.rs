//! Blocks that take each other's place while a transaction is followed.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{
    Call, ChainError, Existence, PaymentRefusal, PaymentTerms, Rao, Receipt, Stage, TransactionRef,
};
use assay_devnet::{BlockProduction, Retracted};
use devnet::{Subnet, pair};
use std::time::Duration;
use tokio::time::timeout;

/// Waits for a stage, for as long as a test may take.
async fn reached(receipt: &Receipt, wanted: fn(&Stage) -> bool) -> Stage {
    let mut stages = receipt.stages();
    let stage = timeout(Duration::from_secs(90), stages.wait_for(wanted))
        .await
        .expect("in time")
        .unwrap();
    stage.clone()
}

#[tokio::test]
async fn a_transaction_whose_block_is_dropped_is_sent_again_and_happens_once() {
    for transactions in [Retracted::ToPool, Retracted::Dropped] {
        let devnet = devnet::devnet(BlockProduction::Manual).await;
        devnet.set_finality_lag(6).await.unwrap();
        let client = devnet::client(&devnet).await;
        let bob = pair("//Bob");
        let before = client.balance(&bob.account()).await.unwrap().free;
        let receipt = client
            .transfer(&pair("//Alice"), &bob.account(), Rao(9), Existence::KeepAlive)
            .await
            .unwrap();
        devnet.produce(3).await.unwrap();
        let included = receipt.in_block().await.unwrap();
        assert_eq!(included.block.number.0, 1);
        // It is not a payment yet, and will never be one of this block.
        let terms = PaymentTerms {
            payee: bob.account(),
            payer: None,
            at_least: Rao(9),
        };
        let which = TransactionRef::Hash(receipt.hash());
        let refusal = client
            .verify_payment(included.block.hash, which, &terms)
            .await
            .unwrap_err();
        assert!(matches!(refusal, PaymentRefusal::NotFinal { .. }), "{refusal}");

        let mut stages = receipt.stages();
        stages.mark_unchanged();
        devnet.reorg(3, transactions).await.unwrap();
        let dropped = reached(&receipt, |stage| matches!(stage, Stage::Reorged { .. })).await;
        assert!(
            matches!(dropped, Stage::Reorged { from } if from == included.block),
            "{dropped:?}"
        );
        // Handed over again before the next block is made: the pool counts it.
        let alice = pair("//Alice").account();
        let waiting = async {
            while client.next_nonce(&alice).await.unwrap() == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(60), waiting).await.unwrap();
        devnet.produce(1).await.unwrap();
        let again = reached(&receipt, |stage| matches!(stage, Stage::InBlock(_))).await;
        assert!(
            matches!(again, Stage::InBlock(again) if again.block != included.block && again.hash == included.hash)
        );
        devnet.produce(6).await.unwrap();
        let settled = receipt.finalized().await.unwrap();
        assert_eq!(client.balance(&bob.account()).await.unwrap().free.0 - before.0, 9);
        client
            .verify_payment(settled.block.hash, which, &terms)
            .await
            .unwrap();
        let refusal = client
            .verify_payment(included.block.hash, which, &terms)
            .await
            .unwrap_err();
        assert!(
            matches!(
                refusal,
                PaymentRefusal::Dropped { .. } | PaymentRefusal::Chain(ChainError::UnknownBlock { .. })
            ),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn a_failure_in_a_block_that_is_dropped_is_not_the_end() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let netuid = Subnet::create(&client).await.netuid;
    devnet.set_block_production(BlockProduction::Manual).unwrap();
    devnet.set_finality_lag(6).await.unwrap();
    // The price falls by two thousandths a block. This limit is below that of the next block, and above that of the
    // one after the branch.
    let price = client.burn(netuid).await.unwrap();
    let limit = Rao(price.0 / 10_000 * 9_975);
    let bob = pair("//Bob");
    let call = Call::register_limit(netuid, &pair("//Bob//hotkey").account(), limit);
    let receipt = client.submit(&bob, &call).await.unwrap();
    devnet.produce(1).await.unwrap();
    let failure = receipt.in_block().await.unwrap_err();
    assert_eq!(
        failure.chain_name(),
        Some("RegistrationPriceLimitExceeded"),
        "{failure}"
    );
    assert!(
        matches!(receipt.stage(), Stage::Failing(_)),
        "{:?}",
        receipt.stage()
    );

    devnet.reorg(1, Retracted::ToPool).await.unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::Reorged { .. })).await;
    devnet.produce(7).await.unwrap();
    let included = receipt.finalized().await.unwrap();
    assert!(included.registered_uid().is_some(), "{:?}", included.events);
}

#[tokio::test]
async fn a_failure_in_a_final_block_is_the_end() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    devnet.set_finality_lag(3).await.unwrap();
    let client = devnet::client(&devnet).await;
    let too_much = Call::transfer(
        &pair("//Bob").account(),
        Rao::from_tao(5_000_000),
        Existence::KeepAlive,
    );
    let receipt = client.submit(&pair("//Alice"), &too_much).await.unwrap();
    devnet.produce(1).await.unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::Failing(_))).await;
    devnet.produce(3).await.unwrap();
    reached(&receipt, |stage| matches!(stage, Stage::Failed(_))).await;
    let error = receipt.finalized().await.unwrap_err();
    assert!(matches!(error, ChainError::Dispatch { .. }), "{error}");
}
