//! A process that is killed while it writes, again and again.

use super::{NOON, config, events, question};
use assay_records::{Log, LogConfig};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

const KILLS: u64 = 100;
const FOLDER: &str = "ASSAY_RECORDS_KILL_FOLDER";
const START: &str = "ASSAY_RECORDS_KILL_START";

#[test]
fn a_hundred_kills_lose_nothing_that_was_acknowledged_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut start = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "kill::writes_until_it_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER, folder.path())
            .env(START, start.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let told = thread::spawn(move || -> Vec<u64> {
            BufReader::new(output)
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
                .collect()
        });
        // Some are hit at their start, some in the middle of writing, rolling or merging.
        thread::sleep(Duration::from_millis(kill * 7 % 61));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = told.join().unwrap();
        if let Some(last) = told.last() {
            acknowledged.extend(start..=*last);
        }
        // A number that the next process begins with has been used by none before.
        start += 1_000_000;
    }
    assert!(
        acknowledged.len() > 100,
        "only {} were acknowledged",
        acknowledged.len()
    );
    let log = Log::open(config(folder.path())).unwrap();
    log.roll().unwrap();
    let events = events(folder.path());
    let mut numbers: Vec<u64> = events.iter().map(|event| event.event.number).collect();
    numbers.sort_unstable();
    assert!(
        numbers.windows(2).all(|pair| pair[0] != pair[1]),
        "an event came twice"
    );
    let lost: Vec<u64> = acknowledged
        .into_iter()
        .filter(|number| numbers.binary_search(number).is_err())
        .collect();
    assert_eq!(lost, Vec::<u64>::new());
    let mut places: Vec<u64> = events.iter().map(|event| event.stamp.seq).collect();
    places.sort_unstable();
    assert!(
        places.windows(2).all(|pair| pair[0] != pair[1]),
        "two events have one number"
    );
}

/// Not a test: what the test above runs and kills.
#[test]
#[ignore = "runs until it is killed"]
fn writes_until_it_is_killed() {
    let (Some(folder), Ok(start)) = (env::var_os(FOLDER).map(PathBuf::from), env::var(START)) else {
        return;
    };
    let mut next: u64 = start.parse().unwrap();
    let log = Log::open(LogConfig {
        segment_bytes: 20_000,
        ..config(&folder)
    })
    .unwrap();
    let mut stdout = std::io::stdout();
    // The test ends it long before.
    for _ in 0..2_000 {
        for _ in 0..20 {
            log.record(NOON, &question(next)).unwrap();
            next += 1;
        }
        log.flush().unwrap();
        writeln!(stdout, "acknowledged {}", next - 1).unwrap();
        stdout.flush().unwrap();
    }
}
