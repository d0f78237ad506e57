//! A transaction or a call from its bytes alone.
//!
//! The bytes come from anybody. They are read by the bounded decoder from the first one on: calls within calls cost a
//! few bytes a level, and a reader without a limit runs out of stack on them.

use super::{
    Runtime,
    block::{MOST_VALUES, period},
    decoding::{Decoder, DecodingError, byte},
};
use crate::{
    ChainError, DecodedCall, DecodedTransaction, ExtrinsicHash, Rao, Signed, decoded::Decoded,
    shape::Mismatch,
};
use codec::{Compact, Decode, Encode};
use subxt::ext::frame_decode::extrinsics::ExtrinsicTypeInfo;

/// First byte of an extrinsic that nobody signed, in versions 4 and 5.
const UNSIGNED: [u8; 2] = [4, 5];
/// Of version 4 with a signature.
const SIGNED: u8 = 0x84;
/// Of version 5 with extensions, one of which may hold a signature.
const GENERAL: u8 = 0x45;

impl Runtime {
    /// A transaction with or without its length in front, or a call.
    pub(crate) fn decode_transaction(&self, bytes: &[u8]) -> Result<DecodedTransaction, ChainError> {
        let framed = without_length(bytes);
        let mut reason = None;
        if let Some(body) = framed {
            match self.extrinsic(body) {
                Ok(read) => return Ok(transaction(body, read)),
                Err(error) => reason = Some(error),
            }
        }
        let is_signed = bytes
            .first()
            .is_some_and(|first| [SIGNED, GENERAL].contains(first));
        if is_signed && let Ok(read) = self.extrinsic(bytes) {
            return Ok(transaction(bytes, read));
        }
        match self.decode_call(bytes) {
            Ok(call) => {
                return Ok(DecodedTransaction {
                    hash: None,
                    length: bytes.len(),
                    signed: None,
                    call,
                });
            }
            Err(error) => reason = reason.or(Some(error)),
        }
        // Last, because without a length one that nobody signed looks like a call: its first byte is a pallet's number
        // as well.
        match self.extrinsic(bytes) {
            Ok(read) => Ok(transaction(bytes, read)),
            Err(error) => Err(ChainError::NotATransaction {
                length: bytes.len(),
                spec_version: self.version.spec,
                source: Mismatch::new(reason.unwrap_or(error)),
            }),
        }
    }

    /// The call that these bytes are, all of them.
    pub(crate) fn decode_call(&self, bytes: &[u8]) -> Result<DecodedCall, DecodingError> {
        let mut decoder = Decoder::new(self.metadata().types(), MOST_VALUES);
        self.rest_is_call(bytes, &mut decoder)
    }

    fn rest_is_call(&self, bytes: &[u8], decoder: &mut Decoder<'_>) -> Result<DecodedCall, DecodingError> {
        let mut input = bytes;
        let value = decoder.value(self.metadata().outer_enums().call_enum_ty(), &mut input)?;
        match value {
            Decoded::Call(_) if !input.is_empty() => Err(DecodingError::Leftover(input.len())),
            Decoded::Call(call) => Ok(*call),
            _ => Err(DecodingError::NoCall),
        }
    }

    /// The extrinsic that these bytes are, without its length in front.
    fn extrinsic(&self, body: &[u8]) -> Result<(Option<Signed>, DecodedCall), DecodingError> {
        let mut decoder = Decoder::new(self.metadata().types(), MOST_VALUES);
        let mut input = body;
        let signed = match byte(&mut input)? {
            first if UNSIGNED.contains(&first) => None,
            SIGNED => {
                let ids = self
                    .metadata()
                    .extrinsic_signature_info()
                    .map_err(|_| DecodingError::NoExtensions)?;
                let account = match decoder.value(ids.address_id, &mut input)? {
                    Decoded::Account(account) => Some(account),
                    _ => None,
                };
                decoder.value(ids.signature_id, &mut input)?;
                let mut signed = self.extensions(None, &mut input, &mut decoder)?;
                signed.account = account;
                Some(signed)
            }
            GENERAL => {
                let version = byte(&mut input)?;
                Some(self.extensions(Some(version), &mut input, &mut decoder)?)
            }
            other => return Err(DecodingError::Version(other)),
        };
        Ok((signed, self.rest_is_call(input, &mut decoder)?))
    }

    /// What the extensions say of who signs and for how long.
    fn extensions(
        &self,
        version: Option<u8>,
        input: &mut &[u8],
        decoder: &mut Decoder<'_>,
    ) -> Result<Signed, DecodingError> {
        let described = self
            .metadata()
            .extrinsic_extension_info(version)
            .map_err(|_| DecodingError::NoExtensions)?;
        let mut signed = Signed {
            account: None,
            nonce: None,
            tip: None,
            mortality: None,
        };
        for extension in described.extension_ids {
            let before = *input;
            let value = decoder.value(extension.id, input)?;
            let bytes = &before[..before.len() - input.len()];
            let number = match value {
                Decoded::Unsigned(number) => u64::try_from(number).ok(),
                _ => None,
            };
            match extension.name.as_ref() {
                "CheckNonce" => signed.nonce = number,
                "ChargeTransactionPayment" => signed.tip = number.map(Rao),
                "CheckMortality" => signed.mortality = period(bytes),
                _ => {}
            }
        }
        Ok(signed)
    }
}

/// The rest behind a length that is exactly its own.
fn without_length(bytes: &[u8]) -> Option<&[u8]> {
    let mut body = bytes;
    let length = Compact::<u32>::decode(&mut body).ok()?.0;
    (usize::try_from(length).ok()? == body.len()).then_some(body)
}

fn transaction(body: &[u8], (signed, call): (Option<Signed>, DecodedCall)) -> DecodedTransaction {
    // A block holds it with its length, and its hash is of both.
    let whole = body.encode();
    DecodedTransaction {
        hash: Some(ExtrinsicHash(sp_crypto_hashing::blake2_256(&whole))),
        length: whole.len(),
        signed,
        call,
    }
}
