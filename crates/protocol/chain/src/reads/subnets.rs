//! The list of subnets, and facts about one.

use crate::{
    AccountId, Alpha, Block, ChainError, NetUid, Rao, Registration, Snapshot, SubnetEmission, SubnetSummary,
    reads::hyperparameters::phase,
    runtime::number_value,
    snapshot::{Answer, Field, Query},
};
use subxt::ext::scale_decode::{self, DecodeAsType};

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Identity {
    subnet_name: Vec<u8>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct SubnetPrice {
    netuid: u16,
    price: u64,
}

struct SubnetFields {
    netuid: NetUid,
    identity: Field<Identity>,
    symbol: Field<Vec<u8>>,
    owner: Field<[u8; 32]>,
    owner_hotkey: Field<[u8; 32]>,
    neurons: Field<u16>,
    max_neurons: Field<u16>,
    tempo: Field<u16>,
    burn: Field<u64>,
    open: Field<bool>,
    started: Field<bool>,
    registered_at: Field<u64>,
    tao_in: Field<u64>,
    alpha_in: Field<u64>,
    alpha_out: Field<u64>,
}

impl SubnetFields {
    fn of(netuid: NetUid, query: &mut Query) -> Self {
        let subnet = || [number_value(netuid.0)];
        Self {
            netuid,
            identity: query.subtensor("SubnetIdentitiesV3", subnet()),
            symbol: query.subtensor("TokenSymbol", subnet()),
            owner: query.subtensor("SubnetOwner", subnet()),
            owner_hotkey: query.subtensor("SubnetOwnerHotkey", subnet()),
            neurons: query.subtensor("SubnetworkN", subnet()),
            max_neurons: query.subtensor("MaxAllowedUids", subnet()),
            tempo: query.subtensor("Tempo", subnet()),
            burn: query.subtensor("Burn", subnet()),
            open: query.subtensor("NetworkRegistrationAllowed", subnet()),
            started: query.subtensor("SubtokenEnabled", subnet()),
            registered_at: query.subtensor("NetworkRegisteredAt", subnet()),
            tao_in: query.subtensor("SubnetTAO", subnet()),
            alpha_in: query.subtensor("SubnetAlphaIn", subnet()),
            alpha_out: query.subtensor("SubnetAlphaOut", subnet()),
        }
    }

    fn summary(&self, answer: &Answer) -> Result<SubnetSummary, ChainError> {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let name = answer
            .get(self.identity)?
            .map(|identity| text(identity.subnet_name));
        Ok(SubnetSummary {
            netuid: self.netuid,
            name: name.filter(|name| !name.is_empty()),
            symbol: answer.get(self.symbol)?.map(text).unwrap_or_default(),
            owner: AccountId(answer.need(self.owner)?),
            owner_hotkey: AccountId(answer.get(self.owner_hotkey)?.unwrap_or_default()),
            neurons: answer.need(self.neurons)?,
            max_neurons: answer.need(self.max_neurons)?,
            tempo: answer.need(self.tempo)?,
            burn: Rao(answer.need(self.burn)?),
            registration: if answer.need(self.open)? {
                Registration::Open
            } else {
                Registration::Closed
            },
            phase: phase(answer.get(self.started)?),
            registered_at: Block(answer.get(self.registered_at)?.unwrap_or_default()),
            tao_in: Rao(answer.get(self.tao_in)?.unwrap_or_default()),
            alpha_in: Alpha(answer.get(self.alpha_in)?.unwrap_or_default()),
            alpha_out: Alpha(answer.get(self.alpha_out)?.unwrap_or_default()),
        })
    }
}

impl Snapshot {
    /// All subnets, ascending.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain describes subnets in an unknown shape.
    pub async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        let netuid = |key: &[u8]| {
            let netuid = u16::from_le_bytes(*key.last_chunk()?);
            Some((NetUid(netuid), number_value(netuid)))
        };
        let added: Vec<(NetUid, bool)> = self
            .map("SubtensorModule", "NetworksAdded", Vec::new(), netuid)
            .await?;
        let mut netuids: Vec<_> = added
            .into_iter()
            .filter(|(_, added)| *added)
            .map(|(netuid, _)| netuid)
            .collect();
        netuids.sort_unstable();
        let mut query = Query::default();
        let fields: Vec<_> = netuids
            .into_iter()
            .map(|netuid| SubnetFields::of(netuid, &mut query))
            .collect();
        let answer = self.read(query).await?;
        fields.iter().map(|fields| fields.summary(&answer)).collect()
    }

    /// One subnet.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise as [`subnets`](Self::subnets).
    pub async fn subnet(&self, netuid: NetUid) -> Result<SubnetSummary, ChainError> {
        let mut query = Query::default();
        let added = query.subtensor::<bool>("NetworksAdded", [number_value(netuid.0)]);
        let fields = SubnetFields::of(netuid, &mut query);
        let answer = self.read(query).await?;
        if !answer.get(added)?.unwrap_or_default() {
            return Err(ChainError::NoSubnet { netuid });
        }
        fields.summary(&answer)
    }

    /// Whether there is such a subnet.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn subnet_exists(&self, netuid: NetUid) -> Result<bool, ChainError> {
        let mut query = Query::default();
        let added = query.subtensor::<bool>("NetworksAdded", [number_value(netuid.0)]);
        Ok(self.read(query).await?.get(added)?.unwrap_or_default())
    }

    /// What a registration in a subnet costs.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise when the node does not answer.
    pub async fn burn(&self, netuid: NetUid) -> Result<Rao, ChainError> {
        let mut query = Query::default();
        let added = query.subtensor::<bool>("NetworksAdded", [number_value(netuid.0)]);
        let burn = query.subtensor::<u64>("Burn", [number_value(netuid.0)]);
        let answer = self.read(query).await?;
        if !answer.get(added)?.unwrap_or_default() {
            return Err(ChainError::NoSubnet { netuid });
        }
        Ok(Rao(answer.need(burn)?))
    }

    /// What a new subnet costs.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain does not tell.
    pub async fn subnet_creation_cost(&self) -> Result<Rao, ChainError> {
        self.api(
            "SubnetRegistrationRuntimeApi",
            "get_network_registration_cost",
            Vec::new(),
        )
        .await
        .map(Rao)
    }

    /// What flows into a subnet.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn emission(&self, netuid: NetUid) -> Result<SubnetEmission, ChainError> {
        let mut query = Query::default();
        let subnet = || [number_value(netuid.0)];
        let tao_in = query.subtensor::<u64>("SubnetTaoInEmission", subnet());
        let alpha_in = query.subtensor::<u64>("SubnetAlphaInEmission", subnet());
        let alpha_out = query.subtensor::<u64>("SubnetAlphaOutEmission", subnet());
        let miners = query.subtensor::<u64>("PendingServerEmission", subnet());
        let validators = query.subtensor::<u64>("PendingValidatorEmission", subnet());
        let owner = query.subtensor::<u64>("PendingOwnerCut", subnet());
        let answer = self.read(query).await?;
        let alpha = |field| Ok::<_, ChainError>(Alpha(answer.get(field)?.unwrap_or_default()));
        Ok(SubnetEmission {
            tao_in: Rao(answer.get(tao_in)?.unwrap_or_default()),
            alpha_in: alpha(alpha_in)?,
            alpha_out: alpha(alpha_out)?,
            pending_miners: alpha(miners)?,
            pending_validators: alpha(validators)?,
            pending_owner: alpha(owner)?,
        })
    }

    /// TAO for one alpha, of every subnet that has a price.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain does not tell.
    pub async fn alpha_prices(&self) -> Result<Vec<(NetUid, Rao)>, ChainError> {
        let prices: Vec<SubnetPrice> = self
            .api("SwapRuntimeApi", "current_alpha_price_all", Vec::new())
            .await?;
        Ok(prices
            .into_iter()
            .map(|found| (NetUid(found.netuid), Rao(found.price)))
            .collect())
    }

    /// TAO for one alpha of a subnet.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain does not tell.
    pub async fn alpha_price(&self, netuid: NetUid) -> Result<Rao, ChainError> {
        self.api(
            "SwapRuntimeApi",
            "current_alpha_price",
            vec![number_value(netuid.0)],
        )
        .await
        .map(Rao)
    }
}
