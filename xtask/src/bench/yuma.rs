//! The time of a Yuma epoch beside the chain's own.
//!
//! The reference figures are those of Subtensor's pallet (its production routine and, where it is faster, its dense
//! one), compiled natively with optimisation and run over a storage in memory on a two-core AMD EPYC guest. They
//! were taken on another day, perhaps on another machine: the ratio says what kind of difference there is, not a
//! percentage.

use crate::error::TaskError;
use crate::process;
use serde::Deserialize;

/// What the chain's pallet took.
struct Reference {
    neurons: u32,
    validators: u32,
    rule: &'static str,
    /// The production epoch, reading its storage included.
    production: f64,
    /// Of that, reading and decoding the storage, which an epoch over plain data does not do.
    storage: f64,
}

const fn reference(
    neurons: u32,
    validators: u32,
    rule: &'static str,
    production: f64,
    storage: f64,
) -> Reference {
    Reference {
        neurons,
        validators,
        rule,
        production,
        storage,
    }
}

const REFERENCES: [Reference; 12] = [
    reference(256, 256, "yuma2", 17.39, 10.49),
    reference(256, 256, "yuma3", 17.00, 10.56),
    reference(256, 256, "liquid", 35.82, 10.72),
    reference(256, 12, "yuma2", 6.64, 6.05),
    reference(256, 12, "yuma3", 6.81, 6.19),
    reference(256, 12, "liquid", 25.01, 6.24),
    reference(1_024, 1_024, "yuma2", 211.53, 87.11),
    reference(1_024, 1_024, "yuma3", 200.87, 87.10),
    reference(1_024, 1_024, "liquid", 497.96, 86.03),
    reference(1_024, 64, "yuma2", 36.68, 29.55),
    reference(1_024, 64, "yuma3", 36.03, 29.85),
    reference(1_024, 64, "liquid", 340.93, 30.91),
];

/// A line of the benchmark's output.
#[derive(Deserialize)]
struct Measured {
    neurons: u32,
    validators: u32,
    rule: String,
    milliseconds: f64,
}

/// Measures and prints the table.
pub(crate) fn run() -> Result<(), TaskError> {
    let output = process::output(process::cargo().args([
        "bench",
        "--quiet",
        "--package",
        "assay-yuma",
        "--bench",
        "epoch",
    ]))?;
    println!("one epoch, every validator weighs every uid, milliseconds, best of several runs");
    println!("(the chain's time is without its storage reads; ours reads plain data)");
    println!();
    println!(
        "{:>5} {:>10} {:>7} {:>9} {:>9} {:>7}",
        "uids", "validators", "rule", "ours", "chain", "ratio"
    );
    for line in output.lines().filter(|line| line.starts_with('{')) {
        let measured: Measured =
            serde_json::from_str(line).map_err(|source| TaskError::UnexpectedOutput {
                what: "the Yuma benchmark",
                detail: source.to_string(),
            })?;
        let Measured {
            neurons,
            validators,
            rule,
            milliseconds,
        } = &measured;
        let found = REFERENCES.iter().find(|reference| {
            (reference.neurons, reference.validators, reference.rule)
                == (*neurons, *validators, rule.as_str())
        });
        let (chain, ratio) = match found {
            Some(reference) => {
                let arithmetic = reference.production - reference.storage;
                (
                    format!("{arithmetic:.2}"),
                    format!("{:.1}x", arithmetic / milliseconds),
                )
            }
            None => ("-".to_owned(), "-".to_owned()),
        };
        println!("{neurons:>5} {validators:>10} {rule:>7} {milliseconds:>9.3} {chain:>9} {ratio:>7}");
    }
    Ok(())
}
