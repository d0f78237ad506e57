//! Cross entropy of rows of logits.

use super::elementwise::{exp_row, vectorised};

/// Loss in nats of each row of logits against its target token. Destroys the logits: with `gradient_scale` each row
/// becomes its gradient, `scale · (softmax - one_hot)`.
pub(crate) fn losses(
    logits: &mut [f32],
    vocabulary: usize,
    targets: &[u32],
    gradient_scale: Option<f32>,
) -> Vec<f64> {
    vectorised(|| {
        let mut losses = Vec::with_capacity(targets.len());
        for (row, target) in logits.chunks_exact_mut(vocabulary).zip(targets) {
            let target = *target as usize;
            let of_target = row[target];
            let (max, sum) = exp_row(row);
            losses.push(f64::from(max) + f64::from(sum).ln() - f64::from(of_target));
            if let Some(scale) = gradient_scale {
                let factor = scale / sum;
                for value in row.iter_mut() {
                    *value *= factor;
                }
                row[target] -= scale;
            }
        }
        losses
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_odds_cost_the_log_of_the_choices() {
        let mut logits = vec![3.0_f32; 40];
        let found = losses(&mut logits, 20, &[0, 19], Some(0.5));
        for loss in found {
            assert!((loss - 20.0_f64.ln()).abs() < 1e-6);
        }
        assert!((logits[0] - (0.5 / 20.0 - 0.5)).abs() < 1e-6);
        assert!((logits[1] - 0.5 / 20.0).abs() < 1e-6);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let mut logits = vec![0.0_f32, 2000.0, -2000.0];
        let found = losses(&mut logits, 3, &[0], None);
        assert!((found[0] - 2000.0).abs() < 1e-3);
    }
}
