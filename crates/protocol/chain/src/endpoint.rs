//! Which node to talk to.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};
use url::{Host, Url};

/// Who answers behind an endpoint, and how hard it may be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine or a private network: a node of one's own.
    Private,
    /// Somebody else's node, shared with others.
    Public,
}

/// A WebSocket address of a Subtensor node.
///
/// Reads the names of today's `btcli` (`finney`, `test`, `local`, `archive`) and `ws://` or `wss://` addresses.
/// What may be a secret in an address, a password or a provider's key in the path, is used but never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    // Shared: errors carry it along.
    url: Arc<Url>,
}

/// An address that cannot be a node's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Neither a known name nor an address.
    #[error(
        "\"{text}\" is no network: use finney, test, archive, local, or a ws:// or wss:// address ({reason})"
    )]
    Malformed {
        /// What was given, cut to a line and without what may be a secret.
        text: String,
        /// What the parser of addresses says.
        reason: url::ParseError,
    },
    /// An address of another protocol.
    #[error("a node is reached by ws:// or wss://, not by {scheme}://")]
    Scheme {
        /// The scheme given.
        scheme: String,
    },
    /// No host in it.
    #[error("the address names no host")]
    NoHost,
}

impl Endpoint {
    /// The main network.
    pub const FINNEY: &'static str = "wss://entrypoint-finney.opentensor.ai:443";
    /// The test network.
    pub const TEST: &'static str = "wss://test.finney.opentensor.ai:443";
    /// The main network with the state of every past block.
    pub const ARCHIVE: &'static str = "wss://archive.chain.opentensor.ai:443";
    /// A node on this machine at the usual port.
    pub const LOCAL: &'static str = "ws://127.0.0.1:9944";

    /// The address, password included: for the connection alone.
    pub(crate) fn address(&self) -> &str {
        self.url.as_str()
    }

    /// Whether it is the node of this address.
    pub(crate) fn is(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| url == *self.url)
    }

    /// Whether the node is one's own or shared with the public.
    pub fn reach(&self) -> Reach {
        let private = |address: IpAddr| match address {
            IpAddr::V4(v4) => {
                v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
            }
            IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unspecified(),
        };
        let own = match self.url.host() {
            Some(Host::Domain(name)) => {
                name == "localhost" || name.ends_with(".local") || !name.contains('.')
            }
            Some(Host::Ipv4(address)) => private(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => private(IpAddr::V6(address)),
            None => false,
        };
        if own { Reach::Private } else { Reach::Public }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = match text {
            "finney" => Self::FINNEY,
            "test" => Self::TEST,
            "archive" => Self::ARCHIVE,
            "local" => Self::LOCAL,
            other => other,
        };
        let url = Url::parse(address).map_err(|reason| EndpointError::Malformed {
            text: without_secrets(text),
            reason,
        })?;
        match url.scheme() {
            "ws" | "wss" => {}
            other => {
                return Err(EndpointError::Scheme {
                    scheme: other.to_owned(),
                });
            }
        }
        if url.host().is_none() {
            return Err(EndpointError::NoHost);
        }
        Ok(Self { url: Arc::new(url) })
    }
}

/// Of a text that is no address its protocol and what stands where the host would: not the user before it, nor anything
/// behind it.
fn without_secrets(text: &str) -> String {
    const LONGEST: usize = 80;
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let mut shown: String = scheme.chars().chain(host.chars()).take(LONGEST).collect();
    if !behind.is_empty() {
        shown.push_str("/…");
    }
    shown
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default()
        )?;
        if let Some(port) = self.url.port_or_known_default() {
            write!(f, ":{port}")?;
        }
        match self.url.path() {
            "" | "/" => Ok(()),
            // Providers of nodes put the customer's key there.
            _ => f.write_str("/…"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_read_and_anything_else_is_refused_with_the_choices() {
        assert_eq!(
            "finney".parse::<Endpoint>().unwrap().to_string(),
            "wss://entrypoint-finney.opentensor.ai:443"
        );
        assert_eq!(
            "ws://[::1]:9944".parse::<Endpoint>().unwrap().reach(),
            Reach::Private
        );
        assert_eq!("test".parse::<Endpoint>().unwrap().reach(), Reach::Public);
        assert_eq!(
            "ws://192.168.1.20:9944".parse::<Endpoint>().unwrap().reach(),
            Reach::Private
        );
        assert!(matches!(
            "http://x".parse::<Endpoint>(),
            Err(EndpointError::Scheme { .. })
        ));
        let refused = "finny".parse::<Endpoint>().unwrap_err().to_string();
        assert!(
            refused.contains("finny") && refused.contains("finney"),
            "{refused}"
        );
    }

    #[test]
    fn credentials_in_an_address_are_not_shown() {
        let endpoint: Endpoint = "wss://user:hunter2@node.example/key?token=hunter2"
            .parse()
            .unwrap();
        assert!(!format!("{endpoint} {endpoint:?}").contains("hunter2"));
        // A key of a provider of nodes is in the path.
        let endpoint: Endpoint = "wss://node.example/v1/hunter2".parse().unwrap();
        assert_eq!(endpoint.to_string(), "wss://node.example:443/…");
        assert_eq!(endpoint.address(), "wss://node.example/v1/hunter2");
    }

    #[test]
    fn a_malformed_address_is_quoted_without_its_secrets() {
        let quoted = |text: &str| match text.parse::<Endpoint>().unwrap_err() {
            EndpointError::Malformed { text, .. } => text,
            other => panic!("{other}"),
        };
        assert_eq!(
            quoted("wss://user:hunter2@no de.example/v1/hunter2"),
            "wss://no de.example/…"
        );
        assert_eq!(
            quoted("wss://node.example:port?key=hunter2"),
            "wss://node.example:port/…"
        );
        assert_eq!(quoted("node.example/hunter2"), "node.example/…");
        assert_eq!(quoted("hunter2@node.example"), "node.example");
    }
}
