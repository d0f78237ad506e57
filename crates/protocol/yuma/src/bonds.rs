//! Bonds: what a validator has invested in each miner, and the dividends they pay.

use crate::fixed::{I32F32, normalised};
use crate::input::{BondsRule, EpochInput, Row};
use crate::liquid_alpha::{Sigmoid, distance};
use crate::sparse::{SparseMatrix, column_divisors};

/// The bonds after the epoch and what they earn.
pub(crate) struct BondsUpdate {
    /// What is stored, before it is cut to u16.
    pub(crate) bonds: SparseMatrix,
    /// Each validator's share of the validators' pot.
    pub(crate) dividends: Vec<I32F32>,
}

/// What the update of the bonds is made from.
pub(crate) struct BondsContext<'a> {
    pub(crate) input: &'a EpochInput,
    /// The weights that the bonds follow.
    pub(crate) weights: &'a SparseMatrix,
    pub(crate) active_stake: &'a [I32F32],
    pub(crate) consensus: &'a [I32F32],
    pub(crate) incentive: &'a [I32F32],
}

impl BondsContext<'_> {
    /// Moves the bonds towards the weights and pays dividends by them.
    pub(crate) fn update(&self) -> BondsUpdate {
        let alpha = fixed_alpha(self.input.hyperparameters.bonds_moving_average);
        match self.input.hyperparameters.bonds_rule {
            BondsRule::Yuma2 => self.competing(alpha),
            BondsRule::Yuma3 => self.own_scale(moving_average(self.weights, &self.old_fractions(), alpha)),
            // Without any consensus there is nothing to be liquid about.
            BondsRule::Yuma3Liquid(_) if self.consensus.iter().all(|value| *value == I32F32::ZERO) => {
                self.own_scale(moving_average(self.weights, &self.old_fractions(), alpha))
            }
            BondsRule::Yuma3Liquid(liquid) => self.own_scale(self.liquid(&Sigmoid::new(liquid))),
        }
    }

    /// Yuma 2: the validators of a miner share its bond by stake-weighted weight.
    fn competing(&self, alpha: I32F32) -> BondsUpdate {
        let count = self.weights.rows();
        // A u16 as a whole number; only its share of the column matters.
        let mut old = self.old_bonds(|stored| I32F32::from_integer(i32::from(stored)));
        old.normalise_columns(count);
        let mut instant = SparseMatrix::with_capacity(count, self.weights.cells());
        for (row, stake) in self.active_stake.iter().enumerate() {
            for (uid, weight) in self.weights.cells_of(row) {
                instant.push(uid, weight * *stake);
            }
            instant.end_row();
        }
        instant.normalise_columns(count);
        let mut bonds = moving_average(&instant, &old, alpha);
        bonds.normalise_columns(count);
        let earned = (0..count).map(|row| {
            bonds
                .cells_of(row)
                .map(|(uid, bond)| bond * self.incentive[usize::from(uid)])
                .sum()
        });
        let dividends = normalised(earned.collect());
        bonds.upscale_columns(count);
        BondsUpdate { bonds, dividends }
    }

    /// Yuma 3: bonds are kept on each validator's own scale and shared by column only to pay.
    fn own_scale(&self, bonds: SparseMatrix) -> BondsUpdate {
        let count = bonds.rows();
        let shares = column_divisors(&bonds.column_sums(count));
        let earned = (0..count).map(|row| {
            let stake = self.active_stake[row];
            if stake == I32F32::ZERO {
                return I32F32::ZERO;
            }
            let earned: I32F32 = bonds
                .cells_of(row)
                .map(|(uid, bond)| {
                    let uid = usize::from(uid);
                    shares[uid].divide(bond) * self.incentive[uid]
                })
                .sum();
            earned * stake
        });
        let dividends = normalised(earned.collect());
        BondsUpdate { bonds, dividends }
    }

    /// The moving average of liquid alpha.
    ///
    /// Caveats, kept from the chain: a bond whose miner is missing from the weights row is gone at once, and an
    /// entry that stands behind a larger uid in its row counts as zero when its alpha is looked up. The order in
    /// which a client sends its weights therefore changes its bonds.
    fn liquid(&self, sigmoid: &Sigmoid) -> SparseMatrix {
        let count = self.weights.rows();
        let old = self.old_fractions();
        let mut bonds = SparseMatrix::with_capacity(count, self.weights.cells());
        let mut weight_in_order = Lookup::new(count);
        let mut bond_in_order = Lookup::new(count);
        let mut bond = Lookup::new(count);
        let mut cells: Vec<(u16, I32F32, I32F32)> = Vec::with_capacity(count);
        // The cells that are at some distance, and one place more: whether a cell is among them is as good as
        // random, so each is written down and only counted when it is.
        let mut moving = vec![0; count + 1];
        let mut distances = vec![I32F32::ZERO; count + 1];
        let mut alphas: Vec<I32F32> = Vec::with_capacity(count);
        for row in 0..count {
            if self.weights.row(row).0.is_empty() {
                bonds.end_row();
                continue;
            }
            weight_in_order.fill_in_order(self.weights.row(row));
            bond_in_order.fill_in_order(old.row(row));
            bond.fill(old.row(row));

            cells.clear();
            let mut moved = 0;
            for (uid, weight) in self.weights.cells_of(row) {
                let index = usize::from(uid);
                let held = bond.0[index];
                if weight <= I32F32::ZERO && held == I32F32::ZERO {
                    continue;
                }
                let consensus = self.consensus[index];
                moving[moved] = cells.len();
                distances[moved] = distance(consensus, weight_in_order.0[index], bond_in_order.0[index]);
                moved += usize::from(distances[moved] != I32F32::ZERO);
                cells.push((uid, weight, held));
            }
            sigmoid.apply(&mut distances[..moved]);
            alphas.clear();
            alphas.resize(cells.len(), sigmoid.at_rest());
            for (cell, alpha) in moving[..moved].iter().zip(&distances) {
                alphas[*cell] = *alpha;
            }
            for ((uid, weight, held), alpha) in cells.iter().zip(&alphas) {
                let kept = (I32F32::ONE - *alpha) * *held;
                let bought = (*alpha * *weight).max(I32F32::ZERO);
                let value = (kept + bought).min(I32F32::ONE);
                if value > I32F32::ZERO {
                    bonds.push(*uid, value);
                }
            }
            bonds.end_row();

            weight_in_order.clear(self.weights.row(row));
            bond_in_order.clear(old.row(row));
            bond.clear(old.row(row));
        }
        bonds
    }

    /// The old bonds as fractions of one.
    fn old_fractions(&self) -> SparseMatrix {
        self.old_bonds(I32F32::from_u16_fraction)
    }

    /// The stored bonds, without those towards a uid that was registered since the last epoch.
    fn old_bonds(&self, convert: impl Fn(u16) -> I32F32) -> SparseMatrix {
        let input = self.input;
        let last_epoch = match input.last_mechanism_step_block {
            0 => input.block.saturating_sub(u64::from(input.hyperparameters.tempo)),
            block => block.saturating_add(1),
        };
        let cells = input.neurons.iter().map(|neuron| neuron.bonds.len()).sum();
        let mut bonds = SparseMatrix::with_capacity(input.neurons.len(), cells);
        for neuron in &input.neurons {
            for (uid, stored) in &neuron.bonds {
                let Some(towards) = input.neurons.get(usize::from(*uid)) else {
                    continue;
                };
                if last_epoch > towards.block_at_registration {
                    bonds.push(*uid, convert(*stored));
                }
            }
            bonds.end_row();
        }
        bonds
    }
}

/// The alpha of the fixed moving average: one minus the share of the old bonds that is kept.
fn fixed_alpha(bonds_moving_average: u64) -> I32F32 {
    let kept = (u128::from(bonds_moving_average) << 32) / 1_000_000;
    I32F32::ONE - I32F32::from_bits(i64::try_from(kept).unwrap_or(i64::MAX))
}

/// `alpha · new + (1 - alpha) · old`, positive cells only, in ascending order.
fn moving_average(new: &SparseMatrix, old: &SparseMatrix, alpha: I32F32) -> SparseMatrix {
    let count = new.rows();
    let keep = I32F32::ONE - alpha;
    let mut average = SparseMatrix::with_capacity(count, new.cells().max(old.cells()));
    let mut dense = vec![I32F32::ZERO; count];
    for row in 0..count {
        if new.row(row).0.is_empty() && old.row(row).0.is_empty() {
            average.end_row();
            continue;
        }
        for (uid, value) in new.cells_of(row) {
            dense[usize::from(uid)] += alpha * value;
        }
        for (uid, value) in old.cells_of(row) {
            dense[usize::from(uid)] += keep * value;
        }
        for (uid, value) in dense.iter_mut().enumerate() {
            if *value > I32F32::ZERO {
                average.push(uid as u16, *value);
            }
            *value = I32F32::ZERO;
        }
        average.end_row();
    }
    average
}

/// One row by uid, zero where there is nothing; reused from row to row.
struct Lookup(Vec<I32F32>);

impl Lookup {
    fn new(count: usize) -> Lookup {
        Lookup(vec![I32F32::ZERO; count])
    }

    fn fill(&mut self, (uids, values): (&[u16], &[I32F32])) {
        for (uid, value) in uids.iter().zip(values) {
            self.0[usize::from(*uid)] = *value;
        }
    }

    /// As [`Lookup::fill`], without the entries that stand behind a larger uid.
    fn fill_in_order(&mut self, (uids, values): (&[u16], &[I32F32])) {
        let mut next = 0;
        for (uid, value) in uids.iter().zip(values) {
            let uid = usize::from(*uid);
            if uid >= next {
                self.0[uid] = *value;
                next = uid + 1;
            }
        }
    }

    fn clear(&mut self, (uids, _): (&[u16], &[I32F32])) {
        for uid in uids {
            self.0[usize::from(*uid)] = I32F32::ZERO;
        }
    }
}

/// A row as it is stored.
pub(crate) fn stored_row(bonds: &SparseMatrix, row: usize) -> Row {
    bonds
        .cells_of(row)
        .map(|(uid, bond)| (uid, bond.to_u16_fraction()))
        .collect()
}
