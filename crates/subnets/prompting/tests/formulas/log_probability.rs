//! How likely a model finds a completion, beside the original's figures.

use crate::near::{all_near, near, within};
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    scoring::log_probability::{
        Joined, LogProbability, Repetition, WORST, WrongRow, is_measurable, lessened,
    },
};

fn tokens(text: &str) -> Vec<u32> {
    text.bytes().map(|letter| u32::from(letter - b'a')).collect()
}

/// The logits of a position under the model of the spec.
fn logits(position: usize) -> Vec<f32> {
    (0..8)
        .map(|token| ((3 * position + 5 * token) % 7) as f32 / 2.0 - 1.5)
        .collect()
}

fn measure(prompt: &str, completion: &str, longest: usize, repetition: Repetition) -> f64 {
    let Some(text) = Joined::new(&tokens(prompt), &tokens(completion), longest) else {
        return WORST;
    };
    let mut measure = LogProbability::new(&text, repetition);
    while let Some(position) = measure.wanted() {
        measure.push(&logits(position)).unwrap();
    }
    measure.finish().unwrap()
}

#[test]
fn repeated_tokens_are_as_unlikely_as_in_the_original() {
    let cases = [
        ("abc", "defgab", -2.7462168, -2.7864029),
        ("abc", "aaaaaa", -2.9271433, -2.5364032),
        ("abc", "abcabc", -2.9704933, -2.9530697),
        ("ab", "cdefghab", -2.9060912, -2.9619904),
        ("ab", "cdefghabcdef", -2.8699231, -2.9394107),
        ("abcdefghabcd", "aaaaaa", WORST, WORST),
    ];
    for (prompt, completion, penalised, plain) in cases {
        near(
            measure(prompt, completion, 12, Repetition::EachToken(Exact)),
            penalised,
        );
        near(measure(prompt, completion, 12, Repetition::Free), plain);
    }
    assert!(!is_measurable("abc") && !is_measurable("      ") && !is_measurable("abcde"));
    assert!(is_measurable("abcdef"));
}

#[test]
fn each_repetition_divides_by_the_same_factor() {
    let counts = [3, 2, 0, 1, 0, 0, 0, 0];
    let logits = [2.0, -1.0, 0.5, -0.5, 0.0, 1.0, 1.0, 1.0];
    let ours: Vec<f64> = logits
        .iter()
        .zip(counts)
        .map(|(logit, count)| lessened(*logit, count))
        .collect();
    all_near(&ours, &[1.157407, -1.44, 0.5, -0.6, 0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn a_repeated_ending_is_banned_everywhere_in_the_originals_later_rule() {
    let rule = Repetition::FiveInARow(Exact);
    let cases = [
        ("defgab", -2.7864029),
        ("aaaaaa", -12.599793),
        ("abcdeabcd", -4.0304360),
        ("abcdeabcde", -4.8193612),
        ("abcdhabcd", -4.0249367),
    ];
    for (completion, expected) in cases {
        near(measure("abc", completion, 100, rule), expected);
    }
    near(measure("abc", "abcdeabcd", 100, Repetition::Free), -3.0450392);
}

#[test]
fn five_in_a_row_cost_where_they_are_repeated_and_only_there() {
    let fixed = |completion| measure("abc", completion, 100, Repetition::FiveInARow(Fixed));
    let exact = |completion| measure("abc", completion, 100, Repetition::FiveInARow(Exact));
    let free = |completion| measure("abc", completion, 100, Repetition::Free);
    // It ends as it began, but repeats no five tokens: the original bans what never came.
    near(fixed("abcdeabcd"), free("abcdeabcd"));
    assert!(exact("abcdeabcd") < free("abcdeabcd") - 0.5);
    // It repeats five tokens in the middle and ends otherwise: the original does not see it.
    let middle = "abcdeabcdefgh";
    near(exact(middle), free(middle));
    assert!(fixed(middle) < free(middle) - 0.5);
}

#[test]
fn the_first_repetitions_cost_too() {
    let fixed = |completion| measure("abc", completion, 100, Repetition::EachToken(Fixed));
    let exact = |completion| measure("abc", completion, 100, Repetition::EachToken(Exact));
    let free = |completion| measure("abc", completion, 100, Repetition::Free);
    // The second of two tokens is predicted at a place that the original leaves alone.
    assert_eq!(exact("aa"), free("aa"));
    assert!(fixed("aa") != free("aa"));
    assert!(fixed("aaaaaaa") < exact("aaaaaaa"), "the token before is counted");
}

#[test]
fn many_repetitions_stay_within_reason() {
    let measure = |length: usize, logits: [f32; 2], repetition| {
        let text = Joined::new(&[0], &vec![1; length], 5000).unwrap();
        let mut measure = LogProbability::new(&text, repetition);
        while measure.wanted().is_some() {
            measure.push(&logits).unwrap();
        }
        measure.finish().unwrap()
    };
    // A twentieth below the other token, a hundred times: 1.2^24 makes four of it, 1.2^100 four million.
    let often = |fidelity| measure(100, [0.0, -0.05], Repetition::EachToken(fidelity));
    assert!(
        often(Fixed) > -5.0 && often(Exact) < -1e4,
        "{} {}",
        often(Fixed),
        often(Exact)
    );
    // Nothing is worse than no answer.
    assert_eq!(measure(4000, [30.0, -30.0], Repetition::EachToken(Fixed)), WORST);
}

#[test]
fn what_cannot_be_measured_is_said() {
    assert_eq!(Joined::new(&[], &[1], 10), None);
    assert_eq!(Joined::new(&[1], &[], 10), None);
    let text = Joined::new(&[0, 1], &[2, 7], 10).unwrap();
    assert_eq!(text.tokens(), [0, 1, 2, 7]);
    let mut measure = LogProbability::new(&text, Repetition::Free);
    assert_eq!(measure.wanted(), Some(1), "the prompt's own rows are not needed");
    measure.push(&logits(1)).unwrap();
    assert_eq!(
        measure.push(&[0.0; 5]),
        Err(WrongRow::NoSuchToken { token: 7, found: 5 })
    );
    assert_eq!(
        measure.clone().finish(),
        Err(WrongRow::Missing { from: 2, to: 2 })
    );
    measure.push(&[f32::NAN; 8]).unwrap();
    assert_eq!(measure.push(&[0.0; 8]), Err(WrongRow::TooMany { position: 3 }));
    within(measure.finish().unwrap(), WORST, 1e-12);
}
