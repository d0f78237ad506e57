//! When a hash commit can be revealed: in the one epoch that is the reveal period after its own.

use crate::chain::chain_failure;
use assay_chain::{Block, EpochSchedule, HashCommit, NetUid, Snapshot, WeightSubmission};
use miette::miette;

/// Commits of a hotkey that may wait for their reveal; the chain takes no further one.
pub(super) const MOST_COMMITS: usize = 10;

/// A subnet's epochs as the next block sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epochs {
    /// The epoch of the next block.
    coming: u64,
    /// The first block after that epoch.
    ends: u64,
    tempo: u64,
    /// Epochs between a commit and its reveal.
    period: u64,
}

/// How a commit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It can be revealed from this block on.
    Early { from: Block },
    /// It can be revealed now, up to this block.
    Due { last: Block },
    /// Its epoch is over.
    Expired,
}

impl Epochs {
    /// The epochs of a subnet that takes committed weights.
    pub(super) async fn of(snapshot: &Snapshot, netuid: NetUid) -> miette::Result<Self> {
        let (schedule, rules) =
            tokio::try_join!(snapshot.epoch_schedule(netuid), snapshot.hyperparameters(netuid))
                .map_err(chain_failure)?;
        let WeightSubmission::CommitReveal {
            reveal_period_epochs: period,
        } = rules.weight_submission
        else {
            return Err(in_the_open(netuid));
        };
        Self::new(&schedule, period).ok_or_else(|| {
            miette!(
                help = "leave --hash out: a timelocked commit is revealed by the chain itself",
                "the chain does not number the epochs of subnet {netuid}, or runs none: when a hash commit can be \
                 revealed is not known"
            )
        })
    }

    fn new(schedule: &EpochSchedule, period: u64) -> Option<Self> {
        let (run, next) = (schedule.epoch_index?, schedule.next_epoch_block?.0);
        let tempo = u64::from(schedule.tempo);
        // A block counts itself to the epoch that is due in it.
        let is_due = next <= schedule.block.number.0 + 1;
        Some(Self {
            coming: run + u64::from(is_due),
            ends: if is_due { next + tempo } else { next },
            tempo,
            period,
        })
    }

    /// How a commit stands that was made in this epoch.
    pub(super) fn standing(&self, commit: &HashCommit) -> Standing {
        let due = commit.epoch.saturating_add(self.period);
        if due < self.coming {
            return Standing::Expired;
        }
        let epochs = due - self.coming;
        if epochs == 0 {
            return Standing::Due {
                last: Block(self.ends.saturating_sub(1)),
            };
        }
        let whole = (epochs - 1).saturating_mul(self.tempo);
        Standing::Early {
            from: Block(self.ends.saturating_add(whole)),
        }
    }

    /// The first block in which a commit can be revealed that the next block takes.
    pub(super) fn next_reveal(&self) -> Block {
        let whole = self.period.saturating_sub(1).saturating_mul(self.tempo);
        Block(self.ends.saturating_add(whole))
    }

    /// The epoch in which a commit can be revealed.
    pub(super) fn due(&self, commit: &HashCommit) -> u64 {
        commit.epoch.saturating_add(self.period)
    }
}

/// There is nothing to commit to.
pub(super) fn in_the_open(netuid: NetUid) -> miette::Report {
    miette!(
        help = "use `assay weights set`",
        "subnet {netuid} takes weights in the open: there is nothing to commit to or to reveal"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::{BlockHash, BlockRef};

    fn epochs(head: u64, next: u64, run: u64, period: u64) -> Epochs {
        let schedule = EpochSchedule {
            block: BlockRef {
                number: Block(head),
                hash: BlockHash([0; 32]),
            },
            tempo: 100,
            last_epoch_block: Block(next - 100),
            next_epoch_block: Some(Block(next)),
            epoch_index: Some(run),
        };
        Epochs::new(&schedule, period).unwrap()
    }

    fn commit(epoch: u64) -> HashCommit {
        HashCommit {
            hash: [0; 32],
            epoch,
            block: Block(0),
        }
    }

    #[test]
    fn a_commit_is_due_in_one_epoch() {
        let standing = |head, period, epoch| epochs(head, 300, 7, period).standing(&commit(epoch));
        assert_eq!(standing(250, 1, 7), Standing::Early { from: Block(300) });
        assert_eq!(standing(250, 3, 7), Standing::Early { from: Block(500) });
        assert_eq!(standing(250, 1, 6), Standing::Due { last: Block(299) });
        assert_eq!(standing(250, 1, 5), Standing::Expired);
        // The next block begins an epoch, and counts itself to it.
        assert_eq!(standing(299, 1, 7), Standing::Due { last: Block(399) });
        assert_eq!(standing(299, 1, 6), Standing::Expired);
        assert_eq!(standing(299, 1, 8), Standing::Early { from: Block(400) });
        let epochs = epochs(250, 300, 7, 2);
        assert_eq!((epochs.due(&commit(7)), epochs.next_reveal()), (9, Block(400)));
        assert_eq!(epochs.standing(&commit(7)), Standing::Early { from: Block(400) });
    }
}
