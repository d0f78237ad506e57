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
    Direction::of(one).cosine(Direction::of(other))
}

/// A vector whose length is known, for comparing it with many.
#[derive(Clone, Copy, Debug)]
pub struct Direction<'a> {
    vector: &'a [f32],
    length: f64,
}

impl<'a> Direction<'a> {
    /// The vector with its length.
    #[must_use]
    pub fn of(vector: &'a [f32]) -> Self {
        Self {
            vector,
            length: dot(vector, vector).sqrt(),
        }
    }

    /// The cosine of the angle to another one, as [`cosine`] has it.
    #[must_use]
    pub fn cosine(self, other: Direction<'_>) -> f64 {
        if self.vector.len() != other.vector.len() {
            return 0.0;
        }
        let dot = dot(self.vector, other.vector);
        let lengths = self.length * other.length;
        if lengths > 0.0 && dot.is_finite() {
            (dot / lengths).clamp(-1.0, 1.0)
        } else {
            0.0
        }
    }
}

/// In eight sums side by side, which the processor adds at a time: a batch meets fifteen thousand earlier embeddings.
fn dot(one: &[f32], other: &[f32]) -> f64 {
    let product = |one: &f32, other: &f32| f64::from(*one) * f64::from(*other);
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0f64; 8];
    for (one, other) in one.iter().zip(other) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += product(one, other);
        }
    }
    let rest: f64 = one_rest
        .iter()
        .zip(other_rest)
        .map(|(one, other)| product(one, other))
        .sum();
    sums.iter().sum::<f64>() + rest
}
