//! A subnet that lives in this process.

use crate::{Account, LocalnetError, error::Doing, founding::Founder};
use assay_chain::{ChainClient, ChainError, ConnectOptions, Endpoint, NetUid};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Genesis, Storage};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// What a local subnet is made of.
#[derive(Clone, Debug)]
pub struct LocalSubnetConfig {
    /// Folder of chain and wallets. What is there goes on where it stopped.
    pub folder: PathBuf,
    /// Secret from which the wallets and the chain's genesis follow, hexadecimal, at least sixteen digits. It is worth
    /// nothing outside this one chain.
    pub seed: String,
    /// Where the node listens.
    pub listen: SocketAddr,
    /// Between two blocks.
    pub block_time: Duration,
    /// Blocks between two epochs. Shorter, and whoever is left running works all the time; longer, and one waits for
    /// nothing.
    pub tempo: u16,
    /// Names of the validators' wallets.
    pub validators: Vec<String>,
    /// Names of the miners' wallets.
    pub miners: Vec<String>,
}

impl LocalSubnetConfig {
    /// A block a second, an epoch each hundred, nobody in it yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, seed: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            seed: seed.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            block_time: Duration::from_secs(1),
            tempo: 100,
            validators: Vec::new(),
            miners: Vec::new(),
        }
    }
}

/// A chain in this process with one founded subnet, its neurons registered and its validators staked.
#[derive(Debug)]
pub struct LocalSubnet {
    /// The node.
    pub devnet: Devnet,
    /// A client of it, as of any chain.
    pub chain: ChainClient,
    /// The subnet.
    pub netuid: NetUid,
    /// Its owner.
    pub owner: Account,
    /// In the order of the configuration.
    pub validators: Vec<Account>,
    /// In the order of the configuration.
    pub miners: Vec<Account>,
}

/// A chain in this process whose subnet is not founded yet.
#[derive(Debug)]
pub struct LocalChain {
    config: LocalSubnetConfig,
    /// The node.
    pub devnet: Devnet,
    /// A client of it, as of any chain.
    pub chain: ChainClient,
}

impl LocalChain {
    /// Starts the node and connects to it.
    ///
    /// # Errors
    /// When the node does not start.
    pub async fn start(config: LocalSubnetConfig) -> Result<Self, LocalnetError> {
        let digits = config.seed.get(..16).unwrap_or_default();
        let genesis = Genesis {
            seed: u64::from_str_radix(digits, 16).unwrap_or_default(),
            ..Genesis::default()
        };
        let folder = config.folder.join("chain");
        let devnet = Devnet::start(DevnetConfig {
            genesis: (!folder.exists()).then_some(genesis),
            data: Storage::Folder(folder),
            listen: config.listen,
            blocks: BlockProduction::Every(config.block_time),
            ..DevnetConfig::default()
        })
        .await
        .map_err(|source| LocalnetError::Devnet {
            doing: "starting the chain",
            source,
        })?;
        const DOING: &str = "connecting to the chain";
        let endpoint: Endpoint = devnet.url().parse().map_err(ChainError::Endpoint).doing(DOING)?;
        let chain = ChainClient::connect(endpoint.into(), ConnectOptions::default())
            .await
            .doing(DOING)?;
        Ok(Self {
            config,
            devnet,
            chain,
        })
    }

    /// Founds the subnet, or finds it as it was left.
    ///
    /// # Errors
    /// When the chain refuses something of it, or a wallet cannot be written.
    pub async fn found(self) -> Result<LocalSubnet, LocalnetError> {
        let Self {
            config,
            devnet,
            chain,
        } = self;
        let wallets = config.folder.join("wallets");
        let open = |name: &String| {
            Account::open(&wallets, &config.seed, name).map_err(|source| LocalnetError::Wallet {
                name: name.clone(),
                source,
            })
        };
        let owner = open(&"owner".to_owned())?;
        let validators: Vec<_> = config.validators.iter().map(open).collect::<Result<_, _>>()?;
        let miners: Vec<_> = config.miners.iter().map(open).collect::<Result<_, _>>()?;
        let founder = Founder {
            chain: &chain,
            devnet: &devnet,
            tempo: config.tempo,
        };
        let netuid = founder.found(&owner, &validators, &miners).await?;
        Ok(LocalSubnet {
            devnet,
            chain,
            netuid,
            owner,
            validators,
            miners,
        })
    }
}

impl LocalSubnet {
    /// As [`LocalChain::start`] and [`LocalChain::found`].
    ///
    /// # Errors
    /// As those.
    pub async fn start(config: LocalSubnetConfig) -> Result<Self, LocalnetError> {
        LocalChain::start(config).await?.found().await
    }

    /// Makes blocks until the subnet's next epoch has run.
    ///
    /// # Errors
    /// When the node makes no block.
    pub async fn run_to_epoch(&self) -> Result<(), LocalnetError> {
        self.devnet
            .run_to_epoch(self.netuid.0)
            .await
            .map(drop)
            .map_err(|source| LocalnetError::Devnet {
                doing: "moving the chain on to the epoch",
                source,
            })
    }

    /// Stops the node. What it has is kept.
    pub async fn stop(self) {
        self.devnet.stop().await;
    }
}
