//! A queue on disk: killed, torn, damaged, rewritten.

use crate::recorder::Recorder;
use assay_axon::UnixNanos;
use assay_keys::AccountId;
use assay_organic::{
    DropReason, JobState, JournalBounds, JournalQueue, OrganicScorer, Queue, QueueError, QueueLimits,
    QueuePolicy, Queued, SampleId, queue::JournalError,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    io::{BufRead, BufReader, Write},
    num::NonZeroUsize,
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A process that is started holds this one's locks for a moment, so while one is, no queue is opened again.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

const FOLDER: &str = "ASSAY_ORGANIC_TEST_QUEUE";

fn limits() -> QueueLimits {
    QueueLimits {
        policy: QueuePolicy::Fifo,
        ..QueueLimits::default()
    }
}

fn open(path: &Path) -> JournalQueue<String> {
    try_open(path).unwrap()
}

fn try_open(path: &Path) -> Result<JournalQueue<String>, JournalError> {
    open_within(path, JournalBounds::default())
}

fn open_within(path: &Path, bounds: JournalBounds) -> Result<JournalQueue<String>, JournalError> {
    JournalQueue::open(path, limits(), bounds, 2, ChaCha8Rng::seed_from_u64(1))
}

fn id(number: u32) -> SampleId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SampleId(bytes)
}

fn queued(number: u32) -> Queued<String> {
    Queued {
        id: id(number),
        sample: format!("prompt {number}\nwith \"quotes\" ☃"),
        caller: Some(AccountId([9; 32])),
        queued_at: UnixNanos(u64::from(number)),
        failures: 0,
    }
}

fn take(queue: &JournalQueue<String>) -> Option<Queued<String>> {
    queue.sample(UnixNanos(0)).unwrap().next
}

fn drain(queue: &JournalQueue<String>) -> Vec<Queued<String>> {
    std::iter::from_fn(|| take(queue))
        .inspect(|queued| queue.settle(queued.id).unwrap())
        .collect()
}

#[test]
fn what_waits_is_there_again_and_what_is_settled_is_not() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/queue");
    let queue = open(&path);
    for number in 0..5 {
        queue.add(queued(number)).unwrap();
    }
    let scored = take(&queue).unwrap();
    queue.settle(scored.id).unwrap();
    let mut failed = take(&queue).unwrap();
    failed.failures = 1;
    queue.put_back(failed.clone()).unwrap();
    drop(queue);

    let queue = open(&path);
    assert_eq!(queue.len(), 4);
    let again = drain(&queue);
    assert_eq!(again[0], failed);
    assert_eq!(again[1..], [queued(2), queued(3), queued(4)]);
    drop(queue);
    assert!(open(&path).is_empty());
}

#[test]
fn what_was_in_flight_comes_again_until_it_is_the_likely_cause() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let queue = open(&path);
    queue.add(queued(1)).unwrap();
    assert!(take(&queue).is_some());
    drop(queue);
    let queue = open(&path);
    assert_eq!(take(&queue).unwrap().failures, 1);
    drop(queue);
    let queue = open(&path);
    assert!(queue.is_empty());
    drop(queue);
    assert!(open(&path).is_empty());
}

#[test]
fn a_torn_end_is_cut_off_and_damage_costs_one_sample() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let queue = open(&path);
    for number in 0..4 {
        queue.add(queued(number)).unwrap();
    }
    drop(queue);
    let whole = fs_err::read(&path).unwrap();
    let lines: Vec<usize> = whole
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at)
        .collect();

    // Cut anywhere in the last line, and before: as many are left as lines are whole.
    for end in lines[0] + 1..whole.len() {
        fs_err::write(&path, &whole[..end]).unwrap();
        let kept = lines[1..].iter().filter(|at| **at < end).count();
        let queue = open(&path);
        assert_eq!(queue.len(), kept, "cut at {end}");
        // What comes afterwards is written where it can be read.
        queue.add(queued(77)).unwrap();
        drop(queue);
        let all = drain(&open(&path));
        assert_eq!((all.len(), all.last()), (kept + 1, Some(&queued(77))));
    }

    let mut damaged = whole.clone();
    damaged[lines[1] + 20] ^= 1;
    fs_err::write(&path, &damaged).unwrap();
    assert_eq!(drain(&open(&path)), [queued(0), queued(2), queued(3)]);

    // A header in part is a process that was killed at its start; another file is left alone.
    fs_err::write(&path, &whole[..7]).unwrap();
    assert!(open(&path).is_empty());
    fs_err::write(&path, "someone's letters\n").unwrap();
    let foreign = try_open(&path);
    assert!(matches!(foreign, Err(JournalError::Foreign { .. })));
    assert_eq!(fs_err::read_to_string(&path).unwrap(), "someone's letters\n");
}

#[cfg(unix)]
#[test]
fn what_users_wrote_is_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let modes = || {
        let files = fs_err::read_dir(folder.path()).unwrap().map(Result::unwrap);
        let mut modes: Vec<_> = files
            .map(|file| {
                (
                    file.file_name(),
                    file.metadata().unwrap().permissions().mode() & 0o777,
                )
            })
            .collect();
        modes.sort();
        modes
    };
    let only_the_owners = [("queue".into(), 0o600), ("queue.lock".into(), 0o600)];
    let queue = open(&path);
    queue.add(queued(1)).unwrap();
    assert_eq!(modes(), only_the_owners);
    // The rewritten copy is another file.
    queue.compact().unwrap();
    assert_eq!(modes(), only_the_owners);
}

#[test]
fn one_process_has_it_at_a_time() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let _queue = open(&path);
    let second = try_open(&path);
    assert!(matches!(second, Err(JournalError::InUse { .. })));
}

#[test]
fn the_file_stays_small_however_much_goes_through() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let bounds = JournalBounds {
        samples: 1_000,
        spare: 2_000,
    };
    let queue = open_within(&path, bounds).unwrap();
    // A thousand bytes hold some six; the oldest go.
    let mut evicted = 0;
    for number in 0..500 {
        evicted += queue.add(queued(number)).unwrap().evicted.len();
        if number % 3 == 0 {
            let taken = take(&queue).unwrap();
            queue.settle(taken.id).unwrap();
        }
    }
    assert!(evicted > 200);
    queue.add(queued(1_000)).unwrap();
    let in_flight = take(&queue).unwrap();
    let mut again = take(&queue).unwrap();
    again.failures = 1;
    queue.put_back(again.clone()).unwrap();
    // One may be under way, and this one then finds nothing to do.
    while queue.file_bytes() > 4_000 {
        queue.compact().unwrap();
        std::thread::yield_now();
    }
    // What is added after a rewriting, and what was moved by it, is found at the next too.
    queue.add(queued(1_001)).unwrap();
    queue.compact().unwrap();
    queue.settle(in_flight.id).unwrap();
    let waiting = queue.len();
    drop(queue);
    let queue = open(&path);
    assert_eq!(queue.len(), waiting);
    let left = drain(&queue);
    assert!(left.contains(&again));
    assert!(left.contains(&queued(1_001)) && !left.contains(&in_flight));
}

#[test]
fn a_sample_larger_than_the_bound_drops_the_others_and_not_itself() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let bounds = JournalBounds {
        samples: 1_000,
        ..JournalBounds::default()
    };
    let queue = open_within(&path, bounds).unwrap();
    queue.add(queued(0)).unwrap();
    let again = take(&queue).unwrap();
    queue.put_back(again).unwrap();
    let large = |number| Queued {
        sample: "x".repeat(2_000),
        ..queued(number)
    };
    // The only other one was put back, and it goes.
    assert_eq!(queue.add(large(1)).unwrap().evicted, [id(0)]);
    // Another one takes its place.
    assert_eq!(queue.add(large(2)).unwrap().evicted, [id(1)]);
    assert_eq!(queue.len(), 1);
    assert_eq!(take(&queue), Some(large(2)));
    queue.settle(id(2)).unwrap();
    drop(queue);
    // What was dropped does not come again.
    assert!(open(&path).is_empty());
}

#[test]
fn what_is_dropped_for_its_age_or_for_one_that_is_put_back_is_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let limits = QueueLimits {
        capacity: NonZeroUsize::new(2).unwrap(),
        max_age: Some(Duration::from_nanos(100)),
        ..limits()
    };
    let rng = ChaCha8Rng::seed_from_u64(1);
    let queue = JournalQueue::open(&path, limits, JournalBounds::default(), 2, rng).unwrap();
    for number in 0..2 {
        queue.add(queued(number)).unwrap();
    }
    let first = take(&queue).unwrap();
    queue.add(queued(2)).unwrap();
    assert_eq!(queue.put_back(first).unwrap().evicted, [id(1)]);
    // The first is too old by now, and the third not yet.
    let drawn = queue.sample(UnixNanos(101)).unwrap();
    assert_eq!((drawn.next, drawn.expired), (Some(queued(2)), vec![id(0)]));
    drop(queue);
    assert_eq!(drain(&open(&path)).len(), 1);
}

#[test]
fn a_rewriting_that_fails_is_not_tried_again_until_the_file_is_twice_as_long() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let bounds = JournalBounds {
        spare: 2_000,
        ..JournalBounds::default()
    };
    for (name, tenths, is_rewritten) in [("soon", 15, false), ("later", 21, true)] {
        let path = folder.path().join(name);
        let queue = open_within(&path, bounds).unwrap();
        // Until then, or until it is shorter again.
        let grow_to = |bytes: u64| {
            let began = queue.file_bytes();
            while (began..bytes).contains(&queue.file_bytes()) {
                queue.add(queued(1)).unwrap();
                queue.settle(id(1)).unwrap();
            }
        };
        grow_to(1_500);
        // Nothing can be written where the copy would be.
        let in_the_way = folder.path().join(format!("{name}.rewriting"));
        fs_err::create_dir(&in_the_way).unwrap();
        assert!(matches!(queue.compact(), Err(JournalError::Io { .. })));
        let failed_at = queue.file_bytes();
        fs_err::remove_dir(&in_the_way).unwrap();

        grow_to(failed_at * tenths / 10);
        // This waits for a rewriting that is under way.
        drop(queue);
        let left = fs_err::metadata(&path).unwrap().len();
        assert_eq!(left < failed_at, is_rewritten, "{name}: {failed_at}, {left}");
    }
}

#[test]
#[ignore = "it is run, with a limit on what it may write, by the next test"]
fn a_process_whose_files_cannot_grow() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let bounds = JournalBounds {
        samples: 1_000,
        spare: u64::MAX,
    };
    let path = folder.join("queue");
    let queue = open_within(&path, bounds).unwrap();
    for number in 0..5 {
        queue.add(queued(number)).unwrap();
    }
    // Until no line has room.
    let first = take(&queue).unwrap();
    while queue.put_back(first.clone()).is_ok() {
        assert_eq!(take(&queue).as_ref(), Some(&first));
    }
    assert_eq!(take(&queue), Some(first));
    assert!(queue.settle(id(0)).is_err());
    let large = Queued {
        sample: "x".repeat(800),
        ..queued(5)
    };
    let Err(QueueError::NotDurable { mut evicted, .. }) = queue.add(large.clone()) else {
        panic!("the file has grown");
    };
    evicted.sort();
    assert_eq!(evicted, [1, 2, 3, 4].map(id));
    // The shorter file holds nothing of what was dropped meanwhile.
    queue.compact().unwrap();
    queue.add(queued(6)).unwrap();
    assert_eq!(take(&queue), Some(large));
    drop(queue);
    assert_eq!(drain(&open(&path)), [queued(6)]);

    a_rewriting_has_no_room(folder);

    let limits = QueueLimits {
        capacity: NonZeroUsize::new(3).unwrap(),
        ..limits()
    };
    let bounds = JournalBounds {
        samples: u64::MAX,
        ..bounds
    };
    let rng = ChaCha8Rng::seed_from_u64(1);
    let queue = JournalQueue::open(&folder.join("scorer"), limits, bounds, 2, rng).unwrap();
    let scorer = OrganicScorer::build(Recorder::default())
        .queue(queue)
        .finish()
        .unwrap();
    let jobs: Vec<_> = (0..1_000)
        .map(|number| scorer.submit(format!("prompt {number}").into(), None).unwrap())
        .collect();
    let (dropped, waiting) = jobs.split_at(997);
    assert!(dropped.iter().all(|job| scorer.job(*job)
        == Some(JobState::Dropped {
            why: DropReason::ForAnother
        })));
    assert!(
        waiting
            .iter()
            .all(|job| scorer.job(*job) == Some(JobState::Queued))
    );
    assert_eq!((scorer.status().queued, scorer.status().evicted), (1_000, 997));
}

/// A journal that is full of samples that wait would be longer when it is rewritten: each has failed before, which is a line
/// of its own then.
fn a_rewriting_has_no_room(folder: &Path) {
    let path = folder.join("full");
    let bounds = JournalBounds {
        samples: u64::MAX,
        spare: u64::MAX,
    };
    let failed = |number| Queued {
        failures: 1,
        ..queued(number)
    };
    let queue = open_within(&path, bounds).unwrap();
    let mut kept = 0;
    while queue.add(failed(kept)).is_ok() {
        kept += 1;
    }
    let before = queue.file_bytes();
    assert!(matches!(queue.compact(), Err(JournalError::Io { .. })));
    // What was copied is gone, and the journal as it was.
    assert!(!folder.join("full.rewriting").exists());
    assert_eq!(queue.file_bytes(), before);
    // With fewer that wait there is room, for the rewriting and for what comes after it.
    for _ in 0..kept / 2 {
        let _ = queue.settle(take(&queue).unwrap().id);
    }
    queue.compact().unwrap();
    assert!(queue.file_bytes() < before);
    queue.add(failed(kept + 1)).unwrap();
    let waiting = queue.len();
    drop(queue);
    let found: Vec<_> = drain(&open(&path)).iter().map(|queued| queued.id).collect();
    assert_eq!(
        found.len(),
        waiting - 1,
        "the one that had no room was never written"
    );
    assert_eq!((found[0], found.last()), (id(kept / 2), Some(&id(kept + 1))));
}

#[cfg(unix)]
#[test]
fn a_full_disk_makes_nobody_forget_what_was_dropped() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Some 32 thousand bytes a file, and an error rather than a signal beyond.
    let out = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "journal::a_process_whose_files_cannot_grow",
            "--ignored",
        ])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "it is run, and killed, by the next test"]
fn a_process_that_adds_until_it_is_killed() {
    let Some(path) = std::env::var_os(FOLDER) else {
        return;
    };
    let bounds = JournalBounds {
        spare: 10_000,
        ..JournalBounds::default()
    };
    let queue = open_within(Path::new(&path), bounds).unwrap();
    let mut out = std::io::stdout();
    for number in 0.. {
        queue.add(queued(number)).unwrap();
        if number % 10 != 0 {
            // The file is rewritten all the while.
            queue.settle(id(number)).unwrap();
        }
        writeln!(out, "added {number}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn kill_9_loses_nothing_that_was_added() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    for lines in [1, 50, 1_500] {
        let _ = fs_err::remove_file(&path);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "journal::a_process_that_adds_until_it_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut last = 0;
        for line in out.lines().map_while(Result::ok) {
            if let Some((_, number)) = line.split_once("added ") {
                last = number.parse().unwrap();
            }
            if last == lines {
                // SIGKILL.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(last >= lines);
        let found: Vec<_> = drain(&open(&path)).into_iter().map(|queued| queued.id).collect();
        for number in (0..=last).filter(|number| number % 10 == 0) {
            assert!(found.contains(&id(number)), "{number} of {last} is lost");
        }
    }
}
