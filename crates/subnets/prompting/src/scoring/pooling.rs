//! From the hidden states of a text's tokens to one vector of the text.

use crate::Fidelity;

/// The mean of the rows that the mask keeps. Zeros when it keeps none; rows are of equal width.
#[must_use]
pub fn masked_mean(rows: &[Vec<f32>], mask: &[bool]) -> Vec<f32> {
    let width = rows.first().map_or(0, Vec::len);
    let mut sum = vec![0f64; width];
    let mut kept = 0f64;
    for (row, _) in rows.iter().zip(mask).filter(|(_, kept)| **kept) {
        kept += 1.0;
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += f64::from(*value);
        }
    }
    let kept = kept.max(1e-9);
    sum.iter().map(|sum| (sum / kept) as f32).collect()
}

/// The vector at length 1. One of no length stays as it is.
#[must_use]
pub fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt()
        .max(1e-12);
    vector
        .iter()
        .map(|value| (f64::from(*value) / length) as f32)
        .collect()
}

/// One vector of a text that was embedded in pieces: the mean of the pieces' unit vectors, at length 1 again.
///
/// In the exact behaviour the mean stays as it is: the more the pieces of a long text differ, the shorter its vector,
/// and the smaller all its distances.
#[must_use]
pub fn join_pieces(pieces: &[Vec<f32>], fidelity: Fidelity) -> Vec<f32> {
    let units: Vec<Vec<f32>> = pieces.iter().map(|piece| unit(piece)).collect();
    let mean = masked_mean(&units, &vec![true; units.len()]);
    match fidelity {
        Fidelity::Fixed => unit(&mean),
        Fidelity::Exact => mean,
    }
}

/// The cosine of the angle between two vectors, from −1 to 1; 0 where one has no length or they are of different width.
#[must_use]
pub fn cosine(one: &[f32], other: &[f32]) -> f64 {
    if one.len() != other.len() {
        return 0.0;
    }
    let dot: f64 = one
        .iter()
        .zip(other)
        .map(|(one, other)| f64::from(*one) * f64::from(*other))
        .sum();
    let length = |vector: &[f32]| {
        vector
            .iter()
            .map(|value| f64::from(*value).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let lengths = length(one) * length(other);
    if lengths > 0.0 && dot.is_finite() {
        (dot / lengths).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}
