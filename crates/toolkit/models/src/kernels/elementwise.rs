//! Element-wise loops, compiled for the widest vectors of the processor they run on.
//!
//! Each loop is written without fused multiply-add and with fixed lanes in its sums, so that its result is the same on
//! every vector width.

/// Runs a loop compiled for the processor's vectors.
#[inline(always)]
pub(crate) fn vectorised<R>(body: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(body)
}

/// Width of the partial sums: wide enough for the widest vectors, and fixed so that no sum depends on them.
const LANES: usize = 16;

/// Sum of products of two slices of equal length.
#[inline(always)]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (left_chunks, right_chunks) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest: f32 = left_chunks
        .remainder()
        .iter()
        .zip(right_chunks.remainder())
        .map(|(l, r)| l * r)
        .sum();
    for (l, r) in left_chunks.zip(right_chunks) {
        for lane in 0..LANES {
            lanes[lane] += l[lane] * r[lane];
        }
    }
    fold_sum(lanes) + rest
}

/// Sum of a slice.
#[inline(always)]
pub(crate) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    fold_sum(lanes) + rest
}

/// Adds lanes pairwise.
#[inline(always)]
fn fold_sum(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `e^x` to about one unit in the last place, for finite `x`; 0 below -87.3, at most e^88.
///
/// Range reduction to ±ln2/2 and a polynomial of degree 6 (Cephes' single precision coefficients).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer without a call.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.3, 88.0);
    let rounded = (clamped * LOG2_E + ROUND) - ROUND;
    let r = (clamped - rounded * LN2_HIGH) - rounded * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_6e-1;
    p = p * r + 0.5;
    let value = p * (r * r) + r + 1.0;
    #[expect(clippy::cast_possible_truncation, reason = "within ±127 after the clamp")]
    let power = f32::from_bits((((rounded as i32) + 127) as u32) << 23);
    let result = value * power;
    if x < -87.3 { 0.0 } else { result }
}

/// Turns each row of scores into `exp(score - max)` in place and returns each row's maximum and sum.
#[inline(always)]
pub(crate) fn exp_row(row: &mut [f32]) -> (f32, f32) {
    let mut highest = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let mut max = chunks
        .remainder()
        .iter()
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for lane in 0..LANES {
            highest[lane] = if chunk[lane] > highest[lane] {
                chunk[lane]
            } else {
                highest[lane]
            };
        }
    }
    for value in highest {
        max = if value > max { value } else { max };
    }
    let mut lanes = [0.0_f32; LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            let value = exp(chunk[lane] - max);
            chunk[lane] = value;
            lanes[lane] += value;
        }
    }
    let mut rest = 0.0;
    for value in chunks.into_remainder() {
        *value = exp(*value - max);
        rest += *value;
    }
    (max, fold_sum(lanes) + rest)
}

/// `gate · sigmoid(gate) · up` for rows that hold the gate's `width` values and then the upward map's.
pub(crate) fn swiglu(gate_up: &[f32], width: usize, out: &mut [f32]) {
    vectorised(|| {
        for (pair, out) in gate_up.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
            let (gate, up) = pair.split_at(width);
            for ((gate, up), out) in gate.iter().zip(up).zip(out) {
                *out = *gate / (1.0 + exp(-*gate)) * *up;
            }
        }
    });
}

/// The gradients of [`swiglu`]: replaces each gate and upward value by its gradient.
pub(crate) fn swiglu_backward(gate_up: &mut [f32], width: usize, d_out: &[f32]) {
    vectorised(|| {
        for (pair, d_out) in gate_up.chunks_exact_mut(2 * width).zip(d_out.chunks_exact(width)) {
            let (gate, up) = pair.split_at_mut(width);
            for ((gate, up), d_out) in gate.iter_mut().zip(up).zip(d_out) {
                let sigmoid = 1.0 / (1.0 + exp(-*gate));
                let silu = *gate * sigmoid;
                let d_gate = *d_out * *up * (sigmoid + silu * (1.0 - sigmoid));
                *up = *d_out * silu;
                *gate = d_gate;
            }
        }
    });
}

/// Adds `from` to `to`.
pub(crate) fn add_assign(to: &mut [f32], from: &[f32]) {
    vectorised(|| {
        for (to, from) in to.iter_mut().zip(from) {
            *to += *from;
        }
    });
}

/// Adds the sum of a matrix's rows to `to`.
pub(crate) fn add_column_sums(to: &mut [f32], rows: &[f32]) {
    vectorised(|| {
        for row in rows.chunks_exact(to.len()) {
            for (to, value) in to.iter_mut().zip(row) {
                *to += *value;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_accurate_over_its_range() {
        let mut worst = 0.0_f64;
        for i in -87_000..=87_000 {
            let x = i as f32 / 1000.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
        }
        assert!(worst < 2.5e-7, "worst relative error {worst}");
        assert_eq!(exp(-100.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(1000.0).is_finite());
    }

    #[test]
    fn swiglu_gradients_match_finite_differences() {
        let width = 5;
        let start: Vec<f32> = (0..2 * width).map(|i| (i as f32 - 4.3) / 2.0).collect();
        let d_out: Vec<f32> = (0..width).map(|i| 0.3 + i as f32 / 4.0).collect();
        let value = |gate_up: &[f32]| -> f64 {
            (0..width)
                .map(|i| {
                    let (gate, up) = (f64::from(gate_up[i]), f64::from(gate_up[i + width]));
                    f64::from(d_out[i]) * gate / (1.0 + (-gate).exp()) * up
                })
                .sum()
        };
        let mut gradient = start.clone();
        swiglu_backward(&mut gradient, width, &d_out);
        for i in 0..2 * width {
            let (mut low, mut high) = (start.clone(), start.clone());
            low[i] -= 1e-2;
            high[i] += 1e-2;
            let numeric = (value(&high) - value(&low)) / f64::from(high[i] - low[i]);
            assert!(
                (numeric - f64::from(gradient[i])).abs() < 1e-3,
                "{i}: {numeric} {}",
                gradient[i]
            );
        }
    }
}
