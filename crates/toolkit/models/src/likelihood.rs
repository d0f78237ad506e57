//! What logits say: the log-probabilities of tokens.

/// A token with the natural logarithm of its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogProb {
    /// The token.
    pub id: u32,
    /// Its logarithm, 0 or less.
    pub value: f64,
}

/// What has to be taken from each logit to make a log-probability of it.
fn normaliser(logits: &[f32]) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - highest).exp()).sum();
    f64::from(highest) + sum.ln()
}

/// The log-probability of a token by these logits; nothing for one outside of the vocabulary.
#[must_use]
pub fn log_probability(logits: &[f32], id: u32) -> Option<f64> {
    let logit = *logits.get(id as usize)?;
    Some(f64::from(logit) - normaliser(logits))
}

/// So many of the likeliest tokens by these logits, the likeliest first. Of equal ones the smaller id comes first.
#[must_use]
pub fn most_likely(logits: &[f32], count: usize) -> Vec<LogProb> {
    let count = count.min(logits.len());
    let mut order: Vec<u32> = (0_u32..).take(logits.len()).collect();
    let of = |id: u32| logits[id as usize];
    let by_logit = |one: &u32, other: &u32| of(*other).total_cmp(&of(*one)).then(one.cmp(other));
    if count > 0 && count < order.len() {
        order.select_nth_unstable_by(count - 1, by_logit);
    }
    order.truncate(count);
    order.sort_unstable_by(by_logit);
    let normaliser = normaliser(logits);
    let value = |id| f64::from(of(id)) - normaliser;
    order
        .into_iter()
        .map(|id| LogProb { id, value: value(id) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_all_probabilities_sum_to_one() {
        let logits = [0.5, 2.0, -1.0, 2.0, 1e4_f32.ln()];
        let all = most_likely(&logits, 9);
        let ids: Vec<u32> = all.iter().map(|found| found.id).collect();
        assert_eq!(ids, [4, 1, 3, 0, 2]);
        let sum: f64 = all.iter().map(|found| found.value.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(most_likely(&logits, 2), all[..2]);
        assert_eq!(log_probability(&logits, 3), Some(all[2].value));
        assert_eq!(log_probability(&logits, 5), None);
        assert!(most_likely(&logits, 0).is_empty() && most_likely(&[], 3).is_empty());
    }
}
