//! The formulas against numbers that the original's own code produced.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_datasets::{
    Profile,
    profile::FailedShare,
    scoring::{
        Contender, Match, Placing, RowSet, Sighting, blend_with_consensus, cap_by_validator_trust,
        duplicates, outside_consensus, score_round, shares, win_rates,
    },
};
use proptest::prelude::*;
use serde_json::Value;

fn cases(key: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../vectors/flock/cases.json");
    let all: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    all[key].as_array().unwrap().clone()
}

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

/// The original computes in 32 bits.
fn assert_close(got: &[f64], expected: &[f64], name: &str) {
    assert_eq!(got.len(), expected.len(), "{name}");
    for (got, expected) in got.iter().zip(expected) {
        let tolerance = 1e-6 * expected.abs().max(1e-6);
        assert!(
            (got - expected).abs() <= tolerance,
            "{name}: {got} is not {expected}"
        );
    }
}

/// The miners of a case; the original writes 0 for a failed one.
fn miners(case: &Value) -> Vec<Option<Match>> {
    let losses = floats(&case["loss"]);
    let blocks = case["block"].as_array().unwrap();
    losses
        .iter()
        .zip(blocks)
        .map(|(&loss, block)| {
            (loss != 0.0).then(|| Match {
                loss,
                block: block.as_u64().unwrap(),
            })
        })
        .collect()
}

#[test]
fn win_rates_and_shares_are_those_of_the_original() {
    for case in cases("seed_win_rates") {
        let name = case["name"].as_str().unwrap();
        let miners = miners(&case);
        let results = win_rates(&miners, 0.04);
        let expected: Vec<Vec<Option<bool>>> = case["matrix"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                row.as_array()
                    .unwrap()
                    .iter()
                    .map(|cell| cell.as_u64().map(|won| won == 1))
                    .collect()
            })
            .collect();
        assert_eq!(results.beats, expected, "{name}");
        assert_eq!(results.rates, floats(&case["win_rate"]), "{name}");
        let wins: Vec<u32> = floats(&case["wins"]).iter().map(|wins| *wins as u32).collect();
        assert_eq!(results.wins, wins, "{name}");
        let all = vec![true; miners.len()];
        assert_close(
            &shares(&results.rates, &all, 0.08),
            &floats(&case["softmax_T0_08"]),
            name,
        );
    }
}

#[test]
fn blending_and_the_trust_cap_are_those_of_the_original() {
    for case in cases("seed_weights") {
        let name = case["name"].as_str().unwrap();
        let consensus = floats(&case["consensus"]);
        let blended = blend_with_consensus(&floats(&case["new_weights"]), &consensus, 0.2, 0.2);
        assert_close(&blended, &floats(&case["blended"]), name);
        let capped = cap_by_validator_trust(&blended, &consensus, 0.5);
        assert_close(&capped, &floats(&case["adjusted"]), name);
    }
    for (i, case) in cases("vtrust").iter().enumerate() {
        let (weights, consensus) = (floats(&case["weights"]), floats(&case["consensus"]));
        let vtrust_min = case["vtrust_min"].as_f64().unwrap();
        let before = outside_consensus(&weights, &consensus);
        assert_close(&[before], &[case["loss_before"].as_f64().unwrap()], "before");
        let capped = cap_by_validator_trust(&weights, &consensus, vtrust_min);
        assert_close(&capped, &floats(&case["result"]), &format!("vtrust case {i}"));
        let after = outside_consensus(&capped, &consensus);
        assert_close(&[after], &[case["loss_after"].as_f64().unwrap()], "after");
    }
}

proptest! {
    /// Whatever the weights, the cap reaches its limit exactly, and changes nothing that is within it.
    #[test]
    fn the_trust_cap_meets_its_limit(
        pairs in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..40),
        scale in 0.01..1.0f64,
    ) {
        let sum: f64 = pairs.iter().map(|pair| pair.1).sum::<f64>().max(1e-9);
        let weights: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
        let consensus: Vec<f64> = pairs.iter().map(|pair| pair.1 / sum * scale).collect();
        let capped = cap_by_validator_trust(&weights, &consensus, 0.5);
        let total: f64 = consensus.iter().sum();
        let limit = if 1.0 - total > 0.5 { 1.05 * (1.0 - total) } else { 0.5 };
        let before = outside_consensus(&weights, &consensus);
        if before <= limit {
            prop_assert_eq!(capped, weights);
        } else {
            prop_assert!((outside_consensus(&capped, &consensus) - limit).abs() < 1e-9);
        }
    }

    /// Groups do not depend on the order in which datasets are looked at, and keep their earliest member.
    #[test]
    fn copies_are_found_in_any_order(
        losses in prop::collection::vec((0u8..6, 0u64..4), 0..24),
        rotation in 0usize..24,
    ) {
        let mut seen: Vec<_> = losses
            .iter()
            .enumerate()
            .map(|(owner, &(loss, block))| Sighting {
                owner, block, rows: None, loss: Some(f64::from(loss) + 1.0),
            })
            .collect();
        let originals = |seen: &[Sighting<'_, usize>]| {
            let mut pairs: Vec<_> = duplicates(seen, 1e-9, None)
                .iter()
                .enumerate()
                .map(|(i, of)| (seen[i].owner, of.map(|of| seen[of].owner)))
                .collect();
            pairs.sort_unstable();
            pairs
        };
        let before = originals(&seen);
        let by = rotation % seen.len().max(1);
        seen.rotate_left(by);
        prop_assert_eq!(&originals(&seen), &before);
        for (owner, of) in before {
            if let Some(of) = of {
                prop_assert!((losses[of].1, of) < (losses[owner].1, owner));
                prop_assert_eq!(losses[of].0, losses[owner].0);
            }
        }
    }
}

fn rows(range: std::ops::Range<u8>) -> RowSet {
    RowSet::new(range.map(|row| [row; 16]).collect())
}

#[test]
fn a_chain_of_partial_copies_is_one_group() {
    let sets = [rows(0..10), rows(2..12), rows(4..14), rows(100..110)];
    let seen: Vec<_> = sets
        .iter()
        .zip([30, 10, 20, 5])
        .enumerate()
        .map(|(owner, (rows, block))| Sighting {
            owner,
            block,
            rows: Some(rows),
            loss: None,
        })
        .collect();
    // The first and third share 6 of 14 rows, too few for a direct link: only the second connects them.
    assert_eq!(duplicates(&seen, 1e-9, Some(0.5)), [Some(1), None, Some(1), None]);
    assert_eq!(duplicates(&seen, 1e-9, None), [None; 4]);
}

#[test]
fn a_small_part_of_a_larger_dataset_is_no_copy_of_it() {
    let (large, small) = (rows(0..100), rows(0..16));
    let seen = [(&large, 1), (&small, 2)].map(|(rows, block)| Sighting {
        owner: block,
        block,
        rows: Some(rows),
        loss: None,
    });
    assert_eq!(duplicates(&seen, 1e-9, Some(0.5)), [None, None]);
}

/// A round of five: the best, a copy of it, a worse one, a failure and one that was not asked.
fn five<'a>(good: &'a RowSet, bad: &'a RowSet) -> Vec<Contender<'a, u8>> {
    let present = |owner, block, rows, loss| Contender::Present {
        owner,
        block,
        rows: Some(rows),
        loss: Some(loss),
    };
    vec![
        present(0, 10, good, 1.0),
        Contender::Present {
            owner: 1,
            block: 11,
            rows: Some(good),
            loss: None,
        },
        present(2, 9, bad, 2.0),
        Contender::Failed,
        Contender::Absent,
    ]
}

#[test]
fn failures_and_copies_get_nothing_of_a_round() {
    let (good, bad) = (rows(0..10), rows(50..60));
    let table = score_round(&five(&good, &bad), &[0.0; 5], &Profile::seed());
    assert_eq!(
        table.placings[0],
        Placing::Ranked {
            loss: 1.0,
            wins: 1,
            win_rate: 1.0
        }
    );
    assert_eq!(table.placings[1], Placing::CopyOf(0));
    assert_eq!(
        table.placings[2],
        Placing::Ranked {
            loss: 2.0,
            wins: 0,
            win_rate: 0.0
        }
    );
    assert_eq!(table.placings[3..], [Placing::Failed, Placing::Absent]);
    assert!(table.weights[0] > table.weights[2] && table.weights[2] > 0.0);
    assert_eq!(table.weights[1], 0.0);
    assert_eq!(table.weights[3..], [0.0, 0.0]);
}

#[test]
fn the_exact_profile_pays_failures_as_the_original_does() {
    let profile = Profile::seed_exact();
    assert_eq!(profile.failed, FailedShare::OfSoftmax);
    let good = rows(0..10);
    let lone = [
        Contender::Present {
            owner: 0,
            block: 1,
            rows: Some(&good),
            loss: Some(0.9),
        },
        Contender::Failed,
    ];
    assert_eq!(score_round(&lone, &[0.0; 2], &profile).shares, [0.5, 0.5]);
    assert_eq!(score_round(&lone, &[0.0; 2], &Profile::seed()).shares, [1.0, 0.0]);
}

#[test]
fn who_is_not_asked_keeps_what_the_chain_agrees_on() {
    let good = rows(0..10);
    let contenders = [
        Contender::Present {
            owner: 0,
            block: 1,
            rows: Some(&good),
            loss: Some(0.9),
        },
        Contender::Absent,
    ];
    let table = score_round(&contenders, &[0.5, 0.5], &Profile::seed());
    assert_close(
        &table.weights,
        &[0.58, 0.42],
        "0.64 C + 0.2 C/sum + 0.16 of the round to the other",
    );
}

#[test]
fn a_round_without_any_loss_gives_no_weights_of_its_own() {
    let contenders: [Contender<'_, u8>; 2] = [Contender::Failed, Contender::Absent];
    let table = score_round(&contenders, &[0.0; 2], &Profile::seed());
    assert_eq!((table.shares, table.weights), (vec![0.0; 2], vec![0.0; 2]));
}
