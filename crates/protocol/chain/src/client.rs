//! The client: one connection, shared by all its clones.

use crate::{
    Alpha, AxonAnnouncement, Balance, Block, BlockHash, BlockRef, BlockStream, Call, ChainError, Commitment,
    ConnectOptions, Endpoint, EpochSchedule, Existence, Hyperparameters, Metagraph, NetUid, Rao, Receipt,
    StakePosition, StoredWeights, SubnetSummary, Uid, WeightRow,
};
use assay_keys::{AccountId, Pair};
use std::sync::Arc;

/// A client of a Subtensor chain. Clones share one connection, which reopens by itself.
#[derive(Clone, Debug)]
pub struct ChainClient {
    shared: Arc<Endpoint>,
}

impl ChainClient {
    /// Connects, and reads the runtime's metadata.
    ///
    /// # Errors
    ///
    /// When the node cannot be reached or does not answer in time, or its metadata cannot be read.
    pub async fn connect(_endpoint: Endpoint, _options: ConnectOptions) -> Result<Self, ChainError> {
        todo!()
    }

    /// The node this client talks to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared
    }

    /// The newest block.
    pub async fn head(&self) -> Result<BlockRef, ChainError> {
        todo!()
    }

    /// The newest block that cannot be dropped any more.
    pub async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        todo!()
    }

    /// Hash of the block at a height; nothing above the head.
    pub async fn block_hash(&self, _number: Block) -> Result<Option<BlockHash>, ChainError> {
        todo!()
    }

    /// The smallest balance that an account may have.
    pub async fn existential_deposit(&self) -> Result<Rao, ChainError> {
        todo!()
    }

    /// What an account holds.
    pub async fn balance(&self, _account: &AccountId) -> Result<Balance, ChainError> {
        todo!()
    }

    /// All subnets, ascending.
    pub async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        todo!()
    }

    /// Whether there is such a subnet.
    pub async fn subnet_exists(&self, _netuid: NetUid) -> Result<bool, ChainError> {
        todo!()
    }

    /// Everybody in a subnet, at one block, in three requests.
    pub async fn metagraph(&self, _netuid: NetUid) -> Result<Metagraph, ChainError> {
        todo!()
    }

    /// What a subnet asks of its neurons, at one block.
    pub async fn hyperparameters(&self, _netuid: NetUid) -> Result<Hyperparameters, ChainError> {
        todo!()
    }

    /// When a subnet's epochs run.
    pub async fn epoch_schedule(&self, _netuid: NetUid) -> Result<EpochSchedule, ChainError> {
        todo!()
    }

    /// The slot of a hotkey; nothing when it is not registered.
    pub async fn uid(&self, _netuid: NetUid, _hotkey: &AccountId) -> Result<Option<Uid>, ChainError> {
        todo!()
    }

    /// What a registration costs now.
    pub async fn burn(&self, _netuid: NetUid) -> Result<Rao, ChainError> {
        todo!()
    }

    /// What a new subnet costs now.
    pub async fn subnet_creation_cost(&self) -> Result<Rao, ChainError> {
        todo!()
    }

    /// The stored weight rows, ascending by uid.
    pub async fn weights(&self, _netuid: NetUid) -> Result<Vec<StoredWeights>, ChainError> {
        todo!()
    }

    /// A coldkey's stakes.
    pub async fn stakes(&self, _coldkey: &AccountId) -> Result<Vec<StakePosition>, ChainError> {
        todo!()
    }

    /// TAO for one alpha of a subnet, now.
    pub async fn alpha_price(&self, _netuid: NetUid) -> Result<Rao, ChainError> {
        todo!()
    }

    /// All commitments of a subnet, ascending by hotkey.
    pub async fn commitments(&self, _netuid: NetUid) -> Result<Vec<Commitment>, ChainError> {
        todo!()
    }

    /// A hotkey's commitment.
    pub async fn commitment(
        &self,
        _netuid: NetUid,
        _hotkey: &AccountId,
    ) -> Result<Option<Commitment>, ChainError> {
        todo!()
    }

    /// New blocks as they come.
    pub async fn blocks(&self) -> Result<BlockStream, ChainError> {
        todo!()
    }

    /// Sends TAO. Signed by the sender's coldkey.
    pub async fn transfer(
        &self,
        _from: &Pair,
        _to: AccountId,
        _amount: Rao,
        _existence: Existence,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Registers a hotkey in a subnet, refusing to pay more than `limit`. Signed by the coldkey.
    pub async fn register(
        &self,
        _coldkey: &Pair,
        _netuid: NetUid,
        _hotkey: AccountId,
        _limit: Rao,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Creates a subnet. Signed by the coldkey, which becomes its owner; [`created_subnet`](crate::Included::created_subnet) tells its number.
    pub async fn create_subnet(&self, _coldkey: &Pair, _hotkey: AccountId) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Starts a subnet: stake and emission flow from then on. Signed by its owner's coldkey.
    pub async fn start_call(&self, _owner: &Pair, _netuid: NetUid) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Publishes where a neuron can be reached. Signed by the hotkey.
    pub async fn serve_axon(
        &self,
        _hotkey: &Pair,
        _netuid: NetUid,
        _axon: AxonAnnouncement,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Stakes TAO on a hotkey. Signed by the coldkey.
    pub async fn add_stake(
        &self,
        _coldkey: &Pair,
        _netuid: NetUid,
        _hotkey: AccountId,
        _amount: Rao,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Takes stake back. Signed by the coldkey.
    pub async fn remove_stake(
        &self,
        _coldkey: &Pair,
        _netuid: NetUid,
        _hotkey: AccountId,
        _amount: Alpha,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Sets a weight row in the open. Signed by the hotkey; free of charge.
    pub async fn set_weights(
        &self,
        _hotkey: &Pair,
        _netuid: NetUid,
        _row: &WeightRow,
        _version_key: u64,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Commits a text. Signed by the hotkey; free of charge.
    pub async fn set_commitment(
        &self,
        _hotkey: &Pair,
        _netuid: NetUid,
        _text: &str,
    ) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Runs a call with root's rights. Signed by the sudo key.
    pub async fn sudo(&self, _sudo: &Pair, _call: &Call) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// Signs and sends any call.
    pub async fn submit(&self, _signer: &Pair, _call: &Call) -> Result<Receipt, ChainError> {
        todo!()
    }

    /// What a call would cost its signer.
    pub async fn fee(&self, _signer: &AccountId, _call: &Call) -> Result<Rao, ChainError> {
        todo!()
    }
}

impl crate::Included {
    /// The subnet that a [`ChainClient::create_subnet`] made.
    pub fn created_subnet(&self) -> Option<NetUid> {
        todo!()
    }

    /// The slot that a [`ChainClient::register`] got.
    pub fn registered_uid(&self) -> Option<Uid> {
        todo!()
    }
}
