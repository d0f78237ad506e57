//! Times one epoch of dense subnets and prints a JSON line for each.
//!
//! Every validator weighs every uid with a different random weight and holds bonds to all of them, so nothing
//! repeats that a cache could remember. The best of several runs is printed: on a shared machine the others measure
//! the neighbours. The second epoch is timed, for which bonds exist.

#![expect(clippy::print_stdout, reason = "figures are this program's data")]

use assay_yuma::{BondsRule, CommitReveal, EpochInput, Hyperparameters, LiquidAlpha, Neuron, epoch};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// At least this many runs of each subnet.
const RUNS: usize = 7;
/// And at least this long, since a short epoch needs more runs to find a quiet moment.
const LONG_ENOUGH: Duration = Duration::from_millis(400);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so; a test runner that only looks for tests here finds none, and at once.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    // Any other word picks the subnets whose line it is a part of: `cargo bench … -- liquid`.
    let words: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let liquid = BondsRule::Yuma3Liquid(LiquidAlpha {
        low: 45_875,
        high: 58_982,
        sigmoid_steepness: 1_000,
    });
    let rules = [
        ("yuma2", BondsRule::Yuma2),
        ("yuma3", BondsRule::Yuma3),
        ("liquid", liquid),
    ];
    for (neurons, validators) in [(256, 256), (256, 12), (1_024, 1_024), (1_024, 64)] {
        for (name, rule) in rules {
            let subnet = format!(r#""neurons":{neurons},"validators":{validators},"rule":"{name}""#);
            if !words.iter().all(|word| subnet.contains(word.as_str())) {
                continue;
            }
            let input = dense_subnet(neurons, validators, rule);
            let milliseconds = best_time(&input).as_secs_f64() * 1_000.0;
            println!(r#"{{{subnet},"milliseconds":{milliseconds:.3}}}"#);
        }
    }
}

fn best_time(input: &EpochInput) -> Duration {
    let mut best = Duration::MAX;
    let started = Instant::now();
    let mut runs = 0;
    while runs < RUNS || started.elapsed() < LONG_ENOUGH {
        let start = Instant::now();
        let output = epoch(black_box(input));
        best = best.min(start.elapsed());
        black_box(output);
        runs += 1;
    }
    best
}

/// A subnet in its second epoch.
fn dense_subnet(neurons: u16, validators: u16, bonds_rule: BondsRule) -> EpochInput {
    let mut random = Random(0x5eed);
    let neuron = |uid: u16| {
        let is_validator = uid < validators;
        let mut weights = Vec::new();
        if is_validator {
            weights.extend((0..neurons).map(|target| (target, 1 + (random.next() % 65_535) as u16)));
        }
        Neuron {
            alpha_stake: if is_validator {
                1_000_000_000_000 + random.next() % 1_000_000_000_000
            } else {
                0
            },
            block_at_registration: 1,
            last_update: 990,
            validator_permit: is_validator,
            weights,
            ..Neuron::default()
        }
    };
    let mut input = EpochInput {
        block: 1_000,
        last_mechanism_step_block: 640,
        rao_emission: 295_200_000_000,
        hyperparameters: Hyperparameters {
            kappa: 32_767,
            bonds_penalty: 0,
            bonds_moving_average: 900_000,
            bonds_rule,
            max_allowed_validators: validators,
            tempo: 360,
            activity_cutoff_blocks: 5_000,
            stake_threshold: 0,
            tao_weight: 0,
            commit_reveal: CommitReveal::Disabled,
        },
        owner_uid: None,
        neurons: (0..neurons).map(neuron).collect(),
    };
    let first = epoch(&input);
    for (neuron, bonds) in input.neurons.iter_mut().zip(first.bonds) {
        neuron.bonds = bonds;
        for (_, weight) in &mut neuron.weights {
            *weight = 1 + (random.next() % 65_535) as u16;
        }
    }
    input
}

/// SplitMix64: the same subnet on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}
