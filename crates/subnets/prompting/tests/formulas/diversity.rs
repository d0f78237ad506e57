//! Whether a text is another one than those beside it and before it.

use crate::near::{all_near, near, within};
use assay_prompting::{
    Fidelity::{self, Exact, Fixed},
    scoring::{
        diversity::{
            Alone, Cut, UnusableHistory, batch_factor, diversity, historic_factor,
            history::{History, HistoryRule, UnfitEmbedding},
        },
        pooling::{cosine, unit},
    },
};

fn embeddings() -> Vec<Vec<f32>> {
    [
        [1.0, 0.0, 0.0],
        [0.9, 0.1, 0.0],
        [0.0, 1.0, 0.0],
        [-1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0],
    ]
    .map(|row| unit(&row))
    .to_vec()
}

fn values(batch: &[Vec<f32>], history: &History<String>, fidelity: Fidelity) -> Vec<f64> {
    let batch: Vec<&[f32]> = batch.iter().map(Vec::as_slice).collect();
    diversity(&batch, history, Alone::Diverse, fidelity)
        .iter()
        .map(|found| found.value)
        .collect()
}

fn history(rule: HistoryRule, rows: impl IntoIterator<Item = (String, Vec<f32>)>) -> History<String> {
    let mut history = History::new(rule);
    // One by one: equal ones that come together are kept once.
    for row in rows {
        history.append(&[row]).unwrap();
    }
    history
}

fn rows(of: &[(usize, usize)]) -> Vec<(String, Vec<f32>)> {
    let all = embeddings();
    let row = |place: usize| ("one".to_owned(), all[place].clone());
    of.iter()
        .flat_map(|(number, place)| std::iter::repeat_n(row(*place), *number))
        .collect()
}

#[test]
fn the_curves_are_the_originals() {
    let batch = [0.0, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3].map(batch_factor);
    all_near(
        &batch,
        &[
            0.01798621, 0.1192029, 0.2314752, 0.5, 0.880797, 0.9820138, 0.9996647,
        ],
    );
    let past = [0.0, 0.04, 0.045, 0.05, 0.055, 0.06].map(historic_factor);
    let expected = [1.92875e-22, 4.539787e-5, 0.006692851, 0.5, 0.9933072, 0.9999546];
    for (ours, theirs) in past.into_iter().zip(expected) {
        within(ours, theirs, 3e-6);
    }
}

#[test]
fn near_neighbours_in_a_batch_are_worth_little() {
    let empty = History::new(HistoryRule::new(Exact));
    let exact = values(&embeddings(), &empty, Exact);
    // The second differs in the sixth digit: single precision loses it in 1 − cosine, which is small there.
    for (ours, theirs) in exact.iter().zip([0.01798621, 0.02285759, 1.0, 0.01798621, 1.0]) {
        within(*ours, theirs, 1e-5);
    }
    let fixed = values(&embeddings(), &History::new(HistoryRule::new(Fixed)), Fixed);
    near(fixed[3], 1.0);
    assert!(
        fixed[0] < 0.03,
        "its neighbour is near, its opposite is not: {fixed:?}"
    );
}

#[test]
fn the_originals_history_compares_all_but_its_oldest() {
    let rule = HistoryRule::new(Exact);
    let none = History::new(rule);
    let alone = values(&embeddings(), &none, Exact);
    let too_few = history(rule, rows(&[(501, 0)]));
    assert_eq!(values(&embeddings(), &too_few, Exact), alone);

    let batch = |past: &History<String>| -> Vec<f64> {
        let all = embeddings();
        let batch: Vec<&[f32]> = all.iter().map(Vec::as_slice).collect();
        diversity(&batch, past, Alone::Diverse, Exact)
            .iter()
            .map(|found| found.historic.unwrap())
            .collect()
    };
    all_near(
        &batch(&history(rule, rows(&[(500, 0), (1, 2), (1, 4)]))),
        &[1.0; 5],
    );
    let found = batch(&history(rule, rows(&[(500, 4), (2, 0), (1, 2)])));
    for (ours, theirs) in found
        .iter()
        .zip([1.92875e-22, 8.740556e-20, 1.0, 1.92875e-22, 1.0])
    {
        // A thousand times a distance that single precision knows to seven digits.
        within(*ours, theirs, 1e-4);
    }
}

#[test]
fn the_history_compares_all_but_the_newest() {
    let rule = HistoryRule {
        per_hotkey: 2000,
        ..HistoryRule::new(Fixed)
    };
    let old_copies = history(rule, rows(&[(2, 0), (500, 4)]));
    let found = values(&embeddings()[..1], &old_copies, Fixed);
    assert!(
        found[0] < 1e-20,
        "what was said 500 answers ago is not new: {found:?}"
    );
    let new_copies = history(rule, rows(&[(2, 2), (500, 0)]));
    near(values(&embeddings()[..1], &new_copies, Fixed)[0], 1.0);
}

#[test]
fn equal_rows_in_a_row_are_kept_once_and_the_oldest_go() {
    let all = embeddings();
    let mut past = History::new(HistoryRule::new(Exact));
    let batch: Vec<(String, Vec<f32>)> = [0, 0, 2, 2, 0]
        .map(|place| ("one".to_owned(), all[place].clone()))
        .to_vec();
    past.append(&batch).unwrap();
    assert_eq!(past.len(), 3);

    let rule = HistoryRule {
        capacity: 15_500,
        ..HistoryRule::new(Exact)
    };
    let many: Vec<(String, Vec<f32>)> = (0..15_499)
        .map(|n| ("one".to_owned(), vec![n as f32 + 1.0, 1.0]))
        .collect();
    let mut full = History::new(rule);
    full.append(&many).unwrap();
    assert_eq!(full.len(), 15_499);
    full.append(&[9.0f32, 8.0, 7.0].map(|n| ("one".to_owned(), vec![1.0, n])))
        .unwrap();
    assert_eq!(full.len(), 15_500);
    assert_eq!(full.rows().next().unwrap().1, [3.0, 1.0]);
}

#[test]
fn one_miner_cannot_fill_the_history() {
    let rule = HistoryRule {
        capacity: 100,
        per_hotkey: 10,
        ..HistoryRule::new(Fixed)
    };
    let row = |hotkey: &str, n: usize| (hotkey.to_owned(), vec![n as f32, 1.0]);
    let mut past = history(rule, (0..5).map(|n| row("honest", n)));
    for n in 0..1000 {
        past.append(&[row("flood", n)]).unwrap();
    }
    let of = |hotkey: &str| past.rows().filter(|(of, _)| *of == hotkey).count();
    assert_eq!((of("honest"), of("flood")), (5, 10));
    assert_eq!(past.rows().last().unwrap().1, [999.0, 1.0], "its oldest went");
    past.keep_hotkeys(|hotkey| hotkey == "honest");
    assert_eq!(past.len(), 5);
}

#[test]
fn the_only_answer_of_a_batch_is_nobodys_copy() {
    let all = embeddings();
    let one = [all[0].as_slice()];
    let empty = History::<String>::new(HistoryRule::new(Fixed));
    let fixed = diversity(&one, &empty, Alone::Diverse, Fixed);
    assert_eq!(Cut::Hard(0.2).apply(fixed[0].value), 1.0);
    // The tasks' original: compared with itself it is a copy.
    let exact = diversity(&one, &empty, Alone::LikeItself, Exact);
    near(exact[0].value, 0.01798621);
    assert_eq!(Cut::Hard(0.2).apply(exact[0].value), 0.0);
    assert_eq!((Cut::Hard(0.2).apply(0.2), Cut::Soft.apply(0.2)), (0.0, 0.2));
    assert!(diversity(&[], &empty, Alone::Diverse, Fixed).is_empty());
}

#[test]
fn an_exchanged_encoder_is_named_and_spoils_nothing() {
    let mut past = history(HistoryRule::new(Fixed), rows(&[(2, 0)]));
    let before = past.clone();
    let error = past
        .append(&[("a".to_owned(), vec![1.0; 3]), ("b".to_owned(), vec![1.0; 4])])
        .unwrap_err();
    assert_eq!(
        error,
        UnfitEmbedding::Width {
            found: 4,
            expected: 3
        }
    );
    assert_eq!(
        past.append(&[("a".to_owned(), vec![f32::NAN; 3])]),
        Err(UnfitEmbedding::NotFinite)
    );
    assert_eq!(past, before);
}

#[test]
fn a_history_survives_in_a_file_and_a_damaged_one_is_refused() {
    let rule = HistoryRule::new(Fixed);
    let past = history(rule, rows(&[(3, 0), (1, 4)]));
    let bytes = past.to_bytes();
    assert_eq!(History::<String>::from_bytes(&bytes, rule), Ok(past.clone()));
    let small = HistoryRule { capacity: 2, ..rule };
    assert_eq!(History::<String>::from_bytes(&bytes, small).unwrap().len(), 2);

    let read = |bytes: &[u8]| History::<String>::from_bytes(bytes, rule).unwrap_err();
    assert_eq!(read(b"something else"), UnusableHistory::NotAHistory);
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert_eq!(read(&newer), UnusableHistory::TooNew { found: 2 });
    for cut in 8..bytes.len() {
        assert!(
            matches!(read(&bytes[..cut]), UnusableHistory::Damaged { .. }),
            "{cut}"
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(read(&longer), UnusableHistory::Damaged { .. }));
    // A head that promises more than there is asks for no memory.
    let mut vast = bytes;
    vast[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(&vast), UnusableHistory::Damaged { .. }));
}

#[test]
fn wide_embeddings_are_compared_in_all_their_numbers() {
    let one: Vec<f32> = (0..19).map(|place| place as f32 - 7.0).collect();
    let other: Vec<f32> = (0..19).map(|place| (place * place % 11) as f32).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let expected = dot(&one, &other) / (dot(&one, &one) * dot(&other, &other)).sqrt();
    near(cosine(&one, &other), expected);
}
