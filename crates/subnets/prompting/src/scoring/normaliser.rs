//! Raw rewards on a common scale: where each lies in the normal distribution of what that model gave before.
//!
//! A formula of the spec. The running statistics take a batch in before the batch is judged by them, so the first batch
//! of all is judged against itself. They can be kept: a validator that forgets them at a restart pays other sums for
//! the same answers until it has seen thousands again.

use crate::Fidelity;
use serde::{Deserialize, Serialize};

/// Layout of a kept normaliser.
pub const SCHEMA: u32 = 1;

/// The running mean and variance of one reward model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct Normaliser {
    count: u64,
    mean: f64,
    variance: f64,
    limit: u64,
    fidelity: Fidelity,
}

/// The layout of a file. JSON knows no NaN, which the exact variance can be.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    schema: u32,
    count: u64,
    mean: Option<f64>,
    variance: Option<f64>,
    limit: u64,
    fidelity: Fidelity,
}

/// Why kept statistics are of no use.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableNormaliser {
    /// Written by a newer version.
    #[error("the reward statistics have layout {found}, this version knows {SCHEMA}: update Assay")]
    TooNew {
        /// Their layout.
        found: u32,
    },
    /// No statistics of anything.
    #[error(
        "the reward statistics are damaged (mean {mean:?}, variance {variance:?}): remove them to start anew"
    )]
    Damaged {
        /// The mean as it was kept.
        mean: Option<f64>,
        /// The variance as it was kept.
        variance: Option<f64>,
    },
}

impl Normaliser {
    /// Statistics of nothing yet. `limit` is how many rewards they count as at most: the spec has 3000. From there on
    /// they follow what is new. With a smaller limit one batch of odd answers moves the scale for all; with a larger one
    /// a model that was exchanged is judged by its predecessor's scale for days.
    #[must_use]
    pub fn new(limit: u64, fidelity: Fidelity) -> Self {
        Self {
            count: 0,
            mean: 0.0,
            variance: 0.0,
            limit,
            fidelity,
        }
    }

    /// How many rewards the statistics count as.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The running mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The running variance. NaN for good in the exact behaviour after a batch with one reward.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// Takes a batch in and puts each of its rewards between 0 and 1.
    ///
    /// A batch of one has no variance of its own: it counts as 0, and is not a number in the exact behaviour. A reward
    /// that is no finite number is left out of the statistics and comes back as 0, also in the exact behaviour.
    pub fn normalise(&mut self, rewards: &[f64]) -> Vec<f64> {
        let usable: Vec<f64> = rewards
            .iter()
            .copied()
            .filter(|reward| reward.is_finite())
            .collect();
        self.observe(&usable);
        rewards.iter().map(|reward| self.place(*reward)).collect()
    }

    /// The same for the answers to one prompt, of which some failed: those have no reward, get 0 and are not counted.
    pub fn normalise_batch(&mut self, rewards: &[Option<f64>]) -> Vec<f64> {
        let usable: Vec<f64> = rewards
            .iter()
            .flatten()
            .copied()
            .filter(|reward| reward.is_finite())
            .collect();
        self.observe(&usable);
        rewards
            .iter()
            .map(|reward| reward.map_or(0.0, |reward| self.place(reward)))
            .collect()
    }

    fn observe(&mut self, rewards: &[f64]) {
        if rewards.is_empty() {
            return;
        }
        let number = rewards.len() as f64;
        let mean = rewards.iter().sum::<f64>() / number;
        let squares: f64 = rewards.iter().map(|reward| (reward - mean).powi(2)).sum();
        let variance = match (rewards.len(), self.fidelity) {
            (1, Fidelity::Fixed) => 0.0,
            (1, Fidelity::Exact) => f64::NAN,
            _ => squares / (number - 1.0),
        };
        let total = self.count as f64 + number;
        let (new, old) = (number / total, self.count as f64 / total);
        let distance = mean - self.mean;
        self.mean = new * mean + old * self.mean;
        self.variance = new * variance + old * self.variance + new * old * distance * distance;
        self.count = (self.count + rewards.len() as u64).min(self.limit);
    }

    /// Where a reward lies in the distribution of those before it.
    fn place(&self, reward: f64) -> f64 {
        let mut distance = reward - self.mean;
        if self.variance > 0.0 {
            distance /= self.variance.sqrt();
        }
        if distance.is_nan() {
            return 0.0;
        }
        0.5 * (1.0 + libm::erf(distance / std::f64::consts::SQRT_2))
    }
}

impl From<Normaliser> for Kept {
    fn from(normaliser: Normaliser) -> Self {
        let number = |value: f64| value.is_finite().then_some(value);
        Self {
            schema: SCHEMA,
            count: normaliser.count,
            mean: number(normaliser.mean),
            variance: number(normaliser.variance),
            limit: normaliser.limit,
            fidelity: normaliser.fidelity,
        }
    }
}

impl TryFrom<Kept> for Normaliser {
    type Error = UnusableNormaliser;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        if kept.schema != SCHEMA {
            return Err(UnusableNormaliser::TooNew { found: kept.schema });
        }
        let damaged = UnusableNormaliser::Damaged {
            mean: kept.mean,
            variance: kept.variance,
        };
        let variance = match (kept.variance, kept.fidelity) {
            (Some(variance), _) if variance >= 0.0 => variance,
            (None, Fidelity::Exact) => f64::NAN,
            _ => return Err(damaged),
        };
        Ok(Self {
            count: kept.count.min(kept.limit),
            mean: kept.mean.ok_or(damaged)?,
            variance,
            limit: kept.limit,
            fidelity: kept.fidelity,
        })
    }
}
