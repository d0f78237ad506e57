//! Committing weights and revealing them. Signed by the hotkey; free of charge.

use super::{SUBTENSOR, number_list};
use crate::{Call, HashedWeights, NetUid, TimelockedWeights, runtime::number_value};
use scale_value::Value;

impl Call {
    /// Commits to a row by its digest, [`HashedWeights::hash`].
    pub fn commit_weights(netuid: NetUid, hash: [u8; 32]) -> Self {
        let arguments = [
            ("netuid", number_value(netuid.0)),
            ("commit_hash", Value::from_bytes(hash)),
        ];
        Self::new(SUBTENSOR, "commit_weights", arguments)
    }

    /// Reveals a row that was committed by its digest. The chain takes it in the one epoch that is the reveal period
    /// after the commit's.
    pub fn reveal_weights(hidden: &HashedWeights) -> Self {
        let (uids, values) = hidden.row.lists();
        let arguments = [
            ("netuid", number_value(hidden.netuid.0)),
            ("uids", number_list(uids)),
            ("values", number_list(values)),
            ("salt", number_list(hidden.salt.iter().copied())),
            ("version_key", number_value(hidden.version_key)),
        ];
        Self::new(SUBTENSOR, "reveal_weights", arguments)
    }

    /// Commits a row that the chain opens by itself.
    pub fn commit_timelocked_weights(weights: &TimelockedWeights) -> Self {
        let arguments = [
            ("netuid", number_value(weights.netuid.0)),
            ("commit", Value::from_bytes(&weights.ciphertext)),
            ("reveal_round", number_value(weights.plan.round)),
            ("commit_reveal_version", number_value(weights.scheme_version)),
        ];
        Self::new(SUBTENSOR, "commit_timelocked_weights", arguments)
    }
}
