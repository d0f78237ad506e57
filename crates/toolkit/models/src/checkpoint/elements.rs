//! Numbers in the precision that they are stored in.

use half::{bf16, f16, slice::HalfFloatSliceExt};

/// The element types of tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ElementType {
    Single,
    Half,
    Brain,
    /// Another one, by its name; such a tensor may be in a file, but is not read.
    Other(String),
}

impl std::fmt::Display for ElementType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Single => "F32",
            Self::Half => "F16",
            Self::Brain => "BF16",
            Self::Other(name) => name,
        })
    }
}

/// Values of a tensor. Sixteen bits stay sixteen bits: a model of six billion weights must fit 13 GB.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Elements {
    Single(Vec<f32>),
    Half(Vec<f16>),
    Brain(Vec<bf16>),
}

impl Elements {
    /// Room for `count` elements; `None` for a type that is not read.
    pub(crate) fn with_capacity(element: &ElementType, count: usize) -> Option<Self> {
        match element {
            ElementType::Single => Some(Self::Single(Vec::with_capacity(count))),
            ElementType::Half => Some(Self::Half(Vec::with_capacity(count))),
            ElementType::Brain => Some(Self::Brain(Vec::with_capacity(count))),
            ElementType::Other(_) => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Single(values) => values.len(),
            Self::Half(values) => values.len(),
            Self::Brain(values) => values.len(),
        }
    }

    /// Bytes of an element.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Single(_) => 4,
            Self::Half(_) | Self::Brain(_) => 2,
        }
    }

    /// Appends elements from their bytes, little endian.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        match self {
            Self::Single(values) => {
                values.extend(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            Self::Half(values) => {
                values.extend(bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes)));
            }
            Self::Brain(values) => {
                values.extend(
                    bytes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|bytes| bf16::from_le_bytes(*bytes)),
                );
            }
        }
    }

    /// Appends the elements of a strided tensor, whose first one is the first of `bytes`, in the order of its shape.
    pub(crate) fn gather(&mut self, bytes: &[u8], shape: &[usize], strides: &[usize]) {
        let width = self.width();
        let mut index = vec![0; shape.len()];
        for _ in 0..shape.iter().product() {
            let at = index
                .iter()
                .zip(strides)
                .map(|(index, stride)| index * stride)
                .sum::<usize>()
                * width;
            self.extend(&bytes[at..at + width]);
            for (index, size) in index.iter_mut().zip(shape).rev() {
                *index += 1;
                if *index < *size {
                    break;
                }
                *index = 0;
            }
        }
    }

    /// Appends another tensor's elements; both become f32 when their precisions differ.
    pub(crate) fn append(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Single(to), Self::Single(from)) => to.extend(from),
            (Self::Half(to), Self::Half(from)) => to.extend(from),
            (Self::Brain(to), Self::Brain(from)) => to.extend(from),
            (_, other) => {
                let mut values = std::mem::replace(self, Self::Single(Vec::new())).into_single();
                values.extend(other.into_single());
                *self = Self::Single(values);
            }
        }
    }

    /// All elements as f32.
    pub(crate) fn into_single(self) -> Vec<f32> {
        match self {
            Self::Single(values) => values,
            narrow => {
                let mut values = vec![0.0; narrow.len()];
                narrow.widen_into(0, &mut values);
                values
            }
        }
    }

    /// Copies elements from `first` on as f32.
    pub(crate) fn widen_into(&self, first: usize, out: &mut [f32]) {
        match self {
            Self::Single(values) => out.copy_from_slice(&values[first..][..out.len()]),
            Self::Half(values) => values[first..][..out.len()].convert_to_f32_slice(out),
            Self::Brain(values) => values[first..][..out.len()].convert_to_f32_slice(out),
        }
    }

    /// Elements as f32: themselves where they are, or widened in `room`.
    pub(crate) fn widened<'a>(&'a self, range: std::ops::Range<usize>, room: &'a mut Vec<f32>) -> &'a [f32] {
        if let Self::Single(values) = self {
            return &values[range];
        }
        room.resize(range.len(), 0.0);
        self.widen_into(range.start, room);
        room
    }

    /// A matrix's elements in panels of `width` rows: column by column within each.
    pub(crate) fn in_panels(self, columns: usize, width: usize) -> Self {
        match self {
            Self::Single(values) => Self::Single(in_panels(&values, columns, width)),
            Self::Half(values) => Self::Half(in_panels(&values, columns, width)),
            Self::Brain(values) => Self::Brain(in_panels(&values, columns, width)),
        }
    }

    pub(crate) fn all_finite(&self) -> bool {
        match self {
            Self::Single(values) => values.iter().all(|value| value.is_finite()),
            Self::Half(values) => values.iter().all(|value| value.is_finite()),
            Self::Brain(values) => values.iter().all(|value| value.is_finite()),
        }
    }
}

fn in_panels<T: Copy>(values: &[T], columns: usize, width: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(values.len());
    for panel in values.chunks(width * columns) {
        for column in 0..columns {
            out.extend(panel[column..].iter().step_by(columns));
        }
    }
    out
}
