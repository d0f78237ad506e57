//! Why a local subnet cannot be made.

use assay_chain::ChainError;
use assay_devnet::DevnetError;
use assay_keys::KeyError;

/// Why a local subnet cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalnetError {
    /// A wallet cannot be opened or written.
    #[error("the wallet {name} cannot be opened")]
    Wallet {
        /// Whose.
        name: String,
        /// Why.
        source: KeyError,
    },
    /// The chain does not start, or makes no block.
    #[error("{doing} failed")]
    Devnet {
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: DevnetError,
    },
    /// The chain refuses something, or does not answer.
    #[error("{doing} failed")]
    Chain {
        /// What was being done.
        doing: Box<str>,
        /// Why.
        source: ChainError,
    },
    /// The chain made a subnet and did not say which.
    #[error("the chain created a subnet and did not say which")]
    UnknownSubnet,
}

/// Says what was being done when the chain failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Result<T, LocalnetError>;
}

impl<T> Doing<T> for Result<T, ChainError> {
    fn doing(self, what: impl Into<String>) -> Result<T, LocalnetError> {
        self.map_err(|source| LocalnetError::Chain {
            doing: what.into().into_boxed_str(),
            source,
        })
    }
}
