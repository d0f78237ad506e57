//! Weights made from scores, beside what the original SDK made of the same.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{Uid, WeightRow, Zeros};
use assay_neuron::weight_processing::{
    WeightLimits, WeightProcessingError, WithoutWeights, normalise, normalise_max_weight, process,
};
use assay_peers::Python;
use proptest::prelude::*;
use serde::Deserialize;
use std::time::Duration;

const VECTORS: &str = include_str!("../../../../vectors/weights/sdk10.jsonl");

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Case {
    Process {
        weights: Vec<f64>,
        uids: Vec<u16>,
        neurons: usize,
        exclude_quantile: u16,
        min_allowed: usize,
        max_weight: f64,
        kept: Vec<u16>,
        shares: Vec<f64>,
        emitted: Vec<(u16, u16)>,
    },
    Limit {
        weights: Vec<f64>,
        limit: f64,
        shares: Vec<f64>,
    },
    Emit {
        weights: Vec<f64>,
        uids: Vec<u16>,
        emitted: Vec<(u16, u16)>,
    },
}

fn by_uid(uids: &[u16], weights: &[f64]) -> Vec<(Uid, f64)> {
    uids.iter()
        .map(|uid| Uid(*uid))
        .zip(weights.iter().copied())
        .collect()
}

/// The original computes in single precision, whose seventh digit is not reliable.
fn assert_near(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            (ours - theirs).abs() <= 2e-6 * theirs.abs().max(1e-3),
            "{what}: {ours} {theirs}"
        );
    }
}

/// A value at a rounding's edge may go either way in single precision.
fn assert_emitted(shares: &[(Uid, f64)], theirs: &[(u16, u16)], tolerance: u16, what: &str) {
    let row = WeightRow::from_scores(shares, Zeros::Dropped).unwrap();
    let ours: Vec<(u16, u16)> = row.entries().iter().map(|(uid, value)| (uid.0, *value)).collect();
    let uids = |row: &[(u16, u16)]| row.iter().map(|(uid, _)| *uid).collect::<Vec<_>>();
    assert_eq!(uids(&ours), uids(theirs), "{what}");
    for ((uid, ours), (_, theirs)) in ours.iter().zip(theirs) {
        assert!(
            ours.abs_diff(*theirs) <= tolerance,
            "{what}, uid {uid}: {ours} {theirs}"
        );
    }
}

#[test]
fn weights_are_those_of_the_sdk() {
    let mut seen = [0; 3];
    for (number, line) in VECTORS.lines().enumerate() {
        let what = format!("case {}", number + 1);
        match serde_json::from_str(line).unwrap() {
            Case::Process {
                weights,
                uids,
                neurons,
                exclude_quantile,
                min_allowed,
                max_weight,
                kept,
                shares,
                emitted,
            } => {
                seen[0] += 1;
                let limits = WeightLimits {
                    exclude_quantile,
                    min_allowed,
                    max_weight,
                    without_weights: WithoutWeights::Uniform,
                };
                let ours = process(&by_uid(&uids, &weights), neurons, &limits).unwrap();
                let ours_kept: Vec<u16> = ours.iter().map(|(uid, _)| uid.0).collect();
                assert_eq!(ours_kept, kept, "{what}");
                let ours_shares: Vec<f64> = ours.iter().map(|(_, share)| *share).collect();
                assert_near(&ours_shares, &shares, &what);
                assert_emitted(&ours, &emitted, 1, &what);
            }
            Case::Limit {
                weights,
                limit,
                shares,
            } => {
                seen[1] += 1;
                assert_near(&normalise_max_weight(&weights, limit), &shares, &what);
            }
            Case::Emit {
                weights,
                uids,
                emitted,
            } => {
                seen[2] += 1;
                assert_emitted(&by_uid(&uids, &weights), &emitted, 0, &what);
            }
        }
    }
    assert_eq!(seen, [72, 4, 3], "cases of each kind");
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn the_installed_sdk_still_makes_the_same_of_the_same() {
    let lines = Python::venv("sdk10")
        .script("conformance/sdk10/weights_make.py")
        .timeout(Duration::from_secs(120))
        .run();
    let stored: Vec<serde_json::Value> = VECTORS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, stored);
}

#[test]
fn nobody_is_paid_where_nobody_has_earned_anything_unless_that_is_wanted() {
    let nothing = by_uid(&[0, 1, 2], &[0.0; 3]);
    let limits = WeightLimits::default();
    assert_eq!(
        process(&nothing, 3, &limits),
        Err(WeightProcessingError::Nothing { neurons: 3 })
    );
    let large = WeightLimits {
        min_allowed: 10,
        ..limits
    };
    assert_eq!(
        process(&by_uid(&[0, 1], &[1.0, 2.0]), 2, &large),
        Err(WeightProcessingError::TooSmall {
            neurons: 2,
            min_allowed: 10
        })
    );
    let compatible = WeightLimits {
        without_weights: WithoutWeights::Uniform,
        ..limits
    };
    assert_eq!(
        process(&nothing, 3, &compatible),
        Ok(by_uid(&[0, 1, 2], &[1.0 / 3.0; 3]))
    );
    assert!(process(&[], 0, &compatible).is_err());
}

#[test]
fn weights_that_are_none_are_refused_by_name() {
    let refused = |weights: &[(u16, f64)], max_weight: f64| {
        let weights: Vec<_> = weights.iter().map(|(uid, weight)| (Uid(*uid), *weight)).collect();
        let limits = WeightLimits {
            max_weight,
            ..WeightLimits::default()
        };
        process(&weights, 4, &limits).unwrap_err()
    };
    for weight in [f64::NAN, f64::INFINITY, -0.5] {
        let error = refused(&[(0, 1.0), (1, weight)], 1.0);
        assert!(
            matches!(error, WeightProcessingError::NotAWeight { uid: Uid(1), .. }),
            "{error}"
        );
    }
    assert_eq!(
        refused(&[(2, 1.0), (2, 1.0)], 1.0),
        WeightProcessingError::Duplicate { uid: Uid(2) }
    );
    assert_eq!(
        refused(&[(4, 1.0)], 1.0),
        WeightProcessingError::NoSuchNeuron {
            uid: Uid(4),
            neurons: 4
        }
    );
    for share in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(matches!(
            refused(&[(0, 1.0)], share),
            WeightProcessingError::NotAShare { .. }
        ));
    }
}

#[test]
fn shares_are_of_one_and_zeros_stay_zeros() {
    assert_eq!(normalise(&[1.0, 3.0]), [0.25, 0.75]);
    assert_eq!(normalise(&[0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(normalise(&[]), [0.0; 0]);
}

proptest! {
    #[test]
    fn no_weight_is_above_its_limit_and_all_together_are_one(
        weights in prop::collection::vec(0.0..1.0f64, 1..80),
        limit in 0.01..1.0f64,
        min_allowed in 0..40usize,
        exclude_quantile: u16,
    ) {
        let neurons = weights.len();
        let uids: Vec<u16> = (0..neurons as u16).collect();
        let limits = WeightLimits { exclude_quantile, min_allowed, max_weight: limit, without_weights: WithoutWeights::Uniform };
        let row = process(&by_uid(&uids, &weights), neurons, &limits).unwrap();
        prop_assert!(row.len() >= min_allowed.min(neurons));
        let sum: f64 = row.iter().map(|(_, share)| share).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        let most = limit.max(1.0 / row.len() as f64);
        prop_assert!(row.iter().all(|(_, share)| *share <= most + 1e-6 && *share >= 0.0), "{row:?}");
    }
}
