//! Commitments on a real chain: what is written comes back, by the chain's own byte rule.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{BYTES_PER_EPOCH, ChainError, CommitmentError, CommitmentField, commitment_cost};
use assay_devnet::BlockProduction;
use devnet::{Subnet, done, pair};

#[tokio::test]
async fn a_text_comes_back_with_its_block_whatever_its_length_and_alphabet() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let netuid = subnet.netuid;
    let (miner, _) = subnet.register("Miner").await;

    let texts = [
        "x".to_owned(),
        "a".repeat(128),
        "ü".repeat(64),
        "ü".repeat(65),
        "b".repeat(129),
        "c".repeat(512),
    ];
    for text in &texts {
        let receipt = client.set_commitment(&miner.hotkey, netuid, text).await.unwrap();
        let included = receipt.finalized().await.unwrap();
        let commitment = client
            .commitment(netuid, &miner.account())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(commitment.text().as_deref(), Some(text.as_str()));
        assert_eq!(commitment.block, included.block.number);
        assert_eq!(commitment.hotkey, miner.account());
        let [field] = commitment.fields.as_slice() else {
            panic!("{:?}", commitment.fields)
        };
        assert_eq!(
            matches!(field, CommitmentField::Raw(_)),
            text.len() <= 128,
            "{} bytes",
            text.len()
        );
    }
}

#[tokio::test]
async fn all_commitments_of_a_subnet_come_at_once_ascending_by_hotkey() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let netuid = subnet.netuid;
    let mut expected = Vec::new();
    for name in ["First", "Second", "Third"] {
        let (miner, _) = subnet.register(name).await;
        let text = format!("{name}/dataset:1:0123456789abcdef0123456789abcdef01234567");
        done(client.set_commitment(&miner.hotkey, netuid, &text).await).await;
        expected.push((miner.account(), text));
    }
    expected.sort();
    let before = client.requests();
    let commitments = client.commitments(netuid).await.unwrap();
    assert!(client.requests() - before <= 4, "not one request a hotkey");
    let found: Vec<_> = commitments
        .iter()
        .map(|found| (found.hotkey, found.text().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_the_chain_cannot_hold_is_refused_before_it_is_sent() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let nobody = pair("//Nobody");
    let netuid = assay_chain::NetUid(1);
    let error = client
        .set_commitment(&nobody, netuid, &"ü".repeat(257))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::Commitment(CommitmentError::TooLong {
                bytes: 514,
                limit: 512
            })
        ),
        "{error}"
    );
    let error = client.set_commitment(&nobody, netuid, "").await.unwrap_err();
    assert!(
        matches!(error, ChainError::Commitment(CommitmentError::Empty)),
        "{error}"
    );
}

#[tokio::test]
async fn the_unregistered_and_the_talkative_are_refused_by_name() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let netuid = subnet.netuid;
    let failure =
        async |pair: &assay_chain::Pair, text: &str| match client.set_commitment(pair, netuid, text).await {
            Ok(receipt) => receipt.finalized().await.unwrap_err(),
            Err(error) => error,
        };
    let (miner, _) = subnet.register("Miner").await;
    // An account that exists but has no slot.
    let error = failure(&pair("//Bob"), "hello").await;
    assert_eq!(error.chain_name(), Some("AccountNotAllowedCommit"), "{error}");

    let text = "d".repeat(500);
    let fits = BYTES_PER_EPOCH / commitment_cost(&text);
    for _ in 0..fits {
        done(client.set_commitment(&miner.hotkey, netuid, &text).await).await;
    }
    let error = failure(&miner.hotkey, &text).await;
    assert_eq!(error.chain_name(), Some("SpaceLimitExceeded"), "{error}");
    assert!(error.hint().unwrap().contains("next epoch"), "{error}");
}
