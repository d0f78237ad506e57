//! What this client expects of the chain's metadata, and the error when the chain has something else.

use std::{fmt, sync::Arc};

/// A named thing of the runtime.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item {
    /// A storage entry.
    Storage {
        /// Pallet.
        pallet: String,
        /// Entry.
        entry: String,
    },
    /// A call.
    Call {
        /// Pallet.
        pallet: String,
        /// Call.
        call: String,
    },
    /// A constant.
    Constant {
        /// Pallet.
        pallet: String,
        /// Constant.
        constant: String,
    },
    /// A method of a runtime API.
    RuntimeApi {
        /// API trait.
        api: String,
        /// Method.
        method: String,
    },
    /// An event.
    Event {
        /// Pallet.
        pallet: String,
        /// Event.
        event: String,
    },
    /// The metadata itself, or the way transactions are built.
    Runtime,
}

impl Item {
    pub(crate) fn storage(pallet: &str, entry: &str) -> Self {
        Self::Storage {
            pallet: pallet.to_owned(),
            entry: entry.to_owned(),
        }
    }

    pub(crate) fn call(pallet: &str, call: &str) -> Self {
        Self::Call {
            pallet: pallet.to_owned(),
            call: call.to_owned(),
        }
    }

    pub(crate) fn runtime_api(api: &str, method: &str) -> Self {
        Self::RuntimeApi {
            api: api.to_owned(),
            method: method.to_owned(),
        }
    }
}

impl ShapeError {
    pub(crate) fn answer(
        method: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Answer {
            method,
            source: Mismatch::new(source),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage { pallet, entry } => write!(f, "storage {pallet}.{entry}"),
            Self::Call { pallet, call } => write!(f, "call {pallet}.{call}"),
            Self::Constant { pallet, constant } => write!(f, "constant {pallet}.{constant}"),
            Self::RuntimeApi { api, method } => write!(f, "runtime API {api}.{method}"),
            Self::Event { pallet, event } => write!(f, "event {pallet}.{event}"),
            Self::Runtime => f.write_str("the runtime's metadata"),
        }
    }
}

/// The chain's runtime does not have what a call needs, or has it in another shape. Nothing is guessed: a value that
/// cannot be decoded whole is an error, never garbage.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// Not there.
    #[error("this chain (spec {spec_version}) has no {item}")]
    Missing {
        /// What was looked for.
        item: Item,
        /// The runtime's version.
        spec_version: u32,
    },
    /// There, but different.
    #[error("{item} of this chain (spec {spec_version}) has an unknown shape")]
    Unknown {
        /// What was read or written.
        item: Item,
        /// The runtime's version.
        spec_version: u32,
        /// Where the shapes part.
        #[source]
        source: Mismatch,
    },
    /// The node answered a request with something else than such an answer.
    #[error("the node's answer to {method} has an unknown shape")]
    Answer {
        /// JSON-RPC method.
        method: &'static str,
        /// Where the shapes part.
        #[source]
        source: Mismatch,
    },
}

/// Where an expected and a found shape part.
#[derive(Clone)]
pub struct Mismatch(Arc<dyn std::error::Error + Send + Sync>);

impl Mismatch {
    pub(crate) fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Mismatch {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
