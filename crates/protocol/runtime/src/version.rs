//! The identity the runtime presents to clients.

use crate::RUNTIME_API_VERSIONS;
use sp_version::RuntimeVersion;
use std::borrow::Cow;

/// Version of the runtime.
///
/// `spec_name` is the one clients know. `spec_version` is far above every public chain's: the Python SDK caches
/// metadata on disk by (genesis hash, spec version), and a collision with a public chain would decode our state with
/// foreign metadata. Raise it with every change of calls, storage or runtime APIs.
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("node-subtensor"),
    impl_name: Cow::Borrowed("node-subtensor"),
    authoring_version: 1,
    spec_version: 1_000_007,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};
