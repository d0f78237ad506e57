//! What lessens a reward: criteria that are not met ([`criteria`]), phrases about the task ([`content`]), labels of
//! other tasks ([`keyword`]).

pub mod content;
pub mod criteria;
pub mod keyword;

use super::{combine::Penalty, task_validator::Asked};
use crate::Fidelity;
use criteria::Criterion;
use serde::{Deserialize, Serialize};

/// The largest penalties, as shares of the reward that they can take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LargestPenalties {
    /// For criteria of the task.
    pub task_validation: f64,
    /// For phrases about the task.
    pub content_match: f64,
    /// For labels of other tasks.
    pub keyword_match: f64,
}

impl Default for LargestPenalties {
    fn default() -> Self {
        Self {
            task_validation: 0.6,
            content_match: 0.2,
            keyword_match: 1.0,
        }
    }
}

/// A penalty in its three forms, as it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Penalised {
    /// What was added up.
    pub raw: f64,
    /// That, from 0 to the largest penalty.
    pub adjusted: f64,
    /// The factor of the reward: 1 − adjusted.
    pub applied: f64,
}

impl Penalised {
    /// A raw penalty within its bounds. One that is no number takes nothing.
    #[must_use]
    pub fn new(raw: f64, largest: f64) -> Self {
        let adjusted = if raw.is_nan() {
            0.0
        } else {
            raw.clamp(0.0, 1.0).min(largest)
        };
        Self {
            raw,
            adjusted,
            applied: 1.0 - adjusted,
        }
    }
}

/// What a completion is penalised for.
#[derive(Clone, Copy, Debug)]
pub struct Penalising<'a> {
    /// What was asked for.
    pub asked: Asked,
    /// What the task demands of the form.
    pub criteria: &'a [Criterion],
    /// How much is taken at most.
    pub largest: LargestPenalties,
    /// Whether the original's oversights are kept.
    pub fidelity: Fidelity,
}

impl Penalising<'_> {
    /// One penalty of a completion.
    #[must_use]
    pub fn penalty(&self, penalty: Penalty, completion: &str) -> Penalised {
        let (raw, largest) = match penalty {
            Penalty::TaskValidation => (
                criteria::task_validation(self.criteria, completion, self.fidelity),
                self.largest.task_validation,
            ),
            Penalty::ContentMatch => (
                content::content_match(completion, self.fidelity),
                self.largest.content_match,
            ),
            Penalty::KeywordMatch => (
                keyword::keyword_match(self.asked, completion, self.fidelity),
                self.largest.keyword_match,
            ),
        };
        Penalised::new(raw, largest)
    }
}
