//! Publishing where a neuron can be reached, and who it is.

use super::{NEVER, errors};
use crate::Retry;

errors! {
    "SubtensorModule" {
        InvalidIpAddress NEVER,
            "The address cannot be published.",
            "the chain refuses 127.0.0.1, ::1 and broadcast addresses; give the public one, or 127.0.0.2 on a devnet of one machine";
        InvalidIpType NEVER,
            "The address is neither IPv4 nor IPv6.",
            "use 4 or 6";
        InvalidPort NEVER,
            "Port 0 cannot be published.",
            "give the port on which the axon listens";
        ServingRateLimitExceeded Retry::AfterBlocks(50),
            "The axon was published too recently.",
            "wait for the subnet's serving rate limit: `assay subnet hyperparams`";
        InvalidIdentity NEVER,
            "A field of the identity is too long.",
            "names and Discord handles have at most 256 bytes, the other fields 1024";
        EvmKeyAssociateRateLimitExceeded Retry::AfterBlocks(7_200),
            "The EVM key was associated too recently.",
            "wait about a day";
        UnableToRecoverPublicKey NEVER,
            "No public key can be recovered from the EVM signature.",
            "sign the message again with the EVM key, 65 bytes with the recovery id last";
        InvalidRecoveredPublicKey NEVER,
            "The EVM signature is of another key than the one given.",
            "sign with the EVM key that is to be associated, over hotkey and block number";
    }
}
