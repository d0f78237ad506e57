//! Values as JSON.

use serde::Serialize;

/// The value as JSON, with room for so many bytes from the start: a long text is not copied as the buffer grows.
pub(crate) fn to_json(value: &impl Serialize, room: usize) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::with_capacity(room);
    serde_json::to_writer(&mut json, value)?;
    Ok(json)
}
