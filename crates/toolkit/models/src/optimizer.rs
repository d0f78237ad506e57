//! AdamW over a flat buffer, and the clipping of its gradient.

use crate::kernels::elementwise::vectorised;

/// Constants of AdamW.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdamConfig {
    pub(crate) betas: [f64; 2],
    pub(crate) eps: f64,
    pub(crate) weight_decay: f64,
}

/// First and second moments of every value.
#[derive(Debug)]
pub(crate) struct AdamW {
    config: AdamConfig,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "values and moments are kept in single precision"
)]
fn single(value: f64) -> f32 {
    value as f32
}

impl AdamW {
    pub(crate) fn new(config: AdamConfig, length: usize) -> Self {
        Self {
            config,
            first: vec![0.0; length],
            second: vec![0.0; length],
            steps: 0,
        }
    }

    /// One step with decoupled weight decay; the moments advance even at learning rate 0. Values outside `decayed`
    /// are not decayed.
    pub(crate) fn step(
        &mut self,
        values: &mut [f32],
        gradient: &[f32],
        learning_rate: f64,
        decayed: &[std::ops::Range<usize>],
    ) {
        self.steps += 1;
        let [beta1, beta2] = self.config.betas;
        let correction1 = 1.0 - beta1.powi(self.steps);
        let correction2 = (1.0 - beta2.powi(self.steps)).sqrt();
        if self.config.weight_decay > 0.0 {
            let keep = single(1.0 - learning_rate * self.config.weight_decay);
            for range in decayed {
                values[range.clone()].iter_mut().for_each(|value| *value *= keep);
            }
        }
        let (beta2, rest1, rest2) = (single(beta2), single(1.0 - beta1), single(1.0 - beta2));
        let (rate, inverse, eps) = (
            single(learning_rate / correction1),
            single(1.0 / correction2),
            single(self.config.eps),
        );
        vectorised(|| {
            let moments = self.first.iter_mut().zip(&mut self.second);
            for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
                *first += (*gradient - *first) * rest1;
                *second = *second * beta2 + *gradient * *gradient * rest2;
                *value -= rate * (*first / (second.sqrt() * inverse + eps));
            }
        });
    }
}

/// Euclidean norm of a gradient.
pub(crate) fn norm(gradient: &[f32]) -> f64 {
    vectorised(|| {
        let mut lanes = [0.0_f64; 8];
        let chunks = gradient.chunks_exact(8);
        let mut rest = 0.0;
        for value in chunks.remainder() {
            rest += f64::from(*value) * f64::from(*value);
        }
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += f64::from(*value) * f64::from(*value);
            }
        }
        (lanes.iter().sum::<f64>() + rest).sqrt()
    })
}

/// Scales a gradient of the given norm down to `limit` when it is larger.
pub(crate) fn clip(gradient: &mut [f32], norm: f64, limit: f64) {
    // The small term is the reference implementation's.
    let factor = limit / (norm + 1e-6);
    if factor < 1.0 {
        let factor = single(factor);
        gradient.iter_mut().for_each(|value| *value *= factor);
    }
}
