//! The activations of feed-forward blocks and heads, in place.

use super::elementwise::{exp, vectorised};

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x · Φ(x)` with the normal distribution itself.
    Gelu,
    /// `x · Φ(x)` by the usual approximation with a hyperbolic tangent.
    GeluTanh,
    Relu,
    Silu,
    Tanh,
}

impl Activation {
    /// Replaces every value by the function of it.
    pub(crate) fn apply(self, values: &mut [f32]) {
        vectorised(|| match self {
            Self::Gelu => values.iter_mut().for_each(|x| *x *= normal_distribution(*x)),
            Self::GeluTanh => values.iter_mut().for_each(|x| *x = gelu_tanh(*x)),
            Self::Relu => values.iter_mut().for_each(|x| *x = x.max(0.0)),
            Self::Silu => values.iter_mut().for_each(|x| *x /= 1.0 + exp(-*x)),
            Self::Tanh => values.iter_mut().for_each(|x| *x = tanh(*x)),
        });
    }
}

/// The normal distribution function Φ, to 2e-7.
///
/// Half and an odd rational function, fitted by least squares that were reweighted towards the largest error; its own
/// error is 4e-8. Beyond 5.6 the distribution is 0 or 1 to single precision.
#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    const EDGE: f32 = 5.6;
    let x = x.clamp(-EDGE, EDGE);
    let t = x * x;
    let mut p = 2.178_144_8e-8;
    p = p * t + 6.486_294e-6;
    p = p * t + 1.839_919_4e-4;
    p = p * t + 4.768_976_5e-3;
    p = p * t + 3.530_639_4e-2;
    p = p * t + 0.398_942_1;
    let mut q = 1.179_267_9e-6;
    q = q * t + 7.867_972e-5;
    q = q * t + 1.969_747_7e-3;
    q = q * t + 2.948_500_6e-2;
    q = q * t + 2.551_644_4e-1;
    q = q * t + 1.0;
    0.5 + x * (p / q)
}

/// `x / 2 · (1 + tanh(u))` is `x` times the logistic function of `2u`.
#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    // Twice the square root of 2/π.
    const SLOPE: f32 = 1.595_769_2;
    let u = SLOPE * (x + 0.044_715 * x * x * x);
    x / (1.0 + exp(-u))
}

/// The hyperbolic tangent to 2e-7.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Φ by Simpson's rule from 0.
    fn exact_distribution(x: f64) -> f64 {
        let steps = 2_000;
        let width = x / f64::from(steps);
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let sum: f64 = (0..=steps)
            .map(|i| {
                let weight = match i {
                    0 => 1.0,
                    i if i == steps => 1.0,
                    i if i % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * density(f64::from(i) * width)
            })
            .sum();
        0.5 + sum * width / 3.0
    }

    #[test]
    fn activations_are_accurate() {
        let points: Vec<f32> = (-900..=900).map(|i| i as f32 / 100.0 + 0.003).collect();
        type Exact = fn(f64) -> f64;
        let cases: [(Activation, Exact); 5] = [
            (Activation::Gelu, |x| x * exact_distribution(x)),
            (Activation::GeluTanh, |x| {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
            }),
            (Activation::Relu, |x| x.max(0.0)),
            (Activation::Silu, |x| x / (1.0 + (-x).exp())),
            (Activation::Tanh, f64::tanh),
        ];
        for (activation, exact) in cases {
            let mut found = points.clone();
            activation.apply(&mut found);
            for (x, found) in points.iter().zip(found) {
                let exact = exact(f64::from(*x));
                let error = (f64::from(found) - exact).abs() / exact.abs().max(1.0);
                assert!(error < 1.2e-6, "{activation:?}({x}): {found}, exactly {exact}");
            }
        }
    }

    #[test]
    fn huge_values_stay_finite() {
        for activation in [
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Silu,
            Activation::Tanh,
        ] {
            let mut values = [-1e20_f32, -100.0, 100.0, 1e10];
            activation.apply(&mut values);
            assert!(
                values.iter().all(|value| value.is_finite()),
                "{activation:?}: {values:?}"
            );
        }
    }
}
