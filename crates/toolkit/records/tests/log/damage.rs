//! Files that are not as they were left, and a disk that refuses.

use super::{NOON, config, events, files, numbers, question, record};
use assay_records::{Log, LogConfig, RecordError};
use fs_err as fs;
use std::io::Write;

#[test]
fn a_torn_line_is_cut_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 0..3);
    drop(log);
    let lines = &files(folder.path(), "jsonl")[0];
    let mut file = fs::OpenOptions::new().append(true).open(lines).unwrap();
    file.write_all(b"{\"seq\":3,\"time\":\"2026-11-29T12:00:0")
        .unwrap();
    // A reader beside the writer sees such a line too.
    assert_eq!(numbers(folder.path()), [0, 1, 2]);
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 3..4);
    log.roll().unwrap();
    assert_eq!(numbers(folder.path()), [0, 1, 2, 3]);
    assert_eq!(events(folder.path())[3].stamp.seq, 3);
}

#[test]
fn a_file_without_a_whole_line_does_not_take_the_next_ones_name() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 0..3);
    log.roll().unwrap();
    drop(log);
    // Killed right after the file was made, or in the middle of its first line.
    for left in ["", "{\"seq\":3,\"time\":"] {
        let next = files(folder.path(), "parquet")[0].with_file_name("00000000000000000003.jsonl");
        fs::write(&next, left).unwrap();
        let log = Log::open(config(folder.path())).unwrap();
        assert!(!next.exists(), "the roller would take it away under the writer");
        drop(log);
    }
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 3..5);
    log.roll().unwrap();
    assert_eq!(numbers(folder.path()), [0, 1, 2, 3, 4]);
}

#[test]
fn a_damaged_line_is_set_aside_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 0..3);
    drop(log);
    let lines = &files(folder.path(), "jsonl")[0];
    let damaged = fs::read_to_string(lines)
        .unwrap()
        .replacen("\"seq\":1,", "\"seq\":1 oops", 1);
    fs::write(lines, damaged).unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    log.roll().unwrap();
    assert_eq!(numbers(folder.path()), [0, 2]);
    let aside = fs::read_to_string(&files(folder.path(), "unreadable")[0]).unwrap();
    assert!(aside.contains("oops") && aside.lines().count() == 1, "{aside}");
}

#[test]
fn a_truncated_parquet_file_is_named_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    for start in [0, 10, 20] {
        record(&log, start..start + 10);
        log.roll().unwrap();
    }
    let rolled = files(folder.path(), "parquet");
    let whole = fs::read(&rolled[1]).unwrap();
    fs::write(&rolled[1], &whole[..whole.len() / 2]).unwrap();
    let (read, failed): (Vec<_>, Vec<_>) = assay_records::read::<super::Question>(folder.path(), ..)
        .unwrap()
        .partition(Result::is_ok);
    assert_eq!(read.len(), 20);
    let failed = failed[0].as_ref().unwrap_err().to_string();
    assert!(failed.contains(rolled[1].to_str().unwrap()), "{failed}");
}

#[test]
fn events_wait_while_the_disk_refuses_and_are_dropped_only_when_too_many_do() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(LogConfig {
        waiting_bytes: 10_000,
        ..config(folder.path())
    })
    .unwrap();
    // Where the table's folder belongs stands a file.
    let in_the_way = folder.path().join("questions");
    fs::write(&in_the_way, "").unwrap();
    record(&log, 0..5);
    let refused = log.flush().unwrap_err().to_string();
    assert!(refused.contains("questions"), "{refused}");
    assert!(log.health().failure.is_some());

    let mut taken = 5;
    let full = loop {
        match log.record(NOON, &question(taken)) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, RecordError::Full { .. }), "{full}");
    assert_eq!(log.health().dropped, 1);

    fs::remove_file(&in_the_way).unwrap();
    log.flush().unwrap();
    assert!(log.health().failure.is_none());
    assert_eq!(log.health().waiting, 0);
    assert_eq!(numbers(folder.path()), (0..taken).collect::<Vec<_>>());
}

#[test]
fn events_of_a_later_version_are_not_taken_for_todays() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 0..3);
    drop(log);
    let table = folder.path().join("questions");
    fs::rename(table.join("version=1"), table.join("version=2")).unwrap();
    let refused = assay_records::read::<super::Question>(folder.path(), ..).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "questions has events of version 2; this program reads versions up to 1"
    );
}
