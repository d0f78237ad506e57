//! Shares from scores.

/// The softmax: `exp(x) / Σ exp(x)`, with the largest taken out first so that nothing overflows. Empty for nothing.
#[must_use]
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The logistic curve `1 / (1 + exp(−(slope·x − offset)))`, from 0 to 1.
#[must_use]
pub(crate) fn logistic(x: f64, slope: f64, offset: f64) -> f64 {
    1.0 / (1.0 + (-(slope * x - offset)).exp())
}
