//! Whom to ask.

use assay_keys::AccountId;
use http::{Uri, uri::PathAndQuery};
use std::net::{IpAddr, SocketAddr};

/// A neuron and where it says that it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whom the request is signed for: only this neuron can accept it.
    pub hotkey: AccountId,
    /// Where it is sent.
    pub address: SocketAddr,
}

impl Target {
    /// Whether there is anything to connect to. A neuron that does not serve has the address 0.0.0.0 on chain, and
    /// Linux takes that one for this machine: we would be asking ourselves.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        let ip = self.address.ip();
        let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        self.address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
    }

    /// Address of a resource there. The zone of an IPv6 address is left out: a URI has no place for it.
    pub(super) fn uri(&self, path: &PathAndQuery) -> Result<Uri, http::Error> {
        let authority = SocketAddr::new(self.address.ip(), self.address.port()).to_string();
        Uri::builder()
            .scheme("http")
            .authority(authority)
            .path_and_query(path.clone())
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use assay_keys::AccountId;
    use http::uri::PathAndQuery;

    fn target(address: &str) -> Target {
        Target {
            hotkey: AccountId([1; 32]),
            address: address.parse().unwrap(),
        }
    }

    #[test]
    fn an_ipv6_address_is_bracketed_and_loses_its_zone() {
        let path = PathAndQuery::from_static("/Echo");
        for (address, uri) in [
            ("1.2.3.4:8091", "http://1.2.3.4:8091/Echo"),
            ("[::1]:8091", "http://[::1]:8091/Echo"),
            ("[fe80::1%3]:80", "http://[fe80::1]:80/Echo"),
        ] {
            assert_eq!(target(address).uri(&path).unwrap().to_string(), uri);
        }
    }

    #[test]
    fn an_address_that_is_nobodys_is_not_serving() {
        for nobody in [
            "0.0.0.0:8091",
            "[::]:8091",
            "1.2.3.4:0",
            "255.255.255.255:1",
            "224.0.0.1:80",
        ] {
            assert!(!target(nobody).is_serving(), "{nobody}");
        }
        assert!(target("1.2.3.4:8091").is_serving());
    }
}
