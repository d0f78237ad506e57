//! A whole batch: rewards, masks, penalties, the best text.

use crate::near::{all_near, near};
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    scoring::{
        best::{Best, BestRule, best},
        blacklist::Blacklist,
        combine::{Factor, Mask, Reward, Weighted, WrongLength, combine, logged, normalised_column},
        difference::{Values, difference, difference_rewards, is_answer},
        normaliser::Normaliser,
        task_validator::{Asked, keeps_to_task},
    },
};

const COMPLETIONS: [&str; 4] = ["good answer", "Question: bad", "", "okay answer "];

/// The normalised rewards and the masks of the batch of the spec, in which the third call failed.
fn batch(diversity: Vec<f64>) -> Vec<f64> {
    let raw = [
        (Reward::Dpo, 0.3, [Some(-2.0), Some(-3.0), None, Some(-2.5)]),
        (Reward::Rlhf, 0.4, [Some(3.0), Some(1.0), None, Some(-1.0)]),
        (Reward::Reciprocate, 0.3, [Some(0.5), Some(2.0), None, Some(0.0)]),
    ];
    let expected = [
        [0.84134471, 0.15865526, 0.0, 0.5],
        [0.84134471, 0.5, 0.0, 0.15865526],
        [0.37438703, 0.86883420, 0.0, 0.21166983],
    ];
    let normalised: Vec<Vec<f64>> = raw
        .iter()
        .map(|(_, _, rewards)| Normaliser::new(3000, Fixed).normalise_batch(rewards))
        .collect();
    for (ours, theirs) in normalised.iter().zip(&expected) {
        all_near(ours, theirs);
    }
    let rewards: Vec<Weighted<'_>> = raw
        .iter()
        .zip(&normalised)
        .map(|((reward, weight, _), normalised)| Weighted {
            reward: *reward,
            weight: *weight,
            normalised,
        })
        .collect();
    let list = Blacklist::new([], Fixed);
    let asked = Asked::of_step("answer0", Fixed);
    let answered = |text: &&str| !text.is_empty();
    let mask = |passes: &dyn Fn(&str) -> bool| -> Vec<f64> {
        COMPLETIONS
            .iter()
            .map(|text| f64::from(u8::from(answered(text) && passes(text.trim()))))
            .collect()
    };
    let blacklist = mask(&|text| list.allows(text, "BP"));
    let validator = mask(&|text| keeps_to_task(asked, text, Fixed));
    assert_eq!(blacklist, [1.0, 1.0, 0.0, 1.0]);
    assert_eq!(validator, [1.0, 0.0, 0.0, 1.0]);
    let factors = [
        Factor {
            column: Mask::Blacklist.column(),
            factors: &blacklist,
        },
        Factor {
            column: Mask::TaskValidator.column(),
            factors: &validator,
        },
        Factor {
            column: Mask::Diversity.column(),
            factors: &diversity,
        },
    ];
    combine(4, &rewards, &factors).unwrap()
}

#[test]
fn a_batch_is_worth_what_it_was_in_the_original() {
    let rewards = batch(vec![0.5, 0.98, 0.0, 0.9]);
    all_near(&rewards, &[0.35062873, 0.0, 0.0, 0.24926674]);
    let found = best(&COMPLETIONS, &rewards, &BestRule::default());
    assert_eq!(
        found,
        Some(Best {
            index: 0,
            text: "good answer".to_owned()
        })
    );
}

#[test]
fn a_mask_that_is_off_forbids_nothing() {
    let rewards = batch(Mask::off(4, Fixed));
    all_near(&rewards, &[0.70125741, 0.0, 0.0, 0.27696305]);
    assert_eq!(batch(Mask::off(4, Exact)), [0.0; 4], "as in the original");
}

#[test]
fn a_part_that_does_not_fit_is_named_and_nonsense_is_nothing() {
    let rewards = [Weighted {
        reward: Reward::Dpo,
        weight: 1.0,
        normalised: &[1.0, 0.5],
    }];
    let short = [Factor {
        column: Mask::Nsfw.column(),
        factors: &[1.0],
    }];
    let error = WrongLength {
        column: "nsfw_filter",
        found: 1,
        expected: 2,
    };
    assert_eq!(combine(2, &rewards, &short), Err(error));
    let broken = [Factor {
        column: Mask::Nsfw.column(),
        factors: &[f64::NAN, 1.0],
    }];
    assert_eq!(combine(2, &rewards, &broken), Ok(vec![0.0, 0.5]));
    assert_eq!(logged(&[f64::NAN, 0.5]), [None, Some(0.5)]);
    assert_eq!(
        normalised_column(Reward::Dpo.column()),
        "dpo_reward_model_normalized"
    );
}

#[test]
fn the_seeds_reward_is_what_an_answer_adds_to_its_prompt() {
    let values = |with_prompt, alone| Values { with_prompt, alone };
    let batch = [values(1.0, 0.2), values(-4.0, -1.0), values(0.5, 2.0)];
    all_near(&batch.map(|values| difference(values, 3.0)), &[0.8, -2.0, -1.5]);
    let rewards = difference_rewards(&batch.map(Some), 3.0);
    all_near(&rewards, &[0.86127532, 0.05237421, 0.08635047]);
    // A failed call shares in nothing, and neither does a value that is none.
    let with_failures = [
        Some(batch[0]),
        None,
        Some(batch[1]),
        Some(values(f64::NAN, 0.0)),
        Some(batch[2]),
    ];
    let rewards = difference_rewards(&with_failures, 3.0);
    all_near(&rewards, &[0.86127532, 0.0, 0.05237421, 0.0, 0.08635047]);
    assert_eq!(difference_rewards(&[None, None], 3.0), [0.0, 0.0]);
    near(difference_rewards(&[Some(values(800.0, 0.0))], 3.0)[0], 1.0);
}

#[test]
fn an_answer_has_more_than_ten_characters() {
    assert!(!is_answer("1234567890"));
    assert!(is_answer("          x"), "spaces count");
    assert!(!is_answer("éééééééééé"), "characters, not bytes");
}

#[test]
fn no_text_that_is_worth_nothing_becomes_the_next_prompt() {
    let texts = ["", "a forbidden text", "another forbidden one"];
    let fixed = BestRule::default();
    let exact = BestRule {
        fidelity: Exact,
        ..fixed
    };
    assert_eq!(best(&texts, &[0.0; 3], &fixed), None);
    assert_eq!(
        best(&texts, &[0.0; 3], &exact).unwrap().text,
        "",
        "as in the original"
    );
    assert_eq!(
        best(&texts, &[0.9, 0.2, 0.2], &fixed).unwrap().index,
        1,
        "too short is not taken, the first of equals is"
    );
    assert_eq!(best(&texts, &[f64::NAN, 0.1, 0.2], &fixed).unwrap().index, 2);
    assert_eq!(best(&[], &[], &exact), None);
}

#[test]
fn one_miners_text_cannot_crowd_out_the_prompt() {
    let long = "word ".repeat(5000);
    let rule = BestRule {
        most_characters: 23,
        ..BestRule::default()
    };
    assert_eq!(
        best(&[long.as_str()], &[1.0], &rule).unwrap().text,
        "word word word word"
    );
    let exact = BestRule {
        fidelity: Exact,
        ..rule
    };
    assert_eq!(best(&[long.as_str()], &[1.0], &exact).unwrap().text, long.trim());
}
