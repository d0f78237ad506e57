//! Scores across restarts, resizes, crashes and older layouts.

mod plain;

use assay_chain::{Block, NetUid, Uid};
use assay_neuron::{MovingAverage, NoAverage, SCORE_BOOK_SCHEMA, ScoreBook, ScoreBookError};
use plain::{hotkey, metagraph};
use proptest::prelude::*;

const NETUID: NetUid = NetUid(1);

#[test]
fn a_restart_after_a_replacement_and_growth_keeps_every_score_with_its_hotkey() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    let (kept, replaced, newcomer, other) = (hotkey(1), hotkey(2), hotkey(3), hotkey(4));
    let mut book = ScoreBook::open(&path, NETUID).unwrap();
    book.set(kept, 0.7).unwrap();
    book.set(replaced, 0.3).unwrap();
    book.align(&metagraph(100, &[kept, replaced]));
    book.save().unwrap();
    drop(book);

    // While nobody watched, slot 1 changed hands and the subnet grew.
    let now = metagraph(200, &[kept, newcomer, other]);
    let mut book = ScoreBook::open(&path, NETUID).unwrap();
    let alignment = book.align(&now);
    assert_eq!(alignment.newcomers, [newcomer, other]);
    assert_eq!(alignment.departed, [replaced]);
    assert_eq!(book.view(&now), [(Uid(0), 0.7), (Uid(1), 0.0), (Uid(2), 0.0)]);
    assert_eq!(
        book.get(&replaced).unwrap().value,
        0.3,
        "kept in case it comes back"
    );

    // It comes back, in another slot.
    let later = metagraph(300, &[kept, newcomer, replaced]);
    assert_eq!(book.align(&later).departed, []);
    assert_eq!(book.view(&later)[2], (Uid(2), 0.3));
    // Those that have been away for long can be forgotten; whoever was seen stays.
    book.align(&metagraph(10_000, &[kept]));
    assert_eq!(book.forget_unseen_since(Block(5_000)), 1);
    assert!(book.get(&kept).is_some() && book.get(&replaced).is_none());
}

#[test]
fn a_newcomers_first_observation_is_its_score_and_later_ones_move_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = ScoreBook::open(folder.path().join("scores.json"), NETUID).unwrap();
    let average = MovingAverage::new(0.25).unwrap();
    book.observe(hotkey(1), 0.8, &average).unwrap();
    assert_eq!(book.get(&hotkey(1)).unwrap().value, 0.8);
    book.observe(hotkey(1), 0.4, &average).unwrap();
    let score = book.get(&hotkey(1)).unwrap();
    assert!((score.value - 0.7).abs() < 1e-12);
    assert_eq!(score.observations, 2);
    assert!(matches!(
        book.observe(hotkey(1), f64::NAN, &average),
        Err(ScoreBookError::NotANumber { .. })
    ));
    assert!(
        (book.get(&hotkey(1)).unwrap().value - 0.7).abs() < 1e-12,
        "the old one stays"
    );
}

#[test]
fn an_average_from_zero_gives_the_scores_of_the_original_validator() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = ScoreBook::open(folder.path().join("scores.json"), NETUID).unwrap();
    let average = MovingAverage::new(0.05).unwrap().starting_at(0.0);
    let all = [0, 1, 2, 3, 4, 5].map(hotkey);
    let subnet = metagraph(1, &all);
    let expect = |book: &ScoreBook, expected: [f64; 6]| {
        for ((uid, score), expected) in book.view(&subnet).into_iter().zip(expected) {
            assert!((score - expected).abs() < 1e-8, "{uid}: {score} {expected}");
        }
    };
    let observe = |book: &mut ScoreBook, rewards: &[(u8, f64)]| {
        for &(uid, reward) in rewards {
            book.observe(hotkey(uid), reward, &average).unwrap();
        }
    };
    observe(&mut book, &[(4, 0.8), (1, 0.0), (3, 0.5)]);
    expect(&book, [0.0, 0.0, 0.0, 0.025, 0.04, 0.0]);
    observe(&mut book, &[(1, 1.0), (4, 0.2)]);
    expect(&book, [0.0, 0.05, 0.0, 0.025, 0.048, 0.0]);
    // Who is not asked keeps its score.
    observe(&mut book, &[(0, 0.6); 10]);
    expect(&book, [0.240_757_836_5, 0.05, 0.0, 0.025, 0.048, 0.0]);
    for share in [0.0, -0.1, 1.1, f64::NAN] {
        let NoAverage { share: refused } = MovingAverage::new(share).unwrap_err();
        assert!(refused.to_bits() == share.to_bits());
    }
}

#[test]
fn a_subnet_that_shrinks_renumbers_its_slots_and_moves_no_score() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = ScoreBook::open(folder.path().join("scores.json"), NETUID).unwrap();
    for (number, score) in [(1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4)] {
        book.set(hotkey(number), score).unwrap();
    }
    book.align(&metagraph(10, &[1, 2, 3, 4].map(hotkey)));
    // The middle ones go, and the last one moves up.
    let trimmed = metagraph(20, &[1, 4].map(hotkey));
    assert_eq!(book.align(&trimmed).departed, [hotkey(2), hotkey(3)]);
    assert_eq!(book.view(&trimmed), [(Uid(0), 0.1), (Uid(1), 0.4)]);
    // Then it grows beyond what it was; a newcomer in an old slot starts anew.
    let grown = metagraph(30, &[1, 4, 5, 6, 3].map(hotkey));
    assert_eq!(book.align(&grown).newcomers, [hotkey(5), hotkey(6)]);
    let scores: Vec<f64> = book.view(&grown).into_iter().map(|(_, score)| score).collect();
    assert_eq!(scores, [0.1, 0.4, 0.0, 0.0, 0.3]);
    // An empty subnet is no reason to forget anybody.
    book.align(&metagraph(40, &[]));
    assert_eq!(book.entries().count(), 4);
}

#[test]
fn a_book_of_layout_2_is_read_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    fs_err::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/score_book_v2.json"),
        &path,
    )
    .unwrap();
    let book = ScoreBook::open(&path, NETUID).unwrap();
    let entry = |number| {
        let score = book.get(&hotkey(number)).unwrap();
        (score.value, score.observations, score.last_seen)
    };
    assert_eq!(entry(1), (0.300_000_000_000_000_04, 12, Some(Block(4_711))));
    assert_eq!(entry(4), (0.7, 1, None));
    assert_eq!(book.entries().count(), 2);
}

#[test]
fn a_damaged_book_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    for damage in [
        "",
        "{",
        "[]",
        r#"{"schema":2,"netuid":1,"scores":{"nobody":{"value":1}}}"#,
        "\u{0}\u{0}\u{0}",
    ] {
        fs_err::write(&path, damage).unwrap();
        let error = ScoreBook::open(&path, NETUID).unwrap_err();
        assert!(
            matches!(error, ScoreBookError::Corrupt { .. }),
            "{damage:?}: {error}"
        );
        assert!(error.hint().unwrap().contains("backup"));
        assert_eq!(fs_err::read_to_string(&path).unwrap(), damage);
    }
}

#[test]
fn a_book_of_layout_1_is_migrated_and_written_in_the_present_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    fs_err::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/score_book_v1.json"),
        &path,
    )
    .unwrap();
    let book = ScoreBook::open(&path, NETUID).unwrap();
    let values: Vec<_> = book.entries().map(|(_, score)| score.value).collect();
    assert_eq!(
        book.get(&hotkey(1)).unwrap().value,
        0.300_000_000_000_000_04,
        "{values:?}"
    );
    assert_eq!(book.get(&hotkey(4)).unwrap().value, 0.7);
    assert_eq!(book.entries().count(), 2);
    book.save().unwrap();
    drop(book);
    let text = fs_err::read_to_string(&path).unwrap();
    assert!(
        text.contains(&format!("\"schema\": {SCORE_BOOK_SCHEMA}")),
        "{text}"
    );
    assert_eq!(
        ScoreBook::open(&path, NETUID)
            .unwrap()
            .get(&hotkey(4))
            .unwrap()
            .value,
        0.7
    );
}

#[test]
fn a_book_of_a_newer_layout_or_of_another_subnet_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    fs_err::write(&path, r#"{"schema":99,"netuid":1,"pages":[]}"#).unwrap();
    let error = ScoreBook::open(&path, NETUID).unwrap_err();
    assert!(
        matches!(error, ScoreBookError::TooNew { found: 99, .. }),
        "{error}"
    );

    fs_err::remove_file(&path).unwrap();
    ScoreBook::open(&path, NETUID).unwrap().save().unwrap();
    let error = ScoreBook::open(&path, NetUid(2)).unwrap_err();
    assert!(
        matches!(error, ScoreBookError::OtherSubnet { found: NetUid(1), .. }),
        "{error}"
    );
}

#[test]
fn a_book_is_open_once_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    let book = ScoreBook::open(&path, NETUID).unwrap();
    assert!(matches!(
        ScoreBook::open(&path, NETUID),
        Err(ScoreBookError::InUse { .. })
    ));
    drop(book);
    ScoreBook::open(&path, NETUID).unwrap();
}

#[test]
fn opening_writes_no_book_and_a_half_written_new_one_does_not_hide_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.json");
    let mut book = ScoreBook::open(&path, NETUID).unwrap();
    assert!(!path.exists(), "nothing is written before something is saved");
    book.set(hotkey(1), 0.5).unwrap();
    book.save().unwrap();
    drop(book);
    // What a crash between writing the new file and its renaming leaves behind.
    fs_err::write(folder.path().join(".tmpAbCdEf"), r#"{"schema":2,"netuid":1,"sco"#).unwrap();
    let book = ScoreBook::open(&path, NETUID).unwrap();
    assert_eq!(book.get(&hotkey(1)).unwrap().value, 0.5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_finite_score_comes_back_bit_for_bit(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.json");
        let mut book = ScoreBook::open(&path, NETUID).unwrap();
        for (number, value) in values.iter().enumerate() {
            book.set(hotkey(number as u8), *value).unwrap();
        }
        book.save().unwrap();
        drop(book);
        let book = ScoreBook::open(&path, NETUID).unwrap();
        for (number, value) in values.iter().enumerate() {
            prop_assert_eq!(book.get(&hotkey(number as u8)).unwrap().value.to_bits(), value.to_bits());
        }
    }
}
