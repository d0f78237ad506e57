//! The header of a safetensors file.

use std::{
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use safetensors::{Dtype, SafeTensorError, tensor::Metadata};

use super::{ElementType, TensorEntry};
use crate::ModelError;

/// Most bytes of a header, the format's own limit.
const HEADER_LIMIT: u64 = 100_000_000;

/// Reads and checks the header alone.
pub(super) fn read(
    path: &Path,
    file: &mut (impl Read + Seek),
) -> Result<Vec<(String, TensorEntry)>, ModelError> {
    let unsound = |source| ModelError::Safetensors {
        path: path.to_owned(),
        source,
    };
    let bytes = file.seek(SeekFrom::End(0))?;
    if bytes < 8 {
        return Err(unsound(SafeTensorError::HeaderTooSmall));
    }
    file.seek(SeekFrom::Start(0))?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > HEADER_LIMIT {
        return Err(unsound(SafeTensorError::HeaderTooLarge));
    }
    if length > bytes - 8 {
        return Err(unsound(SafeTensorError::InvalidHeaderLength));
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|source| unsound(SafeTensorError::InvalidHeaderDeserialization(source)))?;
    let first = 8 + length;
    if first + metadata.data_len() as u64 != bytes {
        return Err(unsound(SafeTensorError::MetadataIncompleteBuffer));
    }
    let entry = |(name, info): (String, &safetensors::tensor::TensorInfo)| {
        let entry = TensorEntry {
            element: match info.dtype {
                Dtype::F32 => ElementType::Single,
                Dtype::F16 => ElementType::Half,
                Dtype::BF16 => ElementType::Brain,
                other => ElementType::Other(format!("{other:?}")),
            },
            shape: info.shape.clone(),
            strides: None,
            start: first + info.data_offsets.0 as u64,
        };
        (name, entry)
    };
    Ok(metadata.tensors().into_iter().map(entry).collect())
}
