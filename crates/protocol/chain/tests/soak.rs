//! A day of the chain with a client beside it: 7,200 blocks of 12 seconds, 64 neurons, every validator's weights each
//! epoch, the metagraph at every tenth block. The last quarter must need no more memory and open files than the second:
//! in the first the node fills what it keeps, such as the states of the last 2,400 blocks.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{Call, Uid, WeightRow, Zeros};
use assay_devnet::{BlockProduction, Clock, Devnet, DevnetConfig, Limits, Storage};
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

/// What the last quarter may need beyond the second. One leaked metagraph of 64 neurons (some 30 kB) at each of the 540
/// looks between their beginnings would be twice that; a leaked kilobyte a block is within the allocator's unevenness.
const GROWTH_KIB: u64 = 8 * 1024;

/// The least that a part of the day needed.
#[derive(Debug, Clone, Copy)]
struct Need {
    /// Memory that is not a file's.
    memory_kib: u64,
    files: usize,
}

impl Need {
    fn now() -> Self {
        let status = fs_err::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        Self {
            memory_kib: line.split_whitespace().nth(1).unwrap().parse().unwrap(),
            files: fs_err::read_dir("/proc/self/fd").unwrap().count(),
        }
    }

    fn least(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.min(other.memory_kib),
            files: self.files.min(other.files),
        }
    }
}

/// The allocator of our programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let mut quarters = [None::<Need>; 4];
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
        let now = Need::now();
        let quarter = &mut quarters[((look - 1) / (LOOKS / 4)) as usize];
        *quarter = Some(quarter.map_or(now, |least| least.least(now)));
    }
    eprintln!("{quarters:?}");
    let [_, Some(second), _, Some(last)] = quarters else {
        panic!("a day has four quarters: {quarters:?}");
    };
    assert!(
        last.memory_kib <= second.memory_kib + GROWTH_KIB,
        "memory grows: {quarters:?}"
    );
    assert!(
        last.files <= second.files,
        "files or sockets are left open: {quarters:?}"
    );
    let earned = stake().await;
    assert!(earned.alpha > staked.alpha, "a day's validating earns something");
    devnet.stop().await;
}
