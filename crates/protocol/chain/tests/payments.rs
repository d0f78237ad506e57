//! Payments as a seller sees them: what is accepted, and every way in which something is not a payment.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;
mod tampering;

use assay_chain::{
    Block, BlockHash, Call, ChainClient, ChainError, Existence, Included, Pair, PaymentId, PaymentRefusal,
    PaymentTerms, Rao, TransactionRef,
};
use assay_devnet::BlockProduction;
use devnet::pair;
use tampering::TamperingNode;

async fn done(client: &ChainClient, signer: &Pair, call: &Call) -> Included {
    client
        .submit(signer, call)
        .await
        .unwrap()
        .finalized()
        .await
        .unwrap()
}

fn terms(payee: &Pair, at_least: u64) -> PaymentTerms {
    PaymentTerms {
        payee: payee.account(),
        payer: None,
        at_least: Rao(at_least),
    }
}

#[tokio::test]
async fn a_transfer_is_a_payment_with_an_identifier_of_its_own() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob"));
    let call = Call::transfer(&bob.account(), Rao(700), Existence::KeepAlive);
    let first = done(&client, &alice, &call).await;
    let second = done(&client, &alice, &call).await;

    let by_index = TransactionRef::Index(first.index);
    let payment = client
        .verify_payment(first.block.hash, by_index, &terms(&bob, 700))
        .await
        .unwrap();
    assert_eq!(
        (payment.payer, payment.payee, payment.amount),
        (alice.account(), bob.account(), Rao(700))
    );
    assert_eq!((payment.block, payment.transaction), (first.block, first.hash));
    let text = payment.id.to_string();
    assert_eq!(text.parse::<PaymentId>().unwrap(), payment.id);
    let found = client
        .find_payment(first.hash, Block(0), Block(50), &terms(&bob, 700))
        .await
        .unwrap();
    assert_eq!(found, payment);
    let other = client
        .verify_payment(
            second.block.hash,
            TransactionRef::Hash(second.hash),
            &terms(&bob, 1),
        )
        .await
        .unwrap();
    assert_ne!(other.id, payment.id, "the same transfer again is another payment");
}

#[tokio::test]
async fn each_transfer_in_a_batch_is_a_payment_and_what_a_failed_call_says_is_none() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let (alice, bob, charlie) = (pair("//Alice"), pair("//Bob"), pair("//Charlie"));
    let pay = |to: &Pair, amount| Call::transfer(&to.account(), Rao(amount), Existence::KeepAlive);
    let batch = done(
        &client,
        &alice,
        &Call::batch_all(&[pay(&bob, 10), pay(&charlie, 20), pay(&bob, 30)]),
    )
    .await;
    let which = TransactionRef::Index(batch.index);
    let payments = client.payments(batch.block.hash, which).await.unwrap();
    let amounts: Vec<_> = payments.iter().map(|payment| payment.amount.0).collect();
    assert_eq!(amounts, [10, 20, 30]);
    assert!(payments[0].id < payments[1].id && payments[1].id < payments[2].id);
    let enough = client
        .verify_payment(batch.block.hash, which, &terms(&bob, 25))
        .await
        .unwrap();
    assert_eq!(enough.id, payments[2].id, "the first of them is too little");

    // The whole batch is undone with its last call, whatever events came before.
    let all_or_none = Call::batch_all(&[pay(&bob, 10), pay(&bob, 5_000_000_000_000_000)]);
    let receipt = client.submit(&alice, &all_or_none).await.unwrap();
    let ChainError::Dispatch { block, .. } = receipt.finalized().await.unwrap_err() else {
        panic!("more than there is")
    };
    let refusal = client
        .verify_payment(block.hash, TransactionRef::Hash(receipt.hash()), &terms(&bob, 1))
        .await
        .unwrap_err();
    assert!(matches!(refusal, PaymentRefusal::Failed { .. }), "{refusal}");
}

#[tokio::test]
async fn what_is_no_payment_is_refused_by_name() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let (alice, bob, charlie) = (pair("//Alice"), pair("//Bob"), pair("//Charlie"));
    let paid = done(
        &client,
        &alice,
        &Call::transfer(&bob.account(), Rao(700), Existence::KeepAlive),
    )
    .await;
    let block = paid.block.hash;
    let which = TransactionRef::Hash(paid.hash);
    let refused =
        async |which, terms: PaymentTerms| client.verify_payment(block, which, &terms).await.unwrap_err();
    assert!(matches!(
        refused(which, terms(&bob, 701)).await,
        PaymentRefusal::TooLittle {
            found: Rao(700),
            wanted: Rao(701)
        }
    ));
    let from_charlie = PaymentTerms {
        payer: Some(charlie.account()),
        ..terms(&bob, 1)
    };
    assert!(matches!(
        refused(which, from_charlie).await,
        PaymentRefusal::OtherPayer { found, .. } if found == alice.account()
    ));
    assert!(matches!(
        refused(which, terms(&charlie, 1)).await,
        PaymentRefusal::NothingPaid { .. }
    ));
    // The block's first transaction sets its time.
    assert!(matches!(
        refused(TransactionRef::Index(0), terms(&bob, 1)).await,
        PaymentRefusal::NothingPaid { .. }
    ));
    assert!(matches!(
        refused(TransactionRef::Index(9), terms(&bob, 1)).await,
        PaymentRefusal::NoSuchTransaction { .. }
    ));
    let nowhere = client
        .verify_payment(BlockHash([7; 32]), which, &terms(&bob, 1))
        .await
        .unwrap_err();
    assert!(
        matches!(nowhere, PaymentRefusal::Chain(ChainError::UnknownBlock { .. })),
        "{nowhere}"
    );
    let too_late = client
        .find_payment(
            paid.hash,
            Block(paid.block.number.0 + 1),
            Block(900),
            &terms(&bob, 1),
        )
        .await
        .unwrap_err();
    assert!(matches!(too_late, PaymentRefusal::NotFound { .. }), "{too_late}");
    let too_long = client
        .find_payment(paid.hash, Block(0), Block(1_000_000), &terms(&bob, 1))
        .await
        .unwrap_err();
    assert!(
        matches!(too_long, PaymentRefusal::RangeTooLong { .. }),
        "{too_long}"
    );
}

#[tokio::test]
async fn a_payment_in_a_block_that_is_not_final_is_not_one_yet() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let honest = devnet::client(&devnet).await;
    let bob = pair("//Bob");
    let paid = done(
        &honest,
        &pair("//Alice"),
        &Call::transfer(&bob.account(), Rao(700), Existence::KeepAlive),
    )
    .await;
    let node = TamperingNode::before(&devnet).await;
    let client = ChainClient::connect(node.url.parse().unwrap(), devnet::options())
        .await
        .unwrap();
    let genesis = client.genesis().to_string();
    node.lie(|lies| lies.finalized = Some(genesis));
    let which = TransactionRef::Hash(paid.hash);
    let refusal = client
        .verify_payment(paid.block.hash, which, &terms(&bob, 1))
        .await
        .unwrap_err();
    assert!(
        matches!(
            refusal,
            PaymentRefusal::NotFinal {
                finalized: Block(0),
                ..
            }
        ),
        "{refusal}"
    );
    node.lie(|lies| lies.finalized = None);
    client
        .verify_payment(paid.block.hash, which, &terms(&bob, 1))
        .await
        .unwrap();
}
