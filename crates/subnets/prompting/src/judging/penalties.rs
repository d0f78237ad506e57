//! The penalties: each lessens an answer's reward by what its form lacks.

use super::{Batch, Column};
use crate::{
    Fidelity,
    scoring::{
        combine::Penalty,
        penalties::{Penalised, content::content_match, criteria::task_validation, keyword::keyword_match},
        task_validator::Asked,
    },
};

/// A penalty with its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PenaltyModel {
    penalty: Penalty,
    largest: f64,
    fidelity: Fidelity,
}

impl PenaltyModel {
    /// A penalty that takes at most this share of a reward.
    #[must_use]
    pub fn new(penalty: Penalty, largest: f64, fidelity: Fidelity) -> Self {
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
        let asked = Asked::of_step(batch.step, self.fidelity);
        let raw = |text: &str| match self.penalty {
            Penalty::TaskValidation => batch
                .task
                .map_or(0.0, |task| task_validation(&task.criteria, text, self.fidelity)),
            Penalty::ContentMatch => content_match(text, self.fidelity),
            Penalty::KeywordMatch => keyword_match(asked, text, self.fidelity),
        };
        let judged: Vec<Penalised> = batch
            .answers
            .iter()
            .map(|answer| Penalised::new(raw(answer.text), self.largest))
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
