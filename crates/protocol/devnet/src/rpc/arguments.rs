//! The parameters of a request, leniently: an array, an object with the method's names, or nothing.

use super::RpcError;
use node_subtensor_runtime::AccountId;
use serde_json::Value;
use sp_core::{H256, crypto::Ss58Codec};

/// Keys of one request. The longest lists of known clients have one key for each neuron of a subnet, 4096 at most; a
/// megabyte of hex could name ten times as many as this, each a walk through the state.
const MAX_LIST: usize = 10_000;

/// The values of a request, each at its place in the method's list of names.
#[derive(Debug)]
pub(super) struct Arguments {
    names: &'static [&'static str],
    values: Vec<Value>,
}

impl Arguments {
    /// Reads the `params` of a request.
    pub(super) fn parse(params: Option<&str>, names: &'static [&'static str]) -> Result<Self, RpcError> {
        let params = params.map_or(Ok(Value::Null), serde_json::from_str);
        let values = match params.map_err(|error| RpcError::params(error.to_string()))? {
            Value::Null => Vec::new(),
            Value::Array(values) if values.len() > names.len() => {
                return Err(RpcError::params(format!(
                    "{} parameters where there are at most {}",
                    values.len(),
                    names.len()
                )));
            }
            Value::Array(values) => values,
            Value::Object(mut fields) => {
                let values = names
                    .iter()
                    .map(|name| fields.remove(*name).unwrap_or(Value::Null))
                    .collect();
                if let Some(name) = fields.keys().next() {
                    return Err(RpcError::params(format!("there is no parameter {name}")));
                }
                values
            }
            _ => return Err(RpcError::params("neither an array nor an object".to_owned())),
        };
        Ok(Self { names, values })
    }

    /// The value at a place; null counts as absent.
    pub(super) fn value(&self, place: usize) -> Option<&Value> {
        self.values.get(place).filter(|value| !value.is_null())
    }

    /// A block hash.
    pub(super) fn hash(&self, place: usize) -> Result<Option<H256>, RpcError> {
        self.value(place)
            .map(|value| {
                let bytes = value
                    .as_str()
                    .and_then(from_hex)
                    .filter(|bytes| bytes.len() == 32);
                bytes
                    .map(|bytes| H256::from_slice(&bytes))
                    .ok_or_else(|| self.refuse(place, "a hash of 64 hex digits"))
            })
            .transpose()
    }

    /// Bytes in hex, with or without `0x`.
    pub(super) fn bytes(&self, place: usize) -> Result<Vec<u8>, RpcError> {
        self.value(place)
            .and_then(Value::as_str)
            .and_then(from_hex)
            .ok_or_else(|| self.refuse(place, "bytes in hex"))
    }

    /// As [`Arguments::bytes`], or none.
    pub(super) fn optional_bytes(&self, place: usize) -> Result<Option<Vec<u8>>, RpcError> {
        self.value(place).map(|_| self.bytes(place)).transpose()
    }

    /// A list of byte strings in hex, at most [`MAX_LIST`].
    pub(super) fn list_of_bytes(&self, place: usize) -> Result<Vec<Vec<u8>>, RpcError> {
        let list = self.value(place).and_then(Value::as_array);
        if list.is_some_and(|list| list.len() > MAX_LIST) {
            return Err(self.refuse(place, "a list of at most 10000 keys"));
        }
        list.and_then(|values| {
            values
                .iter()
                .map(|value| value.as_str().and_then(from_hex))
                .collect()
        })
        .ok_or_else(|| self.refuse(place, "a list of keys in hex"))
    }

    /// A text.
    pub(super) fn text(&self, place: usize) -> Result<&str, RpcError> {
        self.value(place)
            .and_then(Value::as_str)
            .ok_or_else(|| self.refuse(place, "a text"))
    }

    /// An account: an SS58 address of any network, or its 32 bytes in hex.
    pub(super) fn account(&self, place: usize) -> Result<AccountId, RpcError> {
        let text = self.text(place)?;
        let from_bytes = || from_hex(text).and_then(|bytes| AccountId::try_from(&bytes[..]).ok());
        AccountId::from_ss58check_with_version(text)
            .map(|(account, _)| account)
            .ok()
            .or_else(from_bytes)
            .ok_or_else(|| self.refuse(place, "an SS58 address, or 64 hex digits"))
    }

    /// A number.
    pub(super) fn number(&self, place: usize) -> Result<Option<u64>, RpcError> {
        self.value(place)
            .map(|value| number_from(value).ok_or_else(|| self.refuse(place, "a number")))
            .transpose()
    }

    /// A number in the range of `T`.
    pub(super) fn number_in<T: TryFrom<u64>>(&self, place: usize) -> Result<Option<T>, RpcError> {
        self.number(place)?
            .map(|number| T::try_from(number).map_err(|_| self.refuse(place, "a smaller number")))
            .transpose()
    }

    /// The error for a value that is not what it should be.
    pub(super) fn refuse(&self, place: usize, wanted: &str) -> RpcError {
        let name = self.names.get(place).copied().unwrap_or("parameter");
        RpcError::params(format!("{name} should be {wanted}"))
    }
}

/// A JSON number, or one in hex as some clients send it.
pub(super) fn number_from(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        _ => None,
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    const_hex::decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["key", "at"];

    #[test]
    fn arrays_objects_and_nothing_are_the_same_to_a_method() {
        for params in [r#"["0x01", null]"#, r#"["01"]"#, r#"{"key": "0x01"}"#] {
            let arguments = Arguments::parse(Some(params), NAMES).unwrap();
            assert_eq!(arguments.bytes(0).unwrap(), [1], "{params}");
            assert_eq!(arguments.hash(1).unwrap(), None, "{params}");
        }
        assert!(Arguments::parse(None, NAMES).unwrap().value(0).is_none());
    }

    #[test]
    fn what_does_not_belong_is_refused_by_name() {
        let refused = |params: &str| Arguments::parse(Some(params), NAMES).unwrap_err().to_string();
        assert!(refused(r#"["0x", null, 1]"#).contains("at most 2"));
        assert!(refused(r#"{"keys": "0x"}"#).contains("no parameter keys"));
        assert!(refused("7").contains("neither"));
        let arguments = Arguments::parse(Some(r#"["0x1", "0x22"]"#), NAMES).unwrap();
        assert!(
            arguments
                .bytes(0)
                .unwrap_err()
                .to_string()
                .contains("key should be")
        );
        assert!(
            arguments
                .hash(1)
                .unwrap_err()
                .to_string()
                .contains("at should be")
        );
    }

    #[test]
    fn numbers_come_as_numbers_and_in_hex() {
        let arguments = Arguments::parse(Some(r#"[12, "0xc"]"#), NAMES).unwrap();
        assert_eq!(arguments.number(0).unwrap(), Some(12));
        assert_eq!(arguments.number(1).unwrap(), Some(12));
        assert!(
            Arguments::parse(Some("[70000]"), NAMES)
                .unwrap()
                .number_in::<u16>(0)
                .is_err()
        );
        assert!(Arguments::parse(Some("[1.5]"), NAMES).unwrap().number(0).is_err());
    }
}
