//! What makes a request the same request.

use crate::UnixNanos;
use assay_keys::AccountId;
use sha2::{Digest, Sha256};

/// A caller and what makes one of its requests unique, in 16 bytes of SHA-256.
///
/// The hash covers the bytes of the caller's public key, not its address: under another SS58 prefix the same key is
/// still the same caller. Whoever wants to block another's request would need a second preimage, 2^128 tries; a
/// collision among one's own requests costs oneself a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayKey {
    pub(super) caller: AccountId,
    pub(super) digest: [u8; 16],
}

impl ReplayKey {
    /// A request in btauth/1: its nonce.
    #[must_use]
    pub fn btauth(caller: AccountId, nonce: UnixNanos) -> Self {
        Self::new(caller, "btauth/1", &[&nonce.0.to_le_bytes()])
    }

    /// A request in Epistula v2: its uuid, as sent. The signature covers the text, so there is no second spelling.
    #[must_use]
    pub fn epistula(caller: AccountId, uuid: &str) -> Self {
        Self::new(caller, "epistula/2", &[uuid.as_bytes()])
    }

    /// A request in synapse-v10: its nonce together with the uuid of the dendrite.
    ///
    /// The original demands that the nonces of one uuid grow, and so refuses requests that overtake each other. To
    /// refuse a replay it is enough to remember the nonces: keep each until the greatest age that is accepted has
    /// passed since it (`nonce + 4 s + the capped timeout`), refuse what is older than that, and each nonce in the
    /// window is accepted once, in any order. That takes the place both of the growing nonce and of its loss in a
    /// restart.
    #[must_use]
    pub fn synapse_v10(caller: AccountId, uuid: &str, nonce: UnixNanos) -> Self {
        Self::new(caller, "synapse-v10", &[&nonce.0.to_le_bytes(), uuid.as_bytes()])
    }

    fn new(caller: AccountId, dialect: &str, once: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(dialect);
        hash.update([0]);
        hash.update(caller.0);
        once.iter().for_each(|part| hash.update(part));
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finalize()[..16]);
        Self { caller, digest }
    }
}
