//! The client in bad weather: networks that stall, reset, half-open and crawl; a node that reorganises, upgrades its
//! runtime and refuses. No call outlives its deadline, no success is told that did not happen, and the same client goes
//! on when it is over.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "chaos/proxy.rs"]
mod proxy;

mod devnet;

use assay_chain::{ChainClient, ChainError, ConnectOptions, Existence, NetUid, Rao, Receipt, Stage};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Retracted};
use devnet::pair;
use proxy::{Network, Proxy};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Of each call.
const DEADLINE: Duration = Duration::from_secs(3);

/// No call and no receipt may take longer than this: the deadline, a second attempt, and a busy machine.
const HANG: Duration = Duration::from_secs(60);

const AMOUNT: u64 = 7;

fn options() -> ConnectOptions {
    ConnectOptions::default()
        .with_deadline(DEADLINE)
        .with_inclusion_deadline(Duration::from_secs(20))
        .with_finality_deadline(Duration::from_secs(20))
}

async fn node(blocks: BlockProduction, finality_lag: u32) -> Devnet {
    let config = DevnetConfig {
        blocks,
        finality_lag,
        faults: true,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

async fn client(url: String) -> ChainClient {
    ChainClient::connect(url.parse().unwrap(), options())
        .await
        .unwrap()
}

async fn pay(client: &ChainClient) -> Result<Receipt, ChainError> {
    let bob = pair("//Bob").account();
    client
        .transfer(&pair("//Alice"), &bob, Rao(AMOUNT), Existence::KeepAlive)
        .await
}

async fn of_bob(client: &ChainClient) -> u64 {
    client.balance(&pair("//Bob").account()).await.unwrap().free.0
}

/// What becomes of a receipt, asked again while it is merely pending.
async fn end_of(receipt: &Receipt) -> Result<assay_chain::Included, ChainError> {
    let until = Instant::now() + HANG;
    loop {
        let ended = timeout(HANG, receipt.finalized())
            .await
            .expect("a receipt that hangs");
        match ended {
            Err(
                ChainError::StillPending { .. }
                | ChainError::Deadline { .. }
                | ChainError::Disconnected { .. }
                | ChainError::Unreachable { .. },
            ) if Instant::now() < until => {}
            ended => return ended,
        }
    }
}

/// Asks until there is an answer, as whoever uses a client does.
async fn recovers(client: &ChainClient) {
    let until = Instant::now() + HANG;
    while let Err(error) = timeout(HANG, client.head()).await.expect("a call that hangs") {
        assert!(Instant::now() < until, "it does not recover: {error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A payment is made, the network turns bad, and turns good again.
async fn lives_through(bad: Network) {
    let devnet = node(BlockProduction::Every(Duration::from_millis(100)), 2).await;
    let honest = client(devnet.url()).await;
    let proxy = Proxy::before(&devnet).await;
    let client = client(proxy.url()).await;
    let before = of_bob(&honest).await;
    let receipt = pay(&client).await.unwrap();
    proxy.becomes(bad);
    // Calls end, well or badly.
    for _ in 0..2 {
        let _ = timeout(HANG, client.head()).await.expect("a call that hangs");
        let _ = timeout(HANG, client.balance(&pair("//Bob").account()))
            .await
            .expect("a call that hangs");
    }
    // So does one that pays; what it says of itself is checked below.
    let during = timeout(HANG, pay(&client)).await.expect("a payment that hangs");
    proxy.becomes(Network::Good);
    recovers(&client).await;

    let mut paid = 0;
    let mut receipts = vec![receipt];
    receipts.extend(during);
    for receipt in &receipts {
        match end_of(receipt).await {
            Ok(included) => {
                let hash = honest.block_hash(included.block.number).await.unwrap();
                assert_eq!(hash, Some(included.block.hash), "it is in a block of this chain");
                paid += 1;
            }
            Err(error) => assert!(
                matches!(
                    error,
                    ChainError::NotIncluded { .. } | ChainError::Rejected { .. }
                ),
                "{bad:?}: {error}"
            ),
        }
    }
    assert!(paid >= 1, "the first payment was made in good weather");
    // A call that failed to submit may have reached the node all the same; one that succeeded certainly has, once.
    let certain = u64::try_from(paid).unwrap() * AMOUNT;
    let possible = if receipts.len() == 1 {
        certain + AMOUNT
    } else {
        certain
    };
    let gained = of_bob(&honest).await - before;
    assert!((certain..=possible).contains(&gained), "{bad:?}: {gained}");
    // The same client pays again.
    end_of(&pay(&client).await.unwrap()).await.unwrap();
    assert_eq!(of_bob(&honest).await - before, gained + AMOUNT);
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_network() {
    lives_through(Network::Stalled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_resets_connections() {
    lives_through(Network::Resetting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_accepts_connections_and_leaves_them_at_that() {
    lives_through(Network::HalfOpen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_passes_byte_after_byte() {
    lives_through(Network::Slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_reorganised_away_is_no_success_and_the_next_one_is() {
    let devnet = node(BlockProduction::Manual, 3).await;
    let client = client(devnet.url()).await;
    let before = of_bob(&client).await;
    let receipt = pay(&client).await.unwrap();
    let (_, lost) = devnet.produce(1).await.unwrap();
    let included = timeout(HANG, receipt.in_block()).await.unwrap().unwrap();
    assert_eq!(included.block.hash.to_string(), format!("{lost:?}"));
    devnet.reorg(1, Retracted::ToPool).await.unwrap();
    let (number, kept) = devnet.produce(1).await.unwrap();
    devnet.produce(6).await.unwrap();
    let ended = end_of(&receipt).await.unwrap();
    assert_eq!(ended.block.number.0, u64::from(number));
    assert_eq!(ended.block.hash.to_string(), format!("{kept:?}"));
    assert!(matches!(receipt.stage(), Stage::Finalized(_)));
    assert_eq!(of_bob(&client).await, before + AMOUNT);
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_a_node_lost_with_its_block_is_sent_again_or_told_as_lost() {
    let devnet = node(BlockProduction::Manual, 3).await;
    let options = options().with_mortality(8);
    let client = ChainClient::connect(devnet.url().parse().unwrap(), options)
        .await
        .unwrap();
    let before = of_bob(&client).await;
    let receipt = pay(&client).await.unwrap();
    devnet.produce(1).await.unwrap();
    timeout(HANG, receipt.in_block()).await.unwrap().unwrap();
    devnet.reorg(1, Retracted::Dropped).await.unwrap();
    // Beyond the last block in which it would be valid, and that block final. Whether the client is quick enough to
    // hand it over again before that is open; what it says is what happened.
    devnet.produce(20).await.unwrap();
    let paid = match end_of(&receipt).await {
        Ok(_) => AMOUNT,
        Err(ChainError::NotIncluded { .. } | ChainError::Rejected { .. }) => 0,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(of_bob(&client).await, before + paid);
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_go_on_over_an_upgrade_of_the_runtime() {
    let devnet = node(BlockProduction::OnDemand, 0).await;
    let client = client(devnet.url()).await;
    end_of(&pay(&client).await.unwrap()).await.unwrap();
    let (one, version) = (NetUid(1), client.spec_version());
    let before = (
        client.metagraph(one).await.unwrap().neurons.len(),
        client.hyperparameters(one).await.unwrap().tempo,
        client.subnets().await.unwrap().len(),
    );
    devnet.upgrade_runtime(None).unwrap();
    devnet.produce(2).await.unwrap();
    // Signed for the old runtime at first, perhaps; the client finds out.
    end_of(&pay(&client).await.unwrap()).await.unwrap();
    assert_eq!(client.spec_version(), version + 1);
    assert_eq!(
        (
            client.metagraph(one).await.unwrap().neurons.len(),
            client.hyperparameters(one).await.unwrap().tempo,
            client.subnets().await.unwrap().len(),
        ),
        before
    );
    // A call whose argument has the new type, and a read of a map by it.
    let subnet = devnet::Subnet::create(&client).await;
    let (neuron, uid) = subnet.register("Dave").await;
    assert_eq!(
        client.uid(subnet.netuid, &neuron.account()).await.unwrap(),
        Some(uid)
    );
    assert!(client.commitments(subnet.netuid).await.unwrap().is_empty());
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_refuses_for_the_rate_is_told_as_that_at_once_and_forgiven_later() {
    let devnet = node(BlockProduction::OnDemand, 0).await;
    let client = client(devnet.url()).await;
    devnet.faults().unwrap().rate_limit(Some(0));
    let error = timeout(HANG, client.head())
        .await
        .expect("a call that hangs")
        .unwrap_err();
    let ChainError::RateLimited { retry_after, .. } = error else {
        panic!("{error}")
    };
    timeout(HANG, pay(&client))
        .await
        .expect("a payment that hangs")
        .unwrap_err();
    let refused = ChainClient::connect(devnet.url().parse().unwrap(), options());
    let error = timeout(HANG, refused)
        .await
        .expect("a connect that hangs")
        .unwrap_err();
    assert!(matches!(error, ChainError::RateLimited { .. }), "{error}");
    devnet.faults().unwrap().rate_limit(None);
    // The client keeps the pause.
    tokio::time::sleep(retry_after).await;
    recovers(&client).await;
    end_of(&pay(&client).await.unwrap()).await.unwrap();
    devnet.stop().await;
}
