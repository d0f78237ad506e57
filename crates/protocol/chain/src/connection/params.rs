//! Parameters of a request.

use serde::Serialize;
use serde_json::value::RawValue;
use subxt::ext::jsonrpsee::core::traits::ToRpcParams;

/// Parameters of a request, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<Box<RawValue>>);

impl Params {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// One more parameter.
    pub(crate) fn with(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        // Every parameter is text, a number, or a list of these: serialising them cannot fail.
        if let Ok(raw) = serde_json::value::to_raw_value(value) {
            self.0.push(raw);
        }
        self
    }
}

impl ToRpcParams for Params {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        if self.0.is_empty() {
            Ok(None)
        } else {
            serde_json::value::to_raw_value(&self.0).map(Some)
        }
    }
}

/// The `0x…` of some bytes.
pub(crate) fn hex_bytes(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
