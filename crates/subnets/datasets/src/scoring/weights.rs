//! From win rates to the vector that goes on chain.

/// Softmax of `rates / temperature` over the miners that share, 0 for the others.
///
/// `takes_part[i]` tells whether miner i shares. All zeros when nobody does.
pub fn shares(rates: &[f64], takes_part: &[bool], temperature: f64) -> Vec<f64> {
    let scaled = |i: usize| rates[i] / temperature;
    let partners = || (0..rates.len()).filter(|&i| takes_part[i]);
    // Subtracting the largest keeps exp() in range and changes nothing else.
    let Some(largest) = partners().map(scaled).reduce(f64::max) else {
        return vec![0.0; rates.len()];
    };
    let mut out = vec![0.0; rates.len()];
    let mut sum = 0.0;
    for i in partners() {
        out[i] = (scaled(i) - largest).exp();
        sum += out[i];
    }
    for share in &mut out {
        *share /= sum;
    }
    out
}

/// Blends a round's shares with the chain's consensus twice.
///
/// W = (1−r)·C + r·new, then W = (1−s)·W + s·C/ΣC, where C/ΣC is 0 when nothing has consensus yet. With the seed's
/// r = s = 0.2 that is 0.64·C + 0.16·new + 0.2·C/ΣC: the validator keeps no memory of its own, the chain is its
/// memory. Values that are not finite become 0. Both slices have one entry per uid.
pub fn blend_with_consensus(
    new: &[f64],
    consensus: &[f64],
    learning_rate: f64,
    consensus_share: f64,
) -> Vec<f64> {
    let total: f64 = consensus.iter().sum();
    new.iter()
        .zip(consensus)
        .map(|(&new, &agreed)| {
            let smoothed = (1.0 - learning_rate) * agreed + learning_rate * new;
            let normal = if total > 0.0 { agreed / total } else { 0.0 };
            let blended = (1.0 - consensus_share) * smoothed + consensus_share * normal;
            if blended.is_finite() { blended } else { 0.0 }
        })
        .collect()
}

/// The weight that lies above the consensus: Σ max(0, w − c). It is what a validator's trust is cut by.
pub fn outside_consensus(weights: &[f64], consensus: &[f64]) -> f64 {
    weights.iter().zip(consensus).map(|(w, c)| (w - c).max(0.0)).sum()
}

/// Mixes in as much of the normalised consensus as it takes to bring [`outside_consensus`] down to its limit.
///
/// The limit is 1 − `vtrust_min`, except that while the consensus itself is small (1 − ΣC above that) it is
/// 1.05·(1 − ΣC), as no mixture could go lower than 1 − ΣC. The result is (1−λ)·W + λ·C/ΣC for the one λ in [0, 1]
/// that meets the limit exactly: the weight outside is piecewise linear and convex in λ, so it is found by walking
/// its break points instead of by a root search. Weights within the limit come back unchanged.
pub fn cap_by_validator_trust(weights: &[f64], consensus: &[f64], vtrust_min: f64) -> Vec<f64> {
    let total: f64 = consensus.iter().sum();
    let outside = outside_consensus(weights, consensus);
    let allowed = 1.0 - vtrust_min;
    let limit = if 1.0 - total > allowed {
        1.05 * (1.0 - total)
    } else {
        allowed
    };
    // Without any consensus there is nothing to mix with.
    if outside <= limit || total <= 0.0 {
        return weights.to_vec();
    }
    let normal: Vec<f64> = consensus.iter().map(|c| c / total).collect();
    let mix = |lambda: f64| -> Vec<f64> {
        weights
            .iter()
            .zip(&normal)
            .map(|(w, c)| (1.0 - lambda) * w + lambda * c)
            .collect()
    };
    // Uid i lies above its consensus for λ on one side of where (1−λ)·wᵢ + λ·nᵢ = cᵢ.
    let mut breaks: Vec<f64> = weights
        .iter()
        .zip(&normal)
        .zip(consensus)
        .map(|((w, n), c)| (c - w) / (n - w))
        .filter(|lambda| *lambda > 0.0 && *lambda < 1.0)
        .collect();
    breaks.push(1.0);
    breaks.sort_by(f64::total_cmp);
    let (mut left, mut above) = (0.0, outside);
    for right in breaks {
        let below = outside_consensus(&mix(right), consensus);
        if below <= limit {
            let part = if above > below {
                (above - limit) / (above - below)
            } else {
                1.0
            };
            return mix(left + (right - left) * part);
        }
        (left, above) = (right, below);
    }
    // Only rounding can end here: at λ = 1 the weight outside is at most 1 − ΣC, below any limit above.
    normal
}
