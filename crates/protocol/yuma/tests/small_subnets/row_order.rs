//! Five neurons under Yuma 3: what the way a row is written does to its bonds.
//!
//! The numbers come from the real chain (`vectors/yuma/extra_scenarios.json`).

use crate::subnet::{LIQUID, Subnet};
use assay_yuma::{BondsRule, Row};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Epoch {
    bonds: BTreeMap<usize, Vec<u16>>,
    dividends: Vec<u16>,
    incentive: Vec<u16>,
}

fn recorded(scenario: &str) -> Vec<Epoch> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/yuma/extra_scenarios.json");
    let text = fs_err::read_to_string(path).expect("the scenarios are in the repository");
    let mut scenarios: BTreeMap<String, Vec<Epoch>> =
        serde_json::from_str(&text).expect("the scenarios are well-formed");
    scenarios.remove(scenario).expect("a recorded scenario")
}

/// Which of the two miners, uid 3 or 4, each of the three validators backs in an epoch.
type Backed = [u16; 3];

fn check(
    scenario: &str,
    stakes: [u64; 3],
    rule: BondsRule,
    plan: [Backed; 6],
    row: fn(backed: u16, other: u16) -> Row,
) {
    let [a, b, c] = stakes;
    let mut subnet = Subnet::with_stakes(&[a, b, c, 0, 0]);
    subnet.input.hyperparameters.bonds_rule = rule;
    subnet.input.hyperparameters.bonds_penalty = 0;
    subnet.input.hyperparameters.bonds_moving_average = 975_000;
    for (epoch, (backed, recorded)) in plan.into_iter().zip(recorded(scenario)).enumerate() {
        for (validator, miner) in backed.into_iter().enumerate() {
            subnet.set_weights(validator, row(miner, 7 - miner));
        }
        let output = subnet.epoch();
        let bonds: BTreeMap<usize, Vec<u16>> = output
            .bonds
            .iter()
            .enumerate()
            .filter(|(_, row)| !row.is_empty())
            .map(|(uid, row)| {
                (
                    uid,
                    row.iter().flat_map(|(miner, bond)| [*miner, *bond]).collect(),
                )
            })
            .collect();
        assert_eq!(bonds, recorded.bonds, "{scenario}, epoch {epoch}");
        assert_eq!(output.dividends, recorded.dividends, "{scenario}, epoch {epoch}");
        assert_eq!(output.incentive, recorded.incentive, "{scenario}, epoch {epoch}");
    }
}

/// The large validator leaves first, the small ones follow one by one.
const LEAVING: [Backed; 6] = [[3, 3, 3], [4, 3, 3], [4, 4, 3], [4, 4, 4], [4, 4, 4], [4, 4, 4]];
/// One validator tries the other miner for a single epoch.
const TRYING: [Backed; 6] = [[3, 3, 3], [3, 3, 3], [3, 3, 4], [3, 3, 3], [3, 3, 3], [3, 3, 3]];

#[test]
fn an_explicit_zero_lets_a_bond_decay() {
    check("explicit_zeros", [8, 1, 1], LIQUID, LEAVING, ascending);
}

#[test]
fn an_omitted_zero_drops_the_bond_at_once() {
    check("zeros_omitted", [8, 1, 1], LIQUID, LEAVING, |backed, _| {
        vec![(backed, 65_535)]
    });
}

#[test]
fn a_descending_row_earns_other_bonds() {
    check("unsorted_desc", [8, 1, 1], LIQUID, LEAVING, |backed, other| {
        let mut row = ascending(backed, other);
        row.reverse();
        row
    });
}

fn ascending(backed: u16, other: u16) -> Row {
    let mut row = vec![(backed, 65_535), (other, 0)];
    row.sort_unstable();
    row
}

#[test]
fn a_switch_of_one_epoch_costs_dividends() {
    check("one_epoch_switch_liquid", [33, 33, 34], LIQUID, TRYING, ascending);
    check(
        "one_epoch_switch_nonliquid",
        [33, 33, 34],
        BondsRule::Yuma3,
        TRYING,
        ascending,
    );
}
