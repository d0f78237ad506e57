//! Why a page of the explorer cannot be shown.

use assay_chain::{ChainError, NetUid};
use axum::http::StatusCode;

/// Why a page of the explorer cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExplorerError {
    /// The chain is not connected yet.
    #[error("the chain at {endpoint} is not connected yet{}", because(.trouble.as_deref()))]
    NotConnected {
        endpoint: String,
        trouble: Option<String>,
    },
    /// Nothing has this name.
    #[error("there is no {what} here")]
    NotFound { what: String },
    /// The address does not say what it should.
    #[error("{what} is not written like that")]
    Malformed { what: &'static str },
    /// The node took too long.
    #[error("the chain did not answer in time")]
    Late,
    /// The node refused, or said something unknown.
    #[error(transparent)]
    Chain(ChainError),
}

fn because(trouble: Option<&str>) -> String {
    trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
}

impl From<ChainError> for ExplorerError {
    fn from(error: ChainError) -> ExplorerError {
        match error {
            ChainError::UnknownBlock { hash } => ExplorerError::not_found(format!("block {hash}")),
            ChainError::NoSubnet {
                netuid: NetUid(netuid),
            } => ExplorerError::not_found(format!("subnet {netuid}")),
            other => ExplorerError::Chain(other),
        }
    }
}

impl ExplorerError {
    pub(super) fn not_found(what: impl Into<String>) -> ExplorerError {
        ExplorerError::NotFound { what: what.into() }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            ExplorerError::NotConnected { .. } => StatusCode::SERVICE_UNAVAILABLE,
            ExplorerError::NotFound { .. } => StatusCode::NOT_FOUND,
            ExplorerError::Malformed { .. } => StatusCode::BAD_REQUEST,
            ExplorerError::Late => StatusCode::GATEWAY_TIMEOUT,
            ExplorerError::Chain(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// What the reader can do about it.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            ExplorerError::NotConnected { .. } => Some("This page tries again by itself.".to_owned()),
            ExplorerError::NotFound { .. } => {
                Some("Search for a block, an extrinsic, an address, a subnet or a name.".to_owned())
            }
            ExplorerError::Malformed { .. } => None,
            ExplorerError::Late => Some("Load the page again in a moment.".to_owned()),
            ExplorerError::Chain(ChainError::StateDiscarded { .. }) => {
                Some("Old blocks can be read from an archive node: assay dashboard -n archive".to_owned())
            }
            ExplorerError::Chain(error) => error.hint().map(std::borrow::Cow::into_owned),
        }
    }
}
