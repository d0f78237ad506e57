//! A block's extrinsics and events, by the metadata.

use super::{Runtime, decoding::Decoder};
use crate::{
    DecodedCall, DecodedEvent, DecodedField, ExtrinsicHash, ExtrinsicRecord, HookEvent, HookPhase,
    MOST_EVENTS, Rao, ShapeError, Signed,
    decoded::{CutBytes, Decoded},
    shape::Item,
};
use subxt::{
    events::Phase,
    ext::frame_decode::extrinsics::{Extrinsic, decode_extrinsic},
};

/// Values of one extrinsic's arguments. A weight row of 4096 entries has 12 000; more is not read by a person, and a
/// block may hold ten million.
pub(super) const MOST_VALUES: usize = 20_000;
/// Values of all arguments of a block: a hundred large weight rows. What is beyond is shown as bytes.
const MOST_VALUES_OF_A_BLOCK: usize = 400_000;
/// Values of all events of a block.
const MOST_EVENT_VALUES: usize = 200_000;

/// The events of a block, by what caused them.
#[derive(Debug, Default)]
pub(crate) struct BlockEvents {
    pub(crate) hooks: Vec<HookEvent>,
    pub(crate) left_out: usize,
}

impl Runtime {
    /// The extrinsics of a block, without what became of them.
    pub(crate) fn extrinsics(&self, bodies: &[Vec<u8>]) -> Vec<ExtrinsicRecord> {
        let mut left = MOST_VALUES_OF_A_BLOCK;
        let mut records = Vec::with_capacity(bodies.len());
        for (bytes, index) in bodies.iter().zip(0..) {
            let types = self.metadata().types();
            let read = decode_extrinsic(&mut bytes.as_slice(), self.metadata(), types);
            let (signed, call) = match read {
                Ok(read) => {
                    let mut decoder = Decoder::new(types, left.min(MOST_VALUES));
                    let before = decoder.left();
                    let signed = self.signed(&read, bytes, &mut decoder);
                    let call = self.call(&read, bytes, &mut decoder);
                    left = left.saturating_sub(before - decoder.left());
                    (signed, Some(call))
                }
                Err(error) => {
                    tracing::debug!(index, %error, "an extrinsic is not explained by the metadata");
                    (None, None)
                }
            };
            records.push(ExtrinsicRecord {
                index,
                hash: ExtrinsicHash(sp_crypto_hashing::blake2_256(bytes)),
                length: bytes.len(),
                signed,
                call,
                events: Vec::new(),
                failure: None,
                fee: None,
            });
        }
        records
    }

    fn signed(&self, read: &Extrinsic<'_, u32>, bytes: &[u8], decoder: &mut Decoder<'_>) -> Option<Signed> {
        let signature = read.signature_payload()?;
        let address = decoder.value_or_bytes(*signature.address_type(), &bytes[signature.address_range()]);
        let account = match address {
            Decoded::Account(account) => Some(account),
            _ => None,
        };
        let extensions = read.transaction_extension_payload();
        let extension = |name: &str| {
            extensions?
                .iter()
                .find(|extension| extension.name() == name)
                .map(|extension| (*extension.ty(), &bytes[extension.range()]))
        };
        let mut number = |name: &str| {
            let (id, bytes) = extension(name)?;
            match decoder.value_or_bytes(id, bytes) {
                Decoded::Unsigned(number) => u64::try_from(number).ok(),
                _ => None,
            }
        };
        Some(Signed {
            account,
            nonce: number("CheckNonce"),
            tip: number("ChargeTransactionPayment").map(Rao),
            mortality: extension("CheckMortality").and_then(|(_, era)| period(era)),
        })
    }

    fn call(&self, read: &Extrinsic<'_, u32>, bytes: &[u8], decoder: &mut Decoder<'_>) -> DecodedCall {
        let described = self
            .metadata()
            .pallet_by_name(read.pallet_name())
            .and_then(|pallet| pallet.call_variant_by_name(read.call_name()));
        let arguments = read
            .call_data()
            .enumerate()
            .map(|(place, argument)| DecodedField {
                name: Some(argument.name().to_owned()),
                type_name: described
                    .and_then(|call| call.fields.get(place))
                    .and_then(|field| field.type_name.clone()),
                value: decoder.value_or_bytes(*argument.ty(), &bytes[argument.range()]),
            })
            .collect();
        DecodedCall {
            pallet: read.pallet_name().to_owned(),
            name: read.call_name().to_owned(),
            arguments,
        }
    }

    /// Gives each extrinsic its events and its outcome; the others are returned.
    pub(crate) fn block_events(
        &self,
        events: &[u8],
        extrinsics: &mut [ExtrinsicRecord],
    ) -> Result<BlockEvents, ShapeError> {
        let mut of_hooks = BlockEvents::default();
        let mut decoder = Decoder::new(self.metadata().types(), MOST_EVENT_VALUES);
        for (place, event) in self
            .client
            .events()
            .from_bytes(events.to_vec())
            .iter()
            .enumerate()
        {
            let event = event.map_err(|error| self.unknown(Item::storage("System", "Events"), error))?;
            let fields = event.field_bytes();
            let extrinsic = match event.phase() {
                Phase::ApplyExtrinsic(index) => extrinsics.get_mut(index as usize),
                Phase::Initialization | Phase::Finalization => None,
            };
            let is_shown = place < MOST_EVENTS;
            let decoded = is_shown.then(|| {
                let (pallet, name) = (event.pallet_name(), event.event_name());
                self.decoded_event(pallet, name, fields, &mut decoder)
            });
            if decoded.is_none() {
                of_hooks.left_out += 1;
            }
            match (extrinsic, event.phase()) {
                (Some(extrinsic), _) => {
                    if let Some(failure) = self.failure(event.pallet_name(), event.event_name(), fields) {
                        extrinsic.failure.get_or_insert(failure);
                    }
                    extrinsic.events.extend(decoded);
                }
                (None, phase) => {
                    let phase = match phase {
                        Phase::Finalization => HookPhase::Finalization,
                        Phase::Initialization | Phase::ApplyExtrinsic(_) => HookPhase::Initialization,
                    };
                    of_hooks
                        .hooks
                        .extend(decoded.map(|event| HookEvent { phase, event }));
                }
            }
        }
        for extrinsic in extrinsics {
            extrinsic.fee = fee(&extrinsic.events);
        }
        Ok(of_hooks)
    }

    fn decoded_event(
        &self,
        pallet: &str,
        name: &str,
        bytes: &[u8],
        decoder: &mut Decoder<'_>,
    ) -> DecodedEvent {
        let described = self
            .metadata()
            .pallet_by_name(pallet)
            .and_then(|found| found.event_variants())
            .and_then(|events| events.iter().find(|event| event.name == name));
        let fields = described
            .and_then(|event| decoder.fields_of(&event.fields, bytes))
            .unwrap_or_else(|| {
                vec![DecodedField {
                    name: None,
                    type_name: None,
                    value: Decoded::Bytes(CutBytes::of(bytes)),
                }]
            });
        DecodedEvent {
            pallet: pallet.to_owned(),
            name: name.to_owned(),
            fields,
        }
    }
}

fn fee(events: &[DecodedEvent]) -> Option<Rao> {
    let paid = events
        .iter()
        .find(|event| event.pallet == "TransactionPayment" && event.name == "TransactionFeePaid")?;
    let amount = paid
        .fields
        .iter()
        .find(|field| field.name.as_deref() == Some("actual_fee"))?;
    match amount.value {
        Decoded::Unsigned(amount) => u64::try_from(amount).ok().map(Rao),
        _ => None,
    }
}

/// For how many blocks a mortal transaction is valid: the power of two in the low four bits of its era, one higher.
pub(super) fn period(era: &[u8]) -> Option<u64> {
    match *era {
        [low, high] => Some(2 << (u16::from_le_bytes([low, high]) % 16)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_era_tells_its_period_and_zero_is_for_ever() {
        assert_eq!(period(&[0x86, 0x06]), Some(128));
        assert_eq!(period(&[0x0b, 0x24]), Some(4096));
        assert_eq!(period(&[0x4f, 0x0d]), Some(65_536));
        assert_eq!(period(&[0]), None);
    }
}
