//! The epoch, step by step, in the order of the chain's sparse routine.

use crate::bonds::{BondsContext, stored_row};
use crate::consensus::consensus;
use crate::fixed::{I32F32, normalised};
use crate::input::EpochInput;
use crate::output::EpochOutput;
use crate::sparse::SparseMatrix;
use crate::stake;
use crate::weights;

/// The numbers of an epoch before they are cut to what is stored: what explains a result, and what a test of
/// another implementation compares when a result differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochTrace {
    /// Share of the total stake, by uid.
    pub stake: Vec<I32F32>,
    /// Share of the stake that counts in this epoch.
    pub active_stake: Vec<I32F32>,
    /// Weights after all masks and row normalisation.
    pub weights: SparseMatrix,
    /// Stake-weighted median of each column of the weights.
    pub consensus: Vec<I32F32>,
    /// Weights cut down to the consensus.
    pub clipped_weights: SparseMatrix,
    /// Sum of each row of the clipped weights.
    pub validator_trust: Vec<I32F32>,
    /// Stake-weighted sum of each column of the clipped weights.
    pub ranks: Vec<I32F32>,
    /// The ranks, normalised.
    pub incentive: Vec<I32F32>,
    /// Bonds after the epoch.
    pub bonds: SparseMatrix,
    /// Share of the validators' pot.
    pub dividends: Vec<I32F32>,
    /// Incentive as a share of incentives and dividends together.
    pub server_emission: Vec<I32F32>,
    /// Dividends as a share of incentives and dividends together.
    pub validator_emission: Vec<I32F32>,
    /// Share of the emission.
    pub combined_emission: Vec<I32F32>,
    bonds_follow: BondsFollow,
}

/// The weights that bonds follow, as the bonds penalty selects them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum BondsFollow {
    #[default]
    WeightsAsSet,
    ClippedWeights,
    Between(SparseMatrix),
}

impl EpochTrace {
    /// The weights that bonds follow: between those set and those clipped, by the bonds penalty.
    #[must_use]
    pub fn weights_for_bonds(&self) -> &SparseMatrix {
        match &self.bonds_follow {
            BondsFollow::WeightsAsSet => &self.weights,
            BondsFollow::ClippedWeights => &self.clipped_weights,
            BondsFollow::Between(weights) => weights,
        }
    }
}

/// Runs one epoch of Yuma Consensus.
///
/// A pure function: the same input gives the same output on every machine. It never fails; a row entry for a uid
/// that does not exist is ignored, and of a uid that occurs twice in a weights row the first entry counts.
#[must_use]
pub fn epoch(input: &EpochInput) -> EpochOutput {
    epoch_traced(input).0
}

/// As [`epoch`], and hands out the intermediate numbers, which exist anyway.
#[must_use]
pub fn epoch_traced(input: &EpochInput) -> (EpochOutput, EpochTrace) {
    let parameters = &input.hyperparameters;
    let active = stake::activity(input);
    let stake = stake::stake_shares(input);
    let old_permits = stake::old_permits(input);
    let new_permits = stake::new_permits(input, &stake);
    let active_stake = stake::active_stake(&stake, &active, &old_permits);

    let weights = weights::normalised_weights(input, &old_permits);
    let consensus = consensus(
        &weights,
        &active_stake,
        I32F32::from_u16_fraction(parameters.kappa),
    );
    let clipped_weights = weights::clipped(&weights, &consensus);
    let validator_trust = weights::validator_trust(&clipped_weights);
    let ranks = weights::ranks(&clipped_weights, &active_stake);
    let incentive = normalised(ranks.clone());

    let bonds_follow = match parameters.bonds_penalty {
        0 => BondsFollow::WeightsAsSet,
        u16::MAX => BondsFollow::ClippedWeights,
        penalty => {
            let penalty = I32F32::from_u16_fraction(penalty);
            BondsFollow::Between(weights::between(&weights, &clipped_weights, penalty))
        }
    };
    let context = BondsContext {
        input,
        weights: match &bonds_follow {
            BondsFollow::WeightsAsSet => &weights,
            BondsFollow::ClippedWeights => &clipped_weights,
            BondsFollow::Between(weights) => weights,
        },
        active_stake: &active_stake,
        consensus: &consensus,
        incentive: &incentive,
    };
    let update = context.update();
    let emission = EmissionShares::new(&incentive, &update.dividends, &stake, &active_stake);

    let amounts = |shares: &[I32F32]| -> Vec<u64> {
        shares
            .iter()
            .map(|share| share.of_amount(input.rao_emission))
            .collect()
    };
    let output = EpochOutput {
        active,
        stake_weight: fractions(&stake),
        consensus: fractions(&consensus),
        incentive: fractions(&incentive),
        dividends: fractions(&update.dividends),
        validator_trust: fractions(&validator_trust),
        emission: amounts(&emission.combined),
        server_emission: amounts(&emission.server),
        validator_emission: amounts(&emission.validator),
        bonds: new_permits
            .iter()
            .enumerate()
            .map(|(uid, permit)| {
                if *permit {
                    stored_row(&update.bonds, uid)
                } else {
                    Vec::new()
                }
            })
            .collect(),
        validator_permit: new_permits,
    };
    let trace = EpochTrace {
        stake,
        active_stake,
        weights,
        consensus,
        clipped_weights,
        validator_trust,
        ranks,
        incentive,
        bonds: update.bonds,
        dividends: update.dividends,
        server_emission: emission.server,
        validator_emission: emission.validator,
        combined_emission: emission.combined,
        bonds_follow,
    };
    (output, trace)
}

/// Who gets which share of the emission.
struct EmissionShares {
    server: Vec<I32F32>,
    validator: Vec<I32F32>,
    combined: Vec<I32F32>,
}

impl EmissionShares {
    /// Incentive and dividends as shares of both together. Where there is neither, the stake is paid: the stake
    /// that counts in this epoch, or all stake when none counts.
    fn new(
        incentive: &[I32F32],
        dividends: &[I32F32],
        stake: &[I32F32],
        active_stake: &[I32F32],
    ) -> EmissionShares {
        let combined: Vec<I32F32> = incentive
            .iter()
            .zip(dividends)
            .map(|(server, validator)| *server + *validator)
            .collect();
        let sum: I32F32 = combined.iter().copied().sum();
        if sum == I32F32::ZERO {
            let none_counts = active_stake.iter().all(|share| *share == I32F32::ZERO);
            let by_stake = if none_counts { stake } else { active_stake }.to_vec();
            let server = vec![I32F32::ZERO; incentive.len()];
            return EmissionShares {
                server,
                validator: by_stake.clone(),
                combined: by_stake,
            };
        }
        let share = |part: &[I32F32]| part.iter().map(|part| *part / sum).collect();
        EmissionShares {
            server: share(incentive),
            validator: share(dividends),
            combined: share(&combined),
        }
    }
}

fn fractions(values: &[I32F32]) -> Vec<u16> {
    values.iter().map(|value| value.to_u16_fraction()).collect()
}
