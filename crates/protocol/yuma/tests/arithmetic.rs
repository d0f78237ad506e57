//! Single operations, against the raw bits that the chain's own library gives (`vectors/yuma/extra_facts.json`).

use assay_yuma::LiquidAlpha;
use assay_yuma::fixed::{I32F32, exp_safe};
use assay_yuma::liquid_alpha::Sigmoid;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The facts about this crate's arithmetic; those about burns and commit hashes belong to others.
#[derive(Deserialize)]
struct Facts {
    mul_neg1ulp_half: i64,
    div_neg1ulp_2: i64,
    mul_pos1ulp_half: i64,
    to_num_neg_half_u16: u16,
    round_2p5: i64,
    round_neg2p5: i64,
    exp: BTreeMap<String, i64>,
    alpha_sigmoid: Vec<AlphaSigmoid>,
}

#[derive(Deserialize)]
struct AlphaSigmoid {
    low: u16,
    high: u16,
    steepness: i16,
    consensus: f64,
    weight: f64,
    bond: f64,
    alpha_bits: i64,
}

fn facts() -> Facts {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/yuma/extra_facts.json");
    let text = fs_err::read_to_string(path).expect("the facts are in the repository");
    serde_json::from_str(&text).expect("the facts are well-formed")
}

/// The nearest number of the format, as the chain converts a literal.
fn number(value: f64) -> I32F32 {
    I32F32::from_bits((value * 4_294_967_296.0).round_ties_even() as i64)
}

#[test]
fn products_round_down_and_quotients_towards_zero() {
    let facts = facts();
    let half = number(0.5);
    let unit = I32F32::from_bits(1);
    let below = I32F32::from_bits(-1);
    assert_eq!((below * half).to_bits(), facts.mul_neg1ulp_half);
    assert_eq!((unit * half).to_bits(), facts.mul_pos1ulp_half);
    assert_eq!((below / I32F32::from_integer(2)).to_bits(), facts.div_neg1ulp_2);
    assert_eq!((I32F32::ZERO - half).to_u16(), facts.to_num_neg_half_u16);
    assert_eq!(number(2.5).round().to_bits(), facts.round_2p5);
    assert_eq!(number(-2.5).round().to_bits(), facts.round_neg2p5);
    assert_eq!(I32F32::ONE / I32F32::ZERO, I32F32::ZERO);
    assert_eq!(
        I32F32::from_bits(i64::MAX) * I32F32::from_integer(2),
        I32F32::from_bits(i64::MAX)
    );
}

#[test]
fn the_exponential_is_the_chains_short_series() {
    let facts = facts();
    assert_eq!(facts.exp.len(), 13);
    for (argument, bits) in &facts.exp {
        let argument: f64 = argument.parse().expect("a number");
        assert_eq!(exp_safe(number(argument)).to_bits(), *bits, "exp({argument})");
    }
}

#[test]
fn every_bond_has_the_speed_that_the_sigmoid_gives_it() {
    let facts = facts();
    assert!(facts.alpha_sigmoid.len() > 30);
    for fact in &facts.alpha_sigmoid {
        let sigmoid = Sigmoid::new(LiquidAlpha {
            low: fact.low,
            high: fact.high,
            sigmoid_steepness: fact.steepness,
        });
        let alpha = sigmoid.alpha(number(fact.consensus), number(fact.weight), number(fact.bond));
        assert_eq!(
            alpha.to_bits(),
            fact.alpha_bits,
            "low {}, high {}, steepness {}, consensus {}, weight {}, bond {}",
            fact.low,
            fact.high,
            fact.steepness,
            fact.consensus,
            fact.weight,
            fact.bond
        );
    }
}
