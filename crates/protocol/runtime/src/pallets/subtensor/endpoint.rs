//! What a hotkey announces about its servers.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;

/// Where a neuron serves requests.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AxonInfo {
    /// The block of the announcement.
    pub block: u64,
    /// The version of the software, as it calls itself.
    pub version: u32,
    /// The address as a number: IPv4 in the low 32 bits.
    pub ip: u128,
    /// The port.
    pub port: u16,
    /// 4 or 6.
    pub ip_type: u8,
    /// The transport, as the software numbers it.
    pub protocol: u8,
    /// Free for the subnet's use.
    pub placeholder1: u8,
    /// Free for the subnet's use.
    pub placeholder2: u8,
}

/// Where a neuron serves metrics.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PrometheusInfo {
    /// The block of the announcement.
    pub block: u64,
    /// The version of the software, as it calls itself.
    pub version: u32,
    /// The address as a number: IPv4 in the low 32 bits.
    pub ip: u128,
    /// The port.
    pub port: u16,
    /// 4 or 6.
    pub ip_type: u8,
}

/// The public key a neuron's server presents.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NeuronCertificate {
    /// The key.
    pub public_key: BoundedVec<u8, ConstU32<64>>,
    /// Its algorithm, as the software numbers it.
    pub algorithm: u8,
}

impl NeuronCertificate {
    /// Reads a certificate: the first byte is the algorithm, up to 64 more are the key. Anything else is none, which
    /// the chain drops without a word.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (algorithm, public_key) = bytes.split_first()?;
        Some(Self {
            public_key: BoundedVec::try_from(public_key.to_vec()).ok()?,
            algorithm: *algorithm,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::NeuronCertificate;

    #[test]
    fn a_certificate_is_an_algorithm_and_at_most_64_bytes_of_key() {
        assert_eq!(NeuronCertificate::from_bytes(&[]), None);
        assert_eq!(NeuronCertificate::from_bytes(&[0; 66]), None);
        let longest = NeuronCertificate::from_bytes(&[7; 65]).unwrap();
        assert_eq!((longest.algorithm, longest.public_key.len()), (7, 64));
    }
}
