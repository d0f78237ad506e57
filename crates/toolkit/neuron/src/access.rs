//! Who may ask an axon, by the newest metagraph.
//!
//! As long as no metagraph is known, only those on the list of the allowed are let in: not knowing who is registered is
//! no reason to take everybody for it.

use crate::MetagraphReader;
use assay_axon::{
    Caller, Identity,
    server::{Access, Blacklisted, Priority},
};
use assay_chain::{AccountId, Alpha, Metagraph};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// What a caller must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Callers {
    /// Registered in the subnet.
    Registered,
    /// Registered, with a validator permit.
    #[default]
    Validators,
}

/// Who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRules {
    /// What a caller must be.
    pub callers: Callers,
    /// The least stake that a caller must have. Lower, and anybody who pays a registration costs work; higher, and small
    /// honest validators get no answers and give no weight.
    pub minimum_stake: Alpha,
    /// Those that are let in whatever they are, such as one's own.
    pub allowed: BTreeSet<AccountId>,
    /// Those that are not let in, whatever they are.
    pub denied: BTreeSet<AccountId>,
}

impl Default for AccessRules {
    /// Validators, with any stake.
    fn default() -> Self {
        Self {
            callers: Callers::Validators,
            minimum_stake: Alpha::ZERO,
            allowed: BTreeSet::new(),
            denied: BTreeSet::new(),
        }
    }
}

/// Why a caller is not let in; it is told these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// It is on the list of the denied.
    #[error("this hotkey is not served here")]
    Listed,
    /// No metagraph has been read yet.
    #[error("the metagraph is not known here yet; ask again in a moment")]
    Unknown,
    /// It has no slot.
    #[error("this hotkey is not registered in the subnet")]
    Unregistered,
    /// It has no permit.
    #[error("this hotkey has no validator permit")]
    NoPermit,
    /// It has too little stake.
    #[error("this hotkey has {stake} of stake, {minimum} are asked for")]
    StakeTooLow {
        /// What it has.
        stake: Alpha,
        /// What it must have.
        minimum: Alpha,
    },
}

impl AccessRules {
    /// Whether a hotkey is let in by these rules and this metagraph.
    ///
    /// # Errors
    ///
    /// [`Denied`].
    pub fn judge(&self, hotkey: &AccountId, metagraph: Option<&Metagraph>) -> Result<(), Denied> {
        if self.denied.contains(hotkey) {
            return Err(Denied::Listed);
        }
        if self.allowed.contains(hotkey) {
            return Ok(());
        }
        let neuron = metagraph
            .ok_or(Denied::Unknown)?
            .by_hotkey(hotkey)
            .ok_or(Denied::Unregistered)?;
        if self.callers == Callers::Validators && !neuron.validator_permit {
            return Err(Denied::NoPermit);
        }
        let (stake, minimum) = (neuron.total_stake, self.minimum_stake);
        if stake < minimum {
            return Err(Denied::StakeTooLow { stake, minimum });
        }
        Ok(())
    }
}

/// An axon's rules over the newest metagraph. Operators with a token are let in and go first; among neurons those with
/// more stake do.
#[derive(Clone, Debug)]
pub struct MetagraphAccess {
    reader: MetagraphReader,
    rules: AccessRules,
    routes: HashMap<String, AccessRules>,
}

impl MetagraphAccess {
    /// These rules for all routes.
    pub fn new(reader: MetagraphReader, rules: AccessRules) -> Self {
        Self {
            reader,
            rules,
            routes: HashMap::new(),
        }
    }

    /// Other rules for one route.
    #[must_use]
    pub fn for_route(mut self, route: impl Into<String>, rules: AccessRules) -> Self {
        self.routes.insert(route.into(), rules);
        self
    }

    fn metagraph(&self) -> Option<Arc<Metagraph>> {
        self.reader.latest()
    }
}

impl Access for MetagraphAccess {
    fn admit(&self, caller: &Caller, route: &str) -> Result<(), Blacklisted> {
        let rules = self.routes.get(route).unwrap_or(&self.rules);
        let judged = match &caller.identity {
            // Of some dialects this is a claim until the body is read, which must be worth reading first.
            Identity::Hotkey(hotkey) => rules.judge(hotkey, self.metagraph().as_deref()),
            Identity::Operator(_) => Ok(()),
            // An identity that these rules do not know is not one of theirs.
            _ => Err(Denied::Unregistered),
        };
        judged.map_err(|denied| Blacklisted {
            reason: denied.to_string(),
        })
    }

    fn priority(&self, caller: &Caller) -> Priority {
        match &caller.identity {
            Identity::Operator(_) => Priority(f64::INFINITY),
            Identity::Hotkey(hotkey) => {
                let metagraph = self.metagraph();
                let stake =
                    metagraph.and_then(|known| known.by_hotkey(hotkey).map(|neuron| neuron.total_stake));
                Priority(stake.unwrap_or_default().tokens())
            }
            _ => Priority::default(),
        }
    }
}
