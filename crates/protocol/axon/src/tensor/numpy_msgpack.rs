//! The MessagePack that `msgpack_numpy` makes of an array: a map of `nd`, `type`, `kind`, `shape` and `data`.

use crate::tensor::{DType, MAX_RANK, TensorError};
use rmp::{Marker, decode, encode};

/// An array in this form.
pub(super) struct Packed<'a> {
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    pub(super) data: &'a [u8],
}

impl<'a> Packed<'a> {
    /// Reads the keys in any order, as bytes or as text: older versions of Python's msgpack knew no difference.
    pub(super) fn read(mut packed: &'a [u8]) -> Result<Self, TensorError> {
        let rest = &mut packed;
        let (mut is_array, mut dtype, mut shape, mut data) = (None, None, None, None);
        let entries = decode::read_map_len(rest).map_err(|_| malformed("map"))?;
        for _ in 0..entries {
            match read_blob(rest, "key")? {
                b"nd" => is_array = Some(decode::read_bool(rest).map_err(|_| malformed("nd"))?),
                b"type" => dtype = Some(read_type(rest)?),
                // Records and Python objects have one.
                b"kind" => {
                    if !read_blob(rest, "kind")?.is_empty() {
                        return Err(TensorError::NotPlain);
                    }
                }
                b"shape" => shape = Some(read_shape(rest)?),
                b"data" => data = Some(read_blob(rest, "data")?),
                _ => return Err(malformed("key")),
            }
        }
        if !rest.is_empty() {
            return Err(malformed("end"));
        }
        if is_array.ok_or(TensorError::Missing { key: "nd" })? {
            Ok(Self {
                dtype: dtype.ok_or(TensorError::Missing { key: "type" })?,
                shape: shape.ok_or(TensorError::Missing { key: "shape" })?,
                data: data.ok_or(TensorError::Missing { key: "data" })?,
            })
        } else {
            Err(TensorError::NotPlain)
        }
    }

    /// Writes what Python would. Writing to memory cannot fail, which the types say.
    pub(super) fn write(&self) -> Vec<u8> {
        // The five keys and the longest shape that is common fit before the numbers.
        let mut out = encode::ByteBuf::with_capacity(self.data.len() + 64);
        let Ok(_) = encode::write_map_len(&mut out, 5);
        let Ok(()) = encode::write_bin(&mut out, b"nd");
        let Ok(()) = encode::write_bool(&mut out, true);
        let Ok(()) = encode::write_bin(&mut out, b"type");
        let Ok(()) = encode::write_str(&mut out, self.dtype.typestr());
        let Ok(()) = encode::write_bin(&mut out, b"kind");
        let Ok(()) = encode::write_bin(&mut out, b"");
        let Ok(()) = encode::write_bin(&mut out, b"shape");
        // A tensor has at most `MAX_RANK` dimensions.
        let Ok(_) = encode::write_array_len(&mut out, u32::try_from(self.shape.len()).unwrap_or(u32::MAX));
        for length in &self.shape {
            let Ok(_) = encode::write_uint(&mut out, u64::try_from(*length).unwrap_or(u64::MAX));
        }
        let Ok(()) = encode::write_bin(&mut out, b"data");
        let Ok(()) = encode::write_bin(&mut out, self.data);
        out.into_vec()
    }
}

fn malformed(part: &'static str) -> TensorError {
    TensorError::Malformed { part }
}

/// Bytes or text, borrowed.
fn read_blob<'a>(rest: &mut &'a [u8], part: &'static str) -> Result<&'a [u8], TensorError> {
    let marker = rest.first().map(|first| Marker::from_u8(*first));
    let length = match marker {
        Some(Marker::Bin8 | Marker::Bin16 | Marker::Bin32) => decode::read_bin_len(rest),
        _ => decode::read_str_len(rest),
    };
    length
        .ok()
        .and_then(|length| usize::try_from(length).ok())
        .and_then(|length| rest.split_off(..length))
        .ok_or_else(|| malformed(part))
}

fn read_type(rest: &mut &[u8]) -> Result<DType, TensorError> {
    // An array of records has a list of its fields here.
    if matches!(
        rest.first().map(|first| Marker::from_u8(*first)),
        Some(Marker::FixArray(_) | Marker::Array16 | Marker::Array32)
    ) {
        return Err(TensorError::NotPlain);
    }
    let name = str::from_utf8(read_blob(rest, "type")?).map_err(|_| malformed("type"))?;
    DType::from_typestr(name)
}

fn read_shape(rest: &mut &[u8]) -> Result<Vec<usize>, TensorError> {
    let rank = decode::read_array_len(rest).map_err(|_| malformed("shape"))?;
    let rank = usize::try_from(rank).unwrap_or(usize::MAX);
    if rank > MAX_RANK {
        return Err(TensorError::TooManyDimensions { found: rank });
    }
    (0..rank)
        .map(|_| decode::read_int(rest).map_err(|_| malformed("shape")))
        .collect()
}
