//! The linear maps of a layer with their low-rank adapters.

use std::ops::Range;

use super::{Decoder, Pack};
use crate::{
    adapter::{Factor, Group, GroupFactors},
    counter_rng::CounterRng,
    kernels::{
        elementwise::{add_assign, add_column_sums, vectorised},
        matmul::{Matrix, MatrixMut, Update, multiply},
    },
};

/// Dropout of the adapters' inputs.
///
/// Element `i` of token `t` of presentation `p` is dropped when the 16-bit number at its counter is below
/// `rate · 65536`; each adapted map has a generator of its own.
#[derive(Debug)]
pub(crate) struct Dropout {
    threshold: u16,
    keep_scale: f32,
    context_length: u64,
    /// By layer, by group, by factor.
    generators: Vec<[Vec<CounterRng>; 4]>,
}

impl Dropout {
    /// `None` when the rate is 0.
    pub(crate) fn new(
        rate: f64,
        layout: &crate::adapter::AdapterLayout,
        seed: u64,
        context_length: usize,
    ) -> Option<Self> {
        if rate <= 0.0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the recipe's check keeps the rate from 0 to below 1"
        )]
        let threshold = (rate * 65_536.0).round().min(65_535.0) as u16;
        let generators = layout
            .layers
            .iter()
            .enumerate()
            .map(|(layer, groups)| {
                std::array::from_fn(|group| {
                    let named = |factor: &Factor| {
                        CounterRng::new("lora dropout", seed, &factor.projection.module(layer))
                    };
                    groups[group].factors.iter().map(named).collect()
                })
            })
            .collect();
        Some(Self {
            threshold,
            keep_scale: 1.0 / (1.0 - f32::from(threshold) / 65_536.0),
            context_length: context_length as u64,
            generators,
        })
    }

    /// `out = x` with dropped elements at 0 and the others scaled up.
    fn apply(&self, site: Site, factor: usize, pack: &Pack, x: &[f32], inputs: usize, out: &mut Vec<f32>) {
        out.resize(x.len(), 0.0);
        let generator = self.generators[site.layer][site.group as usize][factor];
        let quads = inputs.div_ceil(4) as u64;
        vectorised(|| {
            for (segment, presentation) in pack.segments.iter().zip(&pack.presentations) {
                for token in 0..segment.length {
                    let row = (segment.start + token) * inputs;
                    let first = (presentation * self.context_length + token as u64) * quads;
                    let rows = x[row..row + inputs]
                        .chunks(4)
                        .zip(out[row..row + inputs].chunks_mut(4));
                    for (counter, (x, out)) in (first..).zip(rows) {
                        let draws = generator.quarters(counter);
                        for ((x, out), draw) in x.iter().zip(out).zip(draws) {
                            *out = if draw < self.threshold {
                                0.0
                            } else {
                                *x * self.keep_scale
                            };
                        }
                    }
                }
            }
        });
    }
}

/// One product of one layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) layer: usize,
    pub(crate) group: Group,
}

/// A product of a pack's rows with the weights of a site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<'a> {
    pub(crate) site: Site,
    pub(crate) pack: &'a Pack,
    /// Rows of the site's inputs.
    pub(crate) x: &'a [f32],
    /// Width of a row.
    pub(crate) inputs: usize,
}

/// What a product starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start<'a> {
    Zero,
    Bias(&'a [f32]),
    Residual(&'a [f32]),
}

/// Scratch of the adapter's products.
#[derive(Debug, Default)]
pub(crate) struct LinearScratch {
    dropped: Vec<f32>,
    d_low: Vec<f32>,
    d_input: Vec<f32>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn weight(&self, site: Site) -> &Range<usize> {
        let layer = self.layer(site.layer);
        match site.group {
            Group::QueryKeyValue => &layer.qkv,
            Group::Output => &layer.output,
            Group::GateUp => &layer.gate_up,
            Group::Down => &layer.down,
        }
    }

    fn factors(&self, site: Site) -> Option<&'a GroupFactors> {
        let factors = &self.adapter?.layout.layers[site.layer][site.group as usize];
        (!factors.factors.is_empty()).then_some(factors)
    }

    /// `y = start + W·x` and the adapter's part. Keeps `A·x` in `low` for the backward pass.
    pub(crate) fn linear(
        &self,
        product: Product<'_>,
        start: Start<'_>,
        y: &mut Vec<f32>,
        low: &mut Vec<f32>,
        scratch: &mut LinearScratch,
    ) {
        let Product {
            site,
            pack,
            x,
            inputs,
        } = product;
        let rows = x.len() / inputs;
        let weight = self.slice(self.weight(site));
        let outputs = weight.len() / inputs;
        y.resize(rows * outputs, 0.0);
        let update = match start {
            Start::Zero => Update::Replace,
            Start::Bias(bias) => {
                y.chunks_exact_mut(outputs)
                    .for_each(|row| row.copy_from_slice(bias));
                Update::Add
            }
            Start::Residual(residual) => {
                y.copy_from_slice(residual);
                Update::Add
            }
        };
        multiply(
            MatrixMut::new(y, rows, outputs),
            update,
            1.0,
            Matrix::new(x, rows, inputs),
            Matrix::new(weight, outputs, inputs).t(),
        );
        let (Some(adapter), Some(group)) = (self.adapter, self.factors(site)) else {
            return;
        };
        let rank = adapter.layout.rank;
        let low_width = rank * group.factors.len();
        low.resize(rows * low_width, 0.0);
        match adapter.dropout {
            None => multiply(
                MatrixMut::new(low, rows, low_width),
                Update::Replace,
                1.0,
                Matrix::new(x, rows, inputs),
                Matrix::new(&adapter.values[group.all_a()], low_width, inputs).t(),
            ),
            Some(dropout) => {
                for (index, factor) in group.factors.iter().enumerate() {
                    dropout.apply(site, index, pack, x, inputs, &mut scratch.dropped);
                    multiply(
                        MatrixMut::strided(&mut low[index * rank..], rows, rank, low_width),
                        Update::Replace,
                        1.0,
                        Matrix::new(&scratch.dropped, rows, inputs),
                        Matrix::new(&adapter.values[factor.a.clone()], rank, inputs).t(),
                    );
                }
            }
        }
        for (index, factor) in group.factors.iter().enumerate() {
            multiply(
                MatrixMut::strided(
                    &mut y[self.architecture.first_output(factor.projection)..],
                    rows,
                    factor.outputs,
                    outputs,
                ),
                Update::Add,
                adapter.scale,
                Matrix::strided(&low[index * rank..], rows, rank, low_width),
                Matrix::new(&adapter.values[factor.b.clone()], factor.outputs, rank).t(),
            );
        }
    }

    /// Gradients of [`Self::linear`]: adds those of the adapter (and of the base where asked for), and fills `dx`
    /// when it is wanted.
    pub(crate) fn linear_backward(
        &self,
        product: Product<'_>,
        low: &[f32],
        dy: &[f32],
        mut dx: Option<&mut Vec<f32>>,
        gradients: &mut super::Gradients,
        scratch: &mut LinearScratch,
    ) {
        let Product {
            site,
            pack,
            x,
            inputs,
        } = product;
        let rows = x.len() / inputs;
        let range = self.weight(site);
        let weight = self.slice(range);
        let outputs = weight.len() / inputs;
        let dy_all = Matrix::new(dy, rows, outputs);
        if let Some(dx) = dx.as_deref_mut() {
            dx.resize(rows * inputs, 0.0);
            multiply(
                MatrixMut::new(dx, rows, inputs),
                Update::Replace,
                1.0,
                dy_all,
                Matrix::new(weight, outputs, inputs),
            );
        }
        if let Some(base) = &mut gradients.base {
            multiply(
                MatrixMut::new(&mut base[range.clone()], outputs, inputs),
                Update::Add,
                1.0,
                dy_all.t(),
                Matrix::new(x, rows, inputs),
            );
            if site.group == Group::QueryKeyValue {
                add_column_sums(&mut base[self.layer(site.layer).qkv_bias.clone()], dy);
            }
        }
        let (Some(adapter), Some(group), Some(lora)) =
            (self.adapter, self.factors(site), &mut gradients.adapter)
        else {
            return;
        };
        let rank = adapter.layout.rank;
        let low_width = rank * group.factors.len();
        scratch.d_low.resize(rows * low_width, 0.0);
        for (index, factor) in group.factors.iter().enumerate() {
            let dy_part = Matrix::strided(
                &dy[self.architecture.first_output(factor.projection)..],
                rows,
                factor.outputs,
                outputs,
            );
            multiply(
                MatrixMut::strided(&mut scratch.d_low[index * rank..], rows, rank, low_width),
                Update::Replace,
                adapter.scale,
                dy_part,
                Matrix::new(&adapter.values[factor.b.clone()], factor.outputs, rank),
            );
            multiply(
                MatrixMut::new(&mut lora[factor.b.clone()], factor.outputs, rank),
                Update::Add,
                adapter.scale,
                dy_part.t(),
                Matrix::strided(&low[index * rank..], rows, rank, low_width),
            );
        }
        match adapter.dropout {
            None => {
                let d_low = Matrix::new(&scratch.d_low, rows, low_width);
                multiply(
                    MatrixMut::new(&mut lora[group.all_a()], low_width, inputs),
                    Update::Add,
                    1.0,
                    d_low.t(),
                    Matrix::new(x, rows, inputs),
                );
                if let Some(dx) = dx {
                    multiply(
                        MatrixMut::new(dx, rows, inputs),
                        Update::Add,
                        1.0,
                        d_low,
                        Matrix::new(&adapter.values[group.all_a()], low_width, inputs),
                    );
                }
            }
            Some(dropout) => {
                for (index, factor) in group.factors.iter().enumerate() {
                    let d_low = Matrix::strided(&scratch.d_low[index * rank..], rows, rank, low_width);
                    dropout.apply(site, index, pack, x, inputs, &mut scratch.dropped);
                    multiply(
                        MatrixMut::new(&mut lora[factor.a.clone()], rank, inputs),
                        Update::Add,
                        1.0,
                        d_low.t(),
                        Matrix::new(&scratch.dropped, rows, inputs),
                    );
                    if let Some(dx) = dx.as_deref_mut() {
                        scratch.d_input.resize(rows * inputs, 0.0);
                        multiply(
                            MatrixMut::new(&mut scratch.d_input, rows, inputs),
                            Update::Replace,
                            1.0,
                            d_low,
                            Matrix::new(&adapter.values[factor.a.clone()], rank, inputs),
                        );
                        dropout.apply(site, index, pack, &scratch.d_input, inputs, &mut scratch.dropped);
                        add_assign(dx, &scratch.dropped);
                    }
                }
            }
        }
    }
}
