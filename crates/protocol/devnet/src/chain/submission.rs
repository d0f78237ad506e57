//! Transactions on their way into the pool, and what they would do.

use super::Chain;
use crate::{
    DevnetError,
    draft::{self, Draft},
    executor::{self, CallError},
    pool::{Candidate, PoolError, Watcher},
};
use codec::{DecodeLimit, Encode};
use node_subtensor_runtime::{AccountId, Header, UncheckedExtrinsic};
use sp_core::H256;
use sp_runtime::transaction_validity::TransactionValidityError;

/// How deep a call may nest (batches in proxies in sudo …). Deeper ones would overflow the stack of a decoder.
const MAX_DEPTH: u32 = 64;

/// Why a dry run has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DryRunError {
    #[error(transparent)]
    Undecodable(#[from] PoolError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Node(#[from] DevnetError),
}

impl Chain {
    /// Validates a transaction and puts it into the pool. Returns its hash.
    pub(crate) fn submit(
        &self,
        extrinsic: &[u8],
        watchers: impl IntoIterator<Item = Watcher>,
    ) -> Result<H256, PoolError> {
        let hash = H256(sp_crypto_hashing::blake2_256(extrinsic));
        if self.pool.lock().contains(&hash) {
            return Err(PoolError::AlreadyImported { hash });
        }
        check_decodes(extrinsic)?;
        // While this is held no block is adopted, so what the runtime says is true of the head the pool knows.
        let gate = self.gate.read();
        self.validate_and_insert(hash, extrinsic, watchers)?;
        let ready = self.pool.lock().has_ready();
        drop(gate);
        if ready {
            self.ready.notify_one();
        }
        Ok(hash)
    }

    /// As [`Chain::submit`], for bytes that decode, while no block is adopted.
    pub(super) fn validate_and_insert(
        &self,
        hash: H256,
        extrinsic: &[u8],
        watchers: impl IntoIterator<Item = Watcher>,
    ) -> Result<(), PoolError> {
        let (number, validity) =
            self.look_at_head(|head, state| (head.number, draft::validate(state, extrinsic, head.hash)));
        let validity = validity.map_err(|error| match error {
            // It decodes, and still the runtime cannot look at it.
            CallError::Panicked { message, .. } => PoolError::Undecodable { reason: message },
            error => PoolError::Node {
                reason: error.to_string(),
            },
        })?;
        let validity = validity.map_err(|error| match error {
            TransactionValidityError::Invalid(error) => PoolError::Invalid(error),
            TransactionValidityError::Unknown(error) => PoolError::Unknown(error),
        })?;
        let candidate = Candidate {
            hash,
            bytes: extrinsic.into(),
            validity,
            validated_at: number,
        };
        self.pool.lock().insert(candidate, watchers)
    }

    /// The nonce of an account's next transaction, those in the pool counted.
    pub(crate) fn next_nonce(&self, account: &AccountId) -> Result<u32, CallError> {
        let _gate = self.gate.read();
        let nonce: u32 = self.look_at_head(|_, state| {
            executor::query(state, "AccountNonceApi_account_nonce", &account.encode())
        })?;
        Ok(self
            .pool
            .lock()
            .next_nonce(nonce, |nonce| (account, nonce).encode()))
    }

    /// What a transaction would come to in a block after `parent`: the encoded result.
    pub(crate) fn dry_run(&self, extrinsic: &[u8], parent: &Header) -> Result<Vec<u8>, DryRunError> {
        check_decodes(extrinsic)?;
        let state = self.state_of(parent).map_err(DevnetError::from)?;
        let time_ms = self.next_time(&state, 0).map_err(DevnetError::from)?;
        let mut draft = Draft::begin(&state, parent, time_ms)?;
        Ok(draft.outcome_of(extrinsic)?.encode())
    }
}

/// Whether the bytes are a transaction of this runtime, whole and with nothing behind.
fn check_decodes(extrinsic: &[u8]) -> Result<(), PoolError> {
    UncheckedExtrinsic::decode_all_with_depth_limit(MAX_DEPTH, &mut &extrinsic[..])
        .map(drop)
        .map_err(|error| PoolError::Undecodable {
            reason: error.to_string(),
        })
}
