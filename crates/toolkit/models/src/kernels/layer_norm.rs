//! Layer normalisation.

use super::elementwise::{dot, sum, vectorised};

/// `x = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias` for each row, in place.
pub(crate) fn in_place(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    vectorised(|| {
        for row in x.chunks_exact_mut(width) {
            let mean = sum(row) / width as f32;
            for value in row.iter_mut() {
                *value -= mean;
            }
            let inverse = 1.0 / (dot(row, row) / width as f32 + eps).sqrt();
            for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
                *value = *value * inverse * *weight + *bias;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_the_mean_and_spread_asked_for() {
        let width = 37;
        let mut rows: Vec<f32> = (0..3 * width)
            .map(|i| ((i * 29) % 31) as f32 * 0.7 + 100.0)
            .collect();
        let exact: Vec<f64> = rows
            .chunks_exact(width)
            .flat_map(|row| {
                let row: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
                let mean = row.iter().sum::<f64>() / width as f64;
                let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / width as f64;
                row.into_iter()
                    .map(move |value| (value - mean) / (variance + 1e-5).sqrt() * 1.5 - 0.25)
            })
            .collect();
        in_place(&mut rows, &vec![1.5; width], &vec![-0.25; width], 1e-5);
        for (found, exact) in rows.iter().zip(exact) {
            assert!((f64::from(*found) - exact).abs() < 2e-5, "{found} {exact}");
        }
    }
}
