//! Several nodes of one chain, and how each is doing.

use crate::{Block, Endpoint, EndpointError};
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr, time::Duration};

/// Nodes of one chain, in the order in which they are tried; at least one.
///
/// Read from addresses and names joined by commas. `finney` and `archive` stand for all their public nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

/// Public nodes that stand in for those of the named networks.
const STAND_INS: [(&str, &[&str]); 2] = [
    (
        Endpoint::FINNEY,
        &[
            "wss://lite.chain.opentensor.ai:443",
            "wss://lite.sub.latent.to:443",
        ],
    ),
    (Endpoint::ARCHIVE, &["wss://archive.sub.latent.to:443"]),
];

impl Endpoints {
    /// The node that is tried first.
    pub fn first(&self) -> &Endpoint {
        // There is at least one by construction.
        &self.0[0]
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter()
    }
}

impl From<Endpoint> for Endpoints {
    /// This node alone.
    fn from(endpoint: Endpoint) -> Self {
        Self(vec![endpoint])
    }
}

impl IntoIterator for Endpoints {
    type Item = Endpoint;
    type IntoIter = std::vec::IntoIter<Endpoint>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromStr for Endpoints {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for name in text.split(',').map(str::trim) {
            let endpoint: Endpoint = name.parse()?;
            let is_name = !name.contains("://");
            let mut more = Vec::new();
            for (_, stand_ins) in STAND_INS
                .iter()
                .filter(|(address, _)| is_name && endpoint.is(address))
            {
                for stand_in in *stand_ins {
                    more.push(stand_in.parse()?);
                }
            }
            more.insert(0, endpoint);
            for endpoint in more {
                if !endpoints.contains(&endpoint) {
                    endpoints.push(endpoint);
                }
            }
        }
        Ok(Self(endpoints))
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, endpoint) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{endpoint}")?;
        }
        Ok(())
    }
}

/// What a client thinks of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndpointState {
    /// It is the one that is asked.
    Active,
    /// It is asked when the active one fails.
    Standby,
    /// It failed a short time ago and is left alone for a while.
    Resting,
    /// It answers for another chain and is never asked.
    OtherChain,
}

/// How a node has been doing.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointHealth {
    /// The node.
    #[serde(serialize_with = "as_text")]
    pub endpoint: Endpoint,
    /// What the client thinks of it.
    pub state: EndpointState,
    /// Its last failure, however long ago.
    pub last_error: Option<String>,
    /// How long it takes to answer, newer answers counting more.
    pub latency: Option<Duration>,
    /// The newest block that it told.
    pub head: Option<Block>,
    /// How many blocks that is behind the newest that any node told.
    pub lag: Option<u64>,
}

fn as_text<S: Serializer>(endpoint: &Endpoint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_all_public_nodes_of_its_network_and_an_address_for_itself() {
        let shown = |text: &str| text.parse::<Endpoints>().unwrap().to_string();
        assert_eq!(
            shown("finney"),
            "wss://entrypoint-finney.opentensor.ai:443, wss://lite.chain.opentensor.ai:443, \
             wss://lite.sub.latent.to:443"
        );
        assert_eq!(
            shown(Endpoint::FINNEY),
            "wss://entrypoint-finney.opentensor.ai:443"
        );
        assert_eq!(
            shown("local, ws://10.0.0.1:9944,local"),
            "ws://127.0.0.1:9944, ws://10.0.0.1:9944"
        );
        assert!("local,".parse::<Endpoints>().is_err());
    }
}
