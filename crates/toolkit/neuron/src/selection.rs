//! Whom to ask: the miners of a metagraph that can answer, and some of them.
//!
//! A neuron is *available* when it has published an address that somebody can be at and is not a validator with much
//! stake; one's own hotkey never is. Of the available ones, diversity keeps one a coldkey or an address, then the
//! excluded are left out, and of the rest some are chosen. The chain's state and the randomness are arguments, so that
//! equal seeds choose equally.

use assay_axon::Target;
use assay_chain::{AccountId, Alpha, Metagraph, Neuron, Uid};
use rand::{Rng, seq::SliceRandom};
use std::{cmp::Reverse, collections::BTreeSet, net::IpAddr};

/// Whether a coldkey or an address may be asked more than once in a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// As often as it has neurons.
    #[default]
    Allowed,
    /// Only by the lowest of its uids: who holds many slots is not asked many times over.
    LowestUid,
}

/// Who is chosen among those that may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// Any, all equally likely, in random order.
    #[default]
    Random,
    /// Those with the highest incentive, in its order; of equals the lower uid.
    TopIncentive,
}

/// What happens when fewer may be chosen than are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shortfall {
    /// All of them are chosen, and no more.
    #[default]
    Fewer,
    /// Excluded ones fill the gap, at random: in a small subnet whoever was asked a moment ago is asked again.
    Excluded,
}

/// How to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectionRules {
    /// A neuron with a validator permit and more stake than this is a validator at work and not asked. Lower, and miners
    /// whom their stake gave a permit are not asked any more; higher, and requests go to validators, which answer nothing.
    pub permit_limit: Alpha,
    /// Whether one coldkey may be asked more than once.
    pub coldkeys: Repeats,
    /// Whether one IP address may be asked more than once.
    pub addresses: Repeats,
    /// Who is chosen.
    pub preference: Preference,
    /// When there are too few.
    pub shortfall: Shortfall,
}

impl Default for SelectionRules {
    /// The seeds' limit of 4096 and a random choice.
    fn default() -> Self {
        Self {
            permit_limit: Alpha::from_alpha(4096),
            coldkeys: Repeats::Allowed,
            addresses: Repeats::Allowed,
            preference: Preference::Random,
            shortfall: Shortfall::Fewer,
        }
    }
}

/// A neuron that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its slot at the metagraph's block. What comes of asking it is kept by its hotkey, never by this.
    pub uid: Uid,
    /// Who it is, and where.
    pub target: Target,
}

/// Nobody can be asked, and what kept each neuron from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error(
    "none of {neurons} neurons can be asked: {not_serving} serve at no address, {validators} are validators, \
     {repeated} share a coldkey or an address with another, {excluded} are excluded"
)]
pub struct NobodyToAsk {
    /// Neurons of the subnet, without our own.
    pub neurons: usize,
    /// Those that have published no address, or one that is nobody's.
    pub not_serving: usize,
    /// Those with a permit and too much stake.
    pub validators: usize,
    /// Those left out for diversity.
    pub repeated: usize,
    /// Those that the caller excluded.
    pub excluded: usize,
}

/// Why a neuron is not available.
enum Unavailable {
    NotServing,
    Validator,
}

fn availability(neuron: &Neuron, limit: Alpha) -> Result<Chosen, Unavailable> {
    let target = neuron
        .axon
        .map(|axon| Target {
            hotkey: neuron.hotkey,
            address: axon.address,
        })
        .filter(Target::is_serving)
        .ok_or(Unavailable::NotServing)?;
    if neuron.validator_permit && neuron.total_stake > limit {
        return Err(Unavailable::Validator);
    }
    Ok(Chosen {
        uid: neuron.uid,
        target,
    })
}

/// Chooses up to `count` neurons to ask, `own` never among them.
///
/// Caveat: diversity counts the excluded ones too, so that whoever was asked under one slot is not asked under the
/// next one a moment later.
///
/// # Errors
///
/// [`NobodyToAsk`] when none may be chosen although some are wanted.
pub fn select(
    metagraph: &Metagraph,
    own: &AccountId,
    excluded: &BTreeSet<AccountId>,
    count: usize,
    rules: &SelectionRules,
    rng: &mut impl Rng,
) -> Result<Vec<Chosen>, NobodyToAsk> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut seen = NobodyToAsk::default();
    let mut coldkeys: BTreeSet<AccountId> = BTreeSet::new();
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    let (mut candidates, mut reserve) = (Vec::new(), Vec::new());
    for neuron in metagraph.neurons.iter().filter(|neuron| neuron.hotkey != *own) {
        seen.neurons += 1;
        let chosen = match availability(neuron, rules.permit_limit) {
            Ok(chosen) => chosen,
            Err(Unavailable::NotServing) => {
                seen.not_serving += 1;
                continue;
            }
            Err(Unavailable::Validator) => {
                seen.validators += 1;
                continue;
            }
        };
        let ip = chosen.target.address.ip().to_canonical();
        let is_repeated = (rules.coldkeys == Repeats::LowestUid && coldkeys.contains(&neuron.coldkey))
            || (rules.addresses == Repeats::LowestUid && addresses.contains(&ip));
        if is_repeated {
            seen.repeated += 1;
            continue;
        }
        coldkeys.insert(neuron.coldkey);
        addresses.insert(ip);
        if excluded.contains(&neuron.hotkey) {
            seen.excluded += 1;
            reserve.push((chosen, neuron.incentive));
        } else {
            candidates.push((chosen, neuron.incentive));
        }
    }
    if rules.shortfall == Shortfall::Excluded && candidates.len() < count {
        let missing = count - candidates.len();
        candidates.extend(reserve.partial_shuffle(rng, missing).0.iter().copied());
    }
    if candidates.is_empty() {
        return Err(seen);
    }
    let chosen: &[(Chosen, u16)] = match rules.preference {
        Preference::Random => candidates.partial_shuffle(rng, count).0,
        Preference::TopIncentive => {
            candidates.sort_by_key(|(chosen, incentive)| (Reverse(*incentive), chosen.uid));
            candidates.get(..count).unwrap_or(&candidates)
        }
    };
    Ok(chosen.iter().map(|(chosen, _)| *chosen).collect())
}
