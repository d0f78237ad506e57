//! The backward pass.

use super::{
    Decoder, Pack, Workspace,
    forward::Keep,
    linear::{Product, Site},
};
use crate::{
    adapter::Group,
    kernels::{
        attention::{self, BackwardScratch},
        elementwise::swiglu_backward,
        rms_norm,
        rotary::Turn,
    },
};

/// Where gradients are added up, flat and laid out as the values are. What is absent is not computed.
#[derive(Debug, Default)]
pub(crate) struct Gradients {
    pub(crate) adapter: Option<Vec<f32>>,
    pub(crate) base: Option<Vec<f32>>,
}

impl Gradients {
    pub(crate) fn clear(&mut self) {
        for values in [&mut self.adapter, &mut self.base].into_iter().flatten() {
            values.fill(0.0);
        }
    }
}

/// Buffers of the backward pass.
#[derive(Debug, Default)]
pub(crate) struct BackwardBuffers {
    d_stream: Vec<f32>,
    d_input: Vec<f32>,
    d_activated: Vec<f32>,
    d_attended: Vec<f32>,
    d_qkv: Vec<f32>,
    attention: BackwardScratch,
}

impl Decoder<'_> {
    /// Forward and backward pass of a pack: returns each segment's summed loss and adds the gradients of
    /// `gradient_scale` times the pack's summed loss.
    pub(crate) fn losses_and_gradients(
        &self,
        pack: &Pack,
        gradient_scale: f32,
        gradients: &mut Gradients,
        workspace: &mut Workspace,
    ) -> Vec<f64> {
        self.forward(pack, workspace, Keep::All);
        let head = self.weights.layout.head.clone();
        let head_gradient = gradients.base.as_mut().map(|base| &mut base[head]);
        let losses = self.segment_losses(pack, workspace, Some(gradient_scale), head_gradient);
        let mut buffers = std::mem::take(&mut workspace.backward);
        self.final_norm_backward(pack, workspace, &mut buffers, gradients);
        for layer in (0..self.architecture.layers).rev() {
            self.layer_backward(layer, pack, workspace, &mut buffers, gradients);
        }
        if let Some(base) = &mut gradients.base {
            let hidden = self.architecture.hidden;
            let embedding = &mut base[self.weights.layout.embedding.clone()];
            for (token, gradient) in pack.tokens.iter().zip(buffers.d_stream.chunks_exact(hidden)) {
                let row = &mut embedding[*token as usize * hidden..][..hidden];
                row.iter_mut()
                    .zip(gradient)
                    .for_each(|(row, gradient)| *row += gradient);
            }
        }
        workspace.backward = buffers;
        losses
    }

    fn final_norm_backward(
        &self,
        pack: &Pack,
        workspace: &mut Workspace,
        buffers: &mut BackwardBuffers,
        gradients: &mut Gradients,
    ) {
        let hidden = self.architecture.hidden;
        let range = &self.weights.layout.final_norm;
        buffers.d_input.clear();
        buffers.d_input.resize(workspace.target_hidden.len(), 0.0);
        rms_norm::backward(
            &workspace.target_hidden,
            self.slice(range),
            &workspace.target_inverse,
            &workspace.d_target,
            &mut buffers.d_input,
        );
        if let Some(base) = &mut gradients.base {
            rms_norm::backward_weight(
                &workspace.target_hidden,
                &workspace.target_inverse,
                &workspace.d_target,
                &mut base[range.clone()],
            );
        }
        buffers.d_stream.clear();
        buffers.d_stream.resize(pack.rows() * hidden, 0.0);
        for (row, gradient) in pack.target_rows.iter().zip(buffers.d_input.chunks_exact(hidden)) {
            buffers.d_stream[row * hidden..][..hidden].copy_from_slice(gradient);
        }
    }

    /// Takes the gradient of a layer's output in `d_stream` to that of its input.
    fn layer_backward(
        &self,
        layer: usize,
        pack: &Pack,
        workspace: &mut Workspace,
        buffers: &mut BackwardBuffers,
        gradients: &mut Gradients,
    ) {
        let (hidden, intermediate) = (self.architecture.hidden, self.architecture.intermediate);
        let heads = self.architecture.heads();
        let queries = heads.query * heads.width;
        let layout = self.layer(layer);
        let site = |group| Site { layer, group };
        let trace = &mut workspace.traces[layer];
        let scratch = &mut workspace.linear;

        self.linear_backward(
            Product {
                site: site(Group::Down),
                pack,
                x: &trace.activated,
                inputs: intermediate,
            },
            &trace.low[Group::Down as usize],
            &buffers.d_stream,
            Some(&mut buffers.d_activated),
            gradients,
            scratch,
        );
        swiglu_backward(&mut trace.gate_up, intermediate, &buffers.d_activated);
        self.linear_backward(
            Product {
                site: site(Group::GateUp),
                pack,
                x: &trace.middle_normed,
                inputs: hidden,
            },
            &trace.low[Group::GateUp as usize],
            &trace.gate_up,
            Some(&mut buffers.d_input),
            gradients,
            scratch,
        );
        if let Some(base) = &mut gradients.base {
            let weight = &mut base[layout.post_norm.clone()];
            rms_norm::backward_weight(&trace.middle, &trace.middle_inverse, &buffers.d_input, weight);
        }
        rms_norm::backward(
            &trace.middle,
            self.slice(&layout.post_norm),
            &trace.middle_inverse,
            &buffers.d_input,
            &mut buffers.d_stream,
        );

        self.linear_backward(
            Product {
                site: site(Group::Output),
                pack,
                x: &trace.attended,
                inputs: queries,
            },
            &trace.low[Group::Output as usize],
            &buffers.d_stream,
            Some(&mut buffers.d_attended),
            gradients,
            scratch,
        );
        buffers.d_qkv.resize(trace.qkv.len(), 0.0);
        let forward = attention::Forward {
            qkv: &trace.qkv,
            segments: &pack.segments,
            heads,
            out: &trace.attended,
            normalisers: &trace.normalisers,
        };
        attention::backward(
            forward,
            &buffers.d_attended,
            &mut buffers.d_qkv,
            &mut buffers.attention,
        );
        self.turn(pack, &mut buffers.d_qkv, Turn::Backward);
        // Nothing below the first layer learns unless the base does: its input needs no gradient.
        let wanted = layer > 0 || gradients.base.is_some();
        self.linear_backward(
            Product {
                site: site(Group::QueryKeyValue),
                pack,
                x: &trace.normed,
                inputs: hidden,
            },
            &trace.low[Group::QueryKeyValue as usize],
            &buffers.d_qkv,
            wanted.then_some(&mut buffers.d_input),
            gradients,
            scratch,
        );
        if !wanted {
            return;
        }
        if let Some(base) = &mut gradients.base {
            let weight = &mut base[layout.input_norm.clone()];
            rms_norm::backward_weight(&trace.input, &trace.input_inverse, &buffers.d_input, weight);
        }
        rms_norm::backward(
            &trace.input,
            self.slice(&layout.input_norm),
            &trace.input_inverse,
            &buffers.d_input,
            &mut buffers.d_stream,
        );
    }
}
