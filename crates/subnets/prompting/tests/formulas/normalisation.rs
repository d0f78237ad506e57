//! Raw rewards on one scale, beside what the original made of them.

use crate::near::{all_near, near, within};
use assay_prompting::{
    Fidelity::{Exact, Fixed},
    scoring::normaliser::Normaliser,
};

#[test]
fn batches_move_the_scale_as_in_the_original() {
    for fidelity in [Fixed, Exact] {
        let mut scale = Normaliser::new(3000, fidelity);
        all_near(
            &scale.normalise(&[1.0, 2.0, 3.0, 4.0]),
            &[0.12263906, 0.34926766, 0.65073234, 0.87736094],
        );
        assert_eq!((scale.count(), scale.mean()), (4, 2.5));
        near(scale.variance(), 1.666_666_63);
        all_near(&scale.normalise(&[10.0, 0.0]), &[0.93609238, 0.22321296]);
        near(scale.mean(), 3.333_333_49);
        near(scale.variance(), 19.166_667_94);
        all_near(&scale.normalise(&[2.5; 3]), &[0.4386127; 3]);
        near(scale.mean(), 3.055_555_82);
        near(scale.variance(), 12.932_099_34);
        let before = scale.clone();
        assert!(scale.normalise(&[]).is_empty());
        assert_eq!((scale.count(), scale), (9, before));
    }
}

#[test]
fn equal_rewards_are_in_the_middle() {
    let mut scale = Normaliser::new(3000, Fixed);
    assert_eq!(scale.normalise(&[3.0; 3]), [0.5; 3]);
    assert_eq!(scale.variance(), 0.0);
}

#[test]
fn one_answer_alone_does_not_end_the_scale() {
    let mut exact = Normaliser::new(3000, Exact);
    assert_eq!(exact.normalise(&[1.5]), [0.5]);
    assert!(exact.variance().is_nan());
    all_near(
        &exact.normalise(&[1.0, 2.0, 3.0]),
        &[0.19078696, 0.54973823, 0.8697055],
    );
    near(exact.mean(), 1.875);
    assert!(exact.variance().is_nan(), "for good");

    let mut fixed = Normaliser::new(3000, Fixed);
    assert_eq!(fixed.normalise(&[1.5]), [0.5]);
    assert_eq!(fixed.variance(), 0.0);
    fixed.normalise(&[1.0, 2.0, 3.0]);
    // Three parts of variance 1, one of 0, and the distance of the means: 3/4 + 3/16 · 1/4.
    near(fixed.variance(), 0.75 + 3.0 / 16.0 * 0.25);
}

#[test]
fn at_its_limit_the_scale_follows_what_is_new() {
    let many: Vec<f64> = (0..2999)
        .map(|place| -1.0 + 2.0 * f64::from(place) / 2998.0)
        .collect();
    let mut scale = Normaliser::new(3000, Fixed);
    scale.normalise(&many);
    all_near(&scale.normalise(&[5.0, 7.0]), &[1.0, 1.0]);
    assert_eq!(scale.count(), 3000);
    // Sums of thousands in single precision keep five digits.
    within(scale.mean(), 0.003_998_665_6, 1e-5);
    within(scale.variance(), 0.358_753_50, 1e-5);
    scale.normalise(&[5.0, 7.0]);
    within(scale.mean(), 0.007_993_336_8, 1e-5);
    within(scale.variance(), 0.383_783_01, 1e-5);
}

#[test]
fn failed_calls_get_nothing_and_are_not_counted() {
    let mut scale = Normaliser::new(3000, Fixed);
    let rewards = scale.normalise_batch(&[Some(1.0), None, Some(3.0), Some(2.0)]);
    all_near(&rewards, &[0.15865526, 0.0, 0.84134471, 0.5]);
    assert_eq!(scale.count(), 3);
    let before = scale.clone();
    assert_eq!(scale.normalise_batch(&[None, None]), [0.0, 0.0]);
    assert_eq!(scale, before);
}

#[test]
fn a_models_nonsense_does_not_stay_in_the_scale() {
    let mut scale = Normaliser::new(3000, Fixed);
    let rewards = scale.normalise(&[1.0, f64::NAN, 3.0, f64::INFINITY, 2.0]);
    assert_eq!(scale.count(), 3);
    assert_eq!((rewards[1], rewards[4]), (0.0, 0.5));
    assert!(rewards.iter().all(|reward| reward.is_finite()));
}

#[test]
fn a_restart_does_not_move_the_scale() {
    for fidelity in [Fixed, Exact] {
        let mut scale = Normaliser::new(3000, fidelity);
        scale.normalise(&[1.5]);
        let kept = serde_json::to_string(&scale).unwrap();
        let mut restored: Normaliser = serde_json::from_str(&kept).unwrap();
        assert_eq!(restored.normalise(&[4.0, 1.0]), scale.normalise(&[4.0, 1.0]));
        assert_eq!(restored.count(), 3);
    }
    let kept = serde_json::to_string(&Normaliser::new(3000, Fixed)).unwrap();
    let newer = kept.replace("\"schema\":1", "\"schema\":2");
    let error = serde_json::from_str::<Normaliser>(&newer)
        .unwrap_err()
        .to_string();
    assert!(error.contains("layout 2"), "{error}");
    let damaged = kept.replace("\"variance\":0.0", "\"variance\":-1.0");
    assert!(serde_json::from_str::<Normaliser>(&damaged).is_err());
}
