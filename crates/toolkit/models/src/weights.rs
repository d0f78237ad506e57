//! The weights of a base model in one flat buffer.
//!
//! Queries, keys and values of a layer lie together, and so do gate and upward map, so that each pair of products
//! that share an input is one product.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
};

use crate::{
    Architecture, ModelError, Projection,
    tensor_file::{self, Outgoing, Precision, TensorFile, WEIGHTS_LIMIT, read_limited},
};

/// Most bytes of a shard index; that of a 70-billion model has 60 KB.
const INDEX_LIMIT: u64 = 16 << 20;

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

#[derive(serde::Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Reads `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    pub(crate) fn load(folder: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let files = weight_files(folder)?;
        let mut paths = Vec::with_capacity(files.len());
        let layout = Layout::new(architecture);
        // The files must be large enough for the tensors before room for the tensors is made: two bytes an element.
        let mut present = 0;
        for file in &files {
            let path = folder.join(file);
            present += fs_err::metadata(&path)?.len();
            paths.push(path);
        }
        if present / 2 < layout.length as u64 {
            return Err(ModelError::TensorShape {
                name: "(all tensors of the model)".to_owned(),
                expected: vec![layout.length],
                found: vec![usize::try_from(present / 2).unwrap_or(usize::MAX)],
            });
        }
        let tensors = layout.tensors(architecture);
        let mut values = vec![0.0; layout.length];
        let mut missing: BTreeSet<usize> = (0..tensors.len()).collect();
        for path in paths {
            let content = read_limited(&path, WEIGHTS_LIMIT)?;
            let file = TensorFile::new(&path, &content)?;
            for index in missing.clone() {
                let tensor = &tensors[index];
                if file.read_into(&tensor.name, &tensor.shape, &mut values[tensor.range.clone()])? {
                    missing.remove(&index);
                }
            }
        }
        if let Some(index) = missing.first() {
            return Err(ModelError::MissingTensor {
                name: tensors[*index].name.clone(),
                path: folder.to_owned(),
            });
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

/// The names of the weight files in a folder.
fn weight_files(folder: &Path) -> Result<Vec<String>, ModelError> {
    const SINGLE: &str = "model.safetensors";
    let index_path = folder.join("model.safetensors.index.json");
    if folder.join(SINGLE).is_file() || !index_path.is_file() {
        return Ok(vec![SINGLE.to_owned()]);
    }
    let content = read_limited(&index_path, INDEX_LIMIT)?;
    let index: ShardIndex = serde_json::from_slice(&content).map_err(|source| ModelError::Json {
        path: index_path.clone(),
        source,
    })?;
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    for file in &files {
        let plain = Path::new(file)
            .file_name()
            .is_some_and(|name| name == file.as_str());
        if !plain || !file.ends_with(".safetensors") {
            return Err(ModelError::Unsupported {
                path: index_path,
                field: "weight_map",
                value: file.clone(),
                supported: "names of safetensors files in the same folder",
            });
        }
    }
    Ok(files.into_iter().collect())
}
