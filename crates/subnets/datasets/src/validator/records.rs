//! A round in the event log.

use super::Desk;
use crate::{
    event::{MinerScore, Standing},
    state::Round,
};
use assay_records::streams::Forward;
use std::{sync::atomic::Ordering, time::Duration};

impl Desk {
    /// Records a round that has a table, whether or not that gives weights. The time is that of this process alone.
    pub(super) fn record_round(
        &self,
        round: &Round,
        scores: &[MinerScore],
        took: Duration,
        failed: Option<&str>,
    ) {
        let Some(recorder) = &self.recorder else { return };
        let count = |is_one: fn(&Standing) -> bool| {
            let number = scores.iter().filter(|score| is_one(&score.standing)).count();
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        recorder.record(&Forward {
            system: recorder.system().to_owned(),
            netuid: Some(round.what.netuid.0),
            step: self.rounds.fetch_add(1, Ordering::Relaxed),
            block: Some(round.what.closed.0),
            seconds: Some(took.as_secs_f64()),
            // Who has published nothing takes no part, and a loss that is an earlier round's was not asked for in this one.
            asked: count(|standing| {
                !matches!(
                    standing,
                    Standing::NotAsked(_) | Standing::NoAnswer(_) | Standing::Ranked { carried: true, .. }
                )
            }),
            answered: count(|standing| {
                matches!(
                    standing,
                    Standing::Ranked { carried: false, .. } | Standing::Copy { .. }
                )
            }),
            failed: failed.map(str::to_owned),
        });
    }
}
