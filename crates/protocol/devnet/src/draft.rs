//! A block being made.

use crate::{
    executor::{self, CallError, Overlay},
    store::{Nodes, SealedBlock, State},
};
use codec::Encode;
use node_subtensor_runtime::{AccountId, Header, upgrade};
use sp_core::H256;
use sp_inherents::InherentData;
use sp_runtime::{
    ApplyExtrinsicResult, StateVersion,
    traits::Header as _,
    transaction_validity::{
        InvalidTransaction::ExhaustsResources, TransactionValidity, TransactionValidityError,
    },
};
use sp_state_machine::Backend;

/// The changes of a block so far, on top of its parent's state.
pub(crate) struct Draft<'a> {
    state: &'a State,
    overlay: Overlay,
    extrinsics: Vec<Vec<u8>>,
}

/// What became of a transaction that was tried.
#[derive(Debug)]
pub(crate) enum Applied {
    /// It is in the block, whatever its call returned.
    Included {
        /// Its place in the body.
        index: u32,
    },
    /// It is not, and left nothing behind.
    Refused(TransactionValidityError),
    /// The runtime panicked on it; it left nothing behind.
    Panicked(CallError),
}

/// What became of a carrier and of what it hides.
#[derive(Debug)]
pub(crate) struct CarrierApplied {
    pub(crate) carrier: Applied,
    /// Nothing when the carrier was not included.
    pub(crate) inner: Option<Applied>,
}

impl<'a> Draft<'a> {
    /// Starts the block after `parent` with the time in milliseconds since 1970.
    pub(crate) fn begin(state: &'a State, parent: &Header, time_ms: u64) -> Result<Self, CallError> {
        let header = Header::new(
            parent.number + 1,
            H256::zero(),
            H256::zero(),
            parent.hash(),
            Default::default(),
        );
        let mut draft = Self {
            state,
            overlay: Overlay::default(),
            extrinsics: Vec::new(),
        };
        draft.call("Core_initialize_block", &header.encode())?;
        let mut inherents = InherentData::new();
        inherents
            .put_data(sp_timestamp::INHERENT_IDENTIFIER, &time_ms)
            .map_err(|error| CallError::Panicked {
                method: "BlockBuilder_inherent_extrinsics".to_owned(),
                message: error.to_string(),
            })?;
        let bytes = draft.call("BlockBuilder_inherent_extrinsics", &inherents.encode())?;
        // Every extrinsic travels as its length and its bytes, so the list has the shape of a list of byte strings.
        let bodies: Vec<Vec<u8>> = executor::decode("BlockBuilder_inherent_extrinsics", &bytes)?;
        for body in bodies {
            match draft.apply(&body.encode())? {
                Applied::Included { .. } => {}
                Applied::Panicked(error) => return Err(error),
                Applied::Refused(error) => {
                    return Err(CallError::Panicked {
                        method: "BlockBuilder_apply_extrinsic".to_owned(),
                        message: format!("an inherent was refused: {error:?}"),
                    });
                }
            }
        }
        Ok(draft)
    }

    /// Mints rao into an account, outside of any transaction. The runtime's refusal is by its name.
    pub(crate) fn mint(
        &mut self,
        account: &AccountId,
        rao: u64,
    ) -> Result<Result<(), &'static str>, CallError> {
        executor::run_over(&mut self.overlay, self.state, "faucet", || {
            Some(node_subtensor_runtime::faucet(account, rao).map_err(Into::into))
        })
    }

    /// Tries to add a transaction.
    pub(crate) fn apply(&mut self, extrinsic: &[u8]) -> Result<Applied, CallError> {
        self.overlay.start_transaction();
        let outcome = self.outcome_of(extrinsic);
        let kept = matches!(outcome, Ok(Ok(_)));
        // The executive notes a transaction before it checks it: one that is refused must be rolled back whole, or its
        // bytes stay in the extrinsics root.
        let _ = if kept {
            self.overlay.commit_transaction()
        } else {
            self.overlay.rollback_transaction()
        };
        match outcome {
            Ok(Ok(_)) => {
                // A block's bytes are limited far below this.
                let index = u32::try_from(self.extrinsics.len()).unwrap_or(u32::MAX);
                self.extrinsics.push(extrinsic.to_vec());
                Ok(Applied::Included { index })
            }
            Ok(Err(error)) => Ok(Applied::Refused(error)),
            Err(error @ CallError::Panicked { .. }) => Ok(Applied::Panicked(error)),
            Err(error) => Err(error),
        }
    }

    /// Tries to add a carrier and, right after it, what it hides. Without room for both, neither is added, since what is
    /// hidden is lost with its carrier's block.
    pub(crate) fn apply_carrier(
        &mut self,
        carrier: &[u8],
        inner: &[u8],
    ) -> Result<CarrierApplied, CallError> {
        self.overlay.start_transaction();
        let before = self.extrinsics.len();
        let carrier = self.apply(carrier)?;
        let inner = match &carrier {
            Applied::Included { .. } => Some(self.apply(inner)?),
            Applied::Refused(_) | Applied::Panicked(_) => None,
        };
        if let Some(Applied::Refused(no_room @ TransactionValidityError::Invalid(ExhaustsResources))) = inner
        {
            // Every transaction on top of the one started above is closed.
            let _ = self.overlay.rollback_transaction();
            self.extrinsics.truncate(before);
            return Ok(CarrierApplied {
                carrier: Applied::Refused(no_room),
                inner: None,
            });
        }
        let _ = self.overlay.commit_transaction();
        Ok(CarrierApplied { carrier, inner })
    }

    /// What a transaction would come to in this block, without adding it.
    pub(crate) fn outcome_of(&mut self, extrinsic: &[u8]) -> Result<ApplyExtrinsicResult, CallError> {
        const METHOD: &str = "BlockBuilder_apply_extrinsic";
        let bytes = self.call(METHOD, extrinsic)?;
        executor::decode(METHOD, &bytes)
    }

    /// Gives the chain another runtime from the next block on.
    pub(crate) fn upgrade_runtime(&mut self) {
        let before = self
            .overlay
            .storage(upgrade::UPGRADES)
            .map(|value| value.map(<[u8]>::to_vec));
        let before = match before {
            Some(changed) => changed,
            None => self.state.storage(upgrade::UPGRADES).ok().flatten(),
        };
        let after = upgrade::count(before.as_deref()) + 1;
        self.overlay
            .set_storage(upgrade::UPGRADES.to_vec(), Some(after.encode()));
    }

    /// Closes the block.
    pub(crate) fn seal(mut self) -> Result<(SealedBlock, Nodes), CallError> {
        const METHOD: &str = "BlockBuilder_finalize_block";
        let bytes = self.call(METHOD, &[])?;
        let header: Header = executor::decode(METHOD, &bytes)?;
        let changes = self
            .overlay
            .drain_storage_changes(self.state, StateVersion::V1)
            .map_err(|_| CallError::StateRoot)?;
        if changes.transaction_storage_root != header.state_root {
            return Err(CallError::StateRoot);
        }
        let block = SealedBlock {
            hash: header.hash(),
            header,
            extrinsics: self.extrinsics,
        };
        Ok((block, added_nodes(changes.transaction)))
    }

    fn call(&mut self, method: &str, arguments: &[u8]) -> Result<Vec<u8>, CallError> {
        executor::call_over(&mut self.overlay, self.state, method, arguments)
    }
}

/// The nodes that a change of the trie adds. What it removes stays: older blocks need it.
pub(crate) fn added_nodes(
    mut transaction: sp_trie::PrefixedMemoryDB<sp_runtime::traits::BlakeTwo256>,
) -> Nodes {
    transaction
        .drain()
        .into_iter()
        .filter(|(_, (_, references))| *references > 0)
        .filter_map(|(key, (node, _))| {
            // The key is the node's place in the trie followed by its hash.
            let hash = key.len().checked_sub(32).map(|at| H256::from_slice(&key[at..]))?;
            Some((hash, node))
        })
        .collect()
}

/// Asks the runtime whether a transaction may go into a block after `head`, without executing it.
pub(crate) fn validate(
    state: &State,
    extrinsic: &[u8],
    head: H256,
) -> Result<TransactionValidity, CallError> {
    const METHOD: &str = "TaggedTransactionQueue_validate_transaction";
    let mut arguments = sp_runtime::transaction_validity::TransactionSource::External.encode();
    arguments.extend_from_slice(extrinsic);
    arguments.extend_from_slice(head.as_bytes());
    executor::query(state, METHOD, &arguments)
}
