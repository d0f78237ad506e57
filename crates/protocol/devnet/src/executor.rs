//! Calls into the runtime: natively, on top of the state after some block.
//!
//! Every call has a layer of changes of its own over the shared state, so any number of reads run side by side on
//! different threads. A panic in the runtime unwinds that layer and becomes [`CallError::Panicked`].

use crate::{panics, store::State};
use codec::{Decode, DecodeAll};
use node_subtensor_runtime::api;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{Ext, OverlayedChanges};

/// Changes of a call that are not part of any block yet.
pub(crate) type Overlay = OverlayedChanges<BlakeTwo256>;

/// Why a call into the runtime has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The runtime has no such function.
    #[error("Exported method {method} is not found")]
    NoSuchMethod {
        /// The name asked for.
        method: String,
    },
    /// The runtime panicked: the arguments do not decode, or a pallet met what it takes for impossible.
    #[error("{method} panicked: {message}")]
    Panicked {
        /// The function called.
        method: String,
        /// Text and place of the panic.
        message: String,
    },
    /// The result has another shape than this node expects.
    #[error("the result of {method} does not decode: {source}")]
    Undecodable {
        /// The function called.
        method: &'static str,
        /// What the decoder said.
        source: codec::Error,
    },
    /// The state root that the runtime computed is not the root of the changes it made.
    #[error("the state root in the header differs from the root of the changes")]
    StateRoot,
}

/// Calls `method` on top of `state` and forgets its changes.
pub(crate) fn call(state: &State, method: &str, arguments: &[u8]) -> Result<Vec<u8>, CallError> {
    call_over(&mut Overlay::default(), state, method, arguments)
}

/// Reads the runtime's own storage items in `state`. Whatever `read` writes is forgotten.
pub(crate) fn look<R>(state: &State, read: impl FnOnce() -> R) -> Result<R, CallError> {
    let mut overlay = Overlay::default();
    panics::catch(|| {
        let mut externalities = Ext::new(&mut overlay, state, None);
        sp_externalities::set_and_run_with_externalities(&mut externalities, read)
    })
    .map_err(|message| CallError::Panicked {
        method: "a read of storage".to_owned(),
        message,
    })
}

/// As [`call`], with the result decoded.
pub(crate) fn query<T: Decode>(
    state: &State,
    method: &'static str,
    arguments: &[u8],
) -> Result<T, CallError> {
    decode(method, &call(state, method, arguments)?)
}

/// Calls `method` on top of `state` and `overlay`, and keeps its changes in `overlay`. After an error `overlay` holds
/// what it held before, except for transactions that the caller has open.
pub(crate) fn call_over(
    overlay: &mut Overlay,
    state: &State,
    method: &str,
    arguments: &[u8],
) -> Result<Vec<u8>, CallError> {
    run_over(overlay, state, method, || api::dispatch(method, arguments))
}

/// As [`call_over`], for anything that runs inside the state; `name` stands for it in errors. Without a result there is no
/// such thing.
pub(crate) fn run_over<T>(
    overlay: &mut Overlay,
    state: &State,
    name: &str,
    work: impl FnOnce() -> Option<T>,
) -> Result<T, CallError> {
    overlay.start_transaction();
    // A panic leaves transactions open that the runtime started; leaving the runtime rolls exactly those back.
    let entered = overlay.enter_runtime().is_ok();
    let outcome = panics::catch(|| {
        let mut externalities = Ext::new(overlay, state, None);
        sp_externalities::set_and_run_with_externalities(&mut externalities, work)
    });
    if entered {
        // It was entered right above, so leaving cannot fail.
        let _ = overlay.exit_runtime();
    }
    let result = match outcome {
        Ok(Some(result)) => Ok(result),
        Ok(None) => Err(CallError::NoSuchMethod {
            method: name.to_owned(),
        }),
        Err(message) => Err(CallError::Panicked {
            method: name.to_owned(),
            message,
        }),
    };
    // The transaction was started above and everything on top of it is closed.
    let _ = match &result {
        Ok(_) => overlay.commit_transaction(),
        Err(_) => overlay.rollback_transaction(),
    };
    result
}

pub(crate) fn decode<T: Decode>(method: &'static str, bytes: &[u8]) -> Result<T, CallError> {
    T::decode_all(&mut &bytes[..]).map_err(|source| CallError::Undecodable { method, source })
}
