//! Where a neuron can be reached, as it published it.

use crate::Block;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address that a neuron has published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedAxon {
    /// Address and port.
    pub address: SocketAddr,
    /// The version that the neuron says it runs.
    pub version: u32,
    /// The protocol number that it gives; 4 by habit.
    pub protocol: u8,
    /// When it was published.
    pub block: Block,
}

/// What to publish: see [`ChainClient::serve_axon`](crate::ChainClient::serve_axon).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxonAnnouncement {
    /// Address and port that others can reach. The chain refuses 127.0.0.1, ::1, broadcast and port 0.
    pub address: SocketAddr,
    /// The version that the neuron runs.
    pub version: u32,
    /// The protocol number; 4 by habit.
    pub protocol: u8,
}

/// The chain's number of an address: IPv4 in the low 32 bits, both kinds big-endian.
pub(crate) fn address_number(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 4),
        IpAddr::V6(v6) => (u128::from(v6), 6),
    }
}

/// The address of the chain's number; nothing for the zeros of a neuron that has not published, or for a kind that
/// is neither 4 nor 6.
pub(crate) fn published(number: u128, kind: u8, port: u16) -> Option<SocketAddr> {
    let address = match kind {
        4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).ok()?)),
        6 => IpAddr::V6(Ipv6Addr::from(number)),
        _ => return None,
    };
    (port != 0).then_some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_chains_numbers() {
        for text in ["8.8.8.8:8091", "[2001:db8::1]:8091"] {
            let address: SocketAddr = text.parse().unwrap();
            let (number, kind) = address_number(address.ip());
            assert_eq!(published(number, kind, address.port()), Some(address));
        }
        assert_eq!(address_number("8.8.8.8".parse().unwrap()), (134_744_072, 4));
    }

    #[test]
    fn addresses_have_the_numbers_of_the_sdk() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../../../vectors/wire/ip_encoding.json")).unwrap();
        for row in vector["ips"].as_array().unwrap() {
            let address = row["ip"].as_str().unwrap().parse::<IpAddr>();
            if row.get("error").is_some() {
                assert!(address.is_err(), "{row}");
                continue;
            }
            let address = address.unwrap();
            let (number, kind) = address_number(address);
            assert_eq!(number.to_string(), row["int"].as_str().unwrap(), "{row}");
            assert_eq!(u64::from(kind), row["ip_type"].as_u64().unwrap(), "{row}");
            assert_eq!(
                hex::encode(number.to_le_bytes()),
                row["u128_le_hex"].as_str().unwrap()
            );
            // The SDK reads small IPv6 numbers as IPv4; ours go by their kind.
            assert_eq!(published(number, kind, 80).unwrap().ip(), address);
        }
    }

    #[test]
    fn a_neuron_that_published_nothing_has_no_address() {
        assert_eq!(published(0, 0, 0), None);
        assert_eq!(published(1 << 40, 4, 80), None, "not an IPv4 number");
    }
}
