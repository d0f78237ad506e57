//! What the replay store remembers, for how long, for whom, and across a restart.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::{
    FullBound, JournalError, ReplayError, ReplayKey, ReplayLimits, ReplayStore, UnixNanos, replay::Damage,
};
use assay_keys::AccountId;
use proptest::{collection::vec, prelude::*};
use std::{
    collections::HashMap,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const HEADER_BYTES: usize = 15;
const RECORD_BYTES: usize = 28;

fn caller(number: u8) -> AccountId {
    AccountId([number; 32])
}

fn key(number: u8, nonce: u64) -> ReplayKey {
    ReplayKey::btauth(caller(number), UnixNanos(nonce))
}

fn at(nanos: u64) -> UnixNanos {
    UnixNanos(nanos)
}

fn limits(per_caller: usize, overall: usize) -> ReplayLimits {
    ReplayLimits { per_caller, overall }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accepted");
    (folder, path)
}

fn open(path: &Path, now: u64) -> ReplayStore {
    ReplayStore::open(path, ReplayLimits::default(), at(now)).unwrap()
}

fn assert_replayed(outcome: Result<(), ReplayError>) {
    assert!(matches!(outcome, Err(ReplayError::Replayed)), "{outcome:?}");
}

fn full(outcome: Result<(), ReplayError>) -> Option<FullBound> {
    match outcome {
        Ok(()) => None,
        Err(ReplayError::Full(bound)) => Some(bound),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_request_is_accepted_once_until_it_expires() {
    let mut store = ReplayStore::in_memory(ReplayLimits::default());
    store.insert(at(0), key(1, 5), at(100)).unwrap();
    assert_replayed(store.insert(at(0), key(1, 5), at(100)));
    assert_replayed(store.insert(at(100), key(1, 5), at(200)));
    store.insert(at(101), key(1, 5), at(200)).unwrap();
    assert_eq!(store.len(), 1);
}

#[test]
fn another_caller_nonce_or_dialect_is_another_request() {
    let mut store = ReplayStore::in_memory(ReplayLimits::default());
    let keys = [
        key(1, 5),
        key(1, 6),
        key(2, 5),
        ReplayKey::epistula(caller(1), "5"),
        ReplayKey::synapse_v10(caller(1), "", at(5)),
        ReplayKey::synapse_v10(caller(1), "a", at(5)),
        ReplayKey::synapse_v10(caller(1), "a", at(4)),
    ];
    for key in keys {
        store.insert(at(0), key, at(100)).unwrap();
    }
    for key in keys {
        assert_replayed(store.insert(at(0), key, at(100)));
    }
}

#[test]
fn a_caller_has_its_own_bound() {
    let mut store = ReplayStore::in_memory(limits(3, 100));
    for nonce in 0..3 {
        store.insert(at(0), key(1, nonce), at(100)).unwrap();
    }
    assert_eq!(
        full(store.insert(at(0), key(1, 3), at(100))),
        Some(FullBound::Caller)
    );
    // A replay is called one even so.
    assert_replayed(store.insert(at(0), key(1, 0), at(100)));
    store.insert(at(0), key(2, 3), at(100)).unwrap();
    // What has expired makes room.
    store.insert(at(101), key(1, 3), at(200)).unwrap();
    assert_eq!(store.len(), 1);
}

#[test]
fn a_full_store_refuses_the_busiest_first_and_forgets_nothing() {
    let mut store = ReplayStore::in_memory(limits(100, 16));
    for nonce in 0..11 {
        store.insert(at(0), key(1, nonce), at(100)).unwrap();
    }
    store.insert(at(0), key(2, 0), at(100)).unwrap();
    // Twelve of sixteen: the last quarter is for the others.
    assert_eq!(
        full(store.insert(at(1), key(1, 11), at(100))),
        Some(FullBound::Busiest)
    );
    for nonce in 1..4 {
        store.insert(at(1), key(2, nonce), at(100)).unwrap();
    }
    store.insert(at(1), key(3, 0), at(100)).unwrap();
    assert_eq!(store.len(), 16);
    assert_eq!(
        full(store.insert(at(1), key(4, 0), at(100))),
        Some(FullBound::Overall)
    );
    for nonce in 0..11 {
        assert_replayed(store.insert(at(100), key(1, nonce), at(200)));
    }
    store.insert(at(101), key(1, 0), at(200)).unwrap();
}

#[test]
fn a_restart_opens_no_replay() {
    let (_folder, path) = folder();
    let mut store = open(&path, 0);
    store.insert(at(0), key(1, 1), at(100)).unwrap();
    store.insert(at(0), key(1, 2), at(50)).unwrap();
    drop(store);
    let mut store = open(&path, 60);
    assert_eq!(store.len(), 1);
    assert_replayed(store.insert(at(60), key(1, 1), at(160)));
    store.insert(at(60), key(1, 3), at(160)).unwrap();
    drop(store);
    // The expired one has left the file too.
    assert_eq!(
        fs_err::metadata(&path).unwrap().len(),
        (HEADER_BYTES + 2 * RECORD_BYTES) as u64
    );
    let mut store = open(&path, 60);
    assert_replayed(store.insert(at(60), key(1, 1), at(160)));
    assert_replayed(store.insert(at(60), key(1, 3), at(160)));
}

#[test]
fn a_record_is_in_the_file_before_the_request_is_accepted() {
    let (_folder, path) = folder();
    let mut store = open(&path, 0);
    for count in 1..=3 {
        store.insert(at(0), key(1, count), at(100)).unwrap();
        let length = HEADER_BYTES + RECORD_BYTES * usize::try_from(count).unwrap();
        assert_eq!(fs_err::metadata(&path).unwrap().len(), length as u64);
    }
    // As after a kill: the process's memory is gone, nothing was closed.
    let copy = path.with_extension("copy");
    fs_err::copy(&path, &copy).unwrap();
    assert_eq!(open(&copy, 0).len(), 3);
}

#[test]
fn a_last_record_cut_short_is_left_out_at_every_length() {
    let (_folder, path) = folder();
    let mut store = open(&path, 0);
    store.insert(at(0), key(1, 1), at(100)).unwrap();
    store.insert(at(0), key(1, 2), at(100)).unwrap();
    drop(store);
    let whole = fs_err::read(&path).unwrap();
    for cut in 1..RECORD_BYTES {
        fs_err::write(&path, &whole[..whole.len() - cut]).unwrap();
        let mut store = open(&path, 0);
        assert_eq!(store.len(), 1, "{cut} bytes cut");
        store.insert(at(0), key(1, 3), at(100)).unwrap();
        drop(store);
        // What comes after it is read at the right place.
        assert_eq!(open(&path, 0).len(), 2, "{cut} bytes cut");
    }
}

#[test]
fn a_damaged_file_is_never_an_empty_one() {
    let (_folder, path) = folder();
    let mut store = open(&path, 0);
    store.insert(at(0), key(1, 1), at(100)).unwrap();
    store.insert(at(0), key(1, 2), at(100)).unwrap();
    drop(store);
    let whole = fs_err::read(&path).unwrap();
    let damage = |bytes: &[u8]| {
        fs_err::write(&path, bytes).unwrap();
        match ReplayStore::open(&path, ReplayLimits::default(), at(1_000)) {
            Err(JournalError::Damaged { damage, .. }) => damage,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(damage(b""), Damage::Header);
    assert_eq!(damage(&whole[..HEADER_BYTES - 1]), Damage::Header);
    for position in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[position] ^= 1;
        let expected = match position.checked_sub(HEADER_BYTES) {
            None => Damage::Header,
            Some(offset) => Damage::Record {
                index: offset / RECORD_BYTES,
            },
        };
        assert_eq!(damage(&bytes), expected, "byte {position}");
        // Nor is it replaced.
        assert_eq!(fs_err::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_grown_file_is_written_anew_with_what_is_live() {
    let (folder, path) = folder();
    let mut store = open(&path, 0);
    store.insert(at(0), key(1, u64::MAX), at(u64::MAX)).unwrap();
    for moment in 0..10_000 {
        // Each expires before the next comes.
        store
            .insert(at(moment * 10), key(2, moment), at(moment * 10 + 5))
            .unwrap();
        // What is accepted while the new file is written is in both.
        if moment % 64 == 0 {
            store.settle();
        }
    }
    store.settle();
    let records = (fs_err::metadata(&path).unwrap().len() as usize - HEADER_BYTES) / RECORD_BYTES;
    assert!(records < 4_200, "{records} records for two live ones");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    drop(store);
    let mut store = open(&path, 100_000);
    assert_eq!(store.len(), 1);
    assert_replayed(store.insert(at(100_000), key(1, u64::MAX), at(u64::MAX)));
}

#[test]
fn what_is_accepted_while_the_file_is_written_anew_is_in_it() {
    let (_folder, path) = folder();
    let mut store = open(&path, 0);
    // Enough of them expire at once that a new file is begun, which the next ones do not wait for.
    for nonce in 0..5_000 {
        store.insert(at(0), key(2, nonce), at(5)).unwrap();
    }
    for nonce in 0..100 {
        store.insert(at(10), key(1, nonce), at(u64::MAX)).unwrap();
    }
    // A copy is what a killed process leaves, in the middle of it and after it.
    let copy = path.with_extension("copy");
    for _ in 0..2 {
        fs_err::copy(&path, &copy).unwrap();
        assert_eq!(open(&copy, 10).len(), 100);
        store.settle();
    }
    assert_eq!(
        fs_err::metadata(&path).unwrap().len() as usize,
        HEADER_BYTES + 100 * RECORD_BYTES
    );
    assert_replayed(store.insert(at(10), key(1, 99), at(u64::MAX)));
}

#[test]
fn one_process_at_a_time_has_the_journal() {
    let (_folder, path) = folder();
    let store = open(&path, 0);
    let second = ReplayStore::open(&path, ReplayLimits::default(), at(0));
    assert!(matches!(second, Err(JournalError::InUse { .. })), "{second:?}");
    drop(store);
    drop(open(&path, 0));
}

#[test]
fn a_missing_folder_and_a_folder_in_its_place_are_errors() {
    let (folder, path) = folder();
    for path in [path.join("accepted"), folder.path().to_owned()] {
        let error = ReplayStore::open(&path, ReplayLimits::default(), at(0)).unwrap_err();
        assert!(matches!(error, JournalError::Io { .. }), "{error}");
    }
}

#[test]
fn what_another_program_appends_is_damage() {
    let (_folder, path) = folder();
    drop(open(&path, 0));
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(&[0; RECORD_BYTES]).unwrap();
    let error = ReplayStore::open(&path, ReplayLimits::default(), at(0)).unwrap_err();
    assert!(error.to_string().contains("record 0"), "{error}");
}

proptest! {
    // Few, because every restart forces a file to disk.
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever comes in whatever order: nothing is accepted twice while it is to be kept, the bounds hold, and a
    /// restart at any moment changes none of that.
    #[test]
    fn it_behaves_as_a_list_of_all_accepted_requests_would(
        steps in vec((0_u8..4, 0_u64..12, 0_u64..4, 0_u64..20, prop::bool::weighted(0.05)), 1..80),
    ) {
        let (_folder, path) = folder();
        let limits = limits(6, 12);
        let mut store = ReplayStore::open(&path, limits, at(0)).unwrap();
        let mut kept: HashMap<(u8, u64), u64> = HashMap::new();
        let mut now = 0;
        for (number, nonce, passed, keep, restart) in steps {
            now += passed;
            if restart {
                drop(store);
                store = ReplayStore::open(&path, limits, at(now)).unwrap();
            }
            kept.retain(|_, until| *until >= now);
            let known = kept.contains_key(&(number, nonce));
            match store.insert(at(now), key(number, nonce), at(now + keep)) {
                Ok(()) => {
                    prop_assert!(!known);
                    prop_assert!(kept.len() < limits.overall);
                    kept.insert((number, nonce), now + keep);
                }
                Err(ReplayError::Replayed) => prop_assert!(known),
                Err(ReplayError::Full(_)) => prop_assert!(!known && kept.len() >= 6),
                Err(other) => panic!("{other}"),
            }
            prop_assert_eq!(store.len(), kept.len());
        }
    }
}
