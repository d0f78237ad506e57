//! The head that learns whom to ask, and the choice made of its scores.

use crate::near::{all_near, near, within};
use assay_prompting::{
    Fidelity::{self, Exact, Fixed},
    gating::{
        head::{GatingError, GatingHead, Learning},
        route::{Candidate, RouteRule, choose},
    },
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::collections::BTreeSet;

const PROMPT: [f32; 3] = [1.0, -0.5, 2.0];

fn learning(fidelity: Fidelity) -> Learning {
    Learning {
        rate: 0.01,
        momentum: 0.9,
        fidelity,
    }
}

fn head(fidelity: Fidelity) -> GatingHead<String> {
    let row = |slot: usize| {
        let weights = (0..3)
            .map(|input| 0.1 * (slot as f64 - 2.0) + 0.05 * f64::from(input))
            .collect();
        (format!("hotkey {slot}"), weights, 0.1 * slot as f64)
    };
    GatingHead::with_rows(3, learning(fidelity), (0..5).map(row).collect()).unwrap()
}

#[test]
fn the_head_learns_as_in_the_original_but_forgets_old_gradients() {
    let cases = [
        (
            Exact,
            [0.00544597, 0.00539252, 0.00523956],
            [0.0009851, 0.1, 0.2012734, 0.3, 0.3977415],
        ),
        (
            Fixed,
            [0.00544597, 0.00539252, 0.00529212],
            [0.0005809, 0.1, 0.2007504, 0.3, 0.3986687],
        ),
    ];
    for (fidelity, losses, biases) in cases {
        let mut head = head(fidelity);
        all_near(
            &head.scores(&PROMPT).unwrap(),
            &[-0.325, 0.025, 0.375, 0.725, 1.075],
        );
        for loss in losses {
            // The table has six digits.
            within(
                head.learn(&PROMPT, &[4, 0, 2], &[0.9, 0.1, 0.5]).unwrap(),
                loss,
                2e-6,
            );
        }
        for (slot, bias) in biases.into_iter().enumerate() {
            assert!(
                (head.row(slot).unwrap().1 - bias).abs() < 1e-7,
                "{fidelity:?} {slot}"
            );
        }
    }
}

#[test]
fn learning_goes_on_to_an_end() {
    let mut fixed = head(Fixed);
    let mut last = f64::INFINITY;
    for _ in 0..3000 {
        last = fixed.learn(&PROMPT, &[4, 0, 2], &[0.9, 0.1, 0.5]).unwrap();
    }
    assert!(last < 1e-6, "{last}");
    let mut worst = 0f64;
    let mut exact = head(Exact);
    for step in 0..3000 {
        let loss = exact.learn(&PROMPT, &[4, 0, 2], &[0.9, 0.1, 0.5]).unwrap();
        worst = worst.max(if step > 1000 { loss } else { 0.0 });
    }
    assert!(
        worst > 1e-3,
        "gradients that are never cleared swing for ever: {worst}"
    );
}

#[test]
fn a_slot_that_changed_hands_begins_anew() {
    let hotkeys: Vec<String> = (0..1024).map(|slot| format!("hotkey {slot}")).collect();
    let rows = hotkeys
        .iter()
        .map(|hotkey| (hotkey.clone(), vec![1.0; 768], 1.0))
        .collect();
    let rows: Vec<_> = rows;
    let mut after = hotkeys;
    let changed = [0, 10, 20, 30];
    for slot in changed {
        after[slot] = format!("newcomer {slot}");
    }
    for fidelity in [Fixed, Exact] {
        let mut head = GatingHead::with_rows(768, learning(fidelity), rows.clone()).unwrap();
        head.resync(&after, &mut ChaCha8Rng::seed_from_u64(1));
        for slot in 0..1024 {
            let (weights, bias) = head.row(slot).unwrap();
            if !changed.contains(&slot) {
                assert!(bias == 1.0 && weights.iter().all(|weight| *weight == 1.0));
                continue;
            }
            assert_eq!(bias, 0.0);
            match fidelity {
                Fixed => assert!(weights.iter().all(|weight| *weight == 0.0)),
                Exact => {
                    assert!(weights.iter().all(|weight| weight.abs() <= 0.0883309));
                    assert!(
                        weights.iter().any(|weight| weight.abs() > 0.08),
                        "they use the whole width"
                    );
                }
            }
        }
    }
}

#[test]
fn the_head_grows_and_shrinks_with_the_subnet_and_follows_a_hotkey() {
    let mut head = head(Fixed);
    let known = head
        .row(3)
        .map(|(weights, bias)| (weights.to_vec(), bias))
        .unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    head.resync(&names(&["hotkey 3", "new"]), &mut rng);
    assert_eq!(head.slots(), 2);
    assert_eq!(
        head.row(0).map(|(weights, bias)| (weights.to_vec(), bias)),
        Some(known)
    );
    head.resync(
        &(0..300).map(|n| format!("hotkey {n}")).collect::<Vec<_>>(),
        &mut rng,
    );
    assert_eq!((head.slots(), head.scores(&PROMPT).unwrap().len()), (300, 300));
}

#[test]
fn what_does_not_fit_is_named_and_teaches_nothing() {
    let mut head = head(Fixed);
    let before = head.clone();
    assert_eq!(
        head.learn(&[1.0], &[0], &[1.0]),
        Err(GatingError::Width {
            found: 1,
            expected: 3
        })
    );
    assert_eq!(
        head.learn(&PROMPT, &[9], &[1.0]),
        Err(GatingError::NoSuchSlot { slot: 9, slots: 5 })
    );
    assert_eq!(
        head.learn(&PROMPT, &[0], &[f64::NAN]),
        Err(GatingError::NotFinite)
    );
    assert_eq!(
        head.learn(&PROMPT, &[0, 1], &[1.0]),
        Err(GatingError::Width {
            found: 1,
            expected: 2
        })
    );
    assert_eq!(head.learn(&PROMPT, &[], &[]), Ok(0.0));
    assert_eq!(head, before);
    let torn = GatingHead::with_rows(3, learning(Fixed), vec![("a".to_owned(), vec![1.0], 0.0)]);
    assert_eq!(torn, Err(GatingError::Damaged { slot: 0 }));
}

#[test]
fn a_restart_forgets_nothing() {
    let mut head = head(Fixed);
    head.learn(&PROMPT, &[4, 0], &[1.0, 0.0]).unwrap();
    let kept = serde_json::to_string(&head).unwrap();
    let restored: GatingHead<String> = serde_json::from_str(&kept).unwrap();
    let mut restored = restored.checked().unwrap();
    assert_eq!(
        restored.learn(&PROMPT, &[1, 2], &[1.0, 0.0]),
        head.learn(&PROMPT, &[1, 2], &[1.0, 0.0])
    );
    assert_eq!(restored, head);
    let newer: GatingHead<String> =
        serde_json::from_str(&kept.replace("\"schema\":1", "\"schema\":2")).unwrap();
    assert_eq!(newer.checked(), Err(GatingError::TooNew { found: 2 }));
}

fn candidates(scores: &[f64]) -> Vec<Candidate<usize>> {
    scores
        .iter()
        .enumerate()
        .map(|(uid, score)| Candidate { uid, score: *score })
        .collect()
}

#[test]
fn the_choice_follows_the_scores() {
    let all = candidates(&[0.0, 0.1, 0.2]);
    let rule = RouteRule {
        temperature: 0.1,
        exploration: 0.0,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut chosen = [0u32; 3];
    for _ in 0..20_000 {
        chosen[choose(&all, 1, rule, &mut rng)[0]] += 1;
    }
    // The softmax of 0, 1, 2.
    for (count, share) in chosen.into_iter().zip([0.0900306, 0.2447285, 0.6652410]) {
        assert!((f64::from(count) / 20_000.0 - share).abs() < 0.015, "{chosen:?}");
    }
}

#[test]
fn a_share_of_the_places_goes_to_anybody() {
    let mut scores = vec![1.0; 10];
    scores.extend([-100.0; 10]);
    let rule = RouteRule {
        temperature: 0.01,
        exploration: 0.2,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut unlikely = 0;
    for _ in 0..1000 {
        let chosen = choose(&candidates(&scores), 10, rule, &mut rng);
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 10, "nobody twice");
        assert!(chosen[..8].iter().all(|uid| *uid < 10));
        unlikely += chosen.iter().filter(|uid| **uid >= 10).count();
    }
    // Two places of twelve left, ten of them unlikely.
    assert!((1500..1850).contains(&unlikely), "{unlikely}");
}

#[test]
fn a_choice_is_repeatable_and_bounded() {
    let all = candidates(&[0.3, f64::NAN, 0.1]);
    let pick = |seed, count, exploration| {
        let rule = RouteRule {
            exploration,
            ..RouteRule::default()
        };
        choose(&all, count, rule, &mut ChaCha8Rng::seed_from_u64(seed))
    };
    assert_eq!(pick(1, 2, 0.2), pick(1, 2, 0.2));
    assert_eq!(
        pick(1, 9, 0.2).into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([0, 1, 2])
    );
    assert!(
        (0..50).all(|seed| !pick(seed, 2, 0.0).contains(&1)),
        "one without a score is asked by exploration only"
    );
    assert!(pick(1, 0, 0.2).is_empty());
    assert!(choose::<u16>(&[], 5, RouteRule::default(), &mut ChaCha8Rng::seed_from_u64(1)).is_empty());
    near(RouteRule::default().exploration, 0.2);
}
