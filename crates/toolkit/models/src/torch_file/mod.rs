//! Files that `torch.save` wrote, read without running anything.
//!
//! Such a file is a zip archive, its entries stored as they are: a pickle that says which tensor has which name, shape
//! and place, and one entry for every storage. Unpickling in Python can run any code; here an interpreter knows the few
//! operations that a dictionary of tensors needs and refuses every other by name.

mod archive;
mod error;
mod pickle;

use std::{
    io::{Read, Seek},
    path::Path,
};

pub use error::TorchFileError;

use crate::{
    ModelError,
    checkpoint::{ElementType, TensorEntry},
};

/// Finds the tensors of a file; `path` names it in errors.
pub(crate) fn read(
    path: &Path,
    file: &mut (impl Read + Seek),
) -> Result<Vec<(String, TensorEntry)>, ModelError> {
    tensors(file).map_err(|source| ModelError::TorchFile {
        path: path.to_owned(),
        source,
    })
}

/// A tensor of a `torch.save` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TorchTensor {
    /// Its name in the dictionary.
    pub name: String,
    /// Its elements in each dimension.
    pub shape: Vec<usize>,
    /// The element type: F32, F16 or BF16, which models are read from, or the name of torch's class of storage.
    pub element: String,
}

/// The tensors of a `torch.save` file, by name; only what describes them is read.
///
/// # Errors
/// Everything that is not a plain dictionary of tensors.
pub fn list_torch_tensors(mut file: impl Read + Seek) -> Result<Vec<TorchTensor>, TorchFileError> {
    let tensors = tensors(&mut file)?;
    Ok(tensors
        .into_iter()
        .map(|(name, entry)| TorchTensor {
            name,
            shape: entry.shape,
            element: entry.element.to_string(),
        })
        .collect())
}

fn tensors(file: &mut (impl Read + Seek)) -> Result<Vec<(String, TensorEntry)>, TorchFileError> {
    let archive = archive::Archive::open(file)?;
    let tensors = pickle::state_dict(&archive.pickle)?;
    tensors
        .into_iter()
        .map(|(name, tensor)| {
            let entry = placed(&name, &tensor, &archive)?;
            Ok((name, entry))
        })
        .collect()
}

/// Where a tensor lies in the file, all of it inside its storage.
fn placed(
    name: &str,
    tensor: &pickle::Tensor,
    archive: &archive::Archive,
) -> Result<TensorEntry, TorchFileError> {
    let outside = || TorchFileError::OutsideStorage {
        tensor: name.to_owned(),
    };
    let storage =
        archive
            .storages
            .get(&*tensor.storage.key)
            .ok_or_else(|| TorchFileError::MissingStorage {
                tensor: name.to_owned(),
                storage: tensor.storage.key.to_string(),
            })?;
    let width = tensor.storage.kind.width();
    if tensor.storage.elements.checked_mul(width) != Some(storage.bytes) {
        return Err(outside());
    }
    // One past the last element, and the number of elements: a tensor that shows an element twice is not a weight.
    let (mut end, mut count) = (tensor.offset, 1_u64);
    for (size, stride) in tensor.shape.iter().zip(&tensor.strides) {
        count = count.checked_mul(*size).ok_or_else(outside)?;
        let last = size.saturating_sub(1).checked_mul(*stride).ok_or_else(outside)?;
        end = end.checked_add(last).ok_or_else(outside)?;
    }
    if count > tensor.storage.elements || (count > 0 && end >= tensor.storage.elements) {
        return Err(outside());
    }
    let sizes = |values: &[u64]| -> Result<Vec<usize>, TorchFileError> {
        values
            .iter()
            .map(|value| usize::try_from(*value).map_err(|_| outside()))
            .collect()
    };
    let shape = sizes(&tensor.shape)?;
    let strides = sizes(&tensor.strides)?;
    // The stride of a dimension of one element does not matter.
    let mut next = 1;
    let contiguous = shape.iter().zip(&strides).rev().all(|(size, stride)| {
        let fits = *size <= 1 || *stride == next;
        next *= *size;
        fits
    });
    Ok(TensorEntry {
        element: match tensor.storage.kind {
            pickle::StorageKind::Float => ElementType::Single,
            pickle::StorageKind::Half => ElementType::Half,
            pickle::StorageKind::BFloat16 => ElementType::Brain,
            other => ElementType::Other(other.name().to_owned()),
        },
        shape,
        strides: (!contiguous && count > 0).then_some(strides),
        start: storage.start + tensor.offset * width,
    })
}
