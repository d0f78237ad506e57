//! Segments that become Parquet, and what is kept.

use super::{NOON, config, events, files, numbers, record};
use assay_records::{Log, LogConfig, Retention};
use fs_err as fs;
use std::path::PathBuf;
use time::Duration;

#[test]
fn small_files_of_a_day_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    for round in 0..20 {
        record(&log, round * 5..round * 5 + 5);
        log.roll().unwrap();
    }
    let rolled = files(folder.path(), "parquet");
    assert!(rolled.len() < 8, "{rolled:?}");
    assert_eq!(numbers(folder.path()), (0..100).collect::<Vec<_>>());
}

#[test]
fn files_that_a_kill_left_beside_what_was_made_from_them_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    let mut left: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for round in 0..8 {
        record(&log, round * 5..round * 5 + 5);
        log.flush().unwrap();
        let lines = files(folder.path(), "jsonl");
        left.extend(lines.iter().map(|path| (path.clone(), fs::read(path).unwrap())));
        log.roll().unwrap();
        let rolled = files(folder.path(), "parquet");
        left.extend(rolled.iter().map(|path| (path.clone(), fs::read(path).unwrap())));
    }
    drop(log);
    for (path, bytes) in left {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(numbers(folder.path()), (0..40).collect::<Vec<_>>());
    let log = Log::open(config(folder.path())).unwrap();
    log.roll().unwrap();
    assert_eq!(numbers(folder.path()), (0..40).collect::<Vec<_>>());
    assert_eq!(files(folder.path(), "jsonl"), Vec::<PathBuf>::new());
    assert_eq!(files(folder.path(), "parquet").len(), 1);
}

#[test]
fn a_large_segment_is_rolled_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(LogConfig {
        segment_bytes: 1_000,
        ..config(folder.path())
    })
    .unwrap();
    for round in 0..4 {
        record(&log, round * 50..round * 50 + 50);
        log.flush().unwrap();
    }
    // What was handed over is rolled when this one is.
    log.roll().unwrap();
    assert_eq!(files(folder.path(), "parquet").len(), 4);
    assert_eq!(numbers(folder.path()), (0..200).collect::<Vec<_>>());
}

#[test]
fn old_days_go_and_numbers_go_on_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let keep_a_week = || LogConfig {
        retention: Retention {
            days: Some(7),
            bytes: None,
        },
        ..config(folder.path())
    };
    let log = Log::open(keep_a_week()).unwrap();
    // Long before any day on which this runs.
    for day in 0..3 {
        log.record(
            NOON - Duration::days(400 - day),
            &super::question(day.unsigned_abs()),
        )
        .unwrap();
    }
    log.roll().unwrap();
    assert_eq!(files(folder.path(), "parquet"), Vec::<PathBuf>::new());
    drop(log);
    let log = Log::open(keep_a_week()).unwrap();
    log.record(time::OffsetDateTime::now_utc(), &super::question(3))
        .unwrap();
    log.flush().unwrap();
    let events = events(folder.path());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].stamp.seq, 3);
}
