//! Calls, storage, constants and runtime APIs by name, with arguments and answers in JSON.

use super::Runtime;
use crate::{
    Call, ChainError, Item,
    json::{ArgumentError, arguments, json_of, value_of},
};
use scale_value::{Value, scale::decode_as_type};
use serde_json::Value as Json;
use subxt::ext::frame_decode::storage::StorageHasher;

/// Bytes of pallet and entry before the first key.
const PREFIX: usize = 32;

impl Runtime {
    /// A call from its name and JSON arguments.
    pub(crate) fn call_from_json(&self, pallet: &str, name: &str, json: &Json) -> Result<Call, ChainError> {
        let variant = self
            .metadata()
            .pallet_by_name(pallet)
            .and_then(|found| found.call_variant_by_name(name))
            .ok_or_else(|| self.missing(Item::call(pallet, name)))?;
        let fields: Vec<_> = variant
            .fields
            .iter()
            .map(|field| (field.name.as_deref().unwrap_or_default(), field.ty.id))
            .collect();
        let arguments = arguments(self.metadata().types(), &fields, json)?;
        Ok(Call::from_arguments(
            pallet.to_owned(),
            name.to_owned(),
            arguments,
        ))
    }

    /// Keys of a storage entry, as many as are given.
    pub(crate) fn keys_from_json(
        &self,
        pallet: &str,
        entry: &str,
        keys: &[Json],
    ) -> Result<Vec<Value>, ChainError> {
        let known: Vec<_> = self.entry(pallet, entry)?.keys().map(|key| key.key_id).collect();
        if keys.len() > known.len() {
            let wanted = match known.len() {
                0 => "no keys".to_owned(),
                most => format!("at most {most} keys"),
            };
            return Err(ArgumentError::new(wanted, &Json::from(keys))
                .within("keys")
                .into());
        }
        let values = keys.iter().zip(known).enumerate().map(|(place, (json, id))| {
            value_of(self.metadata().types(), id, json).map_err(|error| error.at(place).within("keys"))
        });
        Ok(values.collect::<Result<_, _>>()?)
    }

    /// How many keys a storage entry has.
    pub(crate) fn key_count(&self, pallet: &str, entry: &str) -> Result<usize, ChainError> {
        Ok(self.entry(pallet, entry)?.keys().len())
    }

    fn entry(&self, pallet: &str, entry: &str) -> Result<&subxt::metadata::StorageEntryMetadata, ChainError> {
        let found = self
            .metadata()
            .pallet_by_name(pallet)
            .and_then(|found| found.storage())
            .and_then(|storage| storage.entry_by_name(entry));
        found.ok_or_else(|| self.missing(Item::storage(pallet, entry)).into())
    }

    /// A stored value; the entry's default where nothing is stored, `null` where there is none.
    pub(crate) fn storage_json(
        &self,
        pallet: &str,
        entry: &str,
        bytes: Option<&[u8]>,
    ) -> Result<Json, ChainError> {
        let found = self.entry(pallet, entry)?;
        match bytes.or_else(|| found.default_value()) {
            Some(bytes) => self.decoded(|| Item::storage(pallet, entry), found.value_ty(), bytes),
            None => Ok(Json::Null),
        }
    }

    /// The keys in a storage key: decoded where the hasher leaves them readable, the hash itself elsewhere.
    pub(crate) fn keys_json(&self, pallet: &str, entry: &str, key: &[u8]) -> Result<Vec<Json>, ChainError> {
        let item = || Item::storage(pallet, entry);
        let found = self.entry(pallet, entry)?;
        let short = || ChainError::from(self.unknown(item(), ShortKey));
        let mut rest = key.get(PREFIX..).ok_or_else(short)?;
        let mut keys = Vec::new();
        for part in found.keys() {
            let (hash, after) = rest
                .split_at_checked(part.hasher.len_excluding_key())
                .ok_or_else(short)?;
            rest = after;
            let is_readable = matches!(
                part.hasher,
                StorageHasher::Identity | StorageHasher::Twox64Concat | StorageHasher::Blake2_128Concat
            );
            keys.push(if is_readable {
                let types = self.metadata().types();
                let value = decode_as_type(&mut rest, part.key_id, types)
                    .map_err(|error| self.unknown(item(), error))?;
                json_of(types, &value)
            } else {
                Json::String(format!("0x{}", hex::encode(hash)))
            });
        }
        Ok(keys)
    }

    /// Encoded arguments of a runtime API call, from an object or an array.
    pub(crate) fn api_arguments_from_json(
        &self,
        api: &str,
        method: &str,
        json: &Json,
    ) -> Result<Vec<u8>, ChainError> {
        let found = self
            .metadata()
            .runtime_api_trait_by_name(api)
            .and_then(|found| found.method_by_name(method))
            .ok_or_else(|| self.missing(Item::runtime_api(api, method)))?;
        let inputs: Vec<_> = found
            .inputs()
            .map(|input| (input.name.as_ref(), input.id))
            .collect();
        let values = arguments(self.metadata().types(), &inputs, json)?;
        Ok(self.api_arguments(api, method, values.into_iter().map(|(_, value)| value).collect())?)
    }

    /// The answer of a runtime API call.
    pub(crate) fn api_answer_json(&self, api: &str, method: &str, bytes: &[u8]) -> Result<Json, ChainError> {
        let item = || Item::runtime_api(api, method);
        let found = self
            .metadata()
            .runtime_api_trait_by_name(api)
            .and_then(|found| found.method_by_name(method))
            .ok_or_else(|| self.missing(item()))?;
        self.decoded(item, found.output_ty(), bytes)
    }

    /// A constant.
    pub(crate) fn constant_json(&self, pallet: &str, name: &str) -> Result<Json, ChainError> {
        let item = || Item::Constant {
            pallet: pallet.to_owned(),
            constant: name.to_owned(),
        };
        let constant = self
            .metadata()
            .pallet_by_name(pallet)
            .and_then(|pallet| pallet.constant_by_name(name))
            .ok_or_else(|| self.missing(item()))?;
        self.decoded(item, constant.ty(), constant.value())
    }

    fn decoded(&self, item: impl Fn() -> Item, ty: u32, bytes: &[u8]) -> Result<Json, ChainError> {
        let mut bytes = bytes;
        let types = self.metadata().types();
        let value = decode_as_type(&mut bytes, ty, types).map_err(|error| self.unknown(item(), error))?;
        self.nothing_left(bytes, item)?;
        Ok(json_of(types, &value))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a storage key is shorter than its parts")]
struct ShortKey;
