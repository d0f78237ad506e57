//! Errors as clients know them. Several clients compare the texts, so they are part of the protocol.

use crate::{CallError, DevnetError, PoolError, StoreError};
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};
use sp_runtime::transaction_validity::InvalidTransaction;

const INVALID_PARAMS: i32 = -32602;
const CONTROL: i32 = -32000;
const CLIENT: i32 = 4003;
const TOO_MANY_KEYS: i32 = 4002;
/// The server's own code for an answer that is too long once it is whole.
const TOO_LONG: i32 = -32008;
const VERIFICATION: i32 = 1002;
const POOL_INVALID: i32 = 1010;
const POOL_UNKNOWN: i32 = 1011;
const POOL_IMPORTED: i32 = 1013;
const POOL_PRIORITY: i32 = 1014;
const POOL_DROPPED: i32 = 1016;
const POOL_NO_TAGS: i32 = 1018;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The parameters are not what the method takes.
    #[error("Invalid params: {reason}")]
    InvalidParams {
        /// Which one, and what it should be.
        reason: String,
    },
    /// There is no block with this hash.
    #[error("Client error: UnknownBlock: Header was not found in the database")]
    UnknownBlock,
    /// The runtime has no answer.
    #[error("Client error: Execution failed: {0}")]
    Call(#[from] CallError),
    /// The node cannot read its database.
    #[error("Client error: {0}")]
    Store(#[from] StoreError),
    /// A page of more keys than the node gives at once.
    #[error("count exceeds maximum value. value: {value}, max: {max}")]
    TooManyKeys {
        /// Keys asked for.
        value: u64,
        /// Keys given at most.
        max: u64,
    },
    /// The answer would be longer than the server sends.
    #[error("Response is too big: it exceeded the max limit of {max} bytes; ask for less at a time")]
    TooLong {
        /// Bytes of the longest answer.
        max: u32,
    },
    /// So many calls are under way that no more are taken.
    #[error("the node is at work on as many such calls as it takes; wait for one of them")]
    Busy,
    /// A transaction does not enter the pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The devnet cannot do what it was told.
    #[error(transparent)]
    Control(#[from] DevnetError),
    /// The chain is not frozen.
    #[error("the chain is not frozen; devnet_setBlockTime changes when it makes blocks")]
    NotFrozen,
    /// A chain in memory has no folder for snapshots.
    #[error("this devnet lives in memory and has no folder for snapshots; start it with a home")]
    NoFolder,
    /// Faults were not asked for when the devnet was started.
    #[error("this devnet simulates no faults; start it with --faults")]
    NoFaults,
    /// Root has chosen a beacon whose key is none.
    #[error(
        "the key in Drand.BeaconConfig is no key of a beacon; set another one with Drand.set_beacon_config"
    )]
    NoBeacon,
}

impl RpcError {
    pub(super) fn params(reason: String) -> Self {
        Self::InvalidParams { reason }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let message = error.to_string();
        let plain = |code: i32, message: String| ErrorObject::owned(code, message, None::<()>);
        match error {
            RpcError::InvalidParams { reason } => {
                ErrorObject::owned(INVALID_PARAMS, "Invalid params", Some(reason))
            }
            // Python clients compare this text in whole to find out whether the node knows newer metadata.
            RpcError::Call(CallError::NoSuchMethod { method }) => plain(
                CLIENT,
                format!("Client error: Execution failed: Other: Exported method {method} is not found"),
            ),
            RpcError::UnknownBlock | RpcError::Call(_) | RpcError::Store(_) => plain(CLIENT, message),
            RpcError::TooManyKeys { .. } => plain(TOO_MANY_KEYS, message),
            RpcError::TooLong { .. } => plain(TOO_LONG, message),
            RpcError::Pool(error) => pool(error),
            RpcError::Control(_)
            | RpcError::NoFolder
            | RpcError::NoFaults
            | RpcError::Busy
            | RpcError::NotFrozen
            | RpcError::NoBeacon => plain(CONTROL, message),
        }
    }
}

fn pool(error: PoolError) -> ErrorObjectOwned {
    let with = |code: i32, message: String, data: String| ErrorObject::owned(code, message, Some(data));
    match error {
        PoolError::Undecodable { reason } => with(
            VERIFICATION,
            format!("Verification Error: the extrinsic is not decodable: {reason}"),
            reason,
        ),
        PoolError::Node { reason } => {
            ErrorObject::owned(CLIENT, format!("Client error: {reason}"), None::<()>)
        }
        PoolError::Invalid(InvalidTransaction::Custom(number)) => with(
            POOL_INVALID,
            "Invalid Transaction".to_owned(),
            format!("Custom error: {number}"),
        ),
        PoolError::Invalid(reason) => {
            let text: &'static str = reason.into();
            with(POOL_INVALID, "Invalid Transaction".to_owned(), text.to_owned())
        }
        PoolError::Unknown(reason) => {
            let text: &'static str = reason.into();
            with(
                POOL_UNKNOWN,
                "Unknown Transaction Validity".to_owned(),
                text.to_owned(),
            )
        }
        PoolError::AlreadyImported { hash } => with(
            POOL_IMPORTED,
            "Transaction Already Imported".to_owned(),
            format!("{hash:?}"),
        ),
        PoolError::PriorityTooLow { old, new } => with(
            POOL_PRIORITY,
            format!("Priority is too low: ({old} vs {new})"),
            "The transaction has too low priority to replace another transaction already in the pool."
                .to_owned(),
        ),
        PoolError::Full => with(
            POOL_DROPPED,
            "Immediately Dropped".to_owned(),
            "The transaction couldn't enter the pool because of the limit".to_owned(),
        ),
        PoolError::NoTags => with(
            POOL_NO_TAGS,
            "No tags provided".to_owned(),
            "The transaction provides no tags, so nothing keeps it from being included twice.".to_owned(),
        ),
    }
}
