//! Rewards against a reference, and proofs of inference.

use crate::near::near;
use assay_prompting::scoring::{
    reference::{Answer, reward_against},
    verification::{checked_places, position_likeness, speed},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, time::Duration};

#[test]
fn an_echo_is_worth_less_than_an_answer() {
    let challenge = "What is the opposite of strong?";
    let reference = "The opposite of strong is weak.";
    let reward = |completion| {
        reward_against(Answer {
            completion,
            reference,
            challenge,
            relevance: 0.9,
        })
    };
    assert!(reward(reference) > reward(challenge));
    // "the opposite of strong", 4 of 6 words both ways; every word is the challenge's.
    near(reward(challenge), (0.5 * 4.0 / 6.0 + 0.5 * 0.9) * 0.5);
}

#[test]
fn the_right_model_gives_the_right_probabilities() {
    let list = |logs: &[(&str, f64)]| {
        logs.iter()
            .map(|(token, log)| ((*token).to_owned(), *log))
            .collect::<BTreeMap<_, _>>()
    };
    let measured = list(&[("yes", -0.1), ("no", -2.5), ("so", -5.0)]);
    near(position_likeness(&measured, &measured), 1.0);
    let close = list(&[("yes", -0.12), ("no", -2.4), ("so", -5.2)]);
    let other = list(&[("no", -0.1), ("maybe", -2.5)]);
    let [close, other] = [close, other].map(|claimed| position_likeness(&claimed, &measured));
    assert!(close > 0.99 && other < 0.2, "{close} {other}");
    assert_eq!(position_likeness(&BTreeMap::new(), &BTreeMap::new()), 0.0);
    let no_number = list(&[("yes", f64::NAN)]);
    assert_eq!(position_likeness(&no_number, &measured), 0.0);
}

#[test]
fn a_tenth_of_the_places_is_looked_at_and_always_the_last() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut places = |tokens, share| checked_places(tokens, share, &mut rng);
    assert!(places(0, 0.1).is_empty());
    assert_eq!((places(1, 0.1), places(9, 0.0)), (vec![0], vec![8]));
    assert_eq!(places(5, 1.0), [0, 1, 2, 3, 4]);
    let some = places(128, 0.1);
    assert_eq!((some.len(), some.last()), (13, Some(&127)));
    assert!(some.is_sorted_by(|one, next| one < next), "{some:?}");
    // Nobody can know which.
    assert_ne!(some, places(128, 0.1));
}

#[test]
fn whoever_takes_half_of_the_time_gets_half() {
    let ten = Duration::from_secs(10);
    assert_eq!(speed(Duration::ZERO, ten), 1.0);
    assert_eq!(speed(Duration::from_secs(5), ten), 0.5);
    assert_eq!((speed(ten, ten), speed(2 * ten, ten)), (0.0, 0.0));
}
