//! The hand-written backward pass against finite differences, where the reference has no numbers: with dropout, and
//! for the weights of the base model.

use super::{ActiveAdapter, Decoder, Dropout, Gradients, Pack, Workspace};
use crate::{
    Adapter, Architecture, Example, LoraConfig, Targets,
    counter_rng::CounterRng,
    kernels::rotary::Rotary,
    weights::{Layout, Weights},
};

fn architecture(tied_embeddings: bool) -> Architecture {
    Architecture {
        vocabulary: 11,
        hidden: 8,
        intermediate: 12,
        layers: 2,
        query_heads: 4,
        key_value_heads: 2,
        head_width: 4,
        max_positions: 16,
        rope_theta: 100.0,
        norm_eps: 1e-6,
        tied_embeddings,
        end_tokens: Vec::new(),
    }
}

fn noise(length: usize, name: &str, scale: f32) -> Vec<f32> {
    let generator = CounterRng::new("gradient check", 1, name);
    (0..length as u64)
        .map(|counter| (generator.uniform(counter) * 2.0 - 1.0) * scale)
        .collect()
}

fn weights(architecture: &Architecture) -> Weights {
    let layout = Layout::new(architecture);
    let mut values = noise(layout.length, "weights", 0.5);
    for tensor in layout
        .tensors(architecture)
        .into_iter()
        .filter(|tensor| tensor.name.ends_with("norm.weight"))
    {
        values[tensor.range].iter_mut().for_each(|value| *value += 1.0);
    }
    Weights { layout, values }
}

/// Two rows, so that packing is in play.
fn pack() -> Pack {
    let mut pack = Pack::default();
    pack.push(&Example::all_targets(vec![1, 5, 3, 9, 2, 2, 7]), 16, 4);
    let half = Example {
        input_ids: vec![8, 0, 10, 4],
        target_mask: vec![false, false, true, true],
    };
    pack.push(&half, 16, 9);
    pack
}

/// Compares a gradient with central differences of `loss` at some of the values.
fn assert_gradient(gradient: &[f32], values: &mut [f32], what: &str, mut loss: impl FnMut(&[f32]) -> f64) {
    const STEP: f32 = 5e-3;
    let largest = gradient.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    assert!(largest > 0.0, "{what}: the gradient is 0");
    for index in (0..values.len()).step_by(values.len().div_ceil(12)) {
        let value = values[index];
        values[index] = value + STEP;
        let high = loss(values);
        values[index] = value - STEP;
        let low = loss(values);
        values[index] = value;
        let numeric = (high - low) / f64::from(2.0 * STEP);
        let difference = (numeric - f64::from(gradient[index])).abs();
        let allowed = 2e-3 * f64::from(largest) + 2e-3 * numeric.abs() + 5e-4;
        assert!(
            difference < allowed,
            "{what}[{index}]: {numeric} by differences, {} by the pass",
            gradient[index]
        );
    }
}

#[test]
fn adapter_gradients_hold_under_dropout() {
    let architecture = architecture(true);
    let (weights, pack) = (weights(&architecture), pack());
    let rotary = Rotary::new(
        architecture.head_width,
        architecture.rope_theta,
        architecture.max_positions,
    );
    let config = LoraConfig {
        rank: 3,
        alpha: 6.0,
        dropout: 0.4,
        targets: Targets::AllLinear,
    };
    let adapter = Adapter::fresh(&architecture, &config, 3);
    let dropout = Dropout::new(config.dropout, &adapter.layout, 3, 16);
    assert!(dropout.is_some());
    let mut values = noise(adapter.values.len(), "adapter", 0.3);
    let run = |values: &[f32], gradients: &mut Gradients| -> f64 {
        let adapter = ActiveAdapter {
            layout: &adapter.layout,
            values,
            scale: 2.0,
            dropout: dropout.as_ref(),
        };
        let decoder = Decoder {
            architecture: &architecture,
            weights: &weights,
            rotary: &rotary,
            adapter: Some(adapter),
        };
        decoder
            .losses_and_gradients(&pack, 1.0, gradients, &mut Workspace::default())
            .iter()
            .sum()
    };
    let mut gradients = Gradients {
        adapter: Some(vec![0.0; values.len()]),
        base: None,
    };
    run(&values, &mut gradients);
    let gradient = gradients.adapter.expect("it was asked for");
    for tensor in adapter.layout.tensors() {
        let mut whole = values.clone();
        assert_gradient(
            &gradient[tensor.range.clone()],
            &mut values[tensor.range.clone()],
            &tensor.name,
            |part| {
                whole[tensor.range.clone()].copy_from_slice(part);
                run(&whole, &mut Gradients::default())
            },
        );
    }
}

#[test]
fn base_gradients_hold_for_every_tensor_tied_or_not() {
    for tied in [true, false] {
        let architecture = architecture(tied);
        let (mut weights, pack) = (weights(&architecture), pack());
        let rotary = Rotary::new(
            architecture.head_width,
            architecture.rope_theta,
            architecture.max_positions,
        );
        let run = |weights: &Weights, gradients: &mut Gradients| -> f64 {
            let decoder = Decoder {
                architecture: &architecture,
                weights,
                rotary: &rotary,
                adapter: None,
            };
            decoder
                .losses_and_gradients(&pack, 1.0, gradients, &mut Workspace::default())
                .iter()
                .sum()
        };
        let mut gradients = Gradients {
            adapter: None,
            base: Some(vec![0.0; weights.values.len()]),
        };
        run(&weights, &mut gradients);
        let gradient = gradients.base.expect("it was asked for");
        for tensor in weights.layout.tensors(&architecture) {
            let mut part = weights.values[tensor.range.clone()].to_vec();
            assert_gradient(&gradient[tensor.range.clone()], &mut part, &tensor.name, |part| {
                let kept = weights.values[tensor.range.clone()].to_vec();
                weights.values[tensor.range.clone()].copy_from_slice(part);
                let loss = run(&weights, &mut Gradients::default());
                weights.values[tensor.range.clone()].copy_from_slice(&kept);
                loss
            });
        }
    }
}
