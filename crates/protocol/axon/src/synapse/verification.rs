//! Who sent a request: everything that its headers can prove, before a byte of its body is read.

use super::{Freshness, RequestText, Stale, SynapseHead};
use crate::UnixNanos;
use assay_keys::{AccountId, Scheme, Signature, SignatureError, Ss58Error};

/// Who is let in.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The axon's own hotkey.
    pub receiver: AccountId,
    /// How old a request may be.
    pub freshness: Freshness,
}

/// A sender whose signature holds. Its nonce is still to be compared with those that were taken before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynapseCaller {
    /// Who.
    pub hotkey: AccountId,
    /// Which of its processes; nonces are counted by each for itself.
    pub uuid: Option<String>,
    /// When it signed.
    pub nonce: UnixNanos,
}

/// Why a request is not answered. All are `401`.
///
/// In the words of bittensor 10.5, except that the text that should have been signed is not told.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SynapseRefusal {
    /// No hotkey.
    #[error("No SS58 formatted address or public key provided.")]
    NoHotkey,
    /// A hotkey that is none.
    #[error("Invalid SS58 address: {0}")]
    Hotkey(#[source] Ss58Error),
    /// No nonce.
    #[error("Missing Nonce")]
    NoNonce,
    /// Not fresh.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// Taken before, or overtaken by a later one.
    #[error("Nonce is too old, a newer one was last processed")]
    Replayed,
    /// No signature, which bittensor up to 10.4.1 let pass.
    #[error("Missing Signature")]
    NoSignature,
    /// No `0x` before it.
    #[error("Invalid signature format. Expected hex string.")]
    SignatureFormat,
    /// Not 64 bytes in hexadecimal.
    #[error("Invalid hex string: {0}")]
    Signature(#[source] SignatureError),
    /// Somebody else's, for somebody else, or over something else.
    #[error("Signature mismatch")]
    Mismatch,
}

/// Checks everything but the nonce's novelty, the cheap first. Pure: nothing is remembered of a request that is refused.
///
/// # Errors
/// [`SynapseRefusal`], never [`SynapseRefusal::Replayed`].
pub fn verify(head: &SynapseHead, rules: &Rules, now: UnixNanos) -> Result<SynapseCaller, SynapseRefusal> {
    verify_after(head, rules, now, |_| None)
}

/// As [`verify`], where `newest` may know the newest nonce of the sender. Then a request must be newer, and its age is
/// not asked for, as in bittensor 10.5.
///
/// # Errors
/// [`SynapseRefusal`].
pub fn verify_after(
    head: &SynapseHead,
    rules: &Rules,
    now: UnixNanos,
    newest: impl FnOnce(&AccountId) -> Option<UnixNanos>,
) -> Result<SynapseCaller, SynapseRefusal> {
    let dendrite = &head.dendrite;
    let sender = dendrite.hotkey.as_deref().ok_or(SynapseRefusal::NoHotkey)?;
    let hotkey: AccountId = sender.parse().map_err(SynapseRefusal::Hotkey)?;
    let nonce = dendrite.signed_at().ok_or(SynapseRefusal::NoNonce)?;
    match newest(&hotkey) {
        Some(newest) if nonce <= newest => return Err(SynapseRefusal::Replayed),
        Some(_) => {}
        None => rules
            .freshness
            .check(now, nonce, head.timeout, dendrite.version())?,
    }
    let signature = signature(dendrite.signature.as_deref())?;
    let text = RequestText {
        nonce: nonce.0,
        sender,
        receiver: rules.receiver,
        uuid: dendrite.uuid.as_deref(),
        body_hash: &head.body_hash,
    };
    // Not also over `<Bytes>…</Bytes>`, as Python takes it from browsers: no neuron is one, and each forgery would cost two
    // checks.
    if !assay_keys::verify(&hotkey, Scheme::Sr25519, text.to_string().as_bytes(), &signature) {
        return Err(SynapseRefusal::Mismatch);
    }
    Ok(SynapseCaller {
        hotkey,
        uuid: dendrite.uuid.clone(),
        nonce,
    })
}

fn signature(text: Option<&str>) -> Result<Signature, SynapseRefusal> {
    let text = text
        .filter(|text| !text.is_empty())
        .ok_or(SynapseRefusal::NoSignature)?;
    if !text.starts_with("0x") {
        return Err(SynapseRefusal::SignatureFormat);
    }
    text.parse().map_err(SynapseRefusal::Signature)
}
