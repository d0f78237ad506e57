//! The forward pass of new tokens behind cached ones, for generation.

use super::{
    Decoder, Pack,
    linear::{LinearScratch, Product, Site, Start},
};
use crate::{
    adapter::Group,
    kernels::{
        attention,
        elementwise::swiglu,
        matmul::{Matrix, MatrixMut, Update, multiply},
        rms_norm,
        rotary::Turn,
    },
};

/// Keys and values of the tokens so far, for every layer.
#[derive(Debug)]
pub(crate) struct KeyValueCache {
    layers: Vec<[Vec<f32>; 2]>,
    length: usize,
}

impl KeyValueCache {
    pub(crate) fn new(layers: usize) -> Self {
        Self {
            layers: (0..layers).map(|_| [Vec::new(), Vec::new()]).collect(),
            length: 0,
        }
    }

    /// Number of tokens so far.
    pub(crate) fn len(&self) -> usize {
        self.length
    }
}

impl Decoder<'_> {
    /// Runs new tokens behind the cached ones, caches them, and returns the logits after the last one.
    pub(crate) fn extend(&self, tokens: &[u32], cache: &mut KeyValueCache) -> Vec<f32> {
        let architecture = self.architecture;
        let (hidden, intermediate, rows) = (architecture.hidden, architecture.intermediate, tokens.len());
        let heads = architecture.heads();
        let (queries, keys, row_width) = (
            heads.query * heads.width,
            heads.key_value * heads.width,
            heads.row_width(),
        );
        let embedding = self.slice(&self.weights.layout.embedding);
        let mut stream: Vec<f32> = Vec::with_capacity(rows * hidden);
        for token in tokens {
            stream.extend_from_slice(&embedding[*token as usize * hidden..][..hidden]);
        }
        // Dropout is the only thing that a product asks of its pack, and generation has none.
        let pack = Pack::default();
        let mut scratch = LinearScratch::default();
        let (mut low, mut scores) = (Vec::new(), Vec::new());
        let mut normed = vec![0.0; rows * hidden];
        let mut inverse = vec![0.0; rows];
        let mut attended = vec![0.0; rows * queries];
        let mut activated = vec![0.0; rows * intermediate];
        let (mut qkv, mut gate_up, mut next) = (Vec::new(), Vec::new(), Vec::new());
        for (layer, [cached_keys, cached_values]) in cache.layers.iter_mut().enumerate() {
            let layout = self.layer(layer);
            let site = |group| Site { layer, group };
            rms_norm::forward(
                &stream,
                self.slice(&layout.input_norm),
                self.norm_eps(),
                &mut normed,
                &mut inverse,
            );
            let bias = Start::Bias(self.slice(&layout.qkv_bias));
            let site_qkv = site(Group::QueryKeyValue);
            self.linear(
                Product {
                    site: site_qkv,
                    pack: &pack,
                    x: &normed,
                    inputs: hidden,
                },
                bias,
                &mut qkv,
                &mut low,
                &mut scratch,
            );
            for (position, row) in (cache.length..).zip(qkv.chunks_exact_mut(row_width)) {
                self.rotary
                    .turn_row(row, heads.query + heads.key_value, position, Turn::Forward);
                cached_keys.extend_from_slice(&row[queries..queries + keys]);
                cached_values.extend_from_slice(&row[queries + keys..]);
            }
            attention::forward_cached(
                &qkv,
                row_width,
                [cached_keys, cached_values],
                cache.length,
                heads,
                &mut attended,
                &mut scores,
            );
            let start = Start::Residual(&stream);
            self.linear(
                Product {
                    site: site(Group::Output),
                    pack: &pack,
                    x: &attended,
                    inputs: queries,
                },
                start,
                &mut next,
                &mut low,
                &mut scratch,
            );
            std::mem::swap(&mut stream, &mut next);
            rms_norm::forward(
                &stream,
                self.slice(&layout.post_norm),
                self.norm_eps(),
                &mut normed,
                &mut inverse,
            );
            let site_gate = site(Group::GateUp);
            self.linear(
                Product {
                    site: site_gate,
                    pack: &pack,
                    x: &normed,
                    inputs: hidden,
                },
                Start::Zero,
                &mut gate_up,
                &mut low,
                &mut scratch,
            );
            swiglu(&gate_up, intermediate, &mut activated);
            let start = Start::Residual(&stream);
            self.linear(
                Product {
                    site: site(Group::Down),
                    pack: &pack,
                    x: &activated,
                    inputs: intermediate,
                },
                start,
                &mut next,
                &mut low,
                &mut scratch,
            );
            std::mem::swap(&mut stream, &mut next);
        }
        cache.length += rows;

        let last = &stream[(rows - 1) * hidden..];
        let mut last_normed = vec![0.0; hidden];
        let final_norm = self.slice(&self.weights.layout.final_norm);
        rms_norm::forward(
            last,
            final_norm,
            self.norm_eps(),
            &mut last_normed,
            &mut inverse[..1],
        );
        let mut logits = vec![0.0; architecture.vocabulary];
        multiply(
            MatrixMut::new(&mut logits, 1, architecture.vocabulary),
            Update::Replace,
            1.0,
            Matrix::new(&last_normed, 1, hidden),
            Matrix::new(
                self.slice(&self.weights.layout.head),
                architecture.vocabulary,
                hidden,
            )
            .t(),
        );
        logits
    }
}
