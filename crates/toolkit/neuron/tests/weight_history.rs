//! The history of weight attempts across restarts, crashes in mid-line, and years.

use assay_chain::{
    AccountId, Block, BlockHash, BlockRef, CiphertextDigest, ExtrinsicHash, NetUid, RevealPlan,
    TimelockedCommit, Uid,
};
use assay_neuron::{
    AttemptEntry, AttemptStage, AttemptStart, HistoryError, WEIGHT_HISTORY_SCHEMA, WeightHistory,
};
use std::io::Write;

/// The genesis of the chain.
const CHAIN: BlockHash = BlockHash([8; 32]);

fn start() -> AttemptStart {
    AttemptStart {
        netuid: NetUid(1),
        hotkey: AccountId([1; 32]),
        block: BlockRef {
            number: Block(10),
            hash: BlockHash([2; 32]),
        },
        version_key: 7,
        entries: vec![AttemptEntry {
            uid: Uid(3),
            hotkey: AccountId([3; 32]),
            value: 65535,
        }],
        without_slot: vec![AccountId([4; 32])],
    }
}

fn submitted() -> AttemptStage {
    AttemptStage::Submitted {
        hash: ExtrinsicHash([9; 32]),
        valid_until: Block(138),
    }
}

#[test]
fn attempts_and_their_stages_come_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights/history.jsonl");
    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    let refused = history.begin(None).unwrap();
    history
        .note(
            refused,
            AttemptStage::Refused {
                reason: "too soon".to_owned(),
            },
        )
        .unwrap();
    let sent = history.begin(Some(start())).unwrap();
    history.note(sent, submitted()).unwrap();
    let before: Vec<_> = history.attempts().cloned().collect();
    drop(history);

    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    assert_eq!(history.attempts().cloned().collect::<Vec<_>>(), before);
    assert_eq!(WeightHistory::look(&path).unwrap(), before);
    let [first, second] = before.as_slice() else {
        panic!("{before:?}")
    };
    assert!(first.is_over() && !second.is_over());
    assert_eq!(second.start, Some(start()));
    // The numbers go on, and a stage finds its attempt.
    assert_eq!(history.begin(None).unwrap(), 3);
    let block = BlockRef {
        number: Block(12),
        hash: BlockHash([5; 32]),
    };
    history.note(sent, AttemptStage::Applied { block }).unwrap();
    assert!(WeightHistory::look(&path).unwrap()[1].is_over());
}

#[test]
fn a_line_torn_off_by_a_crash_is_dropped_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    let number = history.begin(Some(start())).unwrap();
    history.note(number, submitted()).unwrap();
    drop(history);
    let mut file = fs_err::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"attempt":1,"at_ms":17,"event":{"stage":{"in_bl"#)
        .unwrap();
    drop(file);

    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    assert_eq!(history.attempts().next().unwrap().stage(), Some(&submitted()));
    history.begin(None).unwrap();
    drop(history);
    assert_eq!(
        WeightHistory::look(&path).unwrap().len(),
        2,
        "what is appended later does not stick to the torn line"
    );
}

#[test]
fn damage_in_the_middle_is_named_by_its_line_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    for _ in 0..3 {
        history.begin(None).unwrap();
    }
    drop(history);
    let damaged = fs_err::read_to_string(&path)
        .unwrap()
        .replacen("\"attempt\":2", "\"attempt\":two", 1);
    fs_err::write(&path, &damaged).unwrap();
    let error = WeightHistory::open(&path, CHAIN).unwrap_err();
    // The first line tells the layout.
    assert!(matches!(error, HistoryError::Corrupt { line: 3, .. }), "{error}");
    assert_eq!(fs_err::read_to_string(&path).unwrap(), damaged);
}

#[test]
fn the_oldest_attempts_are_let_go_and_the_newest_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let lines: String = (1..=1500)
        .map(|number| format!("{{\"attempt\":{number},\"at_ms\":1,\"event\":{{\"began\":null}}}}\n"))
        .collect();
    fs_err::write(&path, lines).unwrap();
    let history = WeightHistory::open(&path, CHAIN).unwrap();
    let numbers: Vec<_> = history.attempts().map(|attempt| attempt.number).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[999]), (1000, 501, 1500));
    drop(history);
    assert_eq!(fs_err::read_to_string(&path).unwrap().lines().count(), 1 + 1000);
}

#[test]
fn a_file_of_the_first_layout_is_taken_over_and_one_of_a_newer_layout_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    // As the first version wrote it: no line that tells the layout, no commits.
    let hash = format!("0x{}", "09".repeat(32));
    let old = format!(
        "{{\"attempt\":1,\"at_ms\":5,\"event\":{{\"began\":null}}}}\n\
         {{\"attempt\":1,\"at_ms\":6,\"event\":{{\"stage\":{{\"submitted\":{{\"hash\":\"{hash}\",\"valid_until\":138}}}}}}}}\n"
    );
    fs_err::write(&path, &old).unwrap();
    assert_eq!(
        WeightHistory::look(&path).unwrap()[0].stage(),
        Some(&submitted()),
        "looking does not need the file to be taken over"
    );
    assert_eq!(fs_err::read_to_string(&path).unwrap(), old);
    let history = WeightHistory::open(&path, CHAIN).unwrap();
    assert_eq!(history.attempts().next().unwrap().stage(), Some(&submitted()));
    drop(history);
    let migrated = fs_err::read_to_string(&path).unwrap();
    let header = format!("{{\"schema\":{WEIGHT_HISTORY_SCHEMA},\"genesis\":\"{CHAIN}\"}}\n");
    assert_eq!(migrated, format!("{header}{old}"));

    let newer = migrated.replacen(&WEIGHT_HISTORY_SCHEMA.to_string(), "9", 1);
    fs_err::write(&path, &newer).unwrap();
    let error = WeightHistory::open(&path, CHAIN).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { found: 9, .. }), "{error}");
    assert_eq!(fs_err::read_to_string(&path).unwrap(), newer);
}

#[test]
fn a_commit_comes_back_whole_and_does_not_keep_the_next_attempt_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    let number = history.begin(Some(start())).unwrap();
    let block = BlockRef {
        number: Block(12),
        hash: BlockHash([5; 32]),
    };
    let digest = CiphertextDigest([6; 32]);
    let plan = RevealPlan {
        at: block,
        reveal_block: Block(360),
        round: 1000,
        period_blocks: 360,
    };
    history
        .note(number, AttemptStage::Sealed { digest, plan })
        .unwrap();
    history.note(number, submitted()).unwrap();
    assert!(history.attempts().next().unwrap().is_under_way());
    let commit = TimelockedCommit {
        netuid: NetUid(1),
        hotkey: AccountId([1; 32]),
        block,
        epoch: 3,
        digest,
        round: 1000,
        reveal_block: Block(360),
    };
    history
        .note(number, AttemptStage::Reorged { from: block })
        .unwrap();
    history.note(number, AttemptStage::Committed { commit }).unwrap();
    let before: Vec<_> = history.attempts().cloned().collect();
    assert!(!before[0].is_over() && !before[0].is_under_way());
    drop(history);
    assert_eq!(WeightHistory::look(&path).unwrap(), before);
}

#[test]
fn a_file_that_does_not_tell_its_chain_is_of_the_first_one_that_opens_it_and_of_no_other_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    // The second layout.
    let old = "{\"schema\":2}\n{\"attempt\":1,\"at_ms\":5,\"event\":{\"began\":null}}\n";
    fs_err::write(&path, old).unwrap();
    drop(WeightHistory::open(&path, CHAIN).unwrap());
    let taken_over = fs_err::read_to_string(&path).unwrap();
    assert!(taken_over.contains(&CHAIN.to_string()), "{taken_over}");

    let other = BlockHash([9; 32]);
    let error = WeightHistory::open(&path, other).unwrap_err();
    assert!(
        matches!(error, HistoryError::OtherChain { found: CHAIN, expected, .. } if expected == other),
        "{error}"
    );
    assert!(error.hint().is_some());
    assert_eq!(fs_err::read_to_string(&path).unwrap(), taken_over);
    assert_eq!(WeightHistory::open(&path, CHAIN).unwrap().attempts().count(), 1);
}

#[test]
fn one_process_has_a_history_open_at_a_time_and_anybody_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    let error = WeightHistory::open(&path, CHAIN).unwrap_err();
    assert!(matches!(error, HistoryError::InUse { .. }), "{error}");
    history.begin(None).unwrap();
    assert_eq!(WeightHistory::look(&path).unwrap().len(), 1);
    drop(history);
    WeightHistory::open(&path, CHAIN).unwrap();
}

#[test]
fn a_history_that_stays_open_lets_the_oldest_attempts_go_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let lines: String = (1..=1000)
        .map(|number| format!("{{\"attempt\":{number},\"at_ms\":1,\"event\":{{\"began\":null}}}}\n"))
        .collect();
    fs_err::write(&path, lines).unwrap();
    let mut history = WeightHistory::open(&path, CHAIN).unwrap();
    assert_eq!(history.begin(None).unwrap(), 1001);
    let numbers: Vec<_> = history.attempts().map(|attempt| attempt.number).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[999]), (1000, 2, 1001));
}
