//! Phrases that everybody sends.

use crate::near::{near, within};
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    scoring::ngram::{NgramBlacklist, NgramRule, Tokens, Verdict, similarity::partial_ratio},
};
use std::{cell::RefCell, collections::BTreeMap};

/// Words as tokens.
#[derive(Default)]
struct Words(RefCell<(BTreeMap<String, u32>, Vec<String>)>);

impl Tokens for Words {
    fn encode(&self, text: &str) -> Vec<u32> {
        let (numbers, words) = &mut *self.0.borrow_mut();
        text.split_whitespace()
            .map(|word| {
                *numbers.entry(word.to_owned()).or_insert_with(|| {
                    words.push(word.to_owned());
                    words.len() as u32 - 1
                })
            })
            .collect()
    }

    fn decode(&self, tokens: &[u32]) -> String {
        let (_, words) = &*self.0.borrow();
        tokens
            .iter()
            .map(|token| words[*token as usize].clone())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

const PHRASE: &str = "the key takeaways from this text are as follows indeed";

/// Texts of which every tenth has the phrase; other words are all different.
fn completion(number: usize) -> String {
    let unique = |count: usize| {
        (0..count)
            .map(|word| format!("w{number}x{word}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    if number.is_multiple_of(10) {
        format!("{PHRASE} {}", unique(3))
    } else {
        unique(8)
    }
}

fn heard(number: usize, rule: NgramRule, words: &Words) -> NgramBlacklist {
    let mut list = NgramBlacklist::new(rule);
    for number in 0..number {
        list.hear(&completion(number), words);
        list.evaluate(words);
    }
    list
}

fn counts(list: &NgramBlacklist, words: &Words) -> BTreeMap<String, [u64; 2]> {
    list.entries()
        .map(|(run, entry)| (words.decode(run), [entry.heard, entry.missed]))
        .collect()
}

#[test]
fn runs_are_of_words_without_punctuation() {
    let words = Words::default();
    let mut list = NgramBlacklist::new(NgramRule {
        shortest: 3,
        longest: 4,
        ..NgramRule::new(Exact)
    });
    list.hear("Hello, world! (this) is a|b test.", &words);
    let counted: Vec<String> = counts(&list, &words).into_keys().collect();
    let mut expected = [
        "hello world (this)",
        "world (this) is",
        "(this) is a|b",
        "is a|b test",
        "hello world (this) is",
        "world (this) is a|b",
        "(this) is a|b test",
    ];
    expected.sort_unstable();
    assert_eq!(counted, expected);
}

#[test]
fn a_phrase_of_a_tenth_of_all_completions_is_forbidden() {
    for fidelity in [Exact, Fixed] {
        let words = Words::default();
        let list = heard(1001, NgramRule::new(fidelity), &words);
        assert_eq!((list.runs(), list.windows()), (12_939, 1));
        assert_eq!((list.entries().count(), list.phrases().len()), (39, 21));
        let mut by_length: BTreeMap<usize, f64> = BTreeMap::new();
        for (phrase, significance) in list.phrases() {
            by_length.insert(phrase.split(' ').count(), *significance);
        }
        for (length, significance) in [
            (10, 75.175_688),
            (9, 60.140_551),
            (8, 48.112_441),
            (7, 38.4900),
            (6, 30.7920),
            (5, 24.633_570),
        ] {
            // The table has six digits.
            within(by_length[&length], significance, 2e-6);
        }
        let passes = |text: &str, prompt: &str| list.judge(text, prompt) == Verdict::Passes;
        assert!(!passes(
            "Sure! The key takeaways from this text are as follows indeed, so.",
            "x"
        ));
        assert!(!passes(
            "SURE! THE KEY TAKEAWAYS FROM THIS TEXT ARE AS FOLLOWS INDEED, SO.",
            "x"
        ));
        assert!(!passes("the key takeaways from this text", "x"));
        assert!(passes("Nothing of the sort here", "x"));
        assert!(!passes("P", "P prompt text"));
        assert!(!passes("", "x"));
        let Verdict::Phrase { phrase, significance } = list.judge(PHRASE, "x") else {
            panic!("it passed")
        };
        assert_eq!(phrase, PHRASE);
        within(significance, 75.175_688, 1e-6);
        assert_eq!(list.judge(PHRASE, "x").factor(), 0.0);
    }
}

#[test]
fn nothing_is_forbidden_before_there_is_a_window_of_completions() {
    for fidelity in [Exact, Fixed] {
        let words = Words::default();
        let list = heard(1000, NgramRule::new(fidelity), &words);
        assert!(list.phrases().is_empty());
        assert_eq!(list.judge(PHRASE, "x"), Verdict::Passes);
    }
}

#[test]
fn what_everybody_says_is_most_significant() {
    let words = Words::default();
    let mut list = NgramBlacklist::new(NgramRule::new(Exact));
    for _ in 0..1001 {
        list.hear(PHRASE, &words);
    }
    list.evaluate(&words);
    near(list.phrases()[0].1, 745.058_060);
}

#[test]
fn a_new_template_is_known_at_once_and_not_a_window_later() {
    let template = "i hope this long reply finds every reader well today";
    let spreads = |fidelity| {
        let words = Words::default();
        let mut list = heard(1001, NgramRule::new(fidelity), &words);
        for _ in 0..100 {
            list.hear(template, &words);
            list.evaluate(&words);
        }
        list.judge(template, "x")
    };
    assert_eq!(spreads(Exact), Verdict::Passes, "as in the original");
    assert!(matches!(spreads(Fixed), Verdict::Phrase { .. }));
}

#[test]
fn an_answer_that_stands_inside_of_a_word_of_the_prompt_is_no_copy() {
    let judge = |fidelity, text: &str| {
        NgramBlacklist::new(NgramRule::new(fidelity)).judge(text, "The category is art.")
    };
    assert_eq!(judge(Exact, "cat"), Verdict::CopiesPrompt, "as in the original");
    assert_eq!(judge(Fixed, "cat"), Verdict::Passes);
    assert_eq!(judge(Fixed, " The category is art. "), Verdict::CopiesPrompt);
    assert_eq!(judge(Fixed, " \n"), Verdict::Blank);
}

#[test]
fn a_short_answer_is_not_forbidden_by_the_letters_of_a_phrase() {
    let judge = |fidelity| {
        let words = Words::default();
        heard(1001, NgramRule::new(fidelity), &words).judge("Is", "x")
    };
    assert!(
        matches!(judge(Exact), Verdict::Phrase { .. }),
        "as in the original"
    );
    assert_eq!(judge(Fixed), Verdict::Passes);
}

#[test]
fn everything_counts_half_after_the_half_life() {
    let words = Words::default();
    let mut list = NgramBlacklist::new(NgramRule {
        half_life: 5,
        ..NgramRule::new(Exact)
    });
    for _ in 0..6 {
        list.hear(PHRASE, &words);
    }
    assert_eq!((list.completions(), list.runs()), (3, 63));
    assert!(counts(&list, &words).values().all(|count| *count == [3, 0]));
    list.hear("only four words here", &words);
    assert_eq!(list.completions(), 3, "a text without a run is not counted");
}

#[test]
fn rare_runs_are_forgotten_at_the_end_of_a_window() {
    let words = Words::default();
    let text = |name: &str| {
        (0..5)
            .map(|word| format!("{name}{word}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut list = NgramBlacklist::new(NgramRule {
        error: 0.25,
        ..NgramRule::new(Exact)
    });
    let hear = |list: &mut NgramBlacklist, names: &[&str]| {
        for name in names {
            list.hear(&text(name), &words);
        }
        counts(list, &words)
    };
    assert_eq!(
        hear(&mut list, &["a", "a", "v", "q"]),
        BTreeMap::from([(text("a"), [2, 0])])
    );
    assert_eq!(list.windows(), 1);
    let after = hear(&mut list, &["a", "new"]);
    assert_eq!(
        after,
        BTreeMap::from([(text("a"), [3, 0]), (text("new"), [1, 0])])
    );
    assert_eq!(
        hear(&mut list, &["a", "k"]),
        BTreeMap::from([(text("a"), [4, 0])])
    );
    assert_eq!(list.windows(), 2);
    list.evaluate(&words);
    assert_eq!(list.phrases(), [(text("a"), 122.070_312_5)]);
}

#[test]
fn its_memory_is_bounded_whatever_is_sent() {
    let words = Words::default();
    let list = heard(
        40,
        NgramRule {
            memory: 100,
            ..NgramRule::new(Fixed)
        },
        &words,
    );
    assert!(list.entries().count() <= 100);
    // Twice the same run is enough for the original to stay above its limit.
    let twice = |fidelity| {
        let words = Words::default();
        let mut list = NgramBlacklist::new(NgramRule {
            memory: 3,
            ..NgramRule::new(fidelity)
        });
        let text: Vec<String> = (0..20).map(|word| format!("w{word}")).collect();
        let text = format!("{0} {0} {0} {0}", text.join(" "));
        list.hear(&text, &words);
        list.entries().count()
    };
    assert!(twice(Exact) > 3 && twice(Fixed) <= 3);
}

#[test]
fn counts_survive_a_restart() {
    let words = Words::default();
    let rule = NgramRule::new(Fixed);
    let list = heard(1001, rule.clone(), &words);
    let kept = serde_json::to_string(&list).unwrap();
    let mut deserializer = serde_json::Deserializer::from_str(&kept);
    let mut restored = NgramBlacklist::restore(&mut deserializer, rule.clone()).unwrap();
    restored.evaluate(&words);
    assert_eq!(
        (restored.phrases(), restored.runs()),
        (list.phrases(), list.runs())
    );

    let refused = |kept: &str, rule: &NgramRule| {
        let mut deserializer = serde_json::Deserializer::from_str(kept);
        NgramBlacklist::restore(&mut deserializer, rule.clone())
            .unwrap_err()
            .to_string()
    };
    let newer = kept.replacen("\"schema\":1", "\"schema\":7", 1);
    assert!(refused(&newer, &rule).contains("layout 7"));
    assert!(refused(&kept, &NgramRule { memory: 10, ..rule }).contains("39 entries"));
}

#[test]
fn likeness_is_that_of_the_best_part() {
    assert_eq!(
        partial_ratio("takeaways from this", "the takeaways from this text", 0.0),
        100.0
    );
    // One letter of 25 is another one.
    assert_eq!(
        partial_ratio("abcdefghijklmnopqrstuvwxy", "..abcdefghijkXmnopqrstuvwxy..", 90.0),
        96.0
    );
    assert_eq!(partial_ratio("abcd", "xxabxx", 0.0), 50.0);
    assert_eq!(partial_ratio("xxabxx", "abcd", 0.0), 50.0);
    assert_eq!(
        (partial_ratio("", "a", 0.0), partial_ratio("a", "", 0.0)),
        (0.0, 0.0)
    );
    assert_eq!(partial_ratio("naïve café", "the naïve café", 90.0), 100.0);
}

proptest::proptest! {
    /// What letters alone rule out is nothing that would have counted.
    #[test]
    fn the_short_cut_changes_nothing_above_the_bound(one in "[ab c]{1,12}", other in "[ab c]{1,30}", least in 0.0..100.0f64) {
        let whole = partial_ratio(&one, &other, 0.0);
        let cut = partial_ratio(&one, &other, least);
        proptest::prop_assert_eq!(whole > least, cut > least);
        proptest::prop_assert!(whole <= least || whole == cut);
    }
}

#[test]
fn likeness_is_that_of_the_python_package() {
    #[derive(serde::Deserialize)]
    struct Case {
        phrase: String,
        text: String,
        ratio: f64,
    }
    let cases = include_str!("../../../../../vectors/prompting/partial_ratio.jsonl");
    let mut number = 0;
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        // Ours is rounded.
        let ours = partial_ratio(&case.phrase, &case.text, 0.0);
        assert!((ours - case.ratio).abs() < 0.5 + 1e-9, "{line}: {ours}");
        number += 1;
    }
    assert_eq!(number, 80);
}
