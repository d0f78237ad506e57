//! Rewards against a reference, and proofs of inference.

use crate::near::{all_near, near};
use assay_prompting::scoring::{
    reference::{Answer, date_closeness, last_choice, number_closeness, reward_against},
    verification::{checked_places, position_likeness, speed, steepened, steepness_power},
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
fn dates_numbers_and_choices_have_their_own_closeness() {
    assert_eq!(date_closeness(0.0), 1.0);
    near(date_closeness(-10.0), (-0.1f64).exp());
    assert_eq!((date_closeness(84.0), date_closeness(f64::NAN)), (0.0, 0.0));
    near(number_closeness(9.0, 10.0), 0.9);
    assert_eq!(
        (
            number_closeness(0.0, 0.0),
            number_closeness(1.0, 0.0),
            number_closeness(-50.0, 10.0)
        ),
        (1.0, 0.0, 0.0)
    );
    assert_eq!(number_closeness(f64::NAN, 1.0), 0.0);
    let choices = ['A', 'B', 'C', 'D'];
    assert_eq!(last_choice("Not A, so the answer is (C).", 'C', &choices), 0.9);
    assert_eq!(last_choice("C, no: B", 'C', &choices), 0.0);
    assert_eq!(last_choice("CAB", 'C', &choices), 0.0);
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

#[test]
fn steepness_spreads_rewards() {
    near(steepness_power(0.5), 1.0);
    assert!((steepness_power(0.7) - 9.35).abs() < 0.01);
    all_near(&steepened(&[0.1, 0.3, 0.0], 0.5), &[0.25, 0.75, 0.0]);
    all_near(&steepened(&[0.1, 0.3], 0.0), &[0.5, 0.5]);
    let steep = steepened(&[0.1, 0.3], 0.7);
    assert!(steep[1] > 0.9999);
    all_near(&steepened(&[3.0, 1.0, -2.0], 0.5), &[0.75, 0.25, -0.5]);
    assert_eq!(steepened(&[0.0, -1.0], 0.7), [0.0, -1.0]);
}
