//! An axon's address on chain: published once, again only when it changed, and never in a loop.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod plain;
mod subnet;

use assay_chain::{AxonAnnouncement, Block, PublishedAxon, Retry, scale_value::Value};
use assay_devnet::{BlockProduction, Devnet};
use assay_neuron::{
    AxonPublisher, AxonStanding, Exit, MetagraphCache, NotReached, Publication, RestartPolicy, ServingError,
    Shutdown, Supervisor, WhenNotReached, compare_axon,
};
use futures::FutureExt;
use plain::{hotkey, metagraph};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use subnet::{Subnet, pair};

fn at(address: &str) -> AxonAnnouncement {
    AxonAnnouncement {
        address: address.parse().unwrap(),
        version: 7,
        protocol: 4,
    }
}

#[test]
fn an_address_counts_as_shown_only_when_all_of_it_is_the_same() {
    let mut subnet = metagraph(100, &[1, 2].map(hotkey));
    let wanted = at("10.0.0.1:8091");
    let standing = |subnet: &_, wanted: &_| compare_axon(subnet, &hotkey(1), wanted, 50);
    let differs = |shown, blocks_left| AxonStanding::Differs { shown, blocks_left };
    assert_eq!(
        compare_axon(&subnet, &hotkey(3), &wanted, 50),
        AxonStanding::Unregistered
    );
    assert_eq!(standing(&subnet, &wanted), differs(None, 0));
    let shown = |block| PublishedAxon {
        address: wanted.address,
        version: 7,
        protocol: 4,
        block: Block(block),
    };
    subnet.neurons[0].axon = Some(shown(90));
    assert_eq!(
        standing(&subnet, &wanted),
        AxonStanding::Shown { since: Block(90) }
    );
    let changed = [
        at("10.0.0.2:8091"),
        at("10.0.0.1:8092"),
        AxonAnnouncement { version: 8, ..wanted },
        AxonAnnouncement {
            protocol: 5,
            ..wanted
        },
    ];
    for wanted in changed {
        // Block 101 is 11 after 90; the limit is 50.
        assert_eq!(standing(&subnet, &wanted), differs(Some(shown(90)), 39));
    }
    for (last, blocks_left) in [(51, 0), (52, 1), (0, 0)] {
        subnet.neurons[0].axon = Some(shown(last));
        assert_eq!(
            standing(&subnet, &changed[0]),
            differs(Some(shown(last)), blocks_left),
            "{last}"
        );
    }
}

fn publisher(subnet: &Subnet, wanted: AxonAnnouncement) -> AxonPublisher {
    AxonPublisher::new(
        subnet.client.clone(),
        subnet.hotkey("Miner"),
        subnet.netuid,
        wanted,
    )
    .unwrap()
}

async fn transactions(subnet: &Subnet) -> u32 {
    let miner = subnet.hotkey("Miner").account();
    subnet.client.balance(&miner).await.unwrap().nonce
}

async fn shown(subnet: &Subnet) -> Option<String> {
    let metagraph = subnet.client.metagraph(subnet.netuid).await.unwrap();
    let miner = metagraph.by_hotkey(&subnet.hotkey("Miner").account()).unwrap();
    miner.axon.map(|axon| axon.address.to_string())
}

#[tokio::test]
async fn an_address_is_published_once_and_again_when_it_changes_and_the_limit_allows() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let first = publisher(&subnet, at("10.0.0.1:8091"));
    let Publication::Published(included) = first.publish().await.unwrap() else {
        panic!()
    };
    assert_eq!(shown(&subnet).await.unwrap(), "10.0.0.1:8091");
    assert_eq!(
        first.publish().await.unwrap(),
        Publication::Unchanged {
            since: included.block.number
        }
    );
    assert_eq!(transactions(&subnet).await, 1, "the second time nothing is sent");

    let moved = publisher(&subnet, at("10.0.0.1:9000"));
    let error = moved.publish().await.unwrap_err();
    assert_eq!(error.retry(), Retry::AfterBlocks(49), "{error}");
    assert_eq!(transactions(&subnet).await, 1);
    devnet.produce(49).await.unwrap();
    assert!(matches!(
        moved.publish().await.unwrap(),
        Publication::Published(_)
    ));
    assert_eq!(shown(&subnet).await.unwrap(), "10.0.0.1:9000");

    let stranger = AxonPublisher::new(
        subnet.client.clone(),
        pair("//Stranger"),
        subnet.netuid,
        at("10.0.0.9:1"),
    );
    let error = stranger.unwrap().publish().await.unwrap_err();
    assert!(error.hint().unwrap().contains("assay subnet register"), "{error}");
    devnet.stop().await;
}

#[tokio::test]
async fn an_address_that_nobody_can_be_at_is_refused_before_anything_is_asked() {
    let (devnet, subnet) = Subnet::with(&[], BlockProduction::OnDemand).await;
    for address in [
        "127.0.0.1:80",
        "[::1]:80",
        "0.0.0.0:80",
        "10.0.0.1:0",
        "255.255.255.255:80",
        "224.0.0.1:80",
    ] {
        let publisher = AxonPublisher::new(subnet.client.clone(), pair("//M"), subnet.netuid, at(address));
        let error = publisher.unwrap_err();
        assert!(matches!(error, ServingError::Address { .. }), "{error}");
        // How that is said depends on the program.
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("others reach this machine") && !hint.contains("--"),
            "{hint}"
        );
    }
    devnet.stop().await;
}

#[tokio::test]
async fn a_probe_that_fails_holds_the_address_back_only_where_that_is_wanted() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let open = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&open);
    let probe = move |_| {
        let is_open = asked.load(Ordering::SeqCst);
        async move {
            if is_open {
                return Ok(());
            }
            Err(NotReached {
                reason: "connection refused".to_owned(),
            })
        }
        .boxed()
    };
    let careful = publisher(&subnet, at("10.0.0.1:8091")).probing(probe.clone(), WhenNotReached::Withhold);
    let error = careful.publish().await.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(error.hint().unwrap().contains("8091"));
    assert_eq!(transactions(&subnet).await, 0);
    let bold = publisher(&subnet, at("10.0.0.1:8092")).probing(probe, WhenNotReached::Warn);
    assert!(matches!(bold.publish().await.unwrap(), Publication::Published(_)));
    devnet.produce(50).await.unwrap();
    open.store(true, Ordering::SeqCst);
    assert!(matches!(
        careful.publish().await.unwrap(),
        Publication::Published(_)
    ));
    devnet.stop().await;
}

/// Keeps an address on chain while `during` runs.
async fn kept(subnet: &Subnet, wanted: AxonAnnouncement, during: impl Future<Output = ()>) {
    let shutdown = Shutdown::new();
    let mut supervisor = Supervisor::new(shutdown.clone(), Duration::from_secs(10));
    let cache = Arc::new(MetagraphCache::new(subnet.client.clone(), subnet.netuid, 1));
    let reader = cache.reader();
    supervisor.task("metagraph", RestartPolicy::default(), move |handle| {
        let cache = Arc::clone(&cache);
        async move { cache.run(handle.shutdown().clone()).await }
    });
    let publisher = publisher(subnet, wanted);
    supervisor.task("serving", RestartPolicy::default(), move |handle| {
        let (publisher, reader) = (publisher.clone(), reader.clone());
        async move { publisher.keep(reader, &handle).await }
    });
    let running = tokio::spawn(supervisor.run());
    during.await;
    shutdown.begin();
    let exit = running.await.unwrap();
    assert!(matches!(exit, Exit::Stopped), "{exit}");
}

async fn until_shown(subnet: &Subnet, devnet: &Devnet, address: &str) {
    for _ in 0..200 {
        if shown(subnet).await.as_deref() == Some(address) {
            return;
        }
        devnet.produce(1).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{address} is not shown");
}

#[tokio::test]
async fn a_kept_address_is_sent_once_however_long_it_is_kept() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    let wanted = at("10.0.0.1:8091");
    kept(&subnet, wanted, async {
        until_shown(&subnet, &devnet, "10.0.0.1:8091").await;
        for _ in 0..10 {
            devnet.produce(30).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(transactions(&subnet).await, 1);
    // Nor does a restart send it.
    kept(&subnet, wanted, async {
        for _ in 0..10 {
            devnet.produce(10).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(transactions(&subnet).await, 1);
    devnet.stop().await;
}

#[tokio::test]
async fn a_hotkey_that_two_processes_publish_for_is_not_fought_over() {
    let (devnet, subnet) = Subnet::with(&["Miner"], BlockProduction::OnDemand).await;
    subnet
        .admin(
            "sudo_set_serving_rate_limit",
            "serving_rate_limit",
            Value::u128(0),
        )
        .await;
    kept(&subnet, at("10.0.0.1:8091"), async {
        until_shown(&subnet, &devnet, "10.0.0.1:8091").await;
        let other = publisher(&subnet, at("10.0.0.2:8091"));
        devnet.produce(1).await.unwrap();
        other.publish().await.unwrap();
        for _ in 0..10 {
            devnet.produce(10).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(transactions(&subnet).await, 2);
    assert_eq!(shown(&subnet).await.unwrap(), "10.0.0.2:8091");
    devnet.stop().await;
}
