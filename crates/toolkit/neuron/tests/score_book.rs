//! Scores across restarts, resizes, crashes and older layouts.

mod plain;

use assay_chain::{Block, NetUid, Uid};
use assay_neuron::{SCORE_BOOK_SCHEMA, ScoreBook, ScoreBookError};
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
    book.observe(hotkey(1), 0.8, 0.25).unwrap();
    assert_eq!(book.get(&hotkey(1)).unwrap().value, 0.8);
    book.observe(hotkey(1), 0.4, 0.25).unwrap();
    let score = book.get(&hotkey(1)).unwrap();
    assert!((score.value - 0.7).abs() < 1e-12);
    assert_eq!(score.observations, 2);
    assert!(matches!(
        book.observe(hotkey(1), f64::NAN, 0.25),
        Err(ScoreBookError::NotANumber { .. })
    ));
    assert!(
        (book.get(&hotkey(1)).unwrap().value - 0.7).abs() < 1e-12,
        "the old one stays"
    );
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
