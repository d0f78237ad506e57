//! A day of the chain with a client beside it: 7,200 blocks of 12 seconds, 64 neurons, every validator's weights each
//! epoch, the metagraph at every tenth block. The last quarter must need no more than the third: before it the node
//! fills what it keeps, such as the states of the last 2,400 blocks.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{Call, Uid, WeightRow, Zeros};
use assay_devnet::{BlockProduction, Clock, Devnet, DevnetConfig, Limits, Storage};
use cap::Cap;
use devnet::{Neuron, Subnet, done, pair};
use futures::StreamExt;
use std::time::Duration;
use tokio::time::timeout;

/// A day at 12 seconds a block.
const BLOCKS: u32 = 24 * 60 * 60 / 12;
/// Blocks between two looks.
const STRIDE: u32 = 10;
const LOOKS: u32 = BLOCKS / STRIDE;
/// The tempo of a new subnet.
const TEMPO: u32 = 360;
const NEURONS: u16 = 64;
const VALIDATORS: usize = 4;

/// A block that is made is heard of at once; a test that waits this long has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the last quarter may hold beyond the third. One leaked metagraph of 64 neurons (some 30 kB) at each of the 180
/// looks between their middles would be 5 MB; what the store and its pruning have in hand makes them differ by one.
const HELD_GROWTH_KIB: usize = 4 * 1024;

/// What the last quarter may take from the system beyond the third. An allocator that never fills its gaps again grew
/// by 30 MB a quarter; with ours single looks are up to 15 MB apart, and their medians 4.
const TAKEN_GROWTH_KIB: usize = 16 * 1024;

/// What the process needs at a look.
#[derive(Debug, Clone, Copy)]
struct Need {
    /// Memory that the program holds, byte for byte.
    held_kib: usize,
    /// Memory that it has from the system and that is not a file's.
    taken_kib: usize,
    files: usize,
}

impl Need {
    fn now() -> Self {
        let status = fs_err::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        Self {
            held_kib: ALLOCATOR.allocated() / 1024,
            taken_kib: line.split_whitespace().nth(1).unwrap().parse().unwrap(),
            files: fs_err::read_dir("/proc/self/fd").unwrap().count(),
        }
    }

    /// The usual need: the median of each, as a look may fall into a write of the store or a read of its pruning.
    fn usual(looks: &[Self]) -> Self {
        let median = |of: fn(&Self) -> usize| {
            let mut all: Vec<usize> = looks.iter().map(of).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        Self {
            held_kib: median(|need| need.held_kib),
            taken_kib: median(|need| need.taken_kib),
            files: median(|need| need.files),
        }
    }
}

/// The allocator of our programs, with a count of what it gave out.
#[global_allocator]
static ALLOCATOR: Cap<mimalloc::MiMalloc> = Cap::new(mimalloc::MiMalloc, usize::MAX);

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_blocks_leaves_memory_and_sockets_flat() {
    let folder = tempfile::tempdir().unwrap();
    let mut limits = Limits::default();
    // With its usual cache the node would still be filling it at the end of the day.
    limits.state_cache_bytes = 4 * 1024 * 1024;
    let devnet = Devnet::start(DevnetConfig {
        limits,
        data: Storage::Folder(folder.path().to_owned()),
        blocks: BlockProduction::OnDemand,
        clock: Clock::Steady {
            start_ms: 1_700_000_000_000,
        },
        ..DevnetConfig::default()
    })
    .await
    .unwrap();
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let alice = pair("//Alice");
    let hotkey = |number: u16| pair(&format!("//Alice//{number}"));
    let registrations: Vec<Call> = (1..NEURONS)
        .map(|number| Call::burned_register(subnet.netuid, &hotkey(number).account()))
        .collect();
    done(client.submit(&alice, &Call::batch_all(&registrations)).await).await;
    let validators: Vec<Neuron> = (1..=VALIDATORS as u16)
        .map(|number| Neuron {
            coldkey: alice.clone(),
            hotkey: hotkey(number),
        })
        .collect();
    for validator in &validators {
        subnet.stake(validator, 1_000).await;
    }
    // Permits come with the first epoch.
    devnet.run_to_epoch(subnet.netuid.0).await.unwrap();
    devnet.set_block_production(BlockProduction::Manual).unwrap();
    let stake = async || {
        let validator = validators[0].account();
        client
            .stake(subnet.netuid, &validator, &alice.account())
            .await
            .unwrap()
    };
    let staked = stake().await;

    let mut blocks = client.blocks().await.unwrap();
    let mut last = blocks.next().await.unwrap().unwrap().number.0;
    let mut follow = async |count: u32| {
        devnet.produce(count).await.unwrap();
        for _ in 0..count {
            let block = timeout(PATIENCE, blocks.next()).await.unwrap().unwrap().unwrap();
            assert_eq!(block.number.0, last + 1, "each block once, in order");
            last = block.number.0;
        }
    };
    let mut looks = Vec::new();
    for look in 1..=LOOKS {
        follow(STRIDE).await;
        let metagraph = client.metagraph(subnet.netuid).await.unwrap();
        assert_eq!(metagraph.neurons.len(), usize::from(NEURONS));
        if look % (TEMPO / STRIDE) == 0 {
            for validator in &validators {
                let scores: Vec<(Uid, f64)> = (0..NEURONS)
                    .map(|uid| (Uid(uid), f64::from((u32::from(uid) * 7 + look) % 11)))
                    .collect();
                let row = WeightRow::from_scores(&scores, Zeros::Explicit).unwrap();
                let receipt = client
                    .set_weights(&validator.hotkey, subnet.netuid, &row, 0)
                    .await;
                follow(1).await;
                done(receipt).await;
            }
        }
        looks.push(Need::now());
    }
    let quarters: Vec<Need> = looks.chunks(looks.len() / 4).map(Need::usual).collect();
    eprintln!("{quarters:#?}");
    let [_, _, third, last] = quarters[..] else {
        panic!("a day has four quarters: {quarters:?}");
    };
    assert!(
        last.held_kib <= third.held_kib + HELD_GROWTH_KIB,
        "something is kept for ever: {quarters:?}"
    );
    assert!(
        last.taken_kib <= third.taken_kib + TAKEN_GROWTH_KIB,
        "memory grows: {quarters:?}"
    );
    assert!(
        last.files <= third.files,
        "files or sockets are left open: {quarters:?}"
    );
    let earned = stake().await;
    assert!(earned.alpha > staked.alpha, "a day's validating earns something");
    devnet.stop().await;
}
