//! Every recorded epoch of a real chain, every field, no tolerance.

use assay_yuma::fixed::I32F32;
use assay_yuma::vectors::{Case, Document, Field, Trace, replay};
use assay_yuma::{Row, SparseMatrix, epoch_traced};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn document(name: &str) -> Document {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../vectors/yuma")
        .join(name);
    let text = fs_err::read_to_string(path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("the vectors are well-formed")
}

/// Replays a file and checks that it has the epochs that it should.
fn check(name: &str, cases: usize, epochs: usize) {
    let replayed = replay(&document(name)).expect("the file can be replayed");
    for case in &replayed {
        if let Some(difference) = &case.difference {
            panic!("{name}: {difference}");
        }
    }
    assert_eq!(replayed.len(), cases);
    assert_eq!(
        replayed.iter().map(|case| case.outputs.len()).sum::<usize>(),
        epochs
    );
}

#[test]
fn subnets_of_four() {
    check("yuma_n4.json", 24, 72);
}

#[test]
fn subnets_of_sixteen() {
    check("yuma_n16.json", 32, 128);
}

#[test]
fn subnets_of_sixty_four() {
    check("yuma_n64.json", 12, 48);
}

#[test]
fn subnets_of_two_hundred_and_fifty_six() {
    check("yuma_n256.json", 6, 18);
}

#[test]
fn the_intermediate_numbers_are_the_chains_too() {
    let mut traced = 0;
    for name in ["yuma_n4.json", "yuma_n16.json"] {
        for case in &document(name).cases {
            traced += check_traces(case);
        }
    }
    assert!(traced > 30, "only {traced} epochs have a trace");
}

fn check_traces(case: &Case) -> usize {
    let mut traced = 0;
    let mut bonds: Option<Vec<Row>> = None;
    for (index, recorded) in case.epochs.iter().enumerate() {
        let input = case
            .epoch_input(index, bonds.as_deref())
            .expect("a well-formed epoch");
        let (output, trace) = epoch_traced(&input);
        if let Some(expected) = &recorded.trace_i32f32_bits {
            let got = Trace {
                stake: bits(&trace.stake),
                active_stake: bits(&trace.active_stake),
                ranks_unnormalised: bits(&trace.ranks),
                consensus: bits(&trace.consensus),
                validator_trust: bits(&trace.validator_trust),
                incentive: bits(&trace.incentive),
                dividends: bits(&trace.dividends),
                normalized_server_emission: bits(&trace.server_emission),
                normalized_validator_emission: bits(&trace.validator_emission),
                normalized_combined_emission: bits(&trace.combined_emission),
                weights_norm: rows(&trace.weights),
                weights_clipped: rows(&trace.clipped_weights),
                weights_for_bonds: rows(trace.weights_for_bonds()),
                bonds_ema: rows(&trace.bonds),
            };
            assert_eq!(&got, expected, "case {}, epoch {index}", case.id);
            traced += 1;
        }
        bonds = Some(output.bonds);
    }
    traced
}

fn bits(values: &[I32F32]) -> Vec<i64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn rows(matrix: &SparseMatrix) -> BTreeMap<u16, Vec<i64>> {
    (0..matrix.rows())
        .filter(|row| matrix.cells_of(*row).len() > 0)
        .map(|row| {
            let flat = matrix
                .cells_of(row)
                .flat_map(|(uid, value)| [i64::from(uid), value.to_bits()]);
            (row as u16, flat.collect())
        })
        .collect()
}

#[test]
fn a_wrong_number_is_found_and_named() {
    let mut tampered = document("yuma_n4.json");
    let case = &mut tampered.cases[0];
    let expected = case.epochs[1].expected.as_mut().expect("a recorded epoch");
    let right = expected.incentive[1];
    expected.incentive[1] = right - 1;
    // Something that follows from it, which must not be reported first.
    expected.emission[1] += 1;
    let id = case.id.clone();

    let replayed = replay(&tampered).expect("the file can be replayed");
    let difference = replayed[0].difference.as_ref().expect("a difference");
    assert_eq!(
        difference.to_string(),
        format!(
            "case {id}, epoch 1, incentive of uid 1: expected {}, got {right}",
            right - 1
        )
    );
    assert_eq!(difference.field, Field::Incentive);
    assert_eq!(
        replayed[0].outputs.len(),
        2,
        "the replay of the case stops at the difference"
    );
    assert!(replayed[1..].iter().all(|case| case.difference.is_none()));
}

#[test]
fn a_different_bonds_row_is_shown_whole() {
    let mut tampered = document("yuma_n4.json");
    let expected = tampered.cases[0].epochs[2]
        .expected
        .as_mut()
        .expect("a recorded epoch");
    expected.bonds.insert(2, vec![3, 65_535, 1, 65_535]);
    let replayed = replay(&tampered).expect("the file can be replayed");
    let difference = replayed[0].difference.as_ref().expect("a difference");
    assert_eq!((difference.field, difference.uid), (Field::Bonds, 2));
    assert_eq!(difference.expected, "[3, 65535, 1, 65535]");
    assert_eq!(difference.got, "[1, 65535, 3, 65535]");
}

#[test]
fn malformed_files_are_refused_by_name() {
    let refused = |change: fn(&mut Document)| {
        let mut document = document("yuma_n4.json");
        change(&mut document);
        replay(&document).expect_err("a malformed file").to_string()
    };
    assert_eq!(
        refused(|document| document.schema = "yuma-vectors-9".to_owned()),
        "the schema is `yuma-vectors-9`, not `yuma-vectors-1`"
    );
    assert_eq!(
        refused(|document| {
            document.cases[0].epochs[0].input.last_update.pop();
        }),
        "case n4_00, epoch 0: `last_update` has 3 entries for 4 uids"
    );
    assert_eq!(
        refused(|document| {
            document.cases[0].epochs[0].input.weights.insert(1, vec![1, 2, 3]);
        }),
        "case n4_00, epoch 0: row 1 of `weights` is not a list of uid and value pairs of 16 bits"
    );
    assert_eq!(
        refused(|document| {
            document.cases[0].epochs.remove(0);
        }),
        "case n4_00: the first epoch cannot take its bonds from a previous one"
    );
}
