//! A disk that is full, which is a small one in memory that only the process under test sees.

use super::{NOON, config, numbers, question};
use assay_records::{Log, LogConfig, RecordError};
use fs_err as fs;
use std::{env, path::PathBuf, process::Command};

const FOLDER: &str = "ASSAY_RECORDS_FULL_FOLDER";

#[test]
fn a_full_disk_loses_nothing_that_it_took_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let run = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-ec", script])
            .arg("sh")
            .arg(folder.path())
            .arg(env::current_exe().unwrap())
            .env(FOLDER, folder.path());
        command.output()
    };
    const MOUNT: &str = "mount -t tmpfs -o size=512k none \"$1\"";
    match run(MOUNT) {
        Ok(output) if output.status.success() => {}
        // Where a user may not mount, as in some containers, there is no small disk.
        refused => {
            eprintln!("not tested, because nothing can be mounted here: {refused:?}");
            return;
        }
    }
    let output = run(&format!(
        "{MOUNT}; exec \"$2\" --exact full_disk::fills_its_disk --ignored --nocapture"
    ))
    .unwrap();
    let told = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("the disk was full, and everything is there"),
        "{told}"
    );
}

/// Not a test: what the test above runs on a disk of half a megabyte.
#[test]
#[ignore = "fills the disk that it is given"]
fn fills_its_disk() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![7; 200 * 1024]).unwrap();
    let records = folder.join("records");
    let log = Log::open(LogConfig {
        waiting_bytes: 20_000,
        ..config(&records)
    })
    .unwrap();

    // What was taken before and what waits in memory is counted as taken; then events are refused, and that is told.
    let mut taken = 0;
    let refused = loop {
        match log.record(NOON, &question(taken)) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        if taken % 100 == 0 {
            // Once the disk is full this fails.
            let _ = log.flush();
        }
    };
    assert!(matches!(refused, RecordError::Full { .. }), "{refused}");
    let full = log.flush().unwrap_err().to_string();
    assert!(
        full.contains("os error 28") && full.contains("questions"),
        "{full}"
    );
    assert!(log.health().failure.is_some());
    let there = numbers(&records);
    assert_eq!(
        there,
        (0..there.len() as u64).collect::<Vec<_>>(),
        "whole lines only"
    );
    assert!(
        there.len() as u64 <= taken && there.len() > 500,
        "{} of {taken}",
        there.len()
    );
    // Parquet needs room as well; what cannot be rolled stays as lines.
    let _ = log.roll();
    assert_eq!(numbers(&records).len(), there.len());

    // Somebody makes room.
    fs::remove_file(&ballast).unwrap();
    log.flush().unwrap();
    assert!(log.health().failure.is_none());
    assert_eq!(numbers(&records), (0..taken).collect::<Vec<_>>());
    log.roll().unwrap();
    log.record(NOON, &question(taken)).unwrap();
    log.flush().unwrap();
    drop(log);

    // And the next process finds it whole.
    let log = Log::open(config(&records)).unwrap();
    log.flush().unwrap();
    assert_eq!(numbers(&records), (0..=taken).collect::<Vec<_>>());
    eprintln!("the disk was full, and everything is there");
}
