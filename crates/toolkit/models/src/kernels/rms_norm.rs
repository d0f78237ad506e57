//! Root mean square normalisation.

use super::elementwise::{dot, vectorised};

/// `y = x / sqrt(mean(x²) + eps) * weight` for each row; `inverse` receives `1 / sqrt(mean(x²) + eps)`.
pub(crate) fn forward(x: &[f32], weight: &[f32], eps: f32, y: &mut [f32], inverse: &mut [f32]) {
    let width = weight.len();
    vectorised(|| {
        for ((x, y), inverse) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(inverse) {
            *inverse = 1.0 / (dot(x, x) / width as f32 + eps).sqrt();
            for ((x, weight), y) in x.iter().zip(weight).zip(y) {
                *y = *x * *inverse * *weight;
            }
        }
    });
}

/// Adds the gradient of the input to `dx`.
pub(crate) fn backward(x: &[f32], weight: &[f32], inverse: &[f32], dy: &[f32], dx: &mut [f32]) {
    let width = weight.len();
    vectorised(|| {
        let mut weighted = vec![0.0_f32; width];
        for (((x, dy), dx), inverse) in x
            .chunks_exact(width)
            .zip(dy.chunks_exact(width))
            .zip(dx.chunks_exact_mut(width))
            .zip(inverse)
        {
            for ((weighted, dy), weight) in weighted.iter_mut().zip(dy).zip(weight) {
                *weighted = *dy * *weight;
            }
            let pull = dot(x, &weighted) * *inverse * *inverse / width as f32;
            for ((dx, weighted), x) in dx.iter_mut().zip(&weighted).zip(x) {
                *dx += *inverse * (*weighted - *x * pull);
            }
        }
    });
}

/// Adds the gradient of the weight to `d_weight`.
pub(crate) fn backward_weight(x: &[f32], inverse: &[f32], dy: &[f32], d_weight: &mut [f32]) {
    let width = d_weight.len();
    vectorised(|| {
        for ((x, dy), inverse) in x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(inverse) {
            for ((d_weight, x), dy) in d_weight.iter_mut().zip(x).zip(dy) {
                *d_weight += *dy * *x * *inverse;
            }
        }
    });
}
