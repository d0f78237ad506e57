//! The forward pass and the losses.

use super::{
    Decoder, Pack,
    linear::{LinearScratch, Product, Site, Start},
};
use crate::{
    adapter::Group,
    kernels::{
        attention, cross_entropy,
        elementwise::swiglu,
        matmul::{Matrix, MatrixMut, Update, multiply},
        rms_norm,
        rotary::Turn,
    },
};

/// Target rows whose logits are computed at a time. Fewer make the product with the vocabulary flat; more need memory
/// that grows with the vocabulary: 128 rows of 152,000 logits are 78 MB.
const LOGIT_ROWS: usize = 128;

/// What the forward pass of one layer leaves behind for the backward pass.
#[derive(Debug, Default)]
pub(crate) struct LayerTrace {
    pub(super) input: Vec<f32>,
    pub(super) input_inverse: Vec<f32>,
    pub(super) normed: Vec<f32>,
    pub(super) qkv: Vec<f32>,
    pub(super) normalisers: Vec<f32>,
    pub(super) attended: Vec<f32>,
    pub(super) middle: Vec<f32>,
    pub(super) middle_inverse: Vec<f32>,
    pub(super) middle_normed: Vec<f32>,
    pub(super) gate_up: Vec<f32>,
    pub(super) activated: Vec<f32>,
    pub(super) low: [Vec<f32>; 4],
}

/// Buffers of one pack's computation, kept for the next pack.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(super) traces: Vec<LayerTrace>,
    /// The last layer's output.
    pub(super) output: Vec<f32>,
    pub(super) target_hidden: Vec<f32>,
    pub(super) target_inverse: Vec<f32>,
    pub(super) target_normed: Vec<f32>,
    pub(super) d_target: Vec<f32>,
    pub(super) logits: Vec<f32>,
    pub(super) scores: Vec<f32>,
    pub(super) linear: LinearScratch,
    pub(super) backward: super::backward::BackwardBuffers,
}

/// What is kept of the forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Every layer's trace, for a backward pass.
    All,
    /// Only the output.
    Nothing,
}

impl Decoder<'_> {
    /// Runs the layers; the output of the last one is left in the workspace.
    pub(crate) fn forward(&self, pack: &Pack, workspace: &mut Workspace, keep: Keep) {
        let hidden = self.architecture.hidden;
        let layers = self.architecture.layers;
        workspace.traces.resize_with(layers, LayerTrace::default);
        let embedding = self.slice(&self.weights.layout.embedding);
        let mut output = std::mem::take(&mut workspace.output);
        output.resize(pack.rows() * hidden, 0.0);
        for (row, token) in output.chunks_exact_mut(hidden).zip(&pack.tokens) {
            row.copy_from_slice(&embedding[*token as usize * hidden..][..hidden]);
        }
        for layer in 0..layers {
            let slot = match keep {
                Keep::All => layer,
                Keep::Nothing => 0,
            };
            let trace = &mut workspace.traces[slot];
            std::mem::swap(&mut trace.input, &mut output);
            self.layer_forward(
                layer,
                pack,
                trace,
                &mut output,
                &mut workspace.scores,
                &mut workspace.linear,
            );
        }
        workspace.output = output;
    }

    fn layer_forward(
        &self,
        layer: usize,
        pack: &Pack,
        trace: &mut LayerTrace,
        output: &mut Vec<f32>,
        scores: &mut Vec<f32>,
        scratch: &mut LinearScratch,
    ) {
        let (hidden, rows) = (self.architecture.hidden, pack.rows());
        let heads = self.architecture.heads();
        let layout = self.layer(layer);
        let site = |group| Site { layer, group };
        let [low_qkv, low_output, low_gate_up, low_down] = &mut trace.low;

        trace.normed.resize(rows * hidden, 0.0);
        trace.input_inverse.resize(rows, 0.0);
        rms_norm::forward(
            &trace.input,
            self.slice(&layout.input_norm),
            self.norm_eps(),
            &mut trace.normed,
            &mut trace.input_inverse,
        );
        let bias = Start::Bias(self.slice(&layout.qkv_bias));
        self.linear(
            Product {
                site: site(Group::QueryKeyValue),
                pack,
                x: &trace.normed,
                inputs: hidden,
            },
            bias,
            &mut trace.qkv,
            low_qkv,
            scratch,
        );
        self.turn(pack, &mut trace.qkv, Turn::Forward);
        let queries = heads.query * heads.width;
        trace.attended.resize(rows * queries, 0.0);
        trace.normalisers.resize(rows * heads.query, 0.0);
        attention::forward(
            &trace.qkv,
            &pack.segments,
            heads,
            &mut trace.attended,
            &mut trace.normalisers,
            scores,
        );
        self.linear(
            Product {
                site: site(Group::Output),
                pack,
                x: &trace.attended,
                inputs: queries,
            },
            Start::Residual(&trace.input),
            &mut trace.middle,
            low_output,
            scratch,
        );

        trace.middle_normed.resize(rows * hidden, 0.0);
        trace.middle_inverse.resize(rows, 0.0);
        rms_norm::forward(
            &trace.middle,
            self.slice(&layout.post_norm),
            self.norm_eps(),
            &mut trace.middle_normed,
            &mut trace.middle_inverse,
        );
        self.linear(
            Product {
                site: site(Group::GateUp),
                pack,
                x: &trace.middle_normed,
                inputs: hidden,
            },
            Start::Zero,
            &mut trace.gate_up,
            low_gate_up,
            scratch,
        );
        let intermediate = self.architecture.intermediate;
        trace.activated.resize(rows * intermediate, 0.0);
        swiglu(&trace.gate_up, intermediate, &mut trace.activated);
        self.linear(
            Product {
                site: site(Group::Down),
                pack,
                x: &trace.activated,
                inputs: intermediate,
            },
            Start::Residual(&trace.middle),
            output,
            low_down,
            scratch,
        );
    }

    /// Turns the queries and keys of every row by its position within its segment.
    pub(super) fn turn(&self, pack: &Pack, qkv: &mut [f32], turn: Turn) {
        let heads = self.architecture.heads();
        let width = heads.row_width();
        for segment in &pack.segments {
            let rows = qkv[segment.start * width..]
                .chunks_exact_mut(width)
                .take(segment.length);
            for (position, row) in rows.enumerate() {
                self.rotary
                    .turn_row(row, heads.query + heads.key_value, position, turn);
            }
        }
    }

    /// Normalises the output at the given rows.
    fn gather(&self, workspace: &mut Workspace, rows: &[usize]) {
        let hidden = self.architecture.hidden;
        workspace.target_hidden.clear();
        for row in rows {
            workspace
                .target_hidden
                .extend_from_slice(&workspace.output[row * hidden..][..hidden]);
        }
        workspace.target_normed.resize(rows.len() * hidden, 0.0);
        workspace.target_inverse.resize(rows.len(), 0.0);
        rms_norm::forward(
            &workspace.target_hidden,
            self.slice(&self.weights.layout.final_norm),
            self.norm_eps(),
            &mut workspace.target_normed,
            &mut workspace.target_inverse,
        );
    }

    /// Logits at the given rows of the last forward pass.
    pub(crate) fn logits(&self, workspace: &mut Workspace, rows: &[usize]) -> Vec<f32> {
        self.gather(workspace, rows);
        let (hidden, vocabulary) = (self.architecture.hidden, self.architecture.vocabulary);
        let mut logits = vec![0.0; rows.len() * vocabulary];
        multiply(
            MatrixMut::new(&mut logits, rows.len(), vocabulary),
            Update::Replace,
            1.0,
            Matrix::new(&workspace.target_normed, rows.len(), hidden),
            Matrix::new(self.slice(&self.weights.layout.head), vocabulary, hidden).t(),
        );
        logits
    }

    /// The summed loss of each segment after a forward pass. With `gradient_scale` the gradient of the final norm's
    /// output, scaled so, is left in the workspace, and the head's gradient is added where it is wanted.
    pub(crate) fn segment_losses(
        &self,
        pack: &Pack,
        workspace: &mut Workspace,
        gradient_scale: Option<f32>,
        head_gradient: Option<&mut [f32]>,
    ) -> Vec<f64> {
        self.gather(workspace, &pack.target_rows);
        let (hidden, vocabulary) = (self.architecture.hidden, self.architecture.vocabulary);
        let head = Matrix::new(self.slice(&self.weights.layout.head), vocabulary, hidden);
        let mut head_gradient = head_gradient;
        let mut losses = Vec::with_capacity(pack.target_rows.len());
        workspace.d_target.resize(workspace.target_normed.len(), 0.0);
        for (chunk, targets) in pack.target_tokens.chunks(LOGIT_ROWS).enumerate() {
            let (first, rows) = (chunk * LOGIT_ROWS * hidden, targets.len());
            let normed = Matrix::new(&workspace.target_normed[first..], rows, hidden);
            workspace.logits.resize(rows * vocabulary, 0.0);
            multiply(
                MatrixMut::new(&mut workspace.logits, rows, vocabulary),
                Update::Replace,
                1.0,
                normed,
                head.t(),
            );
            losses.extend(cross_entropy::losses(
                &mut workspace.logits,
                vocabulary,
                targets,
                gradient_scale,
            ));
            if gradient_scale.is_some() {
                let d_logits = Matrix::new(&workspace.logits, rows, vocabulary);
                let d_normed = MatrixMut::new(&mut workspace.d_target[first..], rows, hidden);
                multiply(d_normed, Update::Replace, 1.0, d_logits, head);
                if let Some(gradient) = head_gradient.as_deref_mut() {
                    let gradient = MatrixMut::new(gradient, vocabulary, hidden);
                    multiply(gradient, Update::Add, 1.0, d_logits.t(), normed);
                }
            }
        }
        pack.segment_targets
            .iter()
            .map(|range| losses[range.clone()].iter().sum())
            .collect()
    }
}
