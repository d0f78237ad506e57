//! Whether a hotkey is registered where it wants to work.

use assay_chain::{
    AccountId, Alpha, BlockRef, ChainClient, ChainError, Metagraph, NetUid, Rao, Registration, Retry, Uid,
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
    /// It has a slot and too little stake to be of use there.
    #[error("hotkey {hotkey} has {stake} of stake in subnet {netuid}, at least {minimum} are asked for")]
    StakeTooLow {
        /// The hotkey.
        hotkey: AccountId,
        /// The subnet.
        netuid: NetUid,
        /// What counts of its stake: alpha, and TAO at its weight.
        stake: Alpha,
        /// What is asked for.
        minimum: Alpha,
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
            Self::StakeTooLow {
                netuid,
                stake,
                minimum,
                ..
            } => Some(format!(
                "stake {} more on the hotkey: assay stake add --netuid {netuid}",
                minimum.saturating_sub(*stake)
            )),
            Self::Chain(error) => error.hint().map(Into::into),
        }
    }

    /// Whether asking again makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unregistered { .. } | Self::StakeTooLow { .. } => Retry::Never,
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

/// The stake that a validator must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StakeCheck {
    /// What the chain asks of who sets weights; the subnet owner's hotkey is exempt, as it is there.
    #[default]
    Chain,
    /// At least this, whoever it is.
    AtLeast(Alpha),
    /// None: it may come later.
    Unchecked,
}

/// The slot of a hotkey that has enough stake, or a refusal that says how to get there.
///
/// # Errors
///
/// As [`require`], and [`NotRegistered::StakeTooLow`].
pub async fn require_stake(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: &AccountId,
    check: StakeCheck,
) -> Result<Registered, NotRegistered> {
    let registered = require(client, netuid, hotkey).await?;
    let snapshot = client.at(registered.block.hash).await?;
    let minimum = match check {
        StakeCheck::Unchecked => return Ok(registered),
        StakeCheck::AtLeast(minimum) => minimum,
        StakeCheck::Chain => snapshot.hyperparameters(netuid).await?.stake_threshold,
    };
    let metagraph = snapshot.shared_metagraph(netuid).await?;
    let is_exempt = check == StakeCheck::Chain && metagraph.owner_hotkey == *hotkey;
    let stake = metagraph.by_hotkey(hotkey).map(|neuron| neuron.total_stake);
    let stake = stake.unwrap_or_default();
    if is_exempt || stake >= minimum {
        return Ok(registered);
    }
    Err(NotRegistered::StakeTooLow {
        hotkey: *hotkey,
        netuid,
        stake,
        minimum,
    })
}

/// The hotkey's slot in a metagraph that is at hand; nothing when it has none.
pub fn find(metagraph: &Metagraph, hotkey: &AccountId) -> Option<Registered> {
    metagraph.uid_of(hotkey).map(|uid| Registered {
        uid,
        block: metagraph.block,
    })
}
