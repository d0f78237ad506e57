//! The weights of a base model in one flat buffer.
//!
//! Queries, keys and values of a layer lie together, and so do gate and upward map, so that each pair of products
//! that share an input is one product.

use std::{ops::Range, path::Path};

use crate::{
    Architecture, ModelError, Projection,
    checkpoint::Checkpoint,
    tensor_file::{self, Outgoing, Precision},
};

/// Where the weights of a layer lie in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerLayout {
    pub(crate) input_norm: Range<usize>,
    pub(crate) qkv: Range<usize>,
    pub(crate) qkv_bias: Range<usize>,
    pub(crate) output: Range<usize>,
    pub(crate) post_norm: Range<usize>,
    pub(crate) gate_up: Range<usize>,
    pub(crate) down: Range<usize>,
}

/// Where everything lies in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) embedding: Range<usize>,
    pub(crate) layers: Vec<LayerLayout>,
    pub(crate) final_norm: Range<usize>,
    /// The same range as the embedding when they are tied.
    pub(crate) head: Range<usize>,
    pub(crate) length: usize,
}

/// One tensor of the model's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedTensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) range: Range<usize>,
}

impl Layout {
    pub(crate) fn new(architecture: &Architecture) -> Self {
        let mut next = 0;
        let mut take = |length: usize| {
            let range = next..next + length;
            next += length;
            range
        };
        let hidden = architecture.hidden;
        let queries = architecture.query_heads * architecture.head_width;
        let row = architecture.heads().row_width();
        let embedding = take(architecture.vocabulary * hidden);
        let layers = (0..architecture.layers)
            .map(|_| LayerLayout {
                input_norm: take(hidden),
                qkv: take(row * hidden),
                qkv_bias: take(row),
                output: take(hidden * queries),
                post_norm: take(hidden),
                gate_up: take(2 * architecture.intermediate * hidden),
                down: take(hidden * architecture.intermediate),
            })
            .collect();
        let final_norm = take(hidden);
        let head = if architecture.tied_embeddings {
            embedding.clone()
        } else {
            take(architecture.vocabulary * hidden)
        };
        Self {
            embedding,
            layers,
            final_norm,
            head,
            length: next,
        }
    }

    /// The range of one projection's weight, rows of its inputs.
    pub(crate) fn projection(
        &self,
        architecture: &Architecture,
        layer: usize,
        projection: Projection,
    ) -> Range<usize> {
        let layout = &self.layers[layer];
        let size = |projection| {
            let (inputs, outputs) = architecture.dimensions(projection);
            inputs * outputs
        };
        let (group, offset) = match projection {
            Projection::Query => (&layout.qkv, 0),
            Projection::Key => (&layout.qkv, size(Projection::Query)),
            Projection::Value => (&layout.qkv, size(Projection::Query) + size(Projection::Key)),
            Projection::Output => (&layout.output, 0),
            Projection::Gate => (&layout.gate_up, 0),
            Projection::Up => (&layout.gate_up, size(Projection::Gate)),
            Projection::Down => (&layout.down, 0),
        };
        let start = group.start + offset;
        start..start + size(projection)
    }

    /// Every tensor under the name that it has in a model's files.
    pub(crate) fn tensors(&self, architecture: &Architecture) -> Vec<NamedTensor> {
        let (vocabulary, hidden) = (architecture.vocabulary, architecture.hidden);
        let mut tensors = vec![NamedTensor {
            name: "model.embed_tokens.weight".to_owned(),
            shape: vec![vocabulary, hidden],
            range: self.embedding.clone(),
        }];
        for (index, layer) in self.layers.iter().enumerate() {
            for (name, range) in [
                ("input_layernorm", &layer.input_norm),
                ("post_attention_layernorm", &layer.post_norm),
            ] {
                tensors.push(NamedTensor {
                    name: format!("model.layers.{index}.{name}.weight"),
                    shape: vec![hidden],
                    range: range.clone(),
                });
            }
            let mut bias = layer.qkv_bias.start;
            for projection in Projection::ALL {
                let (inputs, outputs) = architecture.dimensions(projection);
                let module = projection.module(index);
                tensors.push(NamedTensor {
                    name: format!("{module}.weight"),
                    shape: vec![outputs, inputs],
                    range: self.projection(architecture, index, projection),
                });
                if matches!(
                    projection,
                    Projection::Query | Projection::Key | Projection::Value
                ) {
                    tensors.push(NamedTensor {
                        name: format!("{module}.bias"),
                        shape: vec![outputs],
                        range: bias..bias + outputs,
                    });
                    bias += outputs;
                }
            }
        }
        tensors.push(NamedTensor {
            name: "model.norm.weight".to_owned(),
            shape: vec![hidden],
            range: self.final_norm.clone(),
        });
        if !architecture.tied_embeddings {
            tensors.push(NamedTensor {
                name: "lm_head.weight".to_owned(),
                shape: vec![vocabulary, hidden],
                range: self.head.clone(),
            });
        }
        tensors
    }
}

/// A base model's weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pub(crate) layout: Layout,
    pub(crate) values: Vec<f32>,
}

impl Weights {
    /// Reads the tensors of a folder's checkpoint.
    pub(crate) fn load(folder: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let mut checkpoint = Checkpoint::open(folder)?;
        let layout = Layout::new(architecture);
        // The files must be large enough for the tensors before room for the tensors is made: two bytes an element.
        let present = checkpoint.bytes()?;
        if present / 2 < layout.length as u64 {
            return Err(ModelError::TensorShape {
                name: "(all tensors of the model)".to_owned(),
                expected: vec![layout.length],
                found: vec![usize::try_from(present / 2).unwrap_or(usize::MAX)],
            });
        }
        let mut values = vec![0.0; layout.length];
        for tensor in layout.tensors(architecture) {
            checkpoint.read_into(&tensor.name, &tensor.shape, &mut values[tensor.range])?;
        }
        Ok(Self { layout, values })
    }

    /// Writes `model.safetensors`.
    pub(crate) fn save(
        &self,
        folder: &Path,
        architecture: &Architecture,
        precision: Precision,
    ) -> Result<(), ModelError> {
        let tensors: Vec<Outgoing<'_>> = self
            .layout
            .tensors(architecture)
            .into_iter()
            .map(|tensor| Outgoing {
                name: tensor.name,
                shape: tensor.shape,
                values: &self.values[tensor.range],
            })
            .collect();
        tensor_file::write(&folder.join("model.safetensors"), &tensors, precision)
    }
}
