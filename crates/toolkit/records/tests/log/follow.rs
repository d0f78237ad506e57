//! Events as they come, for one who keeps the place.

use super::{NOON, config, files, question, record};
use assay_records::{Follower, Log, Place, Row};
use std::path::Path;
use time::Duration;

/// What is new.
fn look(follower: &mut Follower) -> Vec<u64> {
    follower.look().unwrap();
    let mut numbers = Vec::new();
    while let Some(row) = follower.next_row().unwrap() {
        numbers.push(number(&row));
    }
    numbers
}

fn number(row: &Row) -> u64 {
    row.fields["number"].as_u64().unwrap()
}

fn begin(folder: &Path) -> Follower {
    Follower::new(folder, Place::default())
}

#[test]
fn what_comes_is_read_once_whether_it_is_lines_or_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let mut follower = begin(folder.path());
    assert_eq!(look(&mut follower), Vec::<u64>::new(), "nothing is there yet");
    let log = Log::open(config(folder.path())).unwrap();
    for round in 0..6 {
        record(&log, round * 10..round * 10 + 7);
        log.flush().unwrap();
        assert_eq!(
            look(&mut follower),
            (round * 10..round * 10 + 7).collect::<Vec<_>>()
        );
        record(&log, round * 10 + 7..round * 10 + 10);
        if round % 2 == 0 {
            log.roll().unwrap();
        }
        log.flush().unwrap();
        assert_eq!(
            look(&mut follower),
            (round * 10 + 7..round * 10 + 10).collect::<Vec<_>>()
        );
    }
    assert_eq!(look(&mut begin(folder.path())), (0..60).collect::<Vec<_>>());
}

#[test]
fn two_days_that_are_written_at_a_time_are_both_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    let mut follower = begin(folder.path());
    let mut seen = Vec::new();
    for round in 0..4 {
        // The later day first: its numbers are lower.
        log.record(NOON + Duration::days(1), &question(round * 2))
            .unwrap();
        log.record(NOON, &question(round * 2 + 1)).unwrap();
        log.flush().unwrap();
        seen.extend(look(&mut follower));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..8).collect::<Vec<_>>());
}

#[test]
fn a_kept_place_is_gone_on_from_and_a_stretch_comes_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 0..10);
    log.flush().unwrap();
    let mut place = Place::default();
    let mut follower = begin(folder.path());
    follower.look().unwrap();
    for _ in 0..4 {
        place.pass(&follower.next_row().unwrap().unwrap());
    }
    let kept = serde_json::to_string(&place).unwrap();
    let mut ahead = place.clone();
    for _ in 0..3 {
        ahead.pass(&follower.next_row().unwrap().unwrap());
    }
    record(&log, 10..12);
    log.flush().unwrap();
    let place: Place = serde_json::from_str(&kept).unwrap();
    let mut again = Follower::new(folder.path(), place.clone()).until(Some(ahead));
    assert_eq!(look(&mut again), [4, 5, 6]);
    assert_eq!(
        look(&mut Follower::new(folder.path(), place)),
        (4..12).collect::<Vec<_>>()
    );
    let mut since = begin(folder.path()).since(Some(NOON + Duration::seconds(1)));
    assert_eq!(look(&mut since), Vec::<u64>::new());
}

#[test]
fn a_line_that_is_being_written_waits_and_a_damaged_one_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    record(&log, 0..2);
    log.flush().unwrap();
    drop(log);
    let file = files(folder.path(), "jsonl").pop().unwrap();
    let whole = fs_err::read_to_string(&file).unwrap();
    let (first, second) = whole.split_once('\n').unwrap();
    fs_err::write(&file, format!("{first}\nnothing\n{}", &second[..20])).unwrap();
    let mut follower = begin(folder.path());
    assert_eq!(look(&mut follower), [0]);
    let mut open = fs_err::OpenOptions::new().append(true).open(&file).unwrap();
    std::io::Write::write_all(&mut open, &second.as_bytes()[20..]).unwrap();
    assert_eq!(look(&mut follower), [1]);
}
