//! What forbids a completion.

use crate::near::{near, within};
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    scoring::{
        blacklist::{Blacklist, PHRASE},
        nsfw::{Logits, NsfwRule, nsfw},
        pooling::{cosine, join_pieces, masked_mean, unit},
        relevance::{Pair, RelevanceRule, relevance, rms_score},
        task_validator::{Asked, keeps_to_task},
    },
};

#[test]
fn what_was_heard_in_this_forward_is_worth_nothing() {
    let exact = {
        let mut list = Blacklist::new([], Exact);
        list.hear("Q1?");
        list.hear("A1.");
        list
    };
    let cases = [
        (PHRASE, false),
        ("That is an excellent question", true),
        ("P", false),
        ("Q1?", false),
        ("A1.", false),
        ("a1.", true),
        ("", true),
    ];
    for (text, allowed) in cases {
        assert_eq!(exact.allows(text, "P"), allowed, "{text:?}");
    }
}

#[test]
fn case_and_a_point_do_not_make_a_new_answer() {
    let mut list = Blacklist::new(["As an AI language model".to_owned()], Fixed);
    list.hear("The answer is 4.");
    for copy in [
        "the answer  is 4",
        "\"The answer is 4!\"",
        "that is an EXCELLENT question",
        "As an AI language model,",
    ] {
        assert!(!list.allows(copy, "P"), "{copy:?}");
    }
    assert!(list.allows("The answer is 5.", "P"));
}

#[test]
fn another_forward_has_heard_nothing() {
    let mut one = Blacklist::new([], Fixed);
    one.hear("What is it?");
    let other = Blacklist::new([], Fixed);
    assert!(!one.allows("What is it?", "P") && other.allows("What is it?", "P"));
}

#[test]
fn a_label_shows_that_another_task_was_done() {
    // The step, the text, the original's word, ours.
    let cases = [
        ("augment", "Summary: x", true, true),
        ("augment", "Foo\nanswer: x", false, false),
        ("augment", "The Q: is", false, false),
        ("augment", "USA: the best", false, true),
        ("followup0", "USA: the best?", false, true),
        ("followup0", "Question: why?", true, true),
        ("followup0", "Paraphrase: x", false, false),
        ("followup1", "COMPLETION: done", false, false),
        ("answer0", "Query: x", false, false),
        ("answer0", "Answer: x", true, true),
        ("answer0", "In summary: x", false, false),
        ("answer3", "FAQ: x", false, true),
        // Fixed, it is the summary that it says it is.
        ("augment0", "Summary: x", false, true),
        ("other", "Answer: Question:", true, true),
        ("followup0", "(a: the first", false, false),
    ];
    for (step, text, exactly, fixed) in cases {
        let keeps = |fidelity| keeps_to_task(Asked::of_step(step, fidelity), text, fidelity);
        assert_eq!(keeps(Exact), exactly, "exact, {step} {text:?}");
        assert_eq!(keeps(Fixed), fixed, "fixed, {step} {text:?}");
    }
    for round in 0..4 {
        for fidelity in [Fixed, Exact] {
            let keeps = |step: &str, text| {
                keeps_to_task(
                    Asked::of_step(&format!("{step}{round}"), fidelity),
                    text,
                    fidelity,
                )
            };
            assert!(!keeps("followup", "Answer: x") && !keeps("answer", "Question: x"));
            assert!(keeps("followup", "plain text") && keeps("answer", "plain text"));
        }
    }
}

/// A unit vector of this width, at this cosine to the first axis.
fn at_cosine(cosine: f64, width: usize) -> Vec<f32> {
    let mut vector = vec![0.0; width];
    vector[0] = cosine as f32;
    vector[1] = (1.0 - cosine * cosine).sqrt() as f32;
    vector
}

#[test]
fn relevance_is_the_originals_distance_where_that_is_wanted() {
    let exact = RelevanceRule {
        fidelity: Exact,
        ..RelevanceRule::default()
    };
    let prompt = at_cosine(1.0, 768);
    let sentence = |cosine: f64| at_cosine(cosine, 768);
    let cases = [
        (0.76, -0.025_000_0, false),
        (0.767, -0.024_632_7, false),
        (0.768, -0.024_579_8, true),
        (0.8, -0.022_821_8, true),
    ];
    for (cosine, score, passes) in cases {
        let completion = at_cosine(cosine, 768);
        let pair = Pair {
            completion: &completion,
            prompt: &prompt,
        };
        // The table has six digits.
        within(rms_score(pair), score, 3e-6);
        for (by_sentence, enough) in [(0.3001, true), (0.2999, false), (-0.9, true)] {
            let by_sentence = sentence(by_sentence);
            let by_sentence = Pair {
                completion: &by_sentence,
                prompt: &prompt,
            };
            let factor = relevance(pair, by_sentence, &exact).factor;
            assert_eq!(factor, f64::from(u8::from(passes && enough)), "{cosine}");
        }
    }
}

#[test]
fn relevance_does_not_hang_on_a_hair_nor_on_an_encoders_width() {
    let rule = RelevanceRule::default();
    let factor = |by_tokens: f64, by_sentence: f64, width: usize| {
        let prompt = at_cosine(1.0, width);
        let [tokens, sentence] = [by_tokens, by_sentence].map(|cosine| at_cosine(cosine, width));
        let pair = |completion| Pair {
            completion,
            prompt: &prompt,
        };
        relevance(pair(&tokens), pair(&sentence), &rule).factor
    };
    for width in [4, 384, 768] {
        assert_eq!((factor(0.75, 0.9, width), factor(0.8, 0.9, width)), (0.0, 1.0));
        // Of equal vectors of width 4 the original's distance would fail those.
    }
    let (below, above) = (factor(0.7675, 0.9, 768), factor(0.7677, 0.9, 768));
    assert!(0.4 < below && below < above && above < 0.6, "{below} {above}");
    assert_eq!(factor(0.9, -0.9, 768), 0.0, "the opposite is not relevant");
    let prompt = at_cosine(1.0, 4);
    let odd = Pair {
        completion: &[1.0],
        prompt: &prompt,
    };
    assert_eq!(relevance(odd, odd, &rule).factor, 0.0);
}

#[test]
fn a_text_in_pieces_is_as_long_as_a_short_one() {
    let pooled = masked_mean(
        &[vec![1.0, 2.0], vec![3.0, 4.0], vec![100.0, 100.0]],
        &[true, true, false],
    );
    assert_eq!(pooled, [2.0, 3.0]);
    assert_eq!(masked_mean(&[vec![1.0, 2.0]], &[false]), [0.0, 0.0]);
    let pieces = [vec![3.0, 0.0], vec![0.0, 5.0]];
    let length = |vector: &[f32]| f64::from(vector.iter().map(|value| value * value).sum::<f32>()).sqrt();
    near(length(&join_pieces(&pieces, Exact)), 0.5f64.sqrt());
    near(length(&join_pieces(&pieces, Fixed)), 1.0);
    assert_eq!(unit(&[0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(cosine(&[1.0], &[1.0, 2.0]), 0.0);
}

#[test]
fn hatred_is_found_by_its_probability() {
    let logits = |nothate, hate| Logits { nothate, hate };
    let stack = |windows: &[Logits]| nsfw(windows, NsfwRule::StackLogits);
    assert!(
        !stack(&[logits(3.0, -3.0), logits(0.4, -3.0)]).passes,
        "one window is enough"
    );
    assert!(!stack(&[logits(3.0, -0.4)]).passes);
    assert!(stack(&[logits(0.6, -0.6)]).passes);
    assert_eq!(stack(&[logits(3.0, -3.0), logits(0.4, -3.0)]).score, Some(-0.4));
    let seed = |windows: &[Logits]| nsfw(windows, NsfwRule::SeedLogits);
    assert!(!seed(&[logits(2.0, 0.6)]).passes && !seed(&[logits(0.4, -2.0)]).passes);
    assert!(seed(&[logits(0.6, 0.4)]).passes);
    // A decent text of which the model is less sure: its logits are small, its probability is not.
    let decent = [logits(0.4, -0.6)];
    assert!(!stack(&decent).passes && !seed(&decent).passes);
    let verdict = nsfw(&decent, NsfwRule::Probability(0.5));
    assert!(verdict.passes);
    near(verdict.score.unwrap(), 1.0 / (1.0 + 1f64.exp()));
    assert!(
        !nsfw(
            &[logits(3.0, -3.0), logits(-1.0, 1.0)],
            NsfwRule::Probability(0.5)
        )
        .passes
    );
    // Nothing was written, so nothing hateful; what cannot be judged was not seen to be decent.
    assert_eq!(
        (
            nsfw(&[], NsfwRule::Probability(0.5)).passes,
            nsfw(&[], NsfwRule::StackLogits).score
        ),
        (true, None)
    );
    assert!(!nsfw(&[logits(f64::NAN, 0.0)], NsfwRule::Probability(0.5)).passes);
}
