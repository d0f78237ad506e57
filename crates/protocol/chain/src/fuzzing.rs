//! A door for the fuzz targets, which exists only in builds of the fuzzer.

use crate::{
    BlockHash, ShapeError,
    runtime::{Runtime, RuntimeVersion},
};

/// Reads bytes that a node handed out as its metadata, and looks things up in them.
///
/// # Errors
///
/// When they are no metadata that this client understands.
pub fn read_metadata(bytes: &[u8]) -> Result<(), ShapeError> {
    let version = RuntimeVersion {
        spec: 1,
        transaction: 1,
    };
    let runtime = Runtime::new(version, bytes, BlockHash([0; 32]))?;
    let _ = runtime.has_storage("SubtensorModule", "Tempo");
    let _ = runtime.storage_key("SubtensorModule", "Tempo", vec![scale_value::Value::u128(1)]);
    let _ = runtime.constant::<u64>("Balances", "ExistentialDeposit");
    Ok(())
}
