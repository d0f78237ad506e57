//! The penalties: each lessens an answer's reward by what its form lacks.

use super::{Batch, Column};
use crate::{
    Fidelity,
    scoring::{
        combine::Penalty,
        penalties::{LargestPenalties, Penalised, Penalising},
        task_validator::Asked,
    },
};

/// A penalty with its bounds.
#[derive(Clone, Copy, Debug)]
pub struct PenaltyModel {
    penalty: Penalty,
    largest: LargestPenalties,
    fidelity: Fidelity,
}

impl PenaltyModel {
    /// A penalty that takes at most so much of a reward.
    #[must_use]
    pub fn new(penalty: Penalty, largest: LargestPenalties, fidelity: Fidelity) -> Self {
        Self {
            penalty,
            largest,
            fidelity,
        }
    }

    /// Which.
    #[must_use]
    pub fn penalty(&self) -> Penalty {
        self.penalty
    }

    /// What multiplies each answer's reward, and the figures for the records.
    #[must_use]
    pub fn judge(&self, batch: &Batch<'_>) -> (Vec<f64>, Vec<Column>) {
        let penalising = Penalising {
            asked: Asked::of_step(batch.step, self.fidelity),
            criteria: batch.task.map_or(&[], |task| &task.criteria),
            largest: self.largest,
            fidelity: self.fidelity,
        };
        let judged: Vec<Penalised> = batch
            .answers
            .iter()
            .map(|answer| penalising.penalty(self.penalty, answer.text))
            .collect();
        let column = |end: &str, of: fn(&Penalised) -> f64| {
            Column::numbers(format!("{}_{end}", self.penalty.column()), judged.iter().map(of))
        };
        let columns = vec![
            column("raw", |penalised| penalised.raw),
            column("adjusted", |penalised| penalised.adjusted),
            column("applied", |penalised| penalised.applied),
        ];
        (
            judged.iter().map(|penalised| penalised.applied).collect(),
            columns,
        )
    }
}
