//! Named constants.

use crate::near::near;
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    Profile, Settings,
    profile::{Flow, Generation, InvalidSettings, Release, spec_version},
    scoring::combine::{Mask, Penalty, Reward},
};

#[test]
fn a_profile_has_a_name_and_sound_settings() {
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(profile));
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(json, format!("\"{profile}\""));
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
        let settings = profile.settings();
        assert_eq!(settings.validate(), Ok(()), "{profile}");
        assert_eq!(settings.fidelity, profile.fidelity);
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    }
    assert_eq!(Profile::default().name(), "seed");
    let error = "Seed".parse::<Profile>().unwrap_err().to_string();
    assert!(error.contains("\"Seed\"") && error.contains("tasks"), "{error}");
}

#[test]
fn constants_are_those_of_the_generation() {
    let of = |generation| Profile::new(generation, Fixed).settings();
    let [seed, stack, tasks] = [Generation::Seed, Generation::Stack, Generation::Tasks].map(of);
    assert_eq!(
        (seed.flow, stack.flow, tasks.flow),
        (
            Flow::TwoStages,
            Flow::Rounds { rounds: 4 },
            Flow::Tasks { rounds: 3 }
        )
    );
    let weights = |settings: &Settings| {
        settings
            .reward_weights
            .iter()
            .map(|(_, weight)| *weight)
            .collect::<Vec<_>>()
    };
    assert_eq!(weights(&seed), [1.0]);
    assert_eq!(weights(&stack), [0.3, 0.4, 0.3, 0.0, 0.0]);
    assert_eq!(weights(&tasks), [0.6, 0.0, 0.4, 0.0, 0.0]);
    assert_eq!(
        (seed.masks.len(), stack.masks.as_slice()),
        (0, Mask::ALL.as_slice())
    );
    assert!(!tasks.masks.contains(&Mask::TaskValidator) && tasks.penalties == Penalty::ALL);
    assert_eq!(
        (
            seed.moving_average_alpha,
            seed.answer_sample_size,
            tasks.epoch_length
        ),
        (0.05, 50, Some(100))
    );
}

#[test]
fn weights_may_miss_one_by_rounding_and_no_more() {
    let mut settings = Profile::new(Generation::Stack, Fixed).settings();
    let mut set = |weights: [f64; 5]| {
        settings.reward_weights = Reward::ALL.into_iter().zip(weights).collect();
        settings.validate()
    };
    // All combinations of twentieths that are 1. The original adds in single precision and wants exactly 1.
    let (mut tried, mut not_exactly_one) = (0, 0);
    for a in 0..=20 {
        for b in 0..=20 - a {
            for c in 0..=20 - a - b {
                for d in 0..=20 - a - b - c {
                    let weights = [a, b, c, d, 20 - a - b - c - d].map(|share| f64::from(share) * 0.05);
                    assert_eq!(set(weights), Ok(()));
                    tried += 1;
                    not_exactly_one +=
                        usize::from(weights.map(|weight| weight as f32).iter().sum::<f32>() != 1.0);
                }
            }
        }
    }
    assert_eq!(tried, 10_626);
    assert!(not_exactly_one > 100, "{not_exactly_one} would be refused");
    let error = set([0.3, 0.4, 0.3, 0.1, 0.0]).unwrap_err();
    let InvalidSettings::WeightSum { sum, .. } = &error else {
        panic!("{error}")
    };
    near(*sum, 1.1);
    assert!(
        error.to_string().contains("sum to 1.1") && error.to_string().contains("rlhf_reward_model 0.4"),
        "{error}"
    );
    assert!(matches!(
        set([1.5, -0.5, 0.0, 0.0, 0.0]),
        Err(InvalidSettings::Weight { .. })
    ));
    assert!(matches!(
        set([f64::NAN, 1.0, 0.0, 0.0, 0.0]),
        Err(InvalidSettings::Weight { .. })
    ));
}

#[test]
fn a_change_that_makes_no_sense_is_named() {
    let changed = |change: fn(&mut Settings)| {
        let mut settings = Profile::new(Generation::Tasks, Fixed).settings();
        change(&mut settings);
        settings.validate().unwrap_err().to_string()
    };
    type Change = fn(&mut Settings);
    let cases: [(Change, &str); 6] = [
        (|settings| settings.moving_average_alpha = 0.0, "alpha is 0"),
        (
            |settings| settings.answer_sample_size = 0,
            "sample of an answer is 0",
        ),
        (
            |settings| settings.flow = Flow::Tasks { rounds: 1000 },
            "rounds is 1000",
        ),
        (|settings| settings.route.temperature = 0.0, "temperature is 0"),
        (
            |settings| settings.masks.push(Mask::Nsfw),
            "nsfw_filter is there twice",
        ),
        (
            |settings| settings.masks_off.extend([Mask::TaskValidator]),
            "no such mask",
        ),
    ];
    for (change, words) in cases {
        let error = changed(change);
        assert!(error.contains(words), "{error}");
    }
    let mut settings = Profile::new(Generation::Tasks, Fixed).settings();
    settings.masks_off.insert(Mask::Diversity);
    assert_eq!(settings.validate(), Ok(()));
    assert!(
        settings
            .masks_on()
            .eq([Mask::Blacklist, Mask::Relevance, Mask::Nsfw])
    );
}

#[test]
fn a_later_release_has_a_larger_number() {
    let number = |text: &str, fidelity| spec_version(text.parse().unwrap(), fidelity);
    let exact = [
        ("1.0.1", 1002),
        ("1.0.2", 1003),
        ("1.0.4", 1004),
        ("1.1.8", 1018),
        ("1.2.0", 1020),
        ("2.1.6", 2016),
    ];
    for (release, expected) in exact {
        assert_eq!(number(release, Exact), expected);
    }
    assert_eq!(
        number("1.0.10", Exact),
        number("1.1.0", Exact),
        "as in the original"
    );
    let releases = [
        "1.0.4",
        "1.0.10",
        "1.1.0",
        "1.2.0",
        "1.99.65535",
        "2.0.0",
        "65535.65535.65535",
    ];
    let numbers = releases.map(|release| number(release, Fixed));
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
    assert!(numbers[0] > 65_535, "larger than any of the original's");
    assert_eq!(Profile::default().spec_version(), 10_000_000_004);
    assert_eq!("seed-exact".parse::<Profile>().unwrap().spec_version(), 1004);
    assert_eq!(Release::new(1, 0, 4).to_string(), "1.0.4");
    for text in ["1.0", "1.0.4.1", "v1.0.4", "1.0.70000", ""] {
        assert!(text.parse::<Release>().is_err(), "{text:?}");
    }
}
