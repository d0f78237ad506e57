//! Calls without end, from one dendrite to one axon: neither keeps anything of a call but what guards against its repeat,
//! and both leave nothing behind. `cargo xtask bench axon` makes twenty times as many.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[allow(dead_code, reason = "other tests stream")]
mod echo;

use assay_axon::{
    Dendrite, DendriteConfig, SynapseRequest, Target,
    server::{Asked, Axon, AxonConfig, BucketSize, Failure, Route},
    synapse::{Field, FieldType},
};
use assay_keys::{Pair, Scheme};
use cap::Cap;
use echo::Echo;
use std::{sync::Arc, time::Duration};

/// The allocator of our programs, with a count of what it gave out.
#[global_allocator]
static ALLOCATOR: Cap<mimalloc::MiMalloc> = Cap::new(mimalloc::MiMalloc, usize::MAX);

/// Calls under way at one time, each on a connection of its own.
const AT_ONCE: usize = 32;

/// Both ends of each connection, as many again that are about to close, and the axon's own.
const MOST_SOCKETS: usize = 4 * AT_ONCE + 1;

/// Calls before the first look. They open the connections and fill the buffers that are kept.
const WARM: usize = 1_000;

/// What may be kept of a call: its signature's key and until when, some 110 bytes, in a table that doubles. Half of one
/// call's head would be more.
const KEPT_OF_A_CALL: usize = 256;

/// What may remain when both are gone: what libraries make once and keep. One leaked call in a hundred is more.
const REMAINS: usize = 128 * 1024;

/// A call that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(30);

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Need {
    bytes: usize,
    files: usize,
}

impl Need {
    fn now() -> Self {
        Self {
            bytes: ALLOCATOR.allocated(),
            files: fs_err::read_dir("/proc/self/fd").unwrap().count(),
        }
    }

    /// What it holds once that is as little as wanted, or after a long time: connections close a moment after their owner
    /// has gone.
    async fn settled(is_little: impl Fn(Self) -> bool) -> Self {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let need = Self::now();
            if is_little(need) || tokio::time::Instant::now() > until {
                return need;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

struct Caller {
    dendrite: Dendrite,
    target: Target,
    hashed: [Field; 2],
}

impl Caller {
    async fn call(&self, number: usize) {
        let text = format!("{number:0>512}");
        let expected: String = text.chars().rev().collect();
        let echo = Echo {
            text,
            n: i64::try_from(number).unwrap(),
            tags: Vec::new(),
            reply: None,
        };
        let request = SynapseRequest::new("Echo", &echo, PATIENCE)
            .and_then(|request| request.requiring(&["text"]))
            .and_then(|request| request.hashing(&self.hashed))
            .unwrap();
        let reply = self.dendrite.call(&self.target, &request).await;
        let Some(answer) = reply.outcome.answer() else {
            panic!("call {number}: {:?}", reply.outcome);
        };
        let reversed: String = answer.fields.get("reply").unwrap().unwrap();
        assert_eq!(reversed, expected);
    }

    /// So many calls, always [`AT_ONCE`] of them under way.
    async fn call_often(self: &Arc<Self>, calls: usize) {
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|first| {
                let caller = Arc::clone(self);
                tokio::spawn(async move {
                    for number in (first..calls).step_by(AT_ONCE) {
                        caller.call(number).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

/// An axon and a dendrite come, talk, and go. Gives what they needed after [`WARM`] calls and after all.
async fn life(calls: usize) -> [Need; 2] {
    let bob = Pair::from_uri("//Bob", Scheme::Sr25519).unwrap();
    let hotkey = bob.account();
    let unlimited = BucketSize {
        burst: u32::MAX,
        per_second: 1e9,
    };
    let mut config = AxonConfig::default();
    (config.rates.address, config.rates.caller) = (unlimited, unlimited);
    let axon = Axon::build(bob, config)
        .route(Route::new(reversed))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let caller = Arc::new(Caller {
        dendrite: Dendrite::new(
            Pair::from_uri("//Alice", Scheme::Sr25519).unwrap(),
            DendriteConfig {
                idle_per_target: AT_ONCE,
                ..DendriteConfig::default()
            },
        ),
        target: Target {
            hotkey,
            address: axon.addresses()[0],
        },
        hashed: [
            Field::required("text", FieldType::Str),
            Field::with_default("n", FieldType::Int, 0_i64),
        ],
    });
    caller.call_often(WARM).await;
    let warm = Need::now();
    caller.call_often(calls).await;
    let late = Need::now();
    drop(caller);
    axon.stop().await;
    [warm, late]
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_leave_memory_and_sockets_flat() {
    // `cargo xtask bench axon` asks for more.
    let calls = std::env::var("ASSAY_SOAK_CALLS").map_or(5_000, |calls| calls.parse().unwrap());
    let files = Need::now().files;
    // What libraries make once is made in the first life.
    life(0).await;
    let before = Need::settled(|need| need.files <= files).await;
    let [warm, late] = life(calls).await;
    let after = Need::settled(|need| need.files <= files && need.bytes <= before.bytes + REMAINS).await;
    eprintln!("{calls} calls: before {before:?}, warm {warm:?}, late {late:?}, after {after:?}");
    for need in [warm, late] {
        assert!(
            need.files <= files + MOST_SOCKETS,
            "sockets are left open: {files}, {need:?}"
        );
    }
    assert!(
        late.bytes <= warm.bytes + calls * KEPT_OF_A_CALL,
        "something of each call is kept: {warm:?}, {late:?}"
    );
    assert!(
        after.files <= files && after.bytes <= before.bytes + REMAINS,
        "something is left when both are gone: {before:?}, {after:?}"
    );
}
