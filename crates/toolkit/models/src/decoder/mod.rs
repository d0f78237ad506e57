//! The decoder's forward and backward pass, written out by hand over flat buffers.
//!
//! A pack is a few rows one behind the other. All products run over the whole pack; attention and positions start
//! afresh with each row, so that nothing is padded and the losses are those of the rows alone. No graph is recorded:
//! the backward pass knows what the forward pass kept, and frozen weights get no gradient.

mod backward;
mod cached;
mod forward;
#[cfg(test)]
mod gradient_check;
mod linear;
mod pack;

pub(crate) use backward::Gradients;
pub(crate) use cached::KeyValueCache;
pub(crate) use forward::{Keep, Workspace};
pub(crate) use linear::Dropout;
pub(crate) use pack::{Pack, plan_packs};

use crate::{
    Architecture,
    adapter::AdapterLayout,
    kernels::rotary::Rotary,
    weights::{LayerLayout, Weights},
};

/// An adapter in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActiveAdapter<'a> {
    pub(crate) layout: &'a AdapterLayout,
    pub(crate) values: &'a [f32],
    pub(crate) scale: f32,
    pub(crate) dropout: Option<&'a Dropout>,
}

/// A base model, perhaps with an adapter, ready to compute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder<'a> {
    pub(crate) architecture: &'a Architecture,
    pub(crate) weights: &'a Weights,
    pub(crate) rotary: &'a Rotary,
    pub(crate) adapter: Option<ActiveAdapter<'a>>,
}

impl<'a> Decoder<'a> {
    fn layer(&self, index: usize) -> &'a LayerLayout {
        &self.weights.layout.layers[index]
    }

    fn slice(&self, range: &std::ops::Range<usize>) -> &'a [f32] {
        &self.weights.values[range.clone()]
    }

    fn norm_eps(&self) -> f32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "single precision is what the layer computes in"
        )]
        {
            self.architecture.norm_eps as f32
        }
    }
}
