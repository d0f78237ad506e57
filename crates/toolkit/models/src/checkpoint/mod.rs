//! The tensors of a model's folder: one file or shards, safetensors or PyTorch's own, read one tensor at a time.
//!
//! Only headers are read when a checkpoint is opened. Whoever reads a tensor says what shape it must have, so that no
//! more memory is taken than the files hold.

mod elements;
mod safetensors_header;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

pub(crate) use elements::{ElementType, Elements};

use crate::{ModelError, tensor_file::read_limited, torch_file};

/// Most bytes of a shard index; that of a 70-billion model has 60 KB.
const INDEX_LIMIT: u64 = 16 << 20;

/// Bytes read at a time. Less costs more calls; more is memory beside that of the tensor.
const READ: usize = 1 << 20;

/// Where a tensor lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorEntry {
    pub(crate) element: ElementType,
    pub(crate) shape: Vec<usize>,
    /// Elements between neighbours of each dimension, where they are not those of rows one after another.
    pub(crate) strides: Option<Vec<usize>>,
    /// Its first byte in the file.
    pub(crate) start: u64,
}

/// A model's tensors by name.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    location: PathBuf,
    files: Vec<fs_err::File>,
    tensors: HashMap<String, (usize, TensorEntry)>,
}

#[derive(serde::Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// The tensors of a folder: those of `model.safetensors`, or else of the shards that its index names, or else the
    /// same of `pytorch_model.bin`.
    pub(crate) fn open(folder: &Path) -> Result<Self, ModelError> {
        for single in ["model.safetensors", "pytorch_model.bin"] {
            let index = folder.join(format!("{single}.index.json"));
            if folder.join(single).is_file() {
                return Self::of_files(folder, &[folder.join(single)]);
            }
            if index.is_file() {
                return Self::of_files(folder, &shards(folder, &index)?);
            }
        }
        // None of them: the error is that the first is not there.
        Self::of_files(folder, &[folder.join("model.safetensors")])
    }

    /// The tensors of one file.
    pub(crate) fn open_file(path: &Path) -> Result<Self, ModelError> {
        Self::of_files(path, &[path.to_owned()])
    }

    fn of_files(location: &Path, paths: &[PathBuf]) -> Result<Self, ModelError> {
        let mut files = Vec::with_capacity(paths.len());
        let mut tensors = HashMap::new();
        for path in paths {
            let mut file = fs_err::File::open(path)?;
            let found = if path
                .extension()
                .is_some_and(|extension| extension == "safetensors")
            {
                safetensors_header::read(path, &mut file)?
            } else {
                torch_file::read(path, &mut file)?
            };
            tensors.extend(
                found
                    .into_iter()
                    .map(|(name, entry)| (name, (files.len(), entry))),
            );
            files.push(file);
        }
        Ok(Self {
            location: location.to_owned(),
            files,
            tensors,
        })
    }

    /// Bytes of all files together.
    pub(crate) fn bytes(&self) -> Result<u64, ModelError> {
        let mut bytes = 0;
        for file in &self.files {
            bytes += file.metadata()?.len();
        }
        Ok(bytes)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn missing(&self, name: &str) -> ModelError {
        ModelError::MissingTensor {
            name: name.to_owned(),
            path: self.location.clone(),
        }
    }

    /// A tensor of a shape, in the precision that it is stored in.
    pub(crate) fn elements(&mut self, name: &str, expected: &[usize]) -> Result<Elements, ModelError> {
        let Some((file, entry)) = self.tensors.get(name) else {
            return Err(self.missing(name));
        };
        if entry.shape != expected {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                found: entry.shape.clone(),
            });
        }
        let file = &mut self.files[*file];
        let count = expected.iter().product();
        let mut elements =
            Elements::with_capacity(&entry.element, count).ok_or_else(|| ModelError::TensorType {
                name: name.to_owned(),
                found: entry.element.to_string(),
            })?;
        file.seek(SeekFrom::Start(entry.start))?;
        match &entry.strides {
            None => {
                let mut left = count * elements.width();
                let mut buffer = vec![0; READ.min(left)];
                while left > 0 {
                    let part = &mut buffer[..READ.min(left)];
                    file.read_exact(part)?;
                    elements.extend(part);
                    left -= part.len();
                }
            }
            Some(strides) => {
                let span = 1 + expected
                    .iter()
                    .zip(strides)
                    .map(|(size, stride)| size.saturating_sub(1) * stride)
                    .sum::<usize>();
                // The reader of the file has checked that it is inside of it.
                let mut stored = vec![0; span * elements.width()];
                file.read_exact(&mut stored)?;
                elements.gather(&stored, expected, strides);
            }
        }
        if !elements.all_finite() {
            return Err(ModelError::TensorNotFinite {
                name: name.to_owned(),
            });
        }
        Ok(elements)
    }

    /// A tensor as f32.
    pub(crate) fn read_into(
        &mut self,
        name: &str,
        expected: &[usize],
        out: &mut [f32],
    ) -> Result<(), ModelError> {
        self.elements(name, expected)?.widen_into(0, out);
        Ok(())
    }
}

/// The files that an index names, which must be plain names of the same kind.
fn shards(folder: &Path, index_path: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let content = read_limited(index_path, INDEX_LIMIT)?;
    let index: ShardIndex = serde_json::from_slice(&content).map_err(|source| ModelError::Json {
        path: index_path.to_owned(),
        source,
    })?;
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    let suffix = if index_path.ends_with("model.safetensors.index.json") {
        "safetensors"
    } else {
        "bin"
    };
    let mut paths = Vec::with_capacity(files.len());
    for file in files {
        let plain = Path::new(&file)
            .file_name()
            .is_some_and(|name| name == file.as_str());
        if !plain || Path::new(&file).extension().is_none_or(|found| found != suffix) {
            return Err(ModelError::Unsupported {
                path: index_path.to_owned(),
                field: "weight_map",
                value: file,
                supported: "names of weight files in the same folder, safetensors or bin as the index itself",
            });
        }
        paths.push(folder.join(file));
    }
    Ok(paths)
}
