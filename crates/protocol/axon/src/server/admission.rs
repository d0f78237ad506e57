//! From a head to a caller: everything that headers can prove.

use super::{AxonConfig, Refusal};
use crate::{
    BodyDigest, BtauthClaim, BtauthError, Caller, Dialect, EpistulaClaim, EpistulaError, Identity,
    ReplayError, ReplayKey, ReplayStore, Standing, UnixNanos,
    btauth::FreshBtauth,
    epistula::FreshEpistula,
    synapse::{self, SynapseCaller, SynapseHead, SynapseRefusal},
};
use assay_keys::AccountId;
use http::{HeaderMap, Method, uri::PathAndQuery};
use std::sync::{Mutex, PoisonError};

/// Who is let in to send a body.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    /// In synapse-v10.
    pub(super) head: Option<SynapseHead>,
    /// What only the body can prove.
    pub(super) open: Option<Open>,
}

/// A signature that covers a body which is not read yet.
pub(super) enum Open {
    Btauth(Box<FreshBtauth>),
    Epistula(Box<FreshEpistula>),
}

/// Judges a head, the axon's own rules included. Nothing is remembered of one that is refused: strangers with a fresh key
/// for each request would fill the store.
pub(super) fn admit(
    config: &AxonConfig,
    own: &AccountId,
    mut allowed: impl FnMut(&Caller) -> Result<(), Refusal>,
    dialect: Dialect,
    headers: &HeaderMap,
    replay: &Mutex<ReplayStore>,
    now: UnixNanos,
) -> Result<Admitted, Refusal> {
    let caller = |hotkey, standing| Caller {
        identity: Identity::Hotkey(hotkey),
        dialect,
        standing,
    };
    match dialect {
        Dialect::SynapseV10 => {
            let head = SynapseHead::from_headers(headers)?;
            let rules = synapse::Rules {
                receiver: *own,
                freshness: config.freshness,
            };
            let proven = synapse::verify(&head, &rules, now)?;
            let caller = caller(proven.hotkey, Standing::Verified);
            allowed(&caller)?;
            remember_synapse(config, &proven, replay, now)?;
            Ok(Admitted {
                caller,
                head: Some(head),
                open: None,
            })
        }
        Dialect::Btauth => {
            let claim = BtauthClaim::parse(headers).map_err(BtauthError::from)?;
            let fresh = claim.check(&config.btauth, own, now)?;
            let caller = caller(*fresh.claim().sender(), Standing::Claimed);
            allowed(&caller)?;
            Ok(Admitted {
                caller,
                head: None,
                open: Some(Open::Btauth(Box::new(fresh))),
            })
        }
        Dialect::Epistula => {
            let claim = EpistulaClaim::parse(headers).map_err(EpistulaError::from)?;
            let fresh = claim.check(&config.epistula, own, now)?;
            let caller = caller(*fresh.claim().sender(), Standing::Claimed);
            allowed(&caller)?;
            Ok(Admitted {
                caller,
                head: None,
                open: Some(Open::Epistula(Box::new(fresh))),
            })
        }
        Dialect::Operator => {
            let caller = Caller {
                identity: Identity::Operator(config.operators.holder(headers)?.clone()),
                dialect,
                standing: Standing::Verified,
            };
            allowed(&caller)?;
            Ok(Admitted {
                caller,
                head: None,
                open: None,
            })
        }
    }
}

/// Takes a request in synapse-v10 once.
pub(super) fn remember_synapse(
    config: &AxonConfig,
    proven: &SynapseCaller,
    replay: &Mutex<ReplayStore>,
    now: UnixNanos,
) -> Result<(), Refusal> {
    let uuid = proven.uuid.as_deref().unwrap_or("None");
    let key = ReplayKey::synapse_v10(proven.hotkey, uuid, proven.nonce);
    let until = config.freshness.remember_until(now, proven.nonce);
    remember(replay, |store| match store.insert(now, key, until) {
        Ok(()) => Ok(()),
        Err(ReplayError::Replayed) => Err(SynapseRefusal::Replayed.into()),
        Err(error) => Err(Refusal::Unrecorded(error)),
    })
}

impl Open {
    /// Proves the claim by the body.
    pub(super) fn close(
        self,
        method: &Method,
        target: &PathAndQuery,
        body: &BodyDigest,
        replay: &Mutex<ReplayStore>,
        now: UnixNanos,
    ) -> Result<AccountId, Refusal> {
        match self {
            Self::Btauth(fresh) => {
                let proven = fresh.verify(method, target, body)?;
                remember(replay, |store| Ok(proven.accept(store, now)?))
            }
            Self::Epistula(fresh) => {
                let proven = fresh.verify(body)?;
                remember(replay, |store| Ok(proven.accept(store, now)?))
            }
        }
    }
}

/// Waits on the thread that it is on, for a few bytes into a file at most.
fn remember<T>(
    replay: &Mutex<ReplayStore>,
    insert: impl FnOnce(&mut ReplayStore) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    insert(&mut replay.lock().unwrap_or_else(PoisonError::into_inner))
}
