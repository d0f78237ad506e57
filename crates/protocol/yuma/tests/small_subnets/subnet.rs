//! A small subnet that lives for several epochs: what an epoch stores is what the next one reads.

use assay_yuma::{
    BondsRule, CommitReveal, EpochInput, EpochOutput, Hyperparameters, LiquidAlpha, Neuron, Row, epoch,
};

pub(crate) struct Subnet {
    pub(crate) input: EpochInput,
}

impl Subnet {
    /// Neurons with these alpha stakes, all active, all permitted, nothing set.
    pub(crate) fn with_stakes(stakes: &[u64]) -> Subnet {
        let neuron = |stake: &u64| Neuron {
            alpha_stake: *stake,
            block_at_registration: 1,
            last_update: 10,
            validator_permit: *stake > 0,
            ..Neuron::default()
        };
        Subnet {
            input: EpochInput {
                block: 10,
                last_mechanism_step_block: 0,
                rao_emission: 1_000_000_000,
                hyperparameters: Hyperparameters {
                    kappa: 32_767,
                    bonds_penalty: u16::MAX,
                    bonds_moving_average: 900_000,
                    bonds_rule: BondsRule::Yuma2,
                    max_allowed_validators: 64,
                    tempo: 0,
                    activity_cutoff_blocks: 5_000,
                    stake_threshold: 0,
                    tao_weight: 0,
                    commit_reveal: CommitReveal::Disabled,
                },
                owner_uid: None,
                neurons: stakes.iter().map(neuron).collect(),
            },
        }
    }

    pub(crate) fn set_weights(&mut self, uid: usize, weights: Row) {
        self.input.neurons[uid].weights = weights;
        self.input.neurons[uid].last_update = self.input.block;
    }

    /// Runs an epoch and stores what it gives.
    pub(crate) fn epoch(&mut self) -> EpochOutput {
        let output = epoch(&self.input);
        for (uid, neuron) in self.input.neurons.iter_mut().enumerate() {
            neuron.bonds = output.bonds[uid].clone();
            neuron.validator_permit = output.validator_permit[uid];
        }
        self.input.block += 1;
        output
    }

    /// As [`Subnet::epoch`], and the bonds of each uid towards one miner.
    pub(crate) fn epoch_bonds(&mut self, miner: u16) -> (EpochOutput, Vec<u16>) {
        let output = self.epoch();
        let bonds = (0..output.bonds.len())
            .map(|uid| bond(&output, uid, miner))
            .collect();
        (output, bonds)
    }
}

/// A validator's bond towards a miner, zero where there is none.
pub(crate) fn bond(output: &EpochOutput, validator: usize, miner: u16) -> u16 {
    let found = output.bonds[validator].iter().find(|(uid, _)| *uid == miner);
    found.map_or(0, |(_, bond)| *bond)
}

/// The liquid alpha of the five-neuron scenarios: 0.1 to 0.3.
pub(crate) const LIQUID: BondsRule = BondsRule::Yuma3Liquid(LiquidAlpha {
    low: 6_553,
    high: 19_660,
    sigmoid_steepness: 1_000,
});
