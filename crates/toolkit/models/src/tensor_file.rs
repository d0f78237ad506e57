//! Small safetensors files read whole, such as adapters, and the writing of all. Sizes are checked before anything is
//! allocated from them.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::Path,
};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::ModelError;

/// Element type to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Single,
    Half,
}

/// Reads a file whole, but not more than `limit` bytes of it.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let file = fs_err::File::open(path)?;
    let bytes = file.metadata()?.len();
    if bytes > limit {
        return Err(ModelError::TooLarge {
            path: path.to_owned(),
            bytes,
            limit,
        });
    }
    let mut content = Vec::new();
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Writes a file so that a reader sees either the old content or the new, even when the process is killed.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), ModelError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The tensors of one file, their header checked.
#[derive(Debug)]
pub(crate) struct TensorFile<'a> {
    tensors: SafeTensors<'a>,
}

impl<'a> TensorFile<'a> {
    /// Checks the header of a file's content; `path` names it in errors.
    pub(crate) fn new(path: &Path, content: &'a [u8]) -> Result<Self, ModelError> {
        let tensors = SafeTensors::deserialize(content).map_err(|source| ModelError::Safetensors {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { tensors })
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.tensors.names()
    }

    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.tensor(name).ok().map(|view| view.shape().to_vec())
    }

    /// Copies a tensor into `out` as f32, its shape and element type checked. `false` when the file does not have it.
    pub(crate) fn read_into(
        &self,
        name: &str,
        expected: &[usize],
        out: &mut [f32],
    ) -> Result<bool, ModelError> {
        let Ok(view) = self.tensors.tensor(name) else {
            return Ok(false);
        };
        if view.shape() != expected {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                found: view.shape().to_vec(),
            });
        }
        convert(name, &view, out)?;
        if out.iter().any(|value| !value.is_finite()) {
            return Err(ModelError::TensorNotFinite {
                name: name.to_owned(),
            });
        }
        Ok(true)
    }
}

fn convert(name: &str, view: &TensorView<'_>, out: &mut [f32]) -> Result<(), ModelError> {
    let data = view.data();
    match view.dtype() {
        Dtype::F32 => {
            for (out, bytes) in out.iter_mut().zip(data.as_chunks::<4>().0) {
                *out = f32::from_le_bytes(*bytes);
            }
        }
        Dtype::F16 => {
            for (out, bytes) in out.iter_mut().zip(data.as_chunks::<2>().0) {
                *out = half::f16::from_le_bytes(*bytes).to_f32();
            }
        }
        Dtype::BF16 => {
            for (out, bytes) in out.iter_mut().zip(data.as_chunks::<2>().0) {
                *out = half::bf16::from_le_bytes(*bytes).to_f32();
            }
        }
        other => {
            return Err(ModelError::TensorType {
                name: name.to_owned(),
                found: format!("{other:?}"),
            });
        }
    }
    Ok(())
}

/// A tensor to write.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: &'a [f32],
}

/// Writes tensors, sorted by name, atomically.
pub(crate) fn write(path: &Path, tensors: &[Outgoing<'_>], precision: Precision) -> Result<(), ModelError> {
    let bytes: BTreeMap<&str, Vec<u8>> = tensors
        .iter()
        .map(|tensor| {
            let bytes = match precision {
                Precision::Single => tensor
                    .values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
                Precision::Half => tensor
                    .values
                    .iter()
                    .flat_map(|value| half::f16::from_f32(*value).to_le_bytes())
                    .collect(),
            };
            (tensor.name.as_str(), bytes)
        })
        .collect();
    let dtype = match precision {
        Precision::Single => Dtype::F32,
        Precision::Half => Dtype::F16,
    };
    let unsound = |source| ModelError::Safetensors {
        path: path.to_owned(),
        source,
    };
    let mut views = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let view =
            TensorView::new(dtype, tensor.shape.clone(), &bytes[tensor.name.as_str()]).map_err(unsound)?;
        views.push((tensor.name.clone(), view));
    }
    // Readers of the transformers family want to see the origin framework's format named.
    let metadata = std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let content = safetensors::serialize(views, Some(metadata)).map_err(unsound)?;
    write_atomically(path, &content)
}
