//! A queue in memory.

use assay_axon::UnixNanos;
use assay_keys::AccountId;
use assay_organic::{MemoryQueue, Queue, QueueLimits, QueuePolicy, Queued, SampleId};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{num::NonZeroUsize, sync::Arc, time::Duration};

const SECOND: u64 = 1_000_000_000;

fn queued(id: u8, caller: Option<u8>, second: u64) -> Queued<u8> {
    Queued {
        id: SampleId([id; 16]),
        sample: id,
        caller: caller.map(|caller| AccountId([caller; 32])),
        queued_at: UnixNanos(second * SECOND),
        failures: 0,
    }
}

fn queue(limits: QueueLimits) -> MemoryQueue<u8> {
    MemoryQueue::new(limits, ChaCha8Rng::seed_from_u64(5))
}

fn with(policy: QueuePolicy) -> QueueLimits {
    QueueLimits {
        policy,
        ..QueueLimits::default()
    }
}

fn drain(queue: &MemoryQueue<u8>, second: u64) -> Vec<u8> {
    std::iter::from_fn(|| queue.sample(UnixNanos(second * SECOND)).unwrap().next)
        .map(|queued| queued.sample)
        .collect()
}

#[test]
fn a_policy_says_which_is_next_and_what_was_put_back_goes_first() {
    for (policy, order) in [
        (QueuePolicy::Fifo, [0, 1, 2, 3]),
        (QueuePolicy::Lifo, [3, 2, 1, 0]),
    ] {
        let queue = queue(with(policy));
        for id in 0..4 {
            queue.add(queued(id, None, 0)).unwrap();
        }
        let first = queue.sample(UnixNanos(0)).unwrap().next.unwrap();
        let second = queue.sample(UnixNanos(0)).unwrap().next.unwrap();
        assert_eq!([first.sample, second.sample], order[..2]);
        queue.add(queued(4, None, 0)).unwrap();
        queue.put_back(first).unwrap();
        queue.put_back(second).unwrap();
        let drawn = drain(&queue, 0);
        let (again, rest) = drawn.split_at(2);
        assert_eq!(again, [order[1], order[0]]);
        let newest_last = policy == QueuePolicy::Fifo;
        assert_eq!(rest, if newest_last { [2, 3, 4] } else { [4, 1, 0] });
    }
}

#[test]
fn each_caller_keeps_its_newest_and_pushes_nobody_else_out() {
    let queue = queue(QueueLimits {
        per_hotkey: NonZeroUsize::new(2),
        policy: QueuePolicy::Fifo,
        ..QueueLimits::default()
    });
    queue.add(queued(0, Some(1), 0)).unwrap();
    for id in 1..=5 {
        let added = queue.add(queued(id, Some(2), 0)).unwrap();
        let evicted: Vec<_> = (id > 2).then(|| SampleId([id - 2; 16])).into_iter().collect();
        assert_eq!(added.evicted, evicted);
    }
    queue.add(queued(6, None, 0)).unwrap();
    assert_eq!(queue.len(), 4);
    assert_eq!(drain(&queue, 0), [0, 4, 5, 6]);
    // Whoever has been drawn makes room.
    queue.add(queued(7, Some(2), 0)).unwrap();
    queue.add(queued(8, Some(2), 0)).unwrap();
    assert_eq!(drain(&queue, 0), [7, 8]);
}

#[test]
fn what_is_too_old_is_not_drawn() {
    let queue = queue(QueueLimits {
        max_age: Some(Duration::from_secs(60)),
        ..QueueLimits::default()
    });
    for (id, second) in [(0, 0), (1, 30), (2, 61)] {
        queue.add(queued(id, None, second)).unwrap();
    }
    queue.put_back(queued(3, None, 1)).unwrap();
    let mut young = drain(&queue, 90);
    young.sort_unstable();
    assert_eq!(young, [1, 2]);
}

#[test]
fn any_is_drawn_however_long_the_queue() {
    let queue = queue(QueueLimits::default());
    for id in 0..=255 {
        queue.add(queued(id, Some(id % 7), 0)).unwrap();
    }
    let drawn = drain(&queue, 0);
    let mut all = drawn.clone();
    all.sort_unstable();
    assert_eq!(all, (0..=255).collect::<Vec<_>>());
    assert_ne!(drawn, all);
    assert!(queue.is_empty());
}

#[test]
fn many_threads_add_while_one_takes() {
    let queue = Arc::new(queue(QueueLimits::default()));
    let adding: Vec<_> = (0..4)
        .map(|thread| {
            let queue = queue.clone();
            std::thread::spawn(move || {
                for id in 0..50 {
                    queue.add(queued(thread * 50 + id, None, 0)).unwrap();
                }
            })
        })
        .collect();
    let mut taken = Vec::new();
    while taken.len() < 200 {
        taken.extend(drain(&queue, 0));
        std::thread::yield_now();
    }
    for thread in adding {
        thread.join().unwrap();
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..200).collect::<Vec<_>>());
}
