//! What the next epochs would bring if one validator set other weights: a pure look ahead from a recorded state.
//!
//! The first epoch is the chain's own computation on the state given; nothing in it is estimated. Later epochs assume what
//! nobody can know: that every validator who has weights sets the same again, that stakes and registrations stay, that the
//! same is emitted. Bonds and permits move on as on the chain.

use crate::{EpochInput, EpochOutput, Row, epoch};
use serde::{Deserialize, Serialize};

/// What one validator does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// It keeps the weights it has.
    Keep,
    /// It sets these before every epoch.
    Set(Row),
    /// It copies, before every epoch, what a majority of the others' stake supports in that very epoch: possible where
    /// weights are set in the open.
    CopyOpen,
    /// It copies what a majority supported so many epochs ago: the newest that commit-reveal shows.
    CopyRevealed {
        /// Epochs between a commitment and its reveal, at least one.
        epochs: u64,
    },
}

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation<'a> {
    /// The state before the first epoch.
    pub start: &'a EpochInput,
    /// `Consensus` as the last epoch stored it: the newest that copiers behind commit-reveal can know.
    pub last_consensus: &'a [u16],
    /// The validator whose strategy it is.
    pub uid: u16,
    /// What it does.
    pub strategy: &'a Strategy,
    /// What every epoch after the first splits, in rao.
    pub later_emission: u64,
}

/// One simulated epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedEpoch {
    /// Its block.
    pub block: u64,
    /// What it split, in rao.
    pub rao_emission: u64,
    /// The row of the validator in question, before masks.
    pub row: Row,
    /// What the chain would store.
    pub output: EpochOutput,
}

/// Runs so many epochs.
#[must_use]
pub fn simulate(simulation: &Simulation<'_>, epochs: u32) -> Vec<SimulatedEpoch> {
    let Simulation {
        start,
        last_consensus,
        uid,
        strategy,
        later_emission,
    } = *simulation;
    let me = usize::from(uid);
    let mut input = start.clone();
    let mut simulated: Vec<SimulatedEpoch> = Vec::new();
    for number in 0..epochs {
        if number > 0 {
            refresh(&mut input);
        }
        let row = match strategy {
            Strategy::Keep => None,
            Strategy::Set(row) => Some(row.clone()),
            Strategy::CopyOpen => Some(copied(&consensus_without(&input, me))),
            Strategy::CopyRevealed { epochs } => {
                let back = usize::try_from((*epochs).max(1)).unwrap_or(usize::MAX);
                let seen = simulated
                    .len()
                    .checked_sub(back)
                    .and_then(|place| simulated.get(place));
                Some(copied(seen.map_or(last_consensus, |past| &past.output.consensus)))
            }
        };
        if let (Some(row), Some(neuron)) = (row, input.neurons.get_mut(me)) {
            neuron.weights = row;
            // Set in the last block before the epoch.
            neuron.last_update = input.block.saturating_sub(1);
        }
        let output = epoch(&input);
        let next = after(&input, &output, later_emission);
        simulated.push(SimulatedEpoch {
            block: input.block,
            rao_emission: input.rao_emission,
            row: input
                .neurons
                .get(me)
                .map(|neuron| neuron.weights.clone())
                .unwrap_or_default(),
            output,
        });
        input = next;
    }
    simulated
}

/// The state before the next epoch.
fn after(input: &EpochInput, output: &EpochOutput, rao_emission: u64) -> EpochInput {
    let mut next = input.clone();
    next.last_mechanism_step_block = input.block;
    next.block = input
        .block
        .saturating_add(u64::from(input.hyperparameters.tempo).max(1));
    next.rao_emission = rao_emission;
    let stored = output.bonds.iter().zip(&output.validator_permit);
    for (neuron, (bonds, permit)) in next.neurons.iter_mut().zip(stored) {
        neuron.bonds.clone_from(bonds);
        neuron.validator_permit = *permit;
    }
    next
}

/// Everybody who has weights and was active sets the same again, in the last block before the epoch.
fn refresh(input: &mut EpochInput) {
    let cutoff = input.hyperparameters.activity_cutoff_blocks;
    let before = input.last_mechanism_step_block;
    let now = input.block.saturating_sub(1);
    for neuron in &mut input.neurons {
        let was_active = neuron.last_update.saturating_add(cutoff) >= before;
        if was_active && !neuron.weights.is_empty() {
            neuron.last_update = now;
            neuron.earliest_commit = neuron.earliest_commit.map(|_| now);
        }
    }
}

/// What a majority of the others supports in this epoch.
fn consensus_without(input: &EpochInput, uid: usize) -> Vec<u16> {
    let mut others = input.clone();
    if let Some(neuron) = others.neurons.get_mut(uid) {
        neuron.weights = Row::new();
        neuron.validator_permit = false;
    }
    epoch(&others).consensus
}

/// A consensus as a row of weights: ascending uids, zeros included, as a careful client sets them.
fn copied(consensus: &[u16]) -> Row {
    (0u16..).zip(consensus.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BondsRule, Neuron, input::test_input};

    /// Three validators of equal stake, two miners. The validators' last weights were for the first miner; two of them
    /// have moved to the second since.
    fn moving() -> EpochInput {
        let mut input = test_input(5);
        input.hyperparameters.bonds_rule = BondsRule::Yuma3;
        input.hyperparameters.tempo = 100;
        let validator = |row: &[(u16, u16)]| Neuron {
            alpha_stake: 1_000_000,
            last_update: 990,
            validator_permit: true,
            weights: row.to_vec(),
            bonds: vec![(3, 20_000)],
            ..Neuron::default()
        };
        input.neurons[0] = validator(&[(3, 0), (4, 65_535)]);
        input.neurons[1] = validator(&[(3, 0), (4, 65_535)]);
        input.neurons[2] = validator(&[(3, 65_535), (4, 0)]);
        input
    }

    fn run(start: &EpochInput, strategy: &Strategy, epochs: u32) -> Vec<SimulatedEpoch> {
        let simulation = Simulation {
            start,
            last_consensus: &[0, 0, 0, 65_535, 0],
            uid: 2,
            strategy,
            later_emission: 500,
        };
        simulate(&simulation, epochs)
    }

    #[test]
    fn the_first_epoch_is_the_chains_and_the_next_goes_on_from_what_it_stored() {
        let start = moving();
        let epochs = run(&start, &Strategy::Keep, 2);
        assert_eq!(epochs[0].output, epoch(&start));
        assert_eq!((epochs[0].block, epochs[0].rao_emission), (1_000, 1_000_000_000));
        let mut second = start.clone();
        second.block = 1_100;
        second.last_mechanism_step_block = 1_000;
        second.rao_emission = 500;
        for (neuron, bonds) in second.neurons.iter_mut().zip(&epochs[0].output.bonds) {
            neuron.bonds.clone_from(bonds);
            if !neuron.weights.is_empty() {
                neuron.last_update = 1_099;
            }
        }
        assert_eq!(epochs[1].output, epoch(&second));
    }

    #[test]
    fn who_copies_in_the_open_agrees_at_once_and_behind_commit_reveal_an_epoch_late() {
        let start = moving();
        let trust = |epochs: &[SimulatedEpoch]| -> Vec<bool> {
            epochs
                .iter()
                .map(|epoch| epoch.output.validator_trust[2] > 65_000)
                .collect()
        };
        let open = run(&start, &Strategy::CopyOpen, 3);
        let late = run(&start, &Strategy::CopyRevealed { epochs: 1 }, 3);
        let later = run(&start, &Strategy::CopyRevealed { epochs: 2 }, 3);
        assert_eq!(trust(&open), [true, true, true]);
        assert_eq!(trust(&late), [false, true, true]);
        assert_eq!(trust(&later), [false, false, true]);
        let earned = |epochs: &[SimulatedEpoch]| -> u64 {
            epochs
                .iter()
                .map(|epoch| u64::from(epoch.output.dividends[2]))
                .sum()
        };
        assert!(earned(&open) > earned(&late) && earned(&late) > earned(&later));
    }

    #[test]
    fn own_weights_move_trust_and_dividends() {
        let start = moving();
        let agreeing = run(&start, &Strategy::Set(vec![(3, 0), (4, 7)]), 1);
        let alone = run(&start, &Strategy::Set(vec![(3, 7), (4, 0)]), 1);
        assert!(agreeing[0].output.validator_trust[2] > alone[0].output.validator_trust[2]);
        assert!(agreeing[0].output.dividends[2] > alone[0].output.dividends[2]);
        assert_eq!(agreeing[0].row, [(3, 0), (4, 7)]);
    }

    #[test]
    fn a_silent_validator_stays_silent() {
        let mut start = moving();
        start.hyperparameters.activity_cutoff_blocks = 50;
        start.neurons[1].last_update = 1;
        start.last_mechanism_step_block = 900;
        let epochs = run(&start, &Strategy::Keep, 2);
        assert!(!epochs[0].output.active[1] && !epochs[1].output.active[1]);
        assert!(epochs[1].output.active[0]);
    }
}
