//! One version of the chain's runtime, as its metadata describes it: what storage keys, calls, events, answers and
//! transactions look like. Nothing about the chain's types is compiled in; names are looked up, and whatever does
//! not fit is a [`ShapeError`].

mod block;
mod by_json;
mod decoding;
mod events;
mod transaction;

pub(crate) use events::EventPhase;

use crate::{
    BlockHash, Call, ChainEvent, DispatchFailure, GeneralFailure,
    shape::{Item, Mismatch, ShapeError},
};
use assay_keys::{AccountId, Pair, Scheme};
use codec::Decode;
use decoding::Decoder;
use scale_value::Value;
use std::sync::Arc;
use subxt::{
    OfflineClient, OfflineClientAtBlock, SubstrateConfig,
    config::{
        DefaultExtrinsicParamsBuilder,
        substrate::{H256, SpecVersionForRange},
    },
    error::{ArithmeticError, DispatchError, TokenError},
    events::Phase,
    ext::{frame_decode::runtime_apis::encode_runtime_api_inputs, scale_decode::DecodeAsType},
    metadata::Metadata,
    utils::{AccountId32, MultiSignature},
};

/// Events of calls that run another call and succeed whatever that comes to; each has its result in a field.
const INNER_RESULTS: [(&str, &str); 9] = [
    ("Sudo", "Sudid"),
    ("Sudo", "SudoAsDone"),
    ("Proxy", "ProxyExecuted"),
    ("Multisig", "MultisigExecuted"),
    ("Utility", "DispatchedAs"),
    ("Utility", "BatchInterrupted"),
    ("Utility", "ItemFailed"),
    ("SubtensorModule", "Sudid"),
    ("SubtensorModule", "BatchWeightItemFailed"),
];

/// Values of an event's fields before its result: accounts, numbers, a hash.
const MOST_FIELD_VALUES: usize = 1_000;

/// The storage entry that says which runtime wrote a block.
pub(crate) const LAST_RUNTIME_UPGRADE: (&str, &str) = ("System", "LastRuntimeUpgrade");

/// Which runtime a block was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuntimeVersion {
    pub(crate) spec: u32,
    pub(crate) transaction: u32,
}

pub(crate) struct Runtime {
    version: RuntimeVersion,
    client: OfflineClientAtBlock<SubstrateConfig>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runtime({})", self.version.spec)
    }
}

/// The block after which a transaction is valid, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) from: crate::BlockRef,
    pub(crate) blocks: u64,
}

impl Runtime {
    /// Reads the metadata: the bytes with the `meta` magic, without a length prefix.
    pub(crate) fn new(
        version: RuntimeVersion,
        metadata: &[u8],
        genesis: BlockHash,
    ) -> Result<Self, ShapeError> {
        let unknown = |source| ShapeError::Unknown {
            item: Item::Runtime,
            spec_version: version.spec,
            source,
        };
        let metadata = Metadata::decode(&mut &*metadata).map_err(|error| unknown(Mismatch::new(error)))?;
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256(genesis.0))
            .set_metadata_for_spec_versions([(version.spec, Arc::new(metadata))])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version: version.spec,
                transaction_version: version.transaction,
            }])
            .build();
        let client = OfflineClient::new_with_config(config)
            .at_block(0u64)
            .map_err(|error| unknown(Mismatch::new(error)))?;
        Ok(Self { version, client })
    }

    pub(crate) fn version(&self) -> RuntimeVersion {
        self.version
    }

    fn metadata(&self) -> &Metadata {
        self.client.metadata_ref()
    }

    fn missing(&self, item: Item) -> ShapeError {
        ShapeError::Missing {
            item,
            spec_version: self.version.spec,
        }
    }

    fn unknown(&self, item: Item, source: impl std::error::Error + Send + Sync + 'static) -> ShapeError {
        ShapeError::Unknown {
            item,
            spec_version: self.version.spec,
            source: Mismatch::new(source),
        }
    }

    /// Whether the chain has such a storage entry.
    pub(crate) fn has_storage(&self, pallet: &str, entry: &str) -> bool {
        self.metadata()
            .pallet_by_name(pallet)
            .and_then(|pallet| pallet.storage())
            .is_some_and(|storage| storage.entry_by_name(entry).is_some())
    }

    /// The key of one value of a storage entry.
    pub(crate) fn storage_key(
        &self,
        pallet: &str,
        entry: &str,
        keys: Vec<Value>,
    ) -> Result<Vec<u8>, ShapeError> {
        let item = || Item::storage(pallet, entry);
        if !self.has_storage(pallet, entry) {
            return Err(self.missing(item()));
        }
        let storage = self.client.storage();
        let address = subxt::dynamic::storage::<Vec<Value>, Value>(pallet, entry);
        storage
            .entry(address)
            .and_then(|entry| entry.fetch_key(keys))
            .map_err(|error| self.unknown(item(), error))
    }

    /// The common beginning of all keys under `keys`.
    pub(crate) fn storage_prefix(
        &self,
        pallet: &str,
        entry: &str,
        keys: Vec<Value>,
    ) -> Result<Vec<u8>, ShapeError> {
        let item = || Item::storage(pallet, entry);
        if !self.has_storage(pallet, entry) {
            return Err(self.missing(item()));
        }
        let storage = self.client.storage();
        let address = subxt::dynamic::storage::<Vec<Value>, Value>(pallet, entry);
        storage
            .entry(address)
            .and_then(|entry| entry.iter_key(keys))
            .map_err(|error| self.unknown(item(), error))
    }

    /// Decodes a storage value. Where nothing is stored the entry's default counts, or nothing when it has none.
    pub(crate) fn storage_value<T: DecodeAsType>(
        &self,
        pallet: &str,
        entry: &str,
        bytes: Option<&[u8]>,
    ) -> Result<Option<T>, ShapeError> {
        let item = || Item::storage(pallet, entry);
        let found = self
            .metadata()
            .pallet_by_name(pallet)
            .and_then(|pallet| pallet.storage())
            .and_then(|storage| storage.entry_by_name(entry))
            .ok_or_else(|| self.missing(item()))?;
        let Some(mut bytes) = bytes.or_else(|| found.default_value()) else {
            return Ok(None);
        };
        let value = T::decode_as_type(&mut bytes, found.value_ty(), self.metadata().types())
            .map_err(|error| self.unknown(item(), error))?;
        self.nothing_left(bytes, item)?;
        Ok(Some(value))
    }

    fn nothing_left(&self, bytes: &[u8], item: impl FnOnce() -> Item) -> Result<(), ShapeError> {
        if bytes.is_empty() {
            Ok(())
        } else {
            Err(self.unknown(item(), LeftoverBytes { bytes: bytes.len() }))
        }
    }

    /// The arguments of a runtime API call, encoded.
    pub(crate) fn api_arguments(
        &self,
        api: &str,
        method: &str,
        arguments: Vec<Value>,
    ) -> Result<Vec<u8>, ShapeError> {
        let item = || Item::runtime_api(api, method);
        let known = self
            .metadata()
            .runtime_api_trait_by_name(api)
            .is_some_and(|found| found.method_by_name(method).is_some());
        if !known {
            return Err(self.missing(item()));
        }
        encode_runtime_api_inputs(api, method, arguments, self.metadata(), self.metadata().types())
            .map_err(|error| self.unknown(item(), error))
    }

    /// Decodes the answer of a runtime API call.
    pub(crate) fn api_answer<T: DecodeAsType>(
        &self,
        api: &str,
        method: &str,
        bytes: &[u8],
    ) -> Result<T, ShapeError> {
        let item = || Item::runtime_api(api, method);
        let found = self
            .metadata()
            .runtime_api_trait_by_name(api)
            .and_then(|found| found.method_by_name(method))
            .ok_or_else(|| self.missing(item()))?;
        let mut bytes = bytes;
        let answer = T::decode_as_type(&mut bytes, found.output_ty(), self.metadata().types())
            .map_err(|error| self.unknown(item(), error))?;
        self.nothing_left(bytes, item)?;
        Ok(answer)
    }

    /// A constant of the runtime.
    pub(crate) fn constant<T: DecodeAsType>(&self, pallet: &str, name: &str) -> Result<T, ShapeError> {
        let item = || Item::Constant {
            pallet: pallet.to_owned(),
            constant: name.to_owned(),
        };
        let constant = self
            .metadata()
            .pallet_by_name(pallet)
            .and_then(|pallet| pallet.constant_by_name(name))
            .ok_or_else(|| self.missing(item()))?;
        let mut bytes = constant.value();
        let value = T::decode_as_type(&mut bytes, constant.ty(), self.metadata().types())
            .map_err(|error| self.unknown(item(), error))?;
        self.nothing_left(bytes, item)?;
        Ok(value)
    }

    /// The bytes of a call.
    pub(crate) fn call_bytes(&self, call: &Call) -> Result<Vec<u8>, ShapeError> {
        self.check_call(call)?;
        let payload = subxt::dynamic::tx(call.pallet(), call.name(), call.fields());
        self.client
            .tx()
            .call_data(&payload)
            .map_err(|error| self.unknown(Item::call(call.pallet(), call.name()), error))
    }

    /// Whether the chain has such a call.
    pub(crate) fn has_call(&self, pallet: &str, call: &str) -> bool {
        self.metadata()
            .pallet_by_name(pallet)
            .is_some_and(|pallet| pallet.call_variant_by_name(call).is_some())
    }

    fn check_call(&self, call: &Call) -> Result<(), ShapeError> {
        if self.has_call(call.pallet(), call.name()) {
            Ok(())
        } else {
            Err(self.missing(Item::call(call.pallet(), call.name())))
        }
    }

    /// A signed transaction, ready to send.
    pub(crate) fn sign(
        &self,
        call: &Call,
        signer: &Pair,
        nonce: u32,
        lifetime: Lifetime,
    ) -> Result<Vec<u8>, ShapeError> {
        self.transaction(call, signer.account(), nonce, lifetime, |payload| {
            let signature = signer.sign(payload).0;
            match signer.scheme() {
                Scheme::Sr25519 => MultiSignature::Sr25519(signature),
                Scheme::Ed25519 => MultiSignature::Ed25519(signature),
            }
        })
    }

    /// The same transaction with a signature of zeros: as long as the real one, for an estimate of its fee.
    pub(crate) fn unsigned_estimate(
        &self,
        call: &Call,
        signer: AccountId,
        nonce: u32,
        lifetime: Lifetime,
    ) -> Result<Vec<u8>, ShapeError> {
        self.transaction(call, signer, nonce, lifetime, |_| {
            MultiSignature::Sr25519([0; 64])
        })
    }

    fn transaction(
        &self,
        call: &Call,
        signer: AccountId,
        nonce: u32,
        Lifetime { from, blocks }: Lifetime,
        sign: impl FnOnce(&[u8]) -> MultiSignature,
    ) -> Result<Vec<u8>, ShapeError> {
        self.check_call(call)?;
        let parameters = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .nonce(u64::from(nonce))
            .mortal_from_unchecked(blocks, from.number.0, H256(from.hash.0));
        let payload = subxt::dynamic::tx(call.pallet(), call.name(), call.fields());
        let transactions = self.client.tx();
        let build = || {
            let mut signable = transactions.create_signable_offline(&payload, parameters.build())?;
            let signature = sign(&signable.signer_payload()?);
            signable.sign_with_account_and_signature(&AccountId32(signer.0), &signature)
        };
        match build() {
            Ok(transaction) => Ok(transaction.encoded().to_vec()),
            Err(error) => Err(self.unknown(Item::call(call.pallet(), call.name()), error)),
        }
    }

    /// The events of one transaction, and whether it succeeded. Every transaction of a block ends in one of two events;
    /// that none of them is there is not a success but a list of events that is not whole.
    pub(crate) fn outcome(&self, events: &[u8], index: u32) -> Result<Outcome, ShapeError> {
        let item = || Item::storage("System", "Events");
        let mut outcome = Outcome::default();
        let mut is_concluded = false;
        for event in self.client.events().from_bytes(events.to_vec()).iter() {
            let event = event.map_err(|error| self.unknown(item(), error))?;
            if event.phase() != Phase::ApplyExtrinsic(index) {
                continue;
            }
            let found = self.event(&event)?;
            is_concluded |= found.is("System", "ExtrinsicSuccess") || found.is("System", "ExtrinsicFailed");
            if let Some(failure) = self.failure(found.pallet(), found.name(), event.field_bytes()) {
                outcome.failure.get_or_insert(failure);
            }
            if found.is("TransactionPayment", "TransactionFeePaid") {
                outcome.fee = found
                    .integer("actual_fee")
                    .and_then(|fee| u64::try_from(fee).ok())
                    .unwrap_or(0);
            }
            outcome.events.push(found);
        }
        if !is_concluded {
            return Err(self.unknown(item(), NoConclusion { index }));
        }
        Ok(outcome)
    }

    fn event(&self, event: &subxt::events::Event<'_, SubstrateConfig>) -> Result<ChainEvent, ShapeError> {
        let fields: scale_value::Composite<()> = event.decode_fields_unchecked_as().map_err(|error| {
            self.unknown(
                Item::Event {
                    pallet: event.pallet_name().to_owned(),
                    event: event.event_name().to_owned(),
                },
                error,
            )
        })?;
        Ok(ChainEvent::new(event.pallet_name(), event.event_name(), fields))
    }

    /// The failure that an event tells of: the transaction's own, or that of a call inside it.
    fn failure(&self, pallet: &str, event: &str, bytes: &[u8]) -> Option<DispatchFailure> {
        if (pallet, event) == ("System", "ExtrinsicFailed") {
            return Some(self.dispatch_failure(bytes));
        }
        if !INNER_RESULTS.contains(&(pallet, event)) {
            return None;
        }
        let error = self.inner_error(pallet, event, bytes)?;
        Some(DispatchFailure::Inner {
            by: pallet.to_owned(),
            failure: Box::new(self.dispatch_failure(error)),
        })
    }

    /// The bytes of the error in an event's fields: of the first field that is an error, or a result that is none.
    fn inner_error<'b>(&self, pallet: &str, event: &str, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let types = self.metadata().types();
        let is_error = |id: u32| {
            types
                .resolve(id)
                .is_some_and(|ty| ty.path.ident().as_deref() == Some("DispatchError"))
        };
        let variants = self.metadata().pallet_by_name(pallet)?.event_variants()?;
        let fields = &variants.iter().find(|variant| variant.name == event)?.fields;
        let mut decoder = Decoder::new(types, MOST_FIELD_VALUES);
        let mut rest = bytes;
        for field in fields {
            let id = field.ty.id;
            if is_error(id) {
                return Some(rest);
            }
            let ty = types.resolve(id)?;
            let is_result = ty.path.ident().as_deref() == Some("Result")
                && ty
                    .type_params
                    .iter()
                    .filter_map(|param| param.ty)
                    .any(|ty| is_error(ty.id));
            if is_result {
                return match rest.split_first() {
                    Some((1, error)) => Some(error),
                    _ => None,
                };
            }
            decoder.value(id, &mut rest).ok()?;
        }
        None
    }

    /// The error whose bytes come first in `bytes`.
    pub(crate) fn dispatch_failure(&self, bytes: &[u8]) -> DispatchFailure {
        let general = DispatchFailure::General;
        let error = match DispatchError::decode_from(bytes, self.client.metadata()) {
            Ok(error) => error,
            Err(error) => {
                tracing::warn!(%error, "the chain's error could not be read");
                return general(GeneralFailure::Other);
            }
        };
        match error {
            DispatchError::Module(module) => match module.details() {
                Ok(details) => DispatchFailure::Pallet {
                    pallet: details.pallet.name().to_owned(),
                    name: details.variant.name.clone(),
                    docs: details.variant.docs.join(" ").trim().to_owned(),
                },
                Err(_) => DispatchFailure::UnnamedPallet {
                    pallet: module.pallet_index(),
                    error: module.error_index(),
                },
            },
            DispatchError::CannotLookup => general(GeneralFailure::CannotLookup),
            DispatchError::BadOrigin => general(GeneralFailure::BadOrigin),
            DispatchError::ConsumerRemaining => general(GeneralFailure::ConsumerRemaining),
            DispatchError::NoProviders => general(GeneralFailure::NoProviders),
            DispatchError::TooManyConsumers => general(GeneralFailure::TooManyConsumers),
            DispatchError::Token(TokenError::FundsUnavailable) => general(GeneralFailure::FundsUnavailable),
            DispatchError::Token(
                TokenError::BelowMinimum | TokenError::NotExpendable | TokenError::OnlyProvider,
            ) => general(GeneralFailure::BelowExistentialDeposit),
            DispatchError::Token(TokenError::Frozen) => general(GeneralFailure::Frozen),
            DispatchError::Token(_) => general(GeneralFailure::Currency),
            DispatchError::Arithmetic(ArithmeticError::Underflow) => general(GeneralFailure::Underflow),
            DispatchError::Arithmetic(_) => general(GeneralFailure::Arithmetic),
            DispatchError::Transactional(_) => general(GeneralFailure::Nesting),
            DispatchError::Exhausted => general(GeneralFailure::Exhausted),
            DispatchError::Corruption => general(GeneralFailure::Corruption),
            DispatchError::Unavailable => general(GeneralFailure::Unavailable),
            DispatchError::RootNotAllowed => general(GeneralFailure::RootNotAllowed),
            _ => general(GeneralFailure::Other),
        }
    }
}

/// What a transaction did.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<ChainEvent>,
    pub(crate) failure: Option<DispatchFailure>,
    pub(crate) fee: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("no event says whether transaction {index} succeeded")]
struct NoConclusion {
    index: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("{bytes} bytes are left over")]
struct LeftoverBytes {
    bytes: usize,
}

/// The value of an account in a key or an argument.
pub(crate) fn account_value(account: &AccountId) -> Value {
    Value::from_bytes(account.0)
}

/// The value of a number in a key or an argument.
pub(crate) fn number_value(number: impl Into<u128>) -> Value {
    Value::u128(number.into())
}
