//! The client: one connection, shared by all its clones.

use crate::{
    AccountId, Balance, Block, BlockHash, BlockRef, BlockStream, ChainError, Commitment, ConnectOptions,
    Endpoint, EndpointHealth, Endpoints, EpochSchedule, Hyperparameters, Metagraph, NetUid, Rao, Snapshot,
    StakePosition, StoredWeights, SubnetSummary, Uid, connection::Connection, shared::Shared,
};
use std::sync::Arc;

/// A client of a Subtensor chain.
///
/// Clones share one connection, which opens again by itself when it was lost. Every call has the deadline of the
/// [`ConnectOptions`]. Reads without a block see the newest one; [`pin`](Self::pin) gives a [`Snapshot`] where several
/// reads see the same.
#[derive(Clone, Debug)]
pub struct ChainClient {
    pub(crate) shared: Arc<Shared>,
}

impl ChainClient {
    /// Connects to the first of these nodes that answers, and reads the runtime's metadata. When a node fails, falls
    /// behind or asks to be left alone, the client moves on to the next; never to one of another chain.
    ///
    /// # Errors
    ///
    /// When no node can be reached or answers in time, or the metadata cannot be read.
    pub async fn connect(endpoints: Endpoints, options: ConnectOptions) -> Result<Self, ChainError> {
        let connection = Connection::new(endpoints, &options);
        Ok(Self {
            // On the heap, as in `submit`.
            shared: Arc::new(Box::pin(Shared::connect(connection, options)).await?),
        })
    }

    /// How each of the client's nodes has been doing, in the order in which they were given.
    pub fn endpoints(&self) -> Vec<EndpointHealth> {
        self.shared.connection.health()
    }

    /// The node this client talks to at present.
    pub fn endpoint(&self) -> &Endpoint {
        self.shared.connection.endpoint()
    }

    /// The waiting times and limits it was connected with.
    pub fn options(&self) -> &ConnectOptions {
        &self.shared.options
    }

    /// The hash of the chain's first block: which chain it is.
    pub fn genesis(&self) -> BlockHash {
        self.shared.genesis
    }

    /// The version of the newest runtime that this client has seen.
    pub fn spec_version(&self) -> u32 {
        self.shared.runtime().version().spec
    }

    /// How many requests this client and its clones have sent, connecting included: for metrics.
    pub fn requests(&self) -> u64 {
        self.shared.connection.requests()
    }

    /// The newest block.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn head(&self) -> Result<BlockRef, ChainError> {
        self.shared.head().await
    }

    /// The newest block that cannot be dropped any more.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.shared.finalized_head().await
    }

    /// Hash of the block at a height; nothing above the head.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn block_hash(&self, number: Block) -> Result<Option<BlockHash>, ChainError> {
        self.shared.block_hash(number).await
    }

    /// The chain at its newest block.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn pin(&self) -> Result<Snapshot, ChainError> {
        let head = self.head().await?;
        Ok(self.shared.snapshot(head))
    }

    /// The chain at a block.
    ///
    /// # Errors
    ///
    /// [`ChainError::UnknownBlock`] when the node does not know it.
    pub async fn at(&self, hash: BlockHash) -> Result<Snapshot, ChainError> {
        let block = self.shared.block(hash).await?;
        Ok(self.shared.snapshot(block))
    }

    /// New blocks as they come, the newest first.
    ///
    /// # Errors
    ///
    /// When the node does not answer now; what comes later is in the stream.
    pub async fn blocks(&self) -> Result<BlockStream, ChainError> {
        let head = self.head().await?;
        Ok(BlockStream::new(Arc::clone(&self.shared), head))
    }

    /// The smallest balance that an account may have.
    ///
    /// # Errors
    ///
    /// When the runtime does not say.
    pub fn existential_deposit(&self) -> Result<Rao, ChainError> {
        let deposit = self
            .shared
            .runtime()
            .constant::<u64>("Balances", "ExistentialDeposit")?;
        Ok(Rao(deposit))
    }

    /// What an account holds. See [`Snapshot::balance`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn balance(&self, account: &AccountId) -> Result<Balance, ChainError> {
        self.pin().await?.balance(account).await
    }

    /// A coldkey's stakes. See [`Snapshot::stakes`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn stakes(&self, coldkey: &AccountId) -> Result<Vec<StakePosition>, ChainError> {
        self.pin().await?.stakes(coldkey).await
    }

    /// A coldkey's stake on a hotkey. See [`Snapshot::stake`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn stake(
        &self,
        netuid: NetUid,
        hotkey: &AccountId,
        coldkey: &AccountId,
    ) -> Result<StakePosition, ChainError> {
        self.pin().await?.stake(netuid, hotkey, coldkey).await
    }

    /// All subnets, ascending. See [`Snapshot::subnets`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        self.pin().await?.subnets().await
    }

    /// One subnet. See [`Snapshot::subnet`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn subnet(&self, netuid: NetUid) -> Result<SubnetSummary, ChainError> {
        self.pin().await?.subnet(netuid).await
    }

    /// Whether there is such a subnet. See [`Snapshot::subnet_exists`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn subnet_exists(&self, netuid: NetUid) -> Result<bool, ChainError> {
        self.pin().await?.subnet_exists(netuid).await
    }

    /// Everybody in a subnet, at one block, in three requests. See [`Snapshot::metagraph`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn metagraph(&self, netuid: NetUid) -> Result<Metagraph, ChainError> {
        self.pin().await?.metagraph(netuid).await
    }

    /// The same without a copy of one's own. See [`Snapshot::shared_metagraph`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn shared_metagraph(&self, netuid: NetUid) -> Result<Arc<Metagraph>, ChainError> {
        self.pin().await?.shared_metagraph(netuid).await
    }

    /// What a subnet asks of its neurons. See [`Snapshot::hyperparameters`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn hyperparameters(&self, netuid: NetUid) -> Result<Hyperparameters, ChainError> {
        self.pin().await?.hyperparameters(netuid).await
    }

    /// When a subnet's epochs run. See [`Snapshot::epoch_schedule`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn epoch_schedule(&self, netuid: NetUid) -> Result<EpochSchedule, ChainError> {
        self.pin().await?.epoch_schedule(netuid).await
    }

    /// The slot of a hotkey; nothing when it is not registered. See [`Snapshot::uid`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn uid(&self, netuid: NetUid, hotkey: &AccountId) -> Result<Option<Uid>, ChainError> {
        self.pin().await?.uid(netuid, hotkey).await
    }

    /// What a registration costs now. See [`Snapshot::burn`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn burn(&self, netuid: NetUid) -> Result<Rao, ChainError> {
        self.pin().await?.burn(netuid).await
    }

    /// What a new subnet costs now. See [`Snapshot::subnet_creation_cost`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn subnet_creation_cost(&self) -> Result<Rao, ChainError> {
        self.pin().await?.subnet_creation_cost().await
    }

    /// TAO for one alpha of a subnet, now. See [`Snapshot::alpha_price`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn alpha_price(&self, netuid: NetUid) -> Result<Rao, ChainError> {
        self.pin().await?.alpha_price(netuid).await
    }

    /// The stored weight rows, ascending by uid. See [`Snapshot::weights`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn weights(&self, netuid: NetUid) -> Result<Vec<StoredWeights>, ChainError> {
        self.pin().await?.weights(netuid).await
    }

    /// All commitments of a subnet, ascending by hotkey. See [`Snapshot::commitments`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn commitments(&self, netuid: NetUid) -> Result<Vec<Commitment>, ChainError> {
        self.pin().await?.commitments(netuid).await
    }

    /// A hotkey's commitment. See [`Snapshot::commitment`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn commitment(
        &self,
        netuid: NetUid,
        hotkey: &AccountId,
    ) -> Result<Option<Commitment>, ChainError> {
        self.pin().await?.commitment(netuid, hotkey).await
    }
}
