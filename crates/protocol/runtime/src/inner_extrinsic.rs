//! Inner extrinsics of shielded transactions: what a carrier hides, and whether it can follow its carrier.

use crate::{
    Address, CheckNonce, MevShield, Runtime, RuntimeCall, Signature, TxExtension, UncheckedExtrinsic,
    call_filter::is_carrier,
    pallets::mev_shield::{self, InnerExtrinsics, InnerFailure},
    shield::Shield,
};
use codec::{Compact, Decode, DecodeLimit};
use frame_support::{dispatch::GetDispatchInfo, traits::PalletInfoAccess};
use sp_runtime::{
    generic::Preamble,
    traits::{Applyable, Checkable},
    transaction_validity::{InvalidTransaction, TransactionSource},
};

/// How deep the call of an inner extrinsic may nest, as deep as the node lets any nest.
const MAX_DEPTH: u32 = 64;

/// Judges inner extrinsics by this runtime's own checks.
#[derive(Debug)]
pub struct ThisRuntime;

impl InnerExtrinsics for ThisRuntime {
    fn judge(bytes: &[u8]) -> Result<(), InnerFailure> {
        let inner = decode(bytes).ok_or(InnerFailure::Undecodable)?;
        if is_carrier(&inner.function) {
            return Err(InnerFailure::Invalid("it is a carrier itself"));
        }
        let validity = inner
            .check(&frame_system::ChainContext::<Runtime>::default())
            .and_then(|checked| {
                let info = checked.get_dispatch_info();
                checked.validate::<Runtime>(TransactionSource::InBlock, &info, bytes.len())
            });
        match validity {
            Ok(valid) if valid.requires.is_empty() => Ok(()),
            Ok(_) => Err(InnerFailure::Invalid(InvalidTransaction::Future.into())),
            Err(error) => Err(InnerFailure::Invalid(error.into())),
        }
    }
}

/// What a carrier hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerExtrinsic {
    /// The extrinsic as it stands in the block's body.
    pub bytes: Vec<u8>,
    /// The tag under which the pool knows its signer and nonce; none without a signer.
    pub provides: Option<Vec<u8>>,
}

/// The extrinsic that a carrier hides; `None` when the extrinsic is no carrier, or hides nothing this chain can open.
/// The chain must have the given seed.
#[must_use]
pub fn inner_of_carrier(extrinsic: &[u8], seed: u64) -> Option<InnerExtrinsic> {
    if !calls_mev_shield(extrinsic) {
        return None;
    }
    let ciphertext = match decode(extrinsic)?.function {
        RuntimeCall::MevShield(mev_shield::Call::submit_encrypted { ciphertext }) => ciphertext,
        _ => return None,
    };
    let bytes = Shield::of_seed(seed).open(&ciphertext).ok()?;
    let inner = decode(&bytes)?;
    let provides = match &inner.preamble {
        Preamble::Signed(Address::Id(signer), _, extension) => Some(CheckNonce::tag(signer, extension.5.0)),
        _ => None,
    };
    (!is_carrier(&inner.function)).then_some(InnerExtrinsic { bytes, provides })
}

/// Whether the extrinsic's call is of this pallet, found without decoding it: every transaction of a block is asked.
fn calls_mev_shield(extrinsic: &[u8]) -> bool {
    let mut rest = extrinsic;
    let decoded = Compact::<u32>::decode(&mut rest)
        .and_then(|_| Preamble::<Address, Signature, TxExtension>::decode(&mut rest));
    decoded.is_ok()
        && rest.first().copied().map(usize::from) == Some(<MevShield as PalletInfoAccess>::index())
}

fn decode(bytes: &[u8]) -> Option<UncheckedExtrinsic> {
    UncheckedExtrinsic::decode_all_with_depth_limit(MAX_DEPTH, &mut &bytes[..]).ok()
}
