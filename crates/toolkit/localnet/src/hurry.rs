//! Moving the chain on, so that nobody waits for a timer.

use crate::{LocalSubnet, LocalnetError, error::Doing};
use assay_chain::{Block, Metagraph, Neuron};

/// Blocks that are made at once to bring the weights' turn nearer. Fewer, and it takes many looks; many more, and the turn
/// is over before a validator has used it.
const STRIDE: u32 = 5;

/// How far the chain was moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurried {
    /// Some blocks nearer to the turn of the weights, which are not all set yet.
    Nearer,
    /// Past an epoch.
    Epoch,
}

impl LocalSubnet {
    /// The subnet as it is now.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub async fn metagraph(&self) -> Result<Metagraph, LocalnetError> {
        self.chain
            .metagraph(self.netuid)
            .await
            .doing("reading the metagraph")
    }

    /// The block of the newest epoch.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub async fn last_epoch(&self) -> Result<Block, LocalnetError> {
        let schedule = self.chain.epoch_schedule(self.netuid).await;
        Ok(schedule.doing("reading the epochs")?.last_epoch_block)
    }

    /// Gives the validators their permits, which come with the first epoch.
    ///
    /// # Errors
    /// When the node makes no block.
    pub async fn permit_validators(&self) -> Result<(), LocalnetError> {
        let metagraph = self.metagraph().await?;
        let mut validators = self.validators_in(&metagraph);
        if validators.all(|neuron| neuron.validator_permit) {
            return Ok(());
        }
        self.run_to_epoch().await
    }

    /// Moves the chain on: past the next epoch when every validator has set weights since the last one, and otherwise
    /// nearer to the blocks in which they set them.
    ///
    /// # Errors
    /// When the chain does not answer, or makes no block.
    pub async fn hurry(&self) -> Result<Hurried, LocalnetError> {
        let (metagraph, epoch) = (self.metagraph().await?, self.last_epoch().await?);
        let is_weighed = self
            .validators_in(&metagraph)
            .all(|neuron| neuron.last_update >= epoch && neuron.last_update > neuron.registered_at);
        if is_weighed {
            self.run_to_epoch().await?;
            return Ok(Hurried::Epoch);
        }
        let made = self.devnet.produce(STRIDE).await;
        made.map(|_| Hurried::Nearer)
            .map_err(|source| LocalnetError::Devnet {
                doing: "moving the chain on",
                source,
            })
    }

    fn validators_in<'m>(&self, metagraph: &'m Metagraph) -> impl Iterator<Item = &'m Neuron> + use<'_, 'm> {
        let accounts = self.validators.iter();
        accounts.filter_map(|account| metagraph.by_hotkey(&account.hotkey.account()))
    }
}
