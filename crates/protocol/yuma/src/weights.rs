//! Weights as consensus sees them: masked, normalised, clipped.

use crate::fixed::{Divisor, I32F32};
use crate::input::{CommitReveal, EpochInput, Row};
use crate::sparse::SparseMatrix;
use crate::stake::is_owner;

/// The stored weights after every mask, each row divided by its sum.
///
/// A masked weight vanishes from its row; a weight of zero that was set stays in it. That difference decides about
/// bonds under liquid alpha.
pub(crate) fn normalised_weights(input: &EpochInput, permits: &[bool]) -> SparseMatrix {
    let count = input.neurons.len();
    let cells = input.neurons.iter().map(|neuron| neuron.weights.len()).sum();
    let mut matrix = SparseMatrix::with_capacity(count, cells);
    let mut repeats = Repeats::new(count);
    for (uid, neuron) in input.neurons.iter().enumerate() {
        let mut sum = 0_i64;
        if permits[uid] {
            // Weights towards whoever came after them were meant for somebody else.
            let commit = match input.hyperparameters.commit_reveal {
                CommitReveal::Enabled => neuron.earliest_commit.unwrap_or(u64::MAX),
                CommitReveal::Disabled => u64::MAX,
            };
            let keeps_self = is_owner(input, uid);
            repeats.start(&neuron.weights);
            for (target, weight) in &neuron.weights {
                let index = usize::from(*target);
                let Some(towards) = input.neurons.get(index) else {
                    continue;
                };
                let registered = towards.block_at_registration;
                let masked =
                    (index == uid && !keeps_self) || neuron.last_update <= registered || commit < registered;
                if masked || repeats.is_repeated(index) {
                    continue;
                }
                sum += i64::from(*weight);
                matrix.push(*target, I32F32::from_bits(i64::from(*weight)));
            }
        }
        let row = matrix.end_row();
        if sum != 0 {
            // The chain divides whole numbers of 32.32; dividing their integers gives the same quotient.
            let divisor = Divisor::new(I32F32::from_bits(sum));
            for value in row {
                *value = divisor.divide(*value);
            }
        }
    }
    matrix
}

/// Finds targets that occur twice in a row. The chain never stores such a row; if one comes, the first counts.
struct Repeats {
    /// The row (counted from one) in which a uid was last seen.
    seen: Vec<u32>,
    row: u32,
    ascending: bool,
}

impl Repeats {
    fn new(count: usize) -> Repeats {
        Repeats {
            seen: vec![0; count],
            row: 0,
            ascending: true,
        }
    }

    fn start(&mut self, row: &Row) {
        self.row += 1;
        self.ascending = row.is_sorted_by(|left, right| left.0 < right.0);
    }

    fn is_repeated(&mut self, index: usize) -> bool {
        !self.ascending && std::mem::replace(&mut self.seen[index], self.row) == self.row
    }
}

/// Weights cut down to the consensus. A positive weight on a uid whose consensus is zero is removed.
pub(crate) fn clipped(weights: &SparseMatrix, consensus: &[I32F32]) -> SparseMatrix {
    let mut clipped = SparseMatrix::with_capacity(weights.rows(), weights.cells());
    for row in 0..weights.rows() {
        let (uids, _) = weights.row(row);
        if uids.iter().all(|uid| consensus[usize::from(*uid)] > I32F32::ZERO) {
            // Nothing is removed. Which weights are cut is as good as random, so this has no branch for it.
            clipped.extend(
                weights
                    .cells_of(row)
                    .map(|(uid, weight)| (uid, weight.min(consensus[usize::from(uid)]))),
            );
        } else {
            for (uid, weight) in weights.cells_of(row) {
                let consensus = consensus[usize::from(uid)];
                if weight <= consensus {
                    clipped.push(uid, weight);
                } else if consensus > I32F32::ZERO {
                    clipped.push(uid, consensus);
                }
            }
        }
        clipped.end_row();
    }
    clipped
}

/// How much of each row survived clipping: the sum of the row.
pub(crate) fn validator_trust(clipped: &SparseMatrix) -> Vec<I32F32> {
    (0..clipped.rows())
        .map(|row| clipped.row(row).1.iter().copied().sum())
        .collect()
}

/// The stake-weighted sum of every column: what a miner is worth before normalisation.
pub(crate) fn ranks(clipped: &SparseMatrix, active_stake: &[I32F32]) -> Vec<I32F32> {
    let mut ranks = vec![I32F32::ZERO; clipped.rows()];
    for (row, stake) in active_stake.iter().enumerate() {
        if *stake == I32F32::ZERO {
            continue;
        }
        for (uid, weight) in clipped.cells_of(row) {
            ranks[usize::from(uid)] += *stake * weight;
        }
    }
    ranks
}

/// Weights moved from what was set towards what was clipped by `penalty`, positive ones only, in ascending order.
pub(crate) fn between(set: &SparseMatrix, clipped: &SparseMatrix, penalty: I32F32) -> SparseMatrix {
    let mut moved = SparseMatrix::with_capacity(set.rows(), set.cells());
    let mut limit = vec![I32F32::ZERO; set.rows()];
    let mut ascending: Vec<(u16, I32F32)> = Vec::new();
    for row in 0..set.rows() {
        for (uid, weight) in clipped.cells_of(row) {
            limit[usize::from(uid)] = weight;
        }
        ascending.clear();
        ascending.extend(set.cells_of(row));
        if !ascending.is_sorted_by_key(|cell| cell.0) {
            ascending.sort_unstable_by_key(|cell| cell.0);
        }
        for (uid, weight) in &ascending {
            let value = *weight + penalty * (limit[usize::from(*uid)] - *weight);
            if value > I32F32::ZERO {
                moved.push(*uid, value);
            }
        }
        moved.end_row();
        for uid in clipped.row(row).0 {
            limit[usize::from(*uid)] = I32F32::ZERO;
        }
    }
    moved
}
