//! From scores to the weights that a subnet takes, as the original SDK makes them: normalise, leave the lowest out,
//! keep within the least number of entries and the largest weight.
//!
//! Everything here is a formula of the seed. Which weights are left out is decided in single precision like there,
//! because a weight that equals the quantile stays and one that is a hair smaller does not; the rest is computed in
//! double precision, which agrees with the original to five digits or more. [`WeightRow`](assay_chain::WeightRow) makes
//! the chain's u16 of the result.

use assay_chain::Uid;
use std::collections::BTreeSet;

/// Keeps quotients apart from the limit itself, in the seed's units: shares of 1.
const EPSILON: f64 = 1e-7;

/// What every neuron gets when too few have a weight, in the seed's units: shares of 1.
const LEAST_WEIGHT: f64 = 1e-5;

/// What is done where nobody has a weight, or the subnet is smaller than its own least number of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutWeights {
    /// An error: nobody has earned anything, and nothing is set.
    #[default]
    Refuse,
    /// The same weight for all, as the original does. It pays miners that never answered.
    Uniform,
}

/// What a subnet and its validator ask of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightLimits {
    /// The share of the weights that is left out from below, in 1/65535. Fewer are left out where otherwise less than
    /// `min_allowed` would stay.
    pub exclude_quantile: u16,
    /// The least number of entries: the chain's hyperparameter.
    pub min_allowed: usize,
    /// The largest weight, as a share of the sum. 1 is no limit, which is what today's chain has.
    pub max_weight: f64,
    /// Where nobody has a weight.
    pub without_weights: WithoutWeights,
}

impl Default for WeightLimits {
    /// Nothing is left out and nothing limited.
    fn default() -> Self {
        Self {
            exclude_quantile: 0,
            min_allowed: 1,
            max_weight: 1.0,
            without_weights: WithoutWeights::Refuse,
        }
    }
}

/// Why no weights can be made.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightProcessingError {
    /// A weight that is negative or not finite.
    #[error("the weight of uid {uid} is {weight}; weights are finite and not negative")]
    NotAWeight {
        /// Whose.
        uid: Uid,
        /// What it is.
        weight: f64,
    },
    /// A slot twice.
    #[error("uid {uid} has two weights")]
    Duplicate {
        /// Which.
        uid: Uid,
    },
    /// A slot beyond the subnet.
    #[error("there is no uid {uid} among {neurons} neurons")]
    NoSuchNeuron {
        /// Which.
        uid: Uid,
        /// How many there are.
        neurons: usize,
    },
    /// A limit that is no share.
    #[error("the largest weight is {max_weight}; it must be above 0 and at most 1")]
    NotAShare {
        /// What it is.
        max_weight: f64,
    },
    /// Nobody has a weight.
    #[error("none of {neurons} neurons has a weight above 0")]
    Nothing {
        /// How many there are.
        neurons: usize,
    },
    /// The subnet has fewer neurons than a row must have entries.
    #[error("a row needs {min_allowed} entries, and the subnet has {neurons} neurons")]
    TooSmall {
        /// How many there are.
        neurons: usize,
        /// How many entries a row needs.
        min_allowed: usize,
    },
}

/// Divides by the sum, so that the result is of shares; of nothing but zeros it stays at zeros.
#[must_use]
pub fn normalise(weights: &[f64]) -> Vec<f64> {
    let sum = weights.iter().sum::<f64>().max(1e-12);
    weights.iter().map(|weight| weight / sum).collect()
}

/// Normalises so that no share is above `limit`: what is too large is cut, and all are scaled to a sum of 1 again. The cut
/// is such that the largest share then is the limit, less one in ten million. Where the limit leaves no choice (so many
/// weights at the limit do not make 1), and where there are only zeros, all are equal.
#[must_use]
pub fn normalise_max_weight(weights: &[f64], limit: f64) -> Vec<f64> {
    let count = weights.len() as f64;
    let sum: f64 = weights.iter().sum();
    if sum == 0.0 || count * limit <= 1.0 {
        return vec![1.0 / count; weights.len()];
    }
    let mut sorted: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    if sorted.last().is_none_or(|largest| *largest <= limit) {
        return weights.iter().map(|weight| weight / sum).collect();
    }
    // Ascending, so the first that would still be above the limit once all above it are cut to its size ends it.
    let mut below = 0.0;
    let mut uncut = 0;
    let mut running = 0.0;
    for (place, share) in sorted.iter().enumerate() {
        running += share;
        let if_cut_here = (sorted.len() - place - 1) as f64 * share + running;
        if share / (if_cut_here + EPSILON) < limit {
            (below, uncut) = (running, place + 1);
        }
    }
    let cut = (limit * below - EPSILON) / (1.0 - limit * (sorted.len() - uncut) as f64) * sum;
    let cut: Vec<f64> = weights.iter().map(|weight| weight.min(cut)).collect();
    let sum: f64 = cut.iter().sum();
    cut.iter().map(|weight| weight / sum).collect()
}

/// The weights of a row: of those that are given, some are left out and the others made shares of 1; where too few are
/// above zero, every neuron gets one. `weights` are of any scale, but what is added where too few are above zero is small
/// only beside shares of 1: [`normalise`] them first.
///
/// # Errors
///
/// [`WeightProcessingError`].
pub fn process(
    weights: &[(Uid, f64)],
    neurons: usize,
    limits: &WeightLimits,
) -> Result<Vec<(Uid, f64)>, WeightProcessingError> {
    check(weights, neurons, limits)?;
    let mut positive: Vec<(Uid, f64)> = weights
        .iter()
        .copied()
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    positive.sort_unstable_by_key(|(uid, _)| *uid);
    if positive.is_empty() || neurons < limits.min_allowed {
        return without_weights(positive.len(), neurons, limits);
    }
    if positive.len() < limits.min_allowed {
        let mut all = vec![LEAST_WEIGHT; neurons];
        for (uid, weight) in &positive {
            if let Some(slot) = all.get_mut(usize::from(uid.0)) {
                *slot += weight;
            }
        }
        return Ok(by_slot(&normalise_max_weight(&all, limits.max_weight)));
    }
    let threshold = lowest_allowed(&positive, limits);
    positive.retain(|(_, weight)| threshold <= *weight as f32);
    let (uids, kept): (Vec<Uid>, Vec<f64>) = positive.into_iter().unzip();
    let shares = normalise_max_weight(&kept, limits.max_weight);
    Ok(uids.into_iter().zip(shares).collect())
}

fn check(weights: &[(Uid, f64)], neurons: usize, limits: &WeightLimits) -> Result<(), WeightProcessingError> {
    let max_weight = limits.max_weight;
    if !(max_weight > 0.0 && max_weight <= 1.0) {
        return Err(WeightProcessingError::NotAShare { max_weight });
    }
    let mut known = BTreeSet::new();
    for &(uid, weight) in weights {
        if !weight.is_finite() || weight < 0.0 {
            return Err(WeightProcessingError::NotAWeight { uid, weight });
        }
        if usize::from(uid.0) >= neurons {
            return Err(WeightProcessingError::NoSuchNeuron { uid, neurons });
        }
        if !known.insert(uid) {
            return Err(WeightProcessingError::Duplicate { uid });
        }
    }
    Ok(())
}

fn without_weights(
    positive: usize,
    neurons: usize,
    limits: &WeightLimits,
) -> Result<Vec<(Uid, f64)>, WeightProcessingError> {
    match limits.without_weights {
        WithoutWeights::Uniform if neurons > 0 => Ok(by_slot(&vec![1.0 / neurons as f64; neurons])),
        _ if positive == 0 => Err(WeightProcessingError::Nothing { neurons }),
        _ => Err(WeightProcessingError::TooSmall {
            neurons,
            min_allowed: limits.min_allowed,
        }),
    }
}

fn by_slot(weights: &[f64]) -> Vec<(Uid, f64)> {
    (0..=u16::MAX).map(Uid).zip(weights.iter().copied()).collect()
}

/// The quantile below which weights are left out, in single precision.
fn lowest_allowed(positive: &[(Uid, f64)], limits: &WeightLimits) -> f32 {
    let mut sorted: Vec<f32> = positive.iter().map(|(_, weight)| *weight as f32).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let count = sorted.len();
    let most = count.saturating_sub(limits.min_allowed) as f64 / count as f64;
    let quantile = (f64::from(limits.exclude_quantile) / 65535.0).min(most);
    let place = quantile as f32 * (count - 1) as f32;
    let (floor, rest) = (place.floor(), place.fract());
    let at = |place: f32| sorted.get(place as usize).copied();
    let low = at(floor).unwrap_or_default();
    let high = at(floor + 1.0).unwrap_or(low);
    // From the nearer end, so that at a place itself its value comes out exactly.
    if rest < 0.5 {
        low + (high - low) * rest
    } else {
        high - (high - low) * (1.0 - rest)
    }
}
