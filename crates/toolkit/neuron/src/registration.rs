//! Whether a hotkey is registered where it wants to work.

use assay_chain::{
    AccountId, BlockRef, ChainClient, ChainError, Metagraph, NetUid, Rao, Registration, Retry, Uid,
};

/// A hotkey's slot at one block. It can lose it later: check again after each epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The slot.
    pub uid: Uid,
    /// The block at which it held.
    pub block: BlockRef,
}

/// Why a hotkey cannot work in a subnet.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotRegistered {
    /// It has no slot.
    #[error("hotkey {hotkey} is not registered in subnet {netuid}")]
    Unregistered {
        /// The hotkey.
        hotkey: AccountId,
        /// The subnet.
        netuid: NetUid,
        /// What a registration costs now.
        cost: Rao,
        /// Whether the subnet takes newcomers.
        registration: Registration,
    },
    /// The chain could not be asked, or has no such subnet.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl NotRegistered {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unregistered {
                netuid,
                cost,
                registration: Registration::Open,
                ..
            } => Some(format!(
                "register it for {cost}: assay subnet register --netuid {netuid}"
            )),
            Self::Unregistered { netuid, .. } => Some(format!(
                "subnet {netuid} takes no registrations now; its owner can open it"
            )),
            Self::Chain(error) => error.hint().map(Into::into),
        }
    }

    /// Whether asking again makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unregistered { .. } => Retry::Never,
            Self::Chain(error) => error.retry(),
        }
    }
}

/// The hotkey's slot, or a refusal that says how to get one.
///
/// # Errors
///
/// [`NotRegistered::Unregistered`] when it has none; [`NotRegistered::Chain`] when there is no such subnet or the
/// chain does not answer.
pub async fn require(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: &AccountId,
) -> Result<Registered, NotRegistered> {
    let snapshot = client.pin().await?;
    // The subnet first: without one every hotkey would seem unregistered.
    let subnet = snapshot.subnet(netuid).await?;
    match snapshot.uid(netuid, hotkey).await? {
        Some(uid) => Ok(Registered {
            uid,
            block: snapshot.block(),
        }),
        None => Err(NotRegistered::Unregistered {
            hotkey: *hotkey,
            netuid,
            cost: subnet.burn,
            registration: subnet.registration,
        }),
    }
}

/// The hotkey's slot in a metagraph that is at hand; nothing when it has none.
pub fn find(metagraph: &Metagraph, hotkey: &AccountId) -> Option<Registered> {
    metagraph.uid_of(hotkey).map(|uid| Registered {
        uid,
        block: metagraph.block,
    })
}
