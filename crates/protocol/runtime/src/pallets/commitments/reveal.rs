//! Opening the timelocked fields of commitments when their round has been published.

use super::{CommitmentOf, Config, Data, Event, Pallet, Registration, RevealedCommitments, TimelockedIndex};
use crate::pallets::{
    devnet::{self, FailedReveal, RevealFailure, RevealKind},
    drand, subtensor,
};
use sp_runtime::AccountId32;

/// Revealed texts kept for each hotkey.
const KEPT_REVEALS: usize = 10;

impl<T: Config> Pallet<T> {
    /// Opens every field whose pulse is there. An opened field leaves its commitment, and so does one that cannot be
    /// opened; the latter is logged and kept in `Devnet.FailedReveals`.
    pub(super) fn reveal_timelocked() {
        for (netuid, who) in TimelockedIndex::<T>::get() {
            let left = CommitmentOf::<T>::get(netuid, &who)
                .map(|registration| Self::reveal_fields(netuid, &who, registration));
            if left != Some(Fields::Waiting) {
                TimelockedIndex::<T>::mutate(|index| index.remove(&(netuid, who)));
            }
        }
    }

    fn reveal_fields(netuid: u16, who: &AccountId32, mut registration: Registration) -> Fields {
        let fields = registration.info.fields.len();
        let mut texts = Vec::new();
        let mut waiting = Fields::Done;
        registration.info.fields.retain(|field| {
            let Data::TimelockEncrypted {
                encrypted,
                reveal_round,
            } = field
            else {
                return true;
            };
            let Some(signature) = drand::Pallet::<T>::signature(*reveal_round) else {
                waiting = Fields::Waiting;
                return true;
            };
            let opened = signature
                .map_err(|_| RevealFailure::BadPulse)
                .and_then(|signature| Ok(assay_timelock::decrypt(encrypted, &signature)?))
                .and_then(|text| match text.is_empty() {
                    true => Err(RevealFailure::Empty),
                    false => Ok(text),
                });
            match opened {
                Ok(text) => texts.push(text),
                Err(reason) => devnet::Pallet::<T>::note_failed_reveal(
                    netuid,
                    FailedReveal {
                        kind: RevealKind::Commitment,
                        who: who.clone(),
                        committed_at: registration.block.into(),
                        round: *reveal_round,
                        failed_at: subtensor::Pallet::<T>::now(),
                        reason,
                    },
                ),
            }
            false
        });
        if !texts.is_empty() {
            Self::keep_texts(netuid, who, texts);
        }
        if registration.info.fields.is_empty() {
            CommitmentOf::<T>::remove(netuid, who);
        } else if registration.info.fields.len() != fields {
            CommitmentOf::<T>::insert(netuid, who, registration);
        }
        waiting
    }

    fn keep_texts(netuid: u16, who: &AccountId32, texts: Vec<Vec<u8>>) {
        let now = subtensor::Pallet::<T>::now();
        let mut revealed = RevealedCommitments::<T>::get(netuid, who).unwrap_or_default();
        revealed.extend(texts.into_iter().map(|text| (text, now)));
        let surplus = revealed.len().saturating_sub(KEPT_REVEALS);
        revealed.drain(..surplus);
        RevealedCommitments::<T>::insert(netuid, who, revealed);
        Self::deposit_event(Event::CommitmentRevealed {
            netuid,
            who: who.clone(),
        });
    }
}

/// Whether a commitment still has timelocked fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    /// It has.
    Waiting,
    /// It has none.
    Done,
}
